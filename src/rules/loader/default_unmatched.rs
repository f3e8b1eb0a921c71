//! `loader-default-unmatched`: the default selects another entry than was meant.

use crate::boot::ProblemKind;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct DefaultUnmatched;

impl Rule for DefaultUnmatched {
    fn id(&self) -> &'static str {
        "loader-default-unmatched"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let next = &chosen.next;
        let mut out = Findings::new();
        let wrong = next.problems.iter().find(|problem| {
            matches!(
                problem.kind,
                ProblemKind::DefaultUnmatched | ProblemKind::DefaultIsNumber
            )
        });
        let Some(problem) = wrong else {
            return Ok(out);
        };
        let title = next.entry.as_ref().map(|entry| escape(&entry.title));
        let boots = title.map_or_else(String::new, |title| format!(": \"{title}\" boots"));
        let what = if problem.kind == ProblemKind::DefaultIsNumber {
            "is taken as a number"
        } else {
            "selects no entry"
        };
        let message = format!("the default of {} {what}{boots}", chosen.kind.name());
        let evidence = Evidence::span(problem.place.clone(), &*problem.message);
        let subject = escape_path(&chosen.config);
        out.push(Finding::new(self.id(), subject, message, evidence));
        Ok(out)
    }
}
