//! The report for people: the chain, the findings, the verdict last.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use colored::{ColoredString, Colorize as _};

use super::brief::plural;
use super::snippet::{gutter, snippet};
use super::wrap::wrap;
use super::{Outcome, Paths, ShownHost};
use crate::facts::triggers::{Trigger, action_word};
use crate::policy::{Age, Judged, JudgedHost, OpenRule, Standing, Verdict};
use crate::rules::{ChainLine, Ended, Evidence, Impact, Level, Link, LinkState, Outline};
use crate::text::{Place, escape, escape_path};
use crate::time::relative;

/// The whole report.
#[must_use]
pub fn text(outcome: &Outcome) -> String {
    match outcome.hosts.as_slice() {
        [shown] if !outcome.fleet => single(outcome, shown),
        _ => super::fleet::fleet(outcome),
    }
}

fn single(outcome: &Outcome, shown: &ShownHost) -> String {
    let mut out = String::new();
    let host = &shown.host;
    out.push_str(&header(outcome, host));
    if let Some(busy) = &host.examined.busy {
        let pid = busy.pid;
        let message = format!(
            "{} is at work (process {pid} holds {})",
            busy.who, busy.lock
        );
        let _ = writeln!(out, "\nbusy: {}", wrap(&message, 6, 6));
        let _ = writeln!(out, "   = fix: wait until it is done, then check again");
        let _ = writeln!(
            out,
            "\n{}   nothing else was looked at",
            verdict_word(host.verdict)
        );
        return out;
    }
    if !host.chain.is_empty() {
        out.push('\n');
    }
    let next = |t: &&Trigger| t.next_at().is_some();
    let triggers = host.examined.triggers.iter().filter(next).count();
    for line in merged(&host.chain) {
        out.push_str(&chain_line(&line.0, &line.1, triggers));
    }
    let followers = followers(host);
    for (index, judged) in host.findings.iter().enumerate() {
        if matches!(judged.standing, Standing::Follows(_)) {
            continue;
        }
        out.push('\n');
        out.push_str(&finding(judged, Paths::PLAIN, outcome.verbose));
        for follower in followers.get(&index).into_iter().flatten() {
            let rule = follower.finding.rule;
            let text = format!("{rule}: {}", message(follower));
            let _ = writeln!(out, "   = also: {}", wrap(&text, 11, 11));
            if let Some(place) = follower.finding.evidence.iter().find_map(place_of) {
                let _ = writeln!(out, "           at {place}");
            }
        }
        if let Standing::Waived { reason, until, .. } = &judged.standing {
            let reason = escape(reason.as_bytes());
            let text = if *until == jiff::civil::Date::MAX {
                format!("accepted for this run: {reason}")
            } else {
                format!("waived until {until}: {reason}")
            };
            let _ = writeln!(out, "   = {}", wrap(&text, 5, 5));
        }
    }
    out.push_str(&open_rules(&host.open, outcome.verbose));
    for (what, unread) in host.examined.unread() {
        let text = wrap(&format!("{what}: {unread}"), 11, 4);
        let _ = writeln!(out, "\n{}: {text}", "undecided".yellow().bold());
        if unread.doubt == crate::fact::Doubt::Denied {
            let _ = writeln!(out, "   = fix: run as root to decide");
        }
    }
    out.push_str(&notes(outcome, host));
    out.push_str(&stale(outcome));
    out.push_str(&verdict(outcome, host));
    out
}

fn header(outcome: &Outcome, host: &JudgedHost) -> String {
    let examined = &host.examined;
    let mut parts = vec![escape(examined.name.as_bytes())];
    parts.extend(examined.os.as_ref().map(|os| escape(os.as_bytes())));
    parts.push(examined.kind.word().to_owned());
    parts.push(examined.zone.show(outcome.now));
    parts.push(policy_words(outcome));
    parts.extend(against_words(outcome));
    parts.extend(examined.transaction.as_ref().map(transaction_words));
    let mut out = String::new();
    let mut column = 0;
    for (index, part) in parts.iter().enumerate() {
        let len = part.chars().count();
        if index > 0 {
            if column + 3 + len > super::wrap::WIDTH {
                out.push_str("\n  ");
                column = 2;
            } else {
                out.push_str("   ");
                column += 3;
            }
        }
        out.push_str(part);
        column += len;
    }
    out.push('\n');
    out
}

/// `after a transaction: 1 package goes, 2 come`.
fn transaction_words(outline: &Outline) -> String {
    let counts = [
        (outline.removed.len(), "removed"),
        (outline.installed.len(), "installed"),
        (outline.upgraded.len(), "upgraded"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if counts.is_empty() {
        "after a transaction that changes nothing".to_owned()
    } else {
        format!("after a transaction: {}", counts.join(", "))
    }
}

pub(super) fn policy_words(outcome: &Outcome) -> String {
    match &outcome.policy {
        Some(path) => format!("policy: {}", escape_path(path)),
        None if outcome
            .hosts
            .iter()
            .any(|h| h.host.examined.unread_policy.is_some()) =>
        {
            "policy: not read".to_owned()
        }
        None => "policy: none".to_owned(),
    }
}

/// What it was compared with.
pub(super) fn against_words(outcome: &Outcome) -> Option<String> {
    let base = outcome.against.as_ref()?;
    Some(format!("against: {base}"))
}

/// The chain with neighbours that are not covered for the same reason on one line:
/// the line, and the words for its links.
fn merged(chain: &[ChainLine]) -> Vec<(ChainLine, String)> {
    let mut lines: Vec<(ChainLine, String)> = Vec::new();
    for line in chain {
        let word = line.link.word();
        if line.state == LinkState::NotCovered
            && let Some((last, words)) = lines.last_mut()
            && last.state == LinkState::NotCovered
            && last.summary == line.summary
        {
            let first = words.split("..").next().unwrap_or(word).to_owned();
            *words = format!("{first}..{word}");
            continue;
        }
        lines.push((line.clone(), word.to_owned()));
    }
    lines
}

fn chain_line(line: &ChainLine, link: &str, triggers: usize) -> String {
    // For what takes the box down the number tells more than a state.
    let word = if line.link == Link::Triggers && triggers > 0 {
        plural(triggers, "reboot")
    } else {
        line.state.word().to_owned()
    };
    let word = format!("{word:<12}");
    let word = match line.state {
        LinkState::Ok => word.green(),
        LinkState::Broken => word.red().bold(),
        LinkState::Degraded | LinkState::Delayed | LinkState::Unknown => word.yellow(),
        LinkState::None
        | LinkState::NotCovered
        | LinkState::NotReached
        | LinkState::NotExamined => word.normal(),
    };
    let text = wrap(&escape(line.summary.as_bytes()), 30, 30);
    let out = format!("  {link:<15}{word} {text}");
    format!("{}\n", out.trim_end())
}

pub(super) fn level_word(level: Level) -> ColoredString {
    match level {
        Level::Block => "block".red().bold(),
        Level::Warn => "warn".yellow().bold(),
        Level::Note => "note".cyan().bold(),
    }
}

pub(super) fn verdict_word(verdict: Verdict) -> ColoredString {
    match verdict {
        Verdict::Clear => verdict.word().green().bold(),
        Verdict::Blocked => verdict.word().red().bold(),
        Verdict::Undecided | Verdict::Busy | Verdict::Nothing => verdict.word().yellow().bold(),
    }
}

pub(super) fn message(judged: &Judged) -> String {
    escape(judged.finding.message.as_bytes())
}

/// ` new` or ` old`, of a finding that was compared with something.
pub(super) fn age_word(judged: &Judged) -> String {
    judged
        .age
        .map_or(String::new(), |age| format!(" {}", age.word()))
}

/// One finding with its evidence, impact and cure.
pub(super) fn finding(judged: &Judged, paths: Paths<'_>, verbose: bool) -> String {
    let mut out = String::new();
    let rule = judged.finding.rule;
    let age = age_word(judged);
    let head = judged.level.word().len() + rule.len() + age.len() + 4;
    let text = wrap(&message(judged), head, 4);
    let level = level_word(judged.level);
    let _ = writeln!(out, "{level}[{rule}]{age}: {}", text.bold());
    let places = judged.finding.evidence.iter().filter_map(place_of);
    let width = gutter(places);
    for evidence in &judged.finding.evidence {
        out.push_str(&evidence_text(evidence, paths, width));
    }
    let impacts: Vec<&str> = judged.impact.iter().map(|i| i.word()).collect();
    let mut line = format!("   = impact: {}", impacts.join(", "));
    let _ = write!(line, "     confidence: {}", judged.confidence.word());
    if judged.standing == Standing::Preview {
        line.push_str("     preview: does not count");
    }
    let _ = writeln!(out, "{line}");
    let own = judged.finding.fix.as_deref();
    let fix = own.unwrap_or(&judged.card.fix);
    let fix = fix.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(out, "   = fix: {}", wrap(&escape(fix.as_bytes()), 10, 10));
    let commands = match own {
        Some(_) => &judged.finding.commands,
        None => &judged.card.fix_commands,
    };
    for command in commands {
        let _ = writeln!(out, "          {}", escape(command.as_bytes()));
    }
    if verbose {
        let why = judged
            .card
            .why
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let _ = writeln!(out, "   = why: {}", wrap(&why, 10, 10));
    }
    out
}

/// The same for a format that marks up itself: whether there are colours is decided for
/// the terminal.
pub(super) fn plain_finding(judged: &Judged, paths: Paths<'_>) -> String {
    let text = finding(judged, paths, false);
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        // Nothing else here holds an escape: what comes from a tree is escaped.
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

fn place_of(evidence: &Evidence) -> Option<&Place> {
    match evidence {
        Evidence::Span { place, .. } => Some(place),
        Evidence::Computed { from, .. } => from.first(),
        Evidence::Missing { .. } | Evidence::Path { .. } | Evidence::Measure { .. } => None,
    }
}

fn evidence_text(evidence: &Evidence, at: Paths<'_>, width: usize) -> String {
    match evidence {
        Evidence::Span { place, label } => snippet(place, &escape(label.as_bytes()), at, width),
        Evidence::Missing { paths, notes } => {
            let shown = paths.iter().take(6).map(|p| escape_path(p));
            let mut list = shown.collect::<Vec<_>>().join(", ");
            if paths.len() > 6 {
                let _ = write!(list, " and {} more", paths.len() - 6);
            }
            let mut out = format!("   = missing: {}\n", wrap(&list, 14, 14));
            for note in notes {
                let _ = writeln!(out, "     {}", wrap(&escape(note.as_bytes()), 5, 5));
            }
            out
        }
        Evidence::Path { path, text } => {
            let line = format!("{}: {}", at.show(path), escape(text.as_bytes()));
            format!("   --> {}\n", wrap(&line, 7, 7))
        }
        Evidence::Measure { path, name, value } => {
            format!("   = seen: {} {name} {value}\n", escape_path(path))
        }
        Evidence::Computed { text, from } => {
            let mut out = format!("   = seen: {}\n", wrap(&escape(text.as_bytes()), 11, 11));
            for place in from {
                let start = place.start();
                let (path, line, column) = (at.show(place.path()), start.line, start.column);
                let _ = writeln!(out, "           at {path}:{line}:{column}");
            }
            out
        }
    }
}

/// What follows from each finding, by the cause's index.
fn followers(host: &JudgedHost) -> BTreeMap<usize, Vec<&Judged>> {
    let mut of: BTreeMap<usize, Vec<&Judged>> = BTreeMap::new();
    for judged in &host.findings {
        if let Standing::Follows(cause) = judged.standing {
            of.entry(cause).or_default().push(judged);
        }
    }
    of
}

/// What stayed open: rules with the same questions are told together.
pub(super) fn open_rules(rules: &[OpenRule], verbose: bool) -> String {
    let mut out = String::new();
    let mut told: Vec<&OpenRule> = Vec::new();
    let shown = |rule: &&OpenRule| {
        let old = rule.old && rule.card.level == Level::Block;
        !rule.open.is_empty() && (rule.decides || old || verbose)
    };
    if verbose {
        for rule in rules.iter().filter(|rule| !rule.accepted.is_empty()) {
            let _ = writeln!(out, "\nundecided[{}]: accepted", rule.card.id);
            for (unknown, reason) in &rule.accepted {
                let text = escape(format!("{unknown}: {reason}").as_bytes());
                let _ = writeln!(out, "   = {}", wrap(&text, 5, 5));
            }
        }
    }
    for rule in rules.iter().filter(shown) {
        if told.iter().any(|known| known.open == rule.open) {
            continue;
        }
        told.push(rule);
        let same = rules
            .iter()
            .filter(shown)
            .filter(|other| other.open == rule.open);
        let same: Vec<&str> = same.skip(1).map(|other| other.card.id.as_str()).collect();
        let id = &rule.card.id;
        let title = format!("could not decide: {}", rule.card.title);
        let age = if rule.old { " old" } else { "" };
        let title = wrap(&title, 13 + id.len() + age.len(), 4);
        let _ = writeln!(out, "\n{}[{id}]{age}: {title}", "undecided".yellow().bold());
        for unknown in rule.open.iter().take(8) {
            let text = escape(unknown.to_string().as_bytes());
            let _ = writeln!(out, "   = {}", wrap(&text, 5, 5));
        }
        if rule.open.len() > 8 {
            let _ = writeln!(out, "   = and {} more", rule.open.len() - 8);
        }
        if !same.is_empty() {
            let _ = writeln!(out, "   = nor: {}", wrap(&same.join(", "), 10, 10));
        }
        if rule
            .open
            .iter()
            .any(|u| u.doubt == crate::fact::Doubt::Denied)
        {
            let _ = writeln!(out, "   = fix: run as root to decide");
        }
    }
    out
}

/// What the reader should know beside the findings.
fn notes(outcome: &Outcome, host: &JudgedHost) -> String {
    let mut out = cured(host);
    let covered = host.ended(|ended| matches!(ended, Ended::NotCovered(_)));
    if covered > 0 {
        let reasons: Vec<String> = host
            .not_covered()
            .iter()
            .map(std::string::ToString::to_string)
            .collect();
        let shown = if outcome.verbose { reasons.len() } else { 2 };
        let mut text = format!("{} this tree cannot answer: ", plural(covered, "rule"));
        text.push_str(
            &reasons
                .iter()
                .take(shown)
                .cloned()
                .collect::<Vec<_>>()
                .join("; "),
        );
        if reasons.len() > shown {
            text.push_str("; -v lists them");
        }
        let _ = write!(out, "\nnot covered: {}\n", wrap(&text, 13, 13));
    }
    if !host.not_examined.is_empty() && host.verdict != Verdict::Nothing {
        let words: Vec<&str> = host.not_examined.iter().map(|link| link.word()).collect();
        let text = format!("not examined by this version: {}", words.join(" "));
        let _ = writeln!(out, "\n{}", wrap(&text, 0, 2));
    }
    if outcome.verbose {
        for run in &host.examined.runs {
            let word = ended_words(&run.ended);
            let _ = writeln!(out, "  {:<40} {}", run.card.id, wrap(&word, 43, 43));
        }
    }
    out
}

/// Waivers that accept nothing.
pub(super) fn stale(outcome: &Outcome) -> String {
    let mut out = String::new();
    for waiver in &outcome.stale {
        let rule = waiver
            .rule
            .as_ref()
            .map_or(String::new(), |rule| format!("[{rule}]"));
        let why = format!("accepts nothing: {}", waiver.why);
        let text = wrap(&why, 8 + rule.len(), 4);
        let _ = writeln!(out, "\n{}{rule}: {text}", "waiver".yellow().bold());
        let _ = writeln!(out, "   --> {}", waiver.place);
    }
    out
}

/// What was found in the base and is no more, one line each.
pub(super) fn cured(host: &JudgedHost) -> String {
    let mut out = String::new();
    for judged in &host.cured {
        out.push_str(&cured_one(judged));
    }
    out
}

/// One of them.
pub(super) fn cured_one(judged: &Judged) -> String {
    let head = format!("cured[{}]: ", judged.finding.rule);
    let text = wrap(&message(judged), head.len(), 4);
    format!("\n{head}{text}\n")
}

/// How a rule ended, in words.
pub(super) fn ended_words(ended: &Ended) -> String {
    match ended {
        Ended::Passed => "passed".to_owned(),
        Ended::Found => "found".to_owned(),
        Ended::NotApplicable(why) => format!("not applicable: {why}"),
        Ended::Undecided(_) => "undecided".to_owned(),
        Ended::NotCovered(why) => format!("not covered: {why}"),
    }
}

/// The last lines: the verdict word, a sentence, the counts.
fn verdict(outcome: &Outcome, host: &JudgedHost) -> String {
    let word = verdict_word(host.verdict);
    let indent = host.verdict.word().len() + 3;
    let mut out = String::from("\n");
    let counts = counts(host);
    match sentence(outcome, host) {
        Some(sentence) => {
            let _ = writeln!(out, "{word}   {}", wrap(&sentence, indent, indent));
            let _ = writeln!(
                out,
                "{}{}",
                " ".repeat(indent),
                wrap(&counts, indent, indent)
            );
        }
        None => {
            let _ = writeln!(out, "{word}   {}", wrap(&counts, indent, indent));
        }
    }
    out
}

pub(super) fn counts(host: &JudgedHost) -> String {
    let mut parts = Vec::new();
    for (level, noun) in [
        (Level::Block, "blocker"),
        (Level::Warn, "warning"),
        (Level::Note, "note"),
    ] {
        let count = host.fresh(level);
        if count > 0 {
            let new = if host.compared { "new " } else { "" };
            parts.push(plural(count, &format!("{new}{noun}")));
        }
    }
    let passed = host.ended(|ended| *ended == Ended::Passed);
    let not_applicable = host.ended(|ended| matches!(ended, Ended::NotApplicable(_)));
    let mut rest = vec![
        format!("{} passed", plural(passed, "rule")),
        format!("{not_applicable} not applicable"),
        format!("{} undecided", host.undecided()),
    ];
    let waived = host.waived();
    if waived > 0 {
        rest.push(format!("{waived} waived"));
    }
    if host.compared {
        rest.push(format!("{} old", host.old()));
        rest.push(format!("{} cured", host.cured.len()));
    }
    if !host.not_examined.is_empty() {
        rest.push(format!(
            "{} not examined",
            plural(host.not_examined.len(), "link")
        ));
    }
    let rest = rest.join(", ");
    if parts.is_empty() {
        rest
    } else {
        format!("{}; {rest}", parts.join(", "))
    }
}

/// What the verdict means for this box.
pub(super) fn sentence(outcome: &Outcome, host: &JudgedHost) -> Option<String> {
    match host.verdict {
        Verdict::Clear => {
            let accepted = host.accepted();
            (!accepted.is_empty()).then(|| format!("(accepted: {})", accepted.join(", ")))
        }
        Verdict::Blocked => Some(blocked(outcome, host)),
        Verdict::Undecided => {
            let rules = host.open.iter().filter(|rule| rule.decides);
            let mut ids: Vec<&str> = rules.map(|rule| rule.card.id.as_str()).collect();
            ids.splice(0..0, host.examined.unread().map(|(what, _)| what));
            let name = escape(host.examined.name.as_bytes());
            if ids.is_empty() {
                let words: Vec<&str> = host.not_examined.iter().map(|l| l.word()).collect();
                return Some(format!("{name}: not examined: {}", words.join(" ")));
            }
            Some(format!("{name}: could not decide {}", ids.join(", ")))
        }
        Verdict::Busy => None,
        Verdict::Nothing => Some("no rule applies to what is here".into()),
    }
}

fn blocked(outcome: &Outcome, host: &JudgedHost) -> String {
    let name = escape(host.examined.name.as_bytes());
    let counting = || {
        host.findings
            .iter()
            .filter(|j| j.standing == Standing::Counts && j.age != Some(Age::Old))
    };
    let blockers: Vec<&Judged> = counting()
        .filter(|j| j.level == Level::Block && j.card.link != Link::Triggers)
        .collect();
    let Some(first) = blockers.first().copied().or_else(|| counting().next()) else {
        return name;
    };
    if host.examined.after_reboot {
        return format!("{name} did not come back as it was: {}", message(first));
    }
    let has = |impact: Impact| blockers.iter().any(|j| j.impact.contains(&impact));
    let fate = if has(Impact::NoBoot) {
        "will not come back"
    } else if has(Impact::NoNetwork) || has(Impact::NoAccess) {
        "will come back unreachable"
    } else if has(Impact::NoFailover) {
        "will come back without working failover"
    } else if has(Impact::DataLoss) {
        "will lose data"
    } else if has(Impact::NoService) {
        "will come back without a service"
    } else {
        "must not be rebooted"
    };
    let when = if host.examined.transaction.is_some() {
        "after this transaction "
    } else {
        ""
    };
    let mut text = format!("{when}{name} {fate}: {}", message(first));
    let next = host.examined.next_down();
    if let Some((at, trigger)) = next.and_then(|t| t.next_at().map(|at| (at, t))) {
        let when = host.examined.zone.show(at);
        let word = match action_word(trigger.action) {
            "power-off" => "it is powered off",
            "halt" => "it is halted",
            "crash" => "it is crashed",
            _ => "it reboots by itself",
        };
        let _ = write!(text, "; {word} {when} ({})", relative(outcome.now, at));
    }
    text
}
