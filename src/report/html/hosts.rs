//! The chains of all hosts side by side, and each host by itself.

use std::fmt::Write as _;

use super::super::ShownHost;
use super::super::brief::plural;
use super::super::markup::markup;
use super::super::spot::plain;
use super::evidence::{finding, open_at_once};
use super::times::what;
use super::{Page, badge, name, rank, text, word};
use crate::facts::triggers::Trigger;
use crate::policy::{JudgedHost, Standing, Verdict};
use crate::rules::{ChainLine, Ended, Level, Link, LinkState};

/// Up to so many hosts, each has a section; of more, those that have something to tell.
const WHOLE: usize = 200;

impl Page<'_> {
    /// Whether a host has a section of its own.
    pub(super) fn is_told(&self, shown: &ShownHost) -> bool {
        let host = &shown.host;
        self.outcome.hosts.len() <= WHOLE
            || host.verdict != Verdict::Clear
            || !host.findings.is_empty()
            || !host.open.is_empty()
            || !host.cured.is_empty()
    }

    /// The hosts with sections of their own, gravest first.
    pub(super) fn told(&self) -> impl Iterator<Item = &ShownHost> {
        self.ranked()
            .into_iter()
            .filter(|shown| self.is_told(shown))
    }

    fn ranked(&self) -> Vec<&ShownHost> {
        let mut hosts: Vec<&ShownHost> = self.outcome.hosts.iter().collect();
        hosts.sort_by_key(|shown| rank(&shown.host));
        hosts
    }

    /// Every host on one line: its verdict, the counts, the links of its chain.
    pub(super) fn chains(&self) -> String {
        let mut out = String::from(
            "<section aria-labelledby=\"chains\">\n<h2 id=\"chains\">Hosts</h2>\n\
             <div class=\"wide\" role=\"region\" aria-label=\"Chains of all hosts\" tabindex=\"0\">\
             <table class=\"chains\">\n<thead><tr><th scope=\"col\">host</th>\
             <th scope=\"col\">verdict</th>",
        );
        for count in ["blockers", "warnings", "undecided"] {
            let _ = write!(
                out,
                "<th scope=\"col\" class=\"n\"><span class=\"v\">{count}</span></th>"
            );
        }
        let hosts = self.ranked();
        let links = hosts.iter().find(|shown| !shown.host.chain.is_empty());
        for line in links.into_iter().flat_map(|shown| &shown.host.chain) {
            let link = line.link.word();
            let _ = write!(
                out,
                "<th scope=\"col\" class=\"l\"><span class=\"v\">{link}</span></th>"
            );
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for shown in hosts {
            let host = &shown.host;
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td>",
                self.link(shown),
                badge(host.verdict)
            );
            let counts = [
                host.fresh(Level::Block),
                host.fresh(Level::Warn),
                host.undecided(),
            ];
            for count in counts {
                let _ = write!(out, "<td class=\"n\">{count}</td>");
            }
            for line in &host.chain {
                out.push_str(&cell(line));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n<ul class=\"key\" aria-hidden=\"true\">");
        for state in STATES {
            let _ = write!(
                out,
                "<li><span class=\"s {}\">{}</span></li>",
                class_of_state(state),
                state.word().to_ascii_lowercase()
            );
        }
        out.push_str("</ul>\n</section>\n");
        out
    }

    /// Each host that has something to tell.
    pub(super) fn details(&self) -> String {
        let mut out = String::new();
        for shown in self.told() {
            if out.is_empty() {
                out.push_str("<h2 id=\"hosts\">Host by host</h2>\n");
            }
            let Some(anchor) = self.anchor(shown) else {
                continue;
            };
            let host = &shown.host;
            let _ = writeln!(
                out,
                "<section class=\"host\" aria-labelledby=\"{anchor}\">\n\
                 <h3 id=\"{anchor}\">{} {} <a class=\"up\" href=\"#chains\">all hosts</a></h3>",
                name(shown),
                badge(host.verdict)
            );
            if let Some(sentence) = super::super::text::sentence(self.outcome, host) {
                let _ = writeln!(out, "<p>{}</p>", text(&sentence));
            }
            let os = match &host.examined.os {
                Some(os) => format!("{os}; "),
                None => String::new(),
            };
            let _ = writeln!(
                out,
                "<p class=\"soft\">{}{} tree; {}</p>",
                text(&os),
                host.examined.kind.word(),
                text(&super::super::text::counts(host)),
            );
            if !host.chain.is_empty() {
                let open = if host.verdict == Verdict::Clear {
                    ""
                } else {
                    " open"
                };
                let _ = writeln!(
                    out,
                    "<details{open}><summary>Chain of the boot</summary>\n{}</details>",
                    chain(host)
                );
            }
            out.push_str(&self.found(shown, 4));
            out.push_str("</section>\n");
        }
        out
    }

    /// The only host of a run.
    pub(super) fn alone(&self, shown: &ShownHost) -> String {
        let host = &shown.host;
        let mut out = String::new();
        if !host.chain.is_empty() {
            let _ = writeln!(out, "<h2>Chain of the boot</h2>\n{}", chain(host));
        }
        let found = self.found(shown, 3);
        if !found.is_empty() {
            let _ = writeln!(out, "<h2>What was found</h2>\n{found}");
        }
        out.push_str(&self.times());
        out
    }

    /// Findings, what stayed open, and what else there is to know of a host.
    fn found(&self, shown: &ShownHost, depth: u8) -> String {
        let host = &shown.host;
        let mut out = String::new();
        if let Some(busy) = &host.examined.busy {
            let text = text(&format!(
                "{} is at work; nothing else was looked at",
                busy.who
            ));
            let _ = writeln!(out, "<p>{text}.</p>");
        }
        for (what, unread) in host.examined.unread() {
            let text = text(&format!("{what}: {unread}"));
            let _ = writeln!(out, "<p>{} {text}</p>", word("odd", "undecided"));
        }
        for (index, judged) in host.findings.iter().enumerate() {
            if matches!(judged.standing, Standing::Follows(_)) {
                continue;
            }
            let follow = |j: &&crate::policy::Judged| j.standing == Standing::Follows(index);
            let also: Vec<&crate::policy::Judged> = host.findings.iter().filter(follow).collect();
            let open = open_at_once(judged, self.outcome.fleet);
            out.push_str(&finding(judged, &also, shown.paths(), depth, open));
        }
        out.push_str(&open_rules(host, depth));
        for judged in &host.cured {
            let _ = writeln!(
                out,
                "<p>{} <code>{}</code> {}</p>",
                word("good", "cured"),
                markup(judged.finding.rule),
                text(&judged.finding.message)
            );
        }
        let untimed = host.examined.triggers.iter();
        let untimed: Vec<String> = untimed
            .filter(|trigger| trigger.next_at().is_none())
            .map(|trigger| {
                format!(
                    "<li>{}: {}</li>\n",
                    text(&trigger.when_words()),
                    what(trigger)
                )
            })
            .collect();
        if !untimed.is_empty() {
            let _ = writeln!(
                out,
                "<details><summary>{} without a time</summary>\n<ul class=\"plain\">\n{}</ul></details>",
                plural(untimed.len(), "trigger"),
                untimed.concat()
            );
        }
        let reasons = host.not_covered();
        if !reasons.is_empty() {
            let count = host.ended(|ended| matches!(ended, Ended::NotCovered(_)));
            let reasons: Vec<String> = reasons.iter().map(|why| text(&why.to_string())).collect();
            let _ = writeln!(
                out,
                "<details><summary>{} that this tree cannot answer</summary>\n<p>{}</p></details>",
                plural(count, "rule"),
                reasons.join("; ")
            );
        }
        out
    }
}

/// What could not be answered.
fn open_rules(host: &JudgedHost, depth: u8) -> String {
    let mut out = String::new();
    for rule in host.open.iter().filter(|rule| !rule.open.is_empty()) {
        let aside = if rule.decides { "" } else { " aside" };
        let _ = writeln!(
            out,
            "<article class=\"finding odd{aside}\">\n<h{depth}>{} <span>Could not decide: {}\
             </span></h{depth}>\n<p class=\"of\"><code>{}</code>{}</p>\n<ul class=\"plain\">",
            word("odd", "undecided"),
            markup(&plain(&rule.card.title)),
            markup(&rule.card.id),
            if rule.old { " &#183; old" } else { "" },
        );
        for unknown in &rule.open {
            let _ = writeln!(out, "<li>{}</li>", text(&unknown.to_string()));
        }
        out.push_str("</ul>\n</article>\n");
    }
    out
}

/// The chain with its words; neighbours that say the same are one line.
fn chain(host: &JudgedHost) -> String {
    let mut lines: Vec<(&ChainLine, Link)> = Vec::new();
    for line in &host.chain {
        let silent = matches!(
            line.state,
            LinkState::NotCovered | LinkState::NotReached | LinkState::NotExamined
        );
        match lines.last_mut() {
            Some((first, last))
                if silent && first.state == line.state && first.summary == line.summary =>
            {
                *last = line.link;
            }
            _ => lines.push((line, line.link)),
        }
    }
    let next = |trigger: &&Trigger| trigger.next_at().is_some();
    let reboots = host.examined.triggers.iter().filter(next).count();
    let mut out = String::from("<table class=\"chain\"><tbody>\n");
    for (line, last) in lines {
        let class = match line.state {
            LinkState::Ok => "good",
            LinkState::Broken => "bad",
            LinkState::Degraded | LinkState::Delayed | LinkState::Unknown => "odd",
            LinkState::None
            | LinkState::NotCovered
            | LinkState::NotReached
            | LinkState::NotExamined => "rest",
        };
        let link = if line.link == last {
            last.word().to_owned()
        } else {
            format!("{} to {}", line.link.word(), last.word())
        };
        // For what takes the box down the number tells more than a state.
        let state = if last == Link::Triggers && reboots > 0 {
            plural(reboots, "reboot")
        } else {
            line.state.word().to_owned()
        };
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{link}</th><td>{}</td><td>{}</td></tr>",
            word(class, &state),
            text(&line.summary)
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

/// A link of one host among many: the word is there, the style shows a sign.
fn cell(line: &ChainLine) -> String {
    let (class, word) = (class_of_state(line.state), line.state.word());
    // What holds or cannot be told needs no more words, and there may be many.
    match line.state {
        LinkState::Ok | LinkState::None | LinkState::NotCovered | LinkState::NotReached => {
            format!("<td class=\"s {class}\">{word}</td>")
        }
        _ => {
            let summary = text(&format!("{}: {}", line.link.word(), line.summary));
            format!("<td class=\"s {class}\" title=\"{summary}\">{word}</td>")
        }
    }
}

/// The states in the order of the key.
const STATES: [LinkState; 9] = [
    LinkState::Ok,
    LinkState::Broken,
    LinkState::Degraded,
    LinkState::Delayed,
    LinkState::Unknown,
    LinkState::NotReached,
    LinkState::None,
    LinkState::NotCovered,
    LinkState::NotExamined,
];

const fn class_of_state(state: LinkState) -> &'static str {
    match state {
        LinkState::Ok => "ok",
        LinkState::Broken => "broken",
        LinkState::Degraded => "degraded",
        LinkState::Delayed => "delayed",
        LinkState::Unknown => "unknown",
        LinkState::None => "none",
        LinkState::NotCovered => "not-covered",
        LinkState::NotReached => "not-reached",
        LinkState::NotExamined => "not-examined",
    }
}
