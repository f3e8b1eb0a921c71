//! `crypt-line-misread`: a line of crypttab that its reader ignores or takes otherwise.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::crypttab::{Reader, Trouble};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct LineMisread;

impl Rule for LineMisread {
    fn id(&self) -> &'static str {
        "crypt-line-misread"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let crypt = super::of(host)?;
        let mut out = Findings::new();
        out.judged += crypt.items.len();
        for problem in &crypt.problems {
            let line = problem.place.start().line;
            let message = format!("line {line} of crypttab {}", problem.says());
            let level = match (problem.trouble, problem.reader) {
                (Trouble::ExtraFields, Reader::Systemd) => Level::Note,
                (Trouble::Duplicate, Reader::Debian) => Level::Note,
                _ => Level::Warn,
            };
            let evidence = Evidence::span(problem.place.clone(), "here");
            let finding = Finding::new(self.id(), format!("line {line}"), message, evidence);
            out.push(finding.at_most(level));
        }
        Ok(out)
    }
}
