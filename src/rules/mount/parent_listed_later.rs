//! `mount-parent-listed-later`: a file system is mounted over one that is below it.

use super::field;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Manager, Plan, Role};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ParentListedLater;

impl Rule for ParentListedLater {
    fn id(&self) -> &'static str {
        "mount-parent-listed-later"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        if mounts.manager == Manager::Systemd {
            return Err(Stop::NotApplicable("systemd orders mounts by their paths"));
        }
        let mut out = Findings::new();
        for (at, plan) in mounts.plans.iter().enumerate() {
            if !is_mounted(plan) {
                continue;
            }
            let point = plan.point();
            let mut later = mounts.plans.iter().skip(at + 1);
            let parent = later.find(|other| {
                let above = other.point();
                is_mounted(other) && above != point && point.starts_with(&above)
            });
            let Some(parent) = parent else { continue };
            // Network file systems come in a later step, in the order of the file again.
            if plan.is_network() != parent.is_network() {
                continue;
            }
            let (below, above) = (plan.subject(), parent.subject());
            let message = format!(
                "{below} is mounted before {above}, which is then mounted over it: {below} is not \
                 to be seen"
            );
            let evidence = Evidence::span(field(plan, 1), "mounted first");
            let finding = Finding::new(self.id(), below, message, evidence);
            out.push(finding.with(Evidence::span(field(parent, 1), "mounted later, above it")));
        }
        Ok(out)
    }
}

/// Whether `mount -a` mounts the line.
fn is_mounted(plan: &Plan) -> bool {
    matches!(plan.role, Role::Usr | Role::Data) && !plan.entry.is_noauto()
}
