//! `failover-config-broken`: keepalived refuses its configuration, and with it every
//! instance.

use super::instance_faults::instance_faults;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::CONFIG;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct ConfigBroken;

/// Further fatal lines quoted.
const SHOWN: usize = 3;

impl Rule for ConfigBroken {
    fn id(&self) -> &'static str {
        "failover-config-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = failover.config.instances.len();
        let lines = failover.config.problems.iter().filter(|p| p.fatal);
        let lines = lines.map(|p| Evidence::span(p.place.clone(), p.message.clone()));
        // What seems to be missing may stand in a file that could not be read.
        let complete = failover.config.open.is_empty() && failover.uncovered.is_empty();
        let instances = if complete {
            instance_faults(&failover.config)
        } else {
            Vec::new()
        };
        let mut fatal = lines.chain(instances);
        if let Some(first) = fatal.next() {
            // The first ends it; the others wait behind that.
            let message = "keepalived ends at start: no instance will run";
            let subject = match &first {
                Evidence::Span { place, .. } => place.path().display().to_string(),
                _ => CONFIG.to_owned(),
            };
            let mut finding = Finding::new(self.id(), subject, message, first);
            finding = finding.with_all(fatal.take(SHOWN));
            if failover.version.is_none() {
                finding = finding
                    .confidence(Confidence::Likely)
                    .with(Evidence::computed(failover.version_from.clone()));
            }
            out.push(finding);
        }
        let structural = failover.config.problems.iter().filter(|p| {
            use crate::parse::keepalived::ProblemKind as Kind;
            !p.fatal
                && matches!(
                    p.kind,
                    Kind::MissingBrace
                        | Kind::ExtraBrace
                        | Kind::UnexpectedBrace
                        | Kind::MissingOpenBrace
                        | Kind::UnmatchedQuote
                        | Kind::OneLineBlock
                )
        });
        if let Some(problem) = structural.into_iter().next()
            && out.list.is_empty()
        {
            let message = "keepalived.conf is not the block structure it seems to be";
            let evidence = Evidence::span(problem.place.clone(), problem.message.clone());
            let subject = problem.place.path().display().to_string();
            out.push(Finding::new(self.id(), subject, message, evidence).at_most(Level::Warn));
        }
        Ok(out)
    }
}
