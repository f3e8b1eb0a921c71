//! Waivers in the file itself, in a comment of their own directly above what they
//! accept: `# comeback: waive RULE[,RULE] until=2026-10-01 REASON`.
//!
//! Never at the end of a line: in a crontab that is part of the command.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::config::Waiver;
use crate::rules::{Evidence, Examined, canonical, cards, nearest};
use crate::text::{Place, Span, escape};

/// A comment that means to waive something.
#[derive(Clone, Debug)]
pub struct Inline {
    /// The waivers, one for each rule it names, or why it is none.
    pub parsed: Result<Vec<Waiver>, String>,
    /// Where it stands.
    pub place: Place,
    /// The line it is about: the first below it that is no such comment.
    pub line: usize,
}

/// What a comment line says; `None` where it is not addressed to this program.
///
/// The rules come first, separated by commas, then the day on which it ends, then why.
#[must_use]
pub fn parse_comment(line: &[u8], place: &Place) -> Option<Result<Vec<Waiver>, String>> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let comment = ["#", ";", "//", "!"]
        .iter()
        .find_map(|lead| text.strip_prefix(lead))?;
    let comment = comment.trim_start_matches(['#', ';', '!']).trim_start();
    let said = comment.strip_prefix("comeback:")?.trim_start();
    let said = said.strip_prefix("waive")?;
    if !said.is_empty() && !said.starts_with(char::is_whitespace) {
        return None;
    }
    Some(waivers(said.trim(), place))
}

fn waivers(said: &str, place: &Place) -> Result<Vec<Waiver>, String> {
    let (names, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    if names.is_empty() {
        return Err("names no rule".to_owned());
    }
    let rest = rest.trim();
    let (end, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let Some(until) = end.strip_prefix("until=") else {
        return Err("needs an end behind the rules: until=2026-10-01".to_owned());
    };
    let Ok(until) = until.parse::<jiff::civil::Date>() else {
        let until = escape(until.as_bytes());
        return Err(format!("until={until}: not a date such as 2026-10-01"));
    };
    if reason.trim().is_empty() {
        return Err("needs a reason behind the end".to_owned());
    }
    let one = |name: &str| {
        let Some(id) = canonical(name) else {
            let near = nearest(name, cards().keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(", did you mean \"{near}\"?"));
            let name = escape(name.as_bytes());
            return Err(format!("unknown rule \"{name}\"{hint}"));
        };
        Ok(Waiver {
            rule: id.to_owned(),
            host: None,
            subject: None,
            until,
            reason: reason.trim().to_owned(),
            place: Some(place.clone()),
        })
    };
    names.split(',').map(one).collect()
}

/// Every waiver above a line that a finding points at, each once.
pub(super) fn collect(examined: &Examined) -> Vec<Inline> {
    let mut found: BTreeMap<(PathBuf, usize), Inline> = BTreeMap::new();
    for finding in &examined.findings {
        for place in finding.evidence.iter().flat_map(places) {
            let below = place.start().line;
            let mut line = below;
            while line > 1 {
                line -= 1;
                let key = (place.path().to_path_buf(), line);
                if found.contains_key(&key) {
                    break;
                }
                let span = place.file.line_span(line);
                let at = place.file.place(Span::new(span.start, span.end));
                let Some(parsed) = parse_comment(place.file.slice(span), &at) else {
                    break;
                };
                let parsed = parsed.and_then(|waivers| {
                    if examined.trusted.contains(place.path()) {
                        Ok(waivers)
                    } else {
                        Err("counts only in a file that root alone can write".to_owned())
                    }
                });
                found.insert(
                    key,
                    Inline {
                        parsed,
                        place: at,
                        line: below,
                    },
                );
            }
        }
    }
    found.into_values().collect()
}

/// The places that a piece of evidence names.
pub(super) fn places(evidence: &Evidence) -> Vec<&Place> {
    match evidence {
        Evidence::Span { place, .. } => vec![place],
        Evidence::Computed { from, .. } => from.iter().collect(),
        Evidence::Missing { .. } | Evidence::Path { .. } | Evidence::Measure { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::File;

    #[test]
    fn which_comments_are_waivers_and_which_are_refused() {
        let rule = "trigger-scheduled-reboot";
        let good = format!("waive {rule} until=2026-10-01 nobody waits");
        let cases: [(String, Option<Result<usize, &str>>); 21] = [
            (format!("# comeback: {good}"), Some(Ok(1))),
            (format!("   #comeback:{good}"), Some(Ok(1))),
            (format!("; comeback: {good}"), Some(Ok(1))),
            (format!("// comeback: {good}"), Some(Ok(1))),
            (format!("! comeback: {good}"), Some(Ok(1))),
            (
                format!("## comeback:\twaive\t{rule}  until=2026-10-01\tx"),
                Some(Ok(1)),
            ),
            (
                format!("# comeback: waive {rule},init-missing until=2026-10-01 x y"),
                Some(Ok(2)),
            ),
            (format!("comeback: {good}"), None),
            (format!("* * * * * root x # comeback: {good}"), None),
            ("# comeback: see the handbook".to_owned(), None),
            ("# comeback: waiver".to_owned(), None),
            ("# Comeback: waive x".to_owned(), None),
            ("# comeback: waive".to_owned(), Some(Err("names no rule"))),
            (
                "# comeback: waive all until=2026-10-01 x".to_owned(),
                Some(Err("unknown rule")),
            ),
            (
                format!("# comeback: waive {rule}"),
                Some(Err("needs an end")),
            ),
            (
                format!("# comeback: waive {rule} nobody waits"),
                Some(Err("needs an end")),
            ),
            (
                format!("# comeback: waive {rule} until=soon x"),
                Some(Err("not a date")),
            ),
            (
                format!("# comeback: waive {rule} until=2026-13-01 x"),
                Some(Err("not a date")),
            ),
            (
                format!("# comeback: waive {rule} until=2026-10-01"),
                Some(Err("needs a reason")),
            ),
            (
                format!("# comeback: waive {rule}, until=2026-10-01 x"),
                Some(Err("unknown rule")),
            ),
            (
                "# comeback: waive trigger-scheduled-rebot until=2026-10-01 x".to_owned(),
                Some(Err("did you mean \"trigger-scheduled-reboot\"?")),
            ),
        ];
        for (line, expected) in cases {
            let file = File::new("/f", line.as_bytes());
            let place = file.place(Span::new(0, 1));
            let parsed = parse_comment(line.as_bytes(), &place);
            match (parsed, expected) {
                (None, None) => {}
                (Some(Ok(waivers)), Some(Ok(count))) => assert_eq!(waivers.len(), count, "{line}"),
                (Some(Err(why)), Some(Err(part))) => assert!(why.contains(part), "{line}: {why}"),
                (parsed, _) => panic!("{line}: {parsed:?}"),
            }
        }
    }
}
