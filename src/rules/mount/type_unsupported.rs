//! `mount-type-unsupported`: neither the kernel nor a helper mounts this type.

use super::{field, found};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Failure, Role, Support};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct TypeUnsupported;

impl Rule for TypeUnsupported {
    fn id(&self) -> &'static str {
        "mount-type-unsupported"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            // The type of the root is not looked at by the remount.
            if matches!(plan.role, Role::Root | Role::Swap) || plan.is_bind() {
                continue;
            }
            match host.can_mount(&plan.entry.kind) {
                Support::Yes | Support::NoHelper(_) => out.judged += 1,
                Support::Unknown(unknown) => out.open.push(unknown),
                Support::NotCovered(why) => out.uncovered.push(why),
                Support::No(looked) => {
                    let (subject, kind) = (plan.subject(), escape(&plan.entry.kind));
                    let problem = format!(
                        "{subject} cannot be mounted: the kernel has no file system {kind}"
                    );
                    let evidence = Evidence::span(field(plan, 2), "no such type");
                    let paths = Evidence::Missing {
                        paths: looked,
                        notes: vec![format!("neither a module nor a helper for {kind}")],
                    };
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    out.push(finding.with(paths));
                }
            }
        }
        Ok(out)
    }
}
