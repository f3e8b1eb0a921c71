//! One line for each host.

use std::fmt::Write as _;

use super::{Outcome, ShownHost};
use crate::policy::{Age, Standing, Verdict};
use crate::rules::Level;
use crate::text::escape;

/// One line for each host, as `guard` prints it.
#[must_use]
pub fn brief(outcome: &Outcome) -> String {
    outcome
        .hosts
        .iter()
        .map(|host| one_line(host) + "\n")
        .collect()
}

/// One host on one line: name, what counts, the verdict word last.
#[must_use]
pub fn one_line(shown: &ShownHost) -> String {
    let host = &shown.host;
    let mut line = format!("comeback: {}: ", escape(host.examined.name.as_bytes()));
    let mut parts = Vec::new();
    let counting = host
        .findings
        .iter()
        .filter(|j| j.standing == Standing::Counts && j.age != Some(Age::Old));
    for judged in counting.filter(|j| j.level == Level::Block) {
        let impacts: Vec<&str> = judged.impact.iter().map(|i| i.word()).collect();
        parts.push(format!("{} ({})", judged.finding.rule, impacts.join(", ")));
    }
    let warnings = host.fresh(Level::Warn);
    if warnings > 0 {
        parts.push(plural(warnings, "warning"));
    }
    if host.compared {
        parts.push(format!("{} old, {} cured", host.old(), host.cured.len()));
    }
    for rule in host.open.iter().filter(|rule| rule.decides) {
        if let Some(first) = rule.open.first() {
            let first = escape(first.to_string().as_bytes());
            parts.push(format!("{} open: {first}", rule.card.id));
        }
    }
    for (what, unread) in host.examined.unread() {
        parts.push(format!("{what}: {unread}"));
    }
    if let Some(busy) = &host.examined.busy {
        parts.push(format!("{} is at work", busy.who));
    }
    let accepted = host.accepted();
    if !accepted.is_empty() {
        parts.push(format!("accepted: {}", accepted.join(", ")));
    }
    if !host.not_examined.is_empty() && host.verdict != Verdict::Nothing {
        let links: Vec<&str> = host.not_examined.iter().map(|link| link.word()).collect();
        parts.push(format!("not examined: {}", links.join(" ")));
    }
    if !parts.is_empty() {
        let _ = write!(line, "{}: ", parts.join("; "));
    }
    line.push_str(host.verdict.word());
    line
}

/// `1 warning`, `2 warnings`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
