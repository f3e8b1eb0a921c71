//! `loader-entry-ignored`: an entry file that the loader leaves out.

use crate::boot::ProblemKind;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct EntryIgnored;

/// Entries told of; the rest is counted.
const TOLD: usize = 5;

impl Rule for EntryIgnored {
    fn id(&self) -> &'static str {
        "loader-entry-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let mut out = Findings::new();
        let ignored = chosen.next.problems.iter();
        for problem in ignored
            .filter(|p| p.kind == ProblemKind::EntryIgnored)
            .take(TOLD)
        {
            let path = escape_path(problem.place.path());
            let message = format!("{} leaves {path} out of its menu", chosen.kind.name());
            let evidence = Evidence::path(problem.place.path(), &*problem.message);
            out.push(Finding::new(self.id(), path, message, evidence));
        }
        Ok(out)
    }
}
