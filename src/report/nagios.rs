//! One line with performance data, as plugins of Nagios and its kin print it.
//!
//! The word after `COMEBACK` is the state. The exit status stays that of every other
//! format; `contrib/nagios/check_comeback` turns the two into 0 to 3.

use std::fmt::Write as _;

use super::Outcome;
use super::brief::plural;
use super::spot::counts;
use crate::policy::{Exit, JudgedHost, Verdict};
use crate::rules::Level;
use crate::text::escape;

/// Names of hosts or rules that are shown at most.
const SHOWN: usize = 8;

/// The line.
#[must_use]
pub fn nagios(outcome: &Outcome) -> String {
    let hosts = || outcome.hosts.iter().map(|shown| &shown.host);
    let sum = |level| hosts().map(|host| host.fresh(level)).sum::<usize>();
    let (blockers, warnings) = (sum(Level::Block), sum(Level::Warn));
    let undecided: usize = hosts().map(JudgedHost::undecided).sum();
    let state = match outcome.exit {
        Exit::Clear if warnings > 0 => "WARNING",
        Exit::Clear => "OK",
        Exit::Blocked => "CRITICAL",
        _ => "UNKNOWN",
    };
    let mut parts = match outcome.hosts.as_slice() {
        [shown] if !outcome.fleet => one(&shown.host),
        _ => several(outcome),
    };
    if warnings > 0 {
        parts.push(plural(warnings, "warning"));
    }
    let word = outcome.exit.verdict().word();
    let text = format!("{word}: {}", parts.join(", "));
    let text = text.trim_end_matches(": ");
    let mut line = format!("COMEBACK {state} - {}", harmless(text));
    let _ = write!(
        line,
        " | blockers={blockers};;0;0 warnings={warnings};0;;0 undecided={undecided};;;0"
    );
    let next = hosts().filter_map(|host| host.examined.next_down()?.next_at());
    if let Some(next) = next.min() {
        let seconds = next.as_second() - outcome.now.as_second();
        let _ = write!(line, " next_reboot={}s;;;0", seconds.max(0));
    }
    line.push('\n');
    line
}

/// What decides about one host.
fn one(host: &JudgedHost) -> Vec<String> {
    let mut parts = vec![escape(host.examined.name.as_bytes())];
    let mut rules: Vec<&str> = Vec::new();
    for judged in host.findings.iter().filter(|j| counts(j)) {
        if judged.level == Level::Block && !rules.contains(&judged.finding.rule) {
            rules.push(judged.finding.rule);
        }
    }
    for rule in host.open.iter().filter(|rule| rule.decides) {
        if !rules.contains(&rule.card.id.as_str()) {
            rules.push(&rule.card.id);
        }
    }
    if !rules.is_empty() {
        parts.push(abridged(&rules));
    }
    if let Some(busy) = &host.examined.busy {
        parts.push(format!("{} is at work", busy.who));
    }
    for (what, _) in host.examined.unread() {
        parts.push(format!("could not read {what}"));
    }
    let accepted = host.accepted();
    if !accepted.is_empty() {
        parts.push(format!("accepted {}", abridged(&accepted)));
    }
    parts
}

fn several(outcome: &Outcome) -> Vec<String> {
    let mut parts = vec![plural(outcome.hosts.len(), "host")];
    for verdict in [
        Verdict::Blocked,
        Verdict::Undecided,
        Verdict::Busy,
        Verdict::Nothing,
    ] {
        let of = outcome.hosts.iter().filter(|h| h.host.verdict == verdict);
        let names: Vec<String> = of
            .map(|h| escape(h.host.examined.name.as_bytes()))
            .collect();
        if !names.is_empty() {
            let word = verdict.word().to_ascii_lowercase();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            parts.push(format!("{} {word} ({})", names.len(), abridged(&names)));
        }
    }
    parts
}

fn abridged(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    let mut text = shown.join(" ");
    if names.len() > SHOWN {
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

/// Without what ends the text (`|`) and what a notification command would hand to a
/// shell (`illegal_macro_output_chars` of Nagios).
fn harmless(text: &str) -> String {
    let odd = |c: char| "`~$&|'\"<>;\\".contains(c);
    text.chars().map(|c| if odd(c) { '_' } else { c }).collect()
}
