//! The report on several hosts: equal findings once, every host named, the counts last.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::brief::plural;
use super::text::{
    against_words, age_word, cured_one, finding, level_word, message, open_rules, policy_words,
    stale, verdict_word,
};
use super::wrap::wrap;
use super::{Outcome, ShownHost};
use crate::policy::{Age, Judged, OpenRule, Standing, Verdict};
use crate::rules::{Ended, Level};
use crate::source::TreeKind;
use crate::text::escape;

/// How many variants of one rule's finding are told beside the first.
const VARIANTS: usize = 3;

/// The whole report.
pub(super) fn fleet(outcome: &Outcome) -> String {
    let hosts = &outcome.hosts;
    let partial = hosts
        .iter()
        .filter(|h| h.host.examined.kind == TreeKind::Partial);
    let mut out = plural(hosts.len(), "host");
    let partial = partial.count();
    if partial > 0 {
        let _ = write!(out, "   {partial} partial");
    }
    let against = against_words(outcome).map_or(String::new(), |base| format!("   {base}"));
    let _ = writeln!(out, "   {}{against}", policy_words(outcome));
    out.push_str(&findings(outcome));
    out.push_str(&cured(outcome));
    out.push_str(&open(outcome));
    out.push_str(&stale(outcome));
    out.push('\n');
    out.push_str(&summary(outcome));
    out
}

fn name(shown: &ShownHost) -> String {
    escape(shown.host.examined.name.as_bytes())
}

/// A finding on all hosts that have it.
type Group<'a> = Vec<(&'a ShownHost, &'a Judged)>;

/// The findings by rule, gravest first: the first of a rule whole, the others in a line.
fn findings(outcome: &Outcome) -> String {
    let mut out = String::new();
    let groups = groups(&outcome.hosts);
    let mut left = groups.as_slice();
    while let Some(first) = left.first().and_then(|group| group.first()) {
        let rule = first.1.finding.rule;
        let same = |group: &Group<'_>| {
            let first_of = group.first();
            first_of.is_some_and(|(_, judged)| {
                let (rule_of, level) = (judged.finding.rule, judged.level);
                rule_of == rule && level == first.1.level && judged.age == first.1.age
            })
        };
        let count = left.iter().take_while(|group| same(group)).count();
        let (of_rule, rest) = left.split_at(count);
        left = rest;
        out.push('\n');
        let note = first.1.level == Level::Note && !outcome.verbose;
        if note {
            out.push_str(&line_of(of_rule, outcome));
            continue;
        }
        let shown = if outcome.verbose { of_rule.len() } else { 1 };
        for (index, group) in of_rule.iter().take(shown).enumerate() {
            if index > 0 {
                out.push('\n');
            }
            out.push_str(&whole(group, outcome));
        }
        for group in of_rule.iter().skip(shown).take(VARIANTS) {
            let Some((_, judged)) = group.first() else {
                continue;
            };
            let hosts = hosts_of(group, outcome);
            let text = format!("also: {}: {hosts}", message(judged));
            let _ = writeln!(out, "   = {}", wrap(&text, 5, 11));
        }
        let more = of_rule.len().saturating_sub(shown + VARIANTS);
        if more > 0 {
            let _ = writeln!(
                out,
                "   = also: {} of this rule; -v shows them",
                plural(more, "more finding")
            );
        }
    }
    out
}

/// A group as on one host, with the hosts.
fn whole(group: &Group<'_>, outcome: &Outcome) -> String {
    let Some((shown, judged)) = group.first() else {
        return String::new();
    };
    let mut out = finding(judged, shown.paths(), outcome.verbose);
    let text = hosts_of(group, outcome);
    let _ = writeln!(out, "   = {}", wrap(&text, 5, 5));
    out
}

/// The notes of one rule in a line: they are worth knowing, and no reason to act.
fn line_of(groups: &[Group<'_>], outcome: &Outcome) -> String {
    let Some((_, judged)) = groups.first().and_then(|group| group.first()) else {
        return String::new();
    };
    let (rule, age) = (judged.finding.rule, age_word(judged));
    let head = format!("{}[{rule}]{age}: ", level_word(judged.level));
    let mut names: Vec<String> = groups
        .iter()
        .flatten()
        .map(|(shown, _)| name(shown))
        .collect();
    names.dedup();
    let hosts = counted(&names, outcome.verbose);
    let text = format!("{}; {hosts}", judged.card.title);
    let width = rule.len() + age.len() + 8;
    format!("{head}{}\n", wrap(&text, width, 4))
}

fn hosts_of(group: &Group<'_>, outcome: &Outcome) -> String {
    let names: Vec<String> = group.iter().map(|(shown, _)| name(shown)).collect();
    counted(&names, outcome.verbose)
}

fn counted(names: &[String], verbose: bool) -> String {
    match names {
        [one] => format!("host: {one}"),
        _ => format!("{} hosts: {}", names.len(), abridged(names, verbose)),
    }
}

/// What is gone since the base, each once with its hosts.
fn cured(outcome: &Outcome) -> String {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for shown in &outcome.hosts {
        for judged in &shown.host.cured {
            let names = by_text.entry(cured_one(judged)).or_default();
            names.push(name(shown));
        }
    }
    let mut out = String::new();
    for (text, names) in by_text {
        let hosts = counted(&names, outcome.verbose);
        let _ = writeln!(out, "{text}   = {}", wrap(&hosts, 5, 5));
    }
    out
}

/// What stayed open, each rule once with its hosts, and rules that wait for the same
/// together; the questions of the first host.
fn open(outcome: &Outcome) -> String {
    let mut of_rule: BTreeMap<&str, Vec<(&ShownHost, &OpenRule)>> = BTreeMap::new();
    for shown in &outcome.hosts {
        for rule in &shown.host.open {
            of_rule
                .entry(&rule.card.id)
                .or_default()
                .push((shown, rule));
        }
    }
    let mut groups: Vec<(Vec<OpenRule>, Vec<String>)> = Vec::new();
    for rules in of_rule.values() {
        let Some((_, first)) = rules.first() else {
            continue;
        };
        let names: Vec<String> = rules.iter().map(|(shown, _)| name(shown)).collect();
        let same = |group: &&mut (Vec<OpenRule>, Vec<String>)| {
            group.1 == names && group.0.first().is_some_and(|rule| rule.open == first.open)
        };
        match groups.iter_mut().find(same) {
            Some((together, _)) => together.push((*first).clone()),
            None => groups.push((vec![(*first).clone()], names)),
        }
    }
    let mut out = String::new();
    for (rules, names) in groups {
        let text = open_rules(&rules, outcome.verbose);
        if text.is_empty() {
            continue;
        }
        let hosts = counted(&names, outcome.verbose);
        let _ = writeln!(out, "{text}   = {}", wrap(&hosts, 5, 5));
    }
    out
}

/// The hosts by verdict, and the last line.
fn summary(outcome: &Outcome) -> String {
    let hosts = &outcome.hosts;
    let mut out = String::new();
    let mut words = Vec::new();
    for verdict in [
        Verdict::Blocked,
        Verdict::Undecided,
        Verdict::Busy,
        Verdict::Nothing,
        Verdict::Clear,
    ] {
        let matching = hosts.iter().filter(|h| h.host.verdict == verdict);
        let names: Vec<String> = matching.map(name).collect();
        if names.is_empty() {
            continue;
        }
        let word = verdict.word().to_ascii_lowercase();
        words.push(format!("{} {word}", names.len()));
        if verdict != Verdict::Clear || outcome.verbose {
            let names = abridged(&names, outcome.verbose);
            let _ = writeln!(out, "  {word:<11} {}", wrap(&names, 14, 14));
        }
    }
    let covered = hosts
        .iter()
        .map(|h| h.host.ended(|ended| matches!(ended, Ended::NotCovered(_))));
    let covered = covered.max().unwrap_or(0);
    if covered > 0 {
        let text = format!(
            "up to {} per host that partial trees cannot answer",
            plural(covered, "rule")
        );
        let _ = writeln!(out, "  not covered {text}");
    }
    let word = outcome.exit.verdict();
    let _ = writeln!(
        out,
        "{}   {}: {}",
        verdict_word(word),
        plural(hosts.len(), "host"),
        words.join(", ")
    );
    out
}

/// What makes two findings one: gravity, rule, age, words.
type Same<'a> = (Reverse<Level>, usize, Option<Age>, &'a str);

/// Findings of all hosts that say the same, gravest first, in the order met.
fn groups(hosts: &[ShownHost]) -> Vec<Group<'_>> {
    // Rules in the order in which the first of each is met.
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found: BTreeMap<Same<'_>, (usize, Group<'_>)> = BTreeMap::new();
    let mut met = 0;
    for shown in hosts {
        let counts = |judged: &&Judged| judged.standing == Standing::Counts;
        for judged in shown.host.findings.iter().filter(counts) {
            let next = order.len();
            let rule = *order.entry(judged.finding.rule).or_insert(next);
            let words = judged.finding.message.as_str();
            let key = (Reverse(judged.level), rule, judged.age, words);
            met += 1;
            let (_, group) = found.entry(key).or_insert_with(|| (met, Vec::new()));
            group.push((shown, judged));
        }
    }
    // Of one rule the widest first: it is shown whole.
    let mut found: Vec<(Same<'_>, (usize, Group<'_>))> = found.into_iter().collect();
    found.sort_by_key(|((level, rule, age, _), (met, group))| {
        (*level, *rule, *age, Reverse(group.len()), *met)
    });
    found.into_iter().map(|(_, (_, group))| group).collect()
}

/// A list of names, cut where it would fill the screen.
fn abridged(names: &[String], verbose: bool) -> String {
    const SHOWN: usize = 12;
    if verbose || names.len() <= SHOWN {
        return names.join(" ");
    }
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    format!("{} and {} more (-v)", shown.join(" "), names.len() - SHOWN)
}
