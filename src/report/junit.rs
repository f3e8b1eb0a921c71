//! `JUnit` XML, as Jenkins (junit-10.xsd of its xunit plugin) and GitLab read it: one
//! suite for each host, one case for each rule.
//!
//! A host whose suite has neither failure nor error is one that is clear.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::markup::markup;
use super::spot::{counts, cure};
use super::text::ended_words;
use super::{Outcome, ShownHost};
use crate::policy::{Exit, Judged};
use crate::rules::{Ended, Run};
use crate::text::escape;

/// What one case came to.
enum Case {
    Passed,
    /// It has findings below the failing level.
    Said(String),
    /// It has at least one at it: headline, details.
    Failed(String, String),
    /// It stayed open, and that decides.
    Error(String),
    Skipped(String),
}

/// How the cases of a host, or of all of them, ended.
#[derive(Clone, Copy, Default)]
struct Tally {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Tally {
    fn of(cases: &[(String, String, Case)]) -> Self {
        let mut tally = Self::default();
        for (_, _, case) in cases {
            tally.tests += 1;
            match case {
                Case::Failed(..) => tally.failures += 1,
                Case::Error(_) => tally.errors += 1,
                Case::Skipped(_) => tally.skipped += 1,
                Case::Passed | Case::Said(_) => {}
            }
        }
        tally
    }

    const fn and(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// One document, written host by host. The sums stand at its beginning, so every host is
/// looked at twice rather than all of them kept: they are hundreds of megabytes.
///
/// # Errors
/// Those of `out`.
pub fn junit(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let hosts = outcome.hosts.iter();
    let tallies = hosts.map(|shown| Tally::of(&cases(outcome, shown)));
    let sum = tallies.fold(Tally::default(), Tally::and);
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"comeback\" \
         tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\">",
        sum.tests, sum.failures, sum.errors
    )?;
    for shown in &outcome.hosts {
        out.write_all(suite(outcome, shown).as_bytes())?;
    }
    out.write_all(b"</testsuites>\n")
}

fn suite(outcome: &Outcome, shown: &ShownHost) -> String {
    let mut suite = String::new();
    let cases = cases(outcome, shown);
    let tally = Tally::of(&cases);
    let name = markup(&escape(shown.host.examined.name.as_bytes()));
    let time = outcome.now.strftime("%Y-%m-%dT%H:%M:%S");
    let _ = writeln!(
        suite,
        "  <testsuite name=\"{name}\" hostname=\"{name}\" tests=\"{}\" failures=\"{}\" \
         errors=\"{}\" skipped=\"{}\" time=\"0\" timestamp=\"{time}\">",
        tally.tests, tally.failures, tally.errors, tally.skipped
    );
    for (class, name, case) in &cases {
        write_case(&mut suite, class, name, case);
    }
    suite.push_str("  </testsuite>\n");
    suite
}

fn write_case(out: &mut String, class: &str, name: &str, case: &Case) {
    let _ = write!(
        out,
        "    <testcase classname=\"comeback.{}\" name=\"{}\" time=\"0\"",
        markup(class),
        markup(name)
    );
    let inside = match case {
        Case::Passed => {
            out.push_str("/>\n");
            return;
        }
        Case::Said(text) => format!("<system-out>{}</system-out>", markup(text)),
        Case::Failed(headline, text) => format!(
            "<failure type=\"finding\" message=\"{}\">{}</failure>",
            markup(headline),
            markup(text)
        ),
        Case::Error(text) => format!(
            "<error type=\"undecided\" message=\"{}\">{}</error>",
            markup(text.lines().next().unwrap_or("")),
            markup(text)
        ),
        Case::Skipped(why) => format!("<skipped message=\"{}\"/>", markup(why)),
    };
    let _ = writeln!(out, ">{inside}</testcase>");
}

/// Class, name and what it came to.
fn cases(outcome: &Outcome, shown: &ShownHost) -> Vec<(String, String, Case)> {
    let host = &shown.host;
    let mut cases: Vec<(String, String, Case)> = host
        .examined
        .runs
        .iter()
        .map(|run| {
            let class = run.card.link.word().to_owned();
            (class, run.card.id.clone(), case(outcome, shown, run))
        })
        .collect();
    let bad = cases
        .iter()
        .any(|(_, _, case)| matches!(case, Case::Failed(..) | Case::Error(_)));
    // What no rule speaks of: a package manager at work, an unread policy, a host of
    // which there was nothing to look at.
    if host.exit != Exit::Clear && !bad {
        let line = super::one_line(shown);
        cases.push((
            "verdict".to_owned(),
            host.verdict.word().to_ascii_lowercase(),
            Case::Error(line),
        ));
    }
    cases
}

fn case(outcome: &Outcome, shown: &ShownHost, run: &Run) -> Case {
    let findings = shown.host.findings.iter();
    let of_rule = findings.filter(|j| j.finding.rule == run.card.id && counts(j));
    let of_rule: Vec<&Judged> = of_rule.collect();
    let details: Vec<String> = of_rule
        .iter()
        .map(|judged| super::text::plain_finding(judged, shown.paths()))
        .collect();
    let details = details.join("\n");
    let gravest = of_rule
        .iter()
        .find(|judged| judged.level >= outcome.fail_on);
    if let Some(judged) = gravest {
        let headline = escape(judged.finding.message.as_bytes());
        let (fix, _) = cure(judged);
        return Case::Failed(headline, format!("{details}\nfix: {fix}"));
    }
    let mut open = shown.host.open.iter();
    let open = open.find(|rule| rule.card.id == run.card.id);
    if let Some(rule) = open.filter(|rule| rule.decides) {
        let lines = rule.open.iter().map(|u| escape(u.to_string().as_bytes()));
        return Case::Error(lines.collect::<Vec<_>>().join("\n"));
    }
    if !details.is_empty() {
        return Case::Said(details);
    }
    match &run.ended {
        Ended::Passed | Ended::Found => Case::Passed,
        Ended::NotApplicable(_) | Ended::NotCovered(_) | Ended::Undecided(_) => {
            Case::Skipped(ended_words(&run.ended))
        }
    }
}
