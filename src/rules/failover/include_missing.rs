//! `failover-include-missing`: a part of the configuration that is not there.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::ProblemKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct IncludeMissing;

impl Rule for IncludeMissing {
    fn id(&self) -> &'static str {
        "failover-include-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = 1;
        // It may stand where the tree does not reach.
        if !failover.uncovered.is_empty() {
            return Ok(out);
        }
        let missing = |kind| kind == ProblemKind::IncludeMissing;
        // Where keepalived ends for it, that is a rule of its own.
        let problems = config.problems.iter().filter(|p| !p.fatal);
        for problem in problems.filter(|problem| missing(problem.kind)) {
            let line = problem.place.bytes();
            let pattern = line.split(u8::is_ascii_whitespace).next_back();
            let pattern = pattern.unwrap_or(line);
            let shown = escape(pattern);
            let message = format!("keepalived includes {shown}, and there is no such file to read");
            let label = "passed over; what it held is not configured";
            let at = Evidence::span(problem.place.clone(), label);
            let mut finding = Finding::new(self.id(), shown, message, at);
            // A directory of parts may be empty.
            if pattern.iter().any(|b| b"*?[{".contains(b)) {
                finding = finding.at_most(Level::Note);
            }
            out.push(finding);
        }
        Ok(out)
    }
}
