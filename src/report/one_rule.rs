//! What the text report says of one rule: for fixtures, and for whoever asks about
//! a single rule.

use std::fmt::Write as _;

use super::text::{ended_words, finding, open_rules};
use crate::policy::{JudgedHost, Standing};

/// The findings and open questions of one rule on one host, folded ones too, as the
/// text report shows them; where there are none, how the rule ended.
#[must_use]
pub fn rule_text(host: &JudgedHost, rule: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for judged in host.findings.iter().filter(|j| j.finding.rule == rule) {
        let mut text = finding(judged, super::Paths::PLAIN, false);
        if let Standing::Follows(cause) = judged.standing
            && let Some(cause) = host.findings.get(cause)
        {
            let _ = writeln!(text, "   = follows from: {}", cause.finding.rule);
        }
        parts.push(text);
    }
    let open = host.open.iter().filter(|open| open.card.id == rule);
    let open = open.map(|rule| open_rules(std::slice::from_ref(rule), true));
    parts.extend(open.map(|text| text.trim_start().to_owned()));
    if parts.is_empty() {
        let runs = host.examined.runs.iter();
        let run = runs.filter(|run| run.card.id == rule);
        parts.extend(run.map(|run| ended_words(&run.ended) + "\n"));
    }
    parts.join("\n")
}
