//! `mount-helper-missing`: a type that the kernel cannot mount alone, without its helper.

use super::{field, found};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Failure, Support};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct HelperMissing;

impl Rule for HelperMissing {
    fn id(&self) -> &'static str {
        "mount-helper-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            match host.can_mount(&plan.entry.kind) {
                Support::Unknown(unknown) => out.open.push(unknown),
                Support::NoHelper(helper) => {
                    let (subject, kind) = (plan.subject(), escape(&plan.entry.kind));
                    let problem = format!(
                        "{subject} cannot be mounted: {kind} needs {}, which is missing",
                        escape_path(&helper)
                    );
                    let evidence = Evidence::span(field(plan, 2), "needs a helper");
                    let missing = Evidence::Missing {
                        paths: vec![helper],
                        notes: Vec::new(),
                    };
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    out.push(finding.with(missing));
                }
                Support::Yes | Support::No(_) | Support::NotCovered(_) => out.judged += 1,
            }
        }
        Ok(out)
    }
}
