//! A baseline: findings that are known, one on each line, to be read in a review.
//!
//! `HOST RULE SUBJECT since=DATE`, sorted. The key is host, rule and subject, without
//! lines or times, so that an edit elsewhere does not churn it. What blocks is never in
//! one: that needs a waiver with an end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::against::Age;
use super::judge::{JudgedHost, Judgement, Standing, verdict};
use crate::rules::{Level, canonical};
use crate::text::escape;

/// Host, rule and subject, each without blanks.
type Key = (String, String, String);

/// Known findings, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Key, jiff::civil::Date>,
}

/// What a run makes of a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The same with what is still there alone.
    pub kept: Baseline,
    /// What is found and not in it, with what may not be.
    pub added: Baseline,
    /// Lines whose finding is no more.
    pub gone: Vec<String>,
}

impl Baseline {
    /// Nothing is known.
    pub const EMPTY: Self = Self {
        entries: BTreeMap::new(),
    };

    /// Reads one.
    ///
    /// # Errors
    /// The number of the first line that is not understood, and why.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut entries = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let [host, rule, subject, since] = words.as_slice() else {
                return Err((number, "needs HOST RULE SUBJECT since=DATE".to_owned()));
            };
            let Some(id) = canonical(rule) else {
                return Err((
                    number,
                    format!("unknown rule \"{}\"", escape(rule.as_bytes())),
                ));
            };
            let date = since
                .strip_prefix("since=")
                .and_then(|date| date.parse().ok());
            let Some(date) = date else {
                return Err((number, "needs since=2026-08-24".to_owned()));
            };
            let key = ((*host).to_owned(), id.to_owned(), (*subject).to_owned());
            entries.insert(key, date);
        }
        Ok(Self { entries })
    }

    /// The text of it.
    #[must_use]
    pub fn text(&self, today: jiff::civil::Date) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let mut out = format!("# comeback baseline 1; written {today} by comeback {version}\n");
        for line in self.lines() {
            let _ = writeln!(out, "{line}");
        }
        out
    }

    /// One line for each entry, without the head.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let entries = self.entries.iter();
        let lines = entries.map(|((host, rule, subject), since)| {
            format!("{host}  {rule}  {subject}  since={since}")
        });
        lines.collect()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self
    }

    /// Marks what is known as old and gives the verdict over the rest.
    pub fn apply(&self, host: &mut JudgedHost, how: &Judgement<'_>) {
        let name = host.examined.name.clone();
        for judged in &mut host.findings {
            let known = self.entries.contains_key(&key(
                &name,
                judged.finding.rule,
                &judged.finding.subject,
            ));
            if known && judged.level < Level::Block {
                judged.age = Some(Age::Old);
            }
        }
        (host.verdict, host.exit) = verdict(host, how);
    }

    /// What is still there, what is new, and what is gone. Entries of hosts that were not
    /// examined stay as they are.
    #[must_use]
    pub fn compare(&self, hosts: &[&JudgedHost]) -> Compared {
        let mut found = BTreeMap::new();
        for host in hosts {
            let today = host.examined.zone.at(host.examined.now).date();
            for judged in &host.findings {
                if judged.standing == Standing::Counts && judged.level < Level::Block {
                    let name = &host.examined.name;
                    let finding = &judged.finding;
                    found.insert(key(name, finding.rule, &finding.subject), today);
                }
            }
        }
        let examined = |key: &Key| hosts.iter().any(|host| word(&host.examined.name) == key.0);
        let mut kept = BTreeMap::new();
        let mut gone = BTreeMap::new();
        for (key, since) in &self.entries {
            let stays = found.remove(key).is_some() || !examined(key);
            let into = if stays { &mut kept } else { &mut gone };
            into.insert(key.clone(), *since);
        }
        Compared {
            kept: Self { entries: kept },
            added: Self { entries: found },
            gone: Self { entries: gone }.lines(),
        }
    }
}

fn key(host: &str, rule: &str, subject: &str) -> Key {
    (word(host), rule.to_owned(), word(subject))
}

/// Text as one word: blanks are escaped, and nothing is a dash.
fn word(text: &str) -> String {
    let text = escape(text.as_bytes());
    let blanks = |c: char| c.is_whitespace();
    if text.is_empty() {
        return "-".to_owned();
    }
    let text = text.replace(' ', "\\x20");
    text.chars()
        .map(|c| if blanks(c) { '_' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_the_same_and_mistakes_have_their_line() {
        let text = "# comeback baseline 1\n\napp01 trigger-unguarded /etc/cron.d/a\\x20b:/x \
                    since=2026-08-24\n";
        let baseline = Baseline::parse(text).unwrap();
        let again = baseline.text(jiff::civil::date(2026, 8, 25));
        assert!(again.starts_with("# comeback baseline 1; written 2026-08-25 by comeback "));
        assert_eq!(Baseline::parse(&again), Ok(baseline));
        for (line, why) in [
            (
                "app01 trigger-unguarded since=2026-08-24",
                "needs HOST RULE",
            ),
            ("app01 no-such-rule x since=2026-08-24", "unknown rule"),
            ("app01 trigger-unguarded x 2026-08-24", "needs since="),
        ] {
            let (number, said) = Baseline::parse(&format!("#\n{line}\n")).unwrap_err();
            assert_eq!(number, 2);
            assert!(said.contains(why), "{said}");
        }
    }
}
