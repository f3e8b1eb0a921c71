//! `network-interfaces-refused`: ifupdown does not read its file to the end.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct InterfacesRefused;

impl Rule for InterfacesRefused {
    fn id(&self) -> &'static str {
        "network-interfaces-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (_, interfaces) = super::running(host)?;
        let mut out = Findings::new();
        for problem in &interfaces.problems {
            let path = escape_path(problem.place.path());
            let message = if problem.fatal {
                format!(
                    "no interface comes up, not even lo: ifup refuses {path}: {}",
                    problem.message
                )
            } else {
                format!(
                    "ifup reads {path} no further than this line: {}",
                    problem.message
                )
            };
            let evidence = Evidence::span(problem.place.clone(), &*problem.message);
            let mut finding = Finding::new(self.id(), path, message, evidence);
            let covered = matches!(super::alone(host), Err(Stop::NotApplicable(_)));
            if !problem.fatal || covered {
                finding = finding.at_most(Level::Warn);
            }
            out.push(finding);
        }
        Ok(out)
    }
}
