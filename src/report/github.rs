//! Workflow commands of GitHub Actions: one line for each annotation.
//!
//! The runner (actions/runner 2.3, `ActionCommand.cs`) takes a line that begins with
//! `::` for a command, and unescapes `%25`, `%0D`, `%0A` in its text, and `%3A` and
//! `%2C` too in its properties. A step shows ten annotations of each kind, so the
//! gravest come first.

use std::fmt::Write as _;

use super::spot::{counts, cure, file, sentence, spots};
use super::{Outcome, one_line};
use crate::policy::{Age, Judged};
use crate::rules::Level;
use crate::text::escape;

/// One line for each finding and each open question that decides, gravest first, then
/// one for each host.
#[must_use]
pub fn github(outcome: &Outcome) -> String {
    let mut out = String::new();
    for level in [Level::Block, Level::Warn, Level::Note] {
        for shown in &outcome.hosts {
            let of_level = |judged: &&Judged| judged.level == level && counts(judged);
            for judged in shown.host.findings.iter().filter(of_level) {
                let mut text = sentence(shown, judged, outcome.fleet);
                let (fix, commands) = cure(judged);
                let _ = write!(text, "\nfix: {fix}");
                for command in commands {
                    let _ = write!(text, "\n    {command}");
                }
                let mut properties = Vec::new();
                if let Some(spot) = spots(judged).first() {
                    properties.push(("file", file(shown, &spot.path)));
                    if let Some(region) = &spot.region {
                        properties.push(("line", region.line.to_string()));
                        properties.push(("endLine", region.end_line.to_string()));
                        // Columns over several lines are refused.
                        if region.line == region.end_line {
                            properties.push(("col", region.column.to_string()));
                            properties.push(("endColumn", region.end_column.to_string()));
                        }
                    }
                }
                properties.push(("title", judged.finding.rule.to_owned()));
                command(&mut out, kind(level), &properties, &text);
            }
        }
        if level == Level::Block {
            open(&mut out, outcome);
        }
    }
    for waiver in &outcome.stale {
        let text = format!("{}: a waiver accepts nothing: {}", waiver.place, waiver.why);
        let title = waiver.rule.clone().unwrap_or_else(|| "waiver".to_owned());
        command(&mut out, "warning", &[("title", title)], &text);
    }
    for shown in &outcome.hosts {
        // The line begins with the program's name, so it is no command.
        out.push_str(&old_commands(&one_line(shown)));
        out.push('\n');
    }
    out
}

/// What keeps a host from being clear without a finding.
fn open(out: &mut String, outcome: &Outcome) {
    for shown in &outcome.hosts {
        let host = &shown.host;
        let name = escape(host.examined.name.as_bytes());
        for rule in host.open.iter().filter(|rule| rule.decides) {
            for unknown in &rule.open {
                let text = escape(unknown.to_string().as_bytes());
                let text = format!("{name}: could not decide: {text}");
                let properties = [
                    ("file", file(shown, &unknown.path)),
                    ("title", rule.card.id.clone()),
                ];
                command(out, "error", &properties, &text);
            }
        }
        for (what, unread) in host.examined.unread() {
            let text = escape(format!("{name}: {what}: {unread}").as_bytes());
            command(out, "error", &[("title", "undecided".to_owned())], &text);
        }
        if let Some(busy) = &host.examined.busy {
            let text = format!("{name}: {} is at work", busy.who);
            command(out, "error", &[("title", "busy".to_owned())], &text);
        }
    }
    let old = outcome.hosts.iter().flat_map(|shown| &shown.host.findings);
    let old = old.filter(|judged| judged.age == Some(Age::Old)).count();
    if old > 0 {
        let _ = writeln!(out, "{old} old findings are left out");
    }
}

const fn kind(level: Level) -> &'static str {
    match level {
        Level::Block => "error",
        Level::Warn => "warning",
        Level::Note => "notice",
    }
}

/// One command: `::KIND NAME=VALUE,...::TEXT`.
fn command(out: &mut String, kind: &str, properties: &[(&str, String)], text: &str) {
    let properties = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)));
    let properties: Vec<String> = properties.collect();
    let _ = writeln!(out, "::{kind} {}::{}", properties.join(","), data(text));
}

/// The runner also takes `##[` for a command, anywhere in a line.
fn old_commands(text: &str) -> String {
    text.replace("##[", "##\\[")
}

/// Text after the second `::`.
fn data(text: &str) -> String {
    let text = old_commands(text).replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it_or_begins_a_command() {
        let mut out = String::new();
        let hostile = "a::b,c%0A::error::x\r\n::stop-commands::y";
        command(&mut out, "error", &[("file", hostile.to_owned())], hostile);
        assert_eq!(out.lines().count(), 1);
        let (head, text) = out
            .strip_prefix("::error file=")
            .and_then(|rest| rest.split_once("::"))
            .unwrap();
        assert!(!head.contains([':', ',', '\n']), "{head}");
        assert_eq!(text, "a::b,c%250A::error::x%0D%0A::stop-commands::y\n");
    }
}
