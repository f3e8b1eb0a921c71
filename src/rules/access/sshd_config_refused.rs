//! `access-sshd-config-refused`: sshd ends before it listens.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::access::Starts;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct SshdConfigRefused;

/// How many of its lines are shown.
const SHOWN: usize = 3;

impl Rule for SshdConfigRefused {
    fn id(&self) -> &'static str {
        "access-sshd-config-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let mut out = Findings::new();
        let path = escape_path(&sshd.path);
        let end = match &sshd.starts {
            Starts::Socket(_) => "and ends with every connection",
            _ => "and does not start",
        };
        let config = match &sshd.config {
            Fact::Known(config) => config,
            Fact::Absent(looked) => {
                let message = format!("sshd has no configuration {end}: {path} does not exist");
                let finding = Finding::new(self.id(), path, message, Evidence::from(looked));
                let finding = finding.fix("Put the file back; an empty one will do.", &[]);
                out.push(super::weighed(host, finding));
                return Ok(out);
            }
            other => {
                out.gap(other);
                return Ok(out);
            }
        };
        let Some(first) = config.problems.first() else {
            out.open.extend(config.open.iter().cloned());
            out.uncovered.extend(config.uncovered.iter().cloned());
            return Ok(out);
        };
        let message = format!("sshd refuses its configuration {end}: {}", first.message);
        let evidence = |problem: &crate::parse::sshd_config::Problem| {
            Evidence::span(problem.place.clone(), &*problem.message)
        };
        let more = config.problems.iter().skip(1).take(SHOWN - 1);
        let mut finding =
            Finding::new(self.id(), path, message, evidence(first)).with_all(more.map(evidence));
        if sshd.build.version.is_none() {
            finding = finding.confidence(Confidence::Likely);
        }
        out.push(super::weighed(host, finding));
        Ok(out)
    }
}
