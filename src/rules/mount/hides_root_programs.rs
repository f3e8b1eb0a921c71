//! `mount-hides-root-programs`: nothing can be executed after this mount.

use super::found;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Consequence, Manager, Outcome, Role, Wait};
use crate::rules::{Cx, Evidence, Findings, Rule};

pub(in crate::rules) struct HidesRootPrograms;

/// Directories without whose programs no init goes on.
const PROGRAMS: [&[u8]; 7] = [
    b"/",
    b"/usr",
    b"/bin",
    b"/sbin",
    b"/lib",
    b"/usr/bin",
    b"/usr/lib",
];

impl Rule for HidesRootPrograms {
    fn id(&self) -> &'static str {
        "mount-hides-root-programs"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for plan in &mounts.plans {
            if !PROGRAMS.contains(&plan.entry.target.as_slice()) || plan.role == Role::Swap {
                continue;
            }
            let is_root = plan.role == Role::Root;
            if plan.entry.is_noauto() && !is_root {
                continue;
            }
            // OpenRC and runit remount the root with `rw` alone, and mount(8) takes the
            // options of fstab; busybox does not.
            if is_root && mounts.manager == Manager::Busybox {
                continue;
            }
            out.judged += 1;
            let Some((true, option)) = plan.entry.switch("noexec", "exec") else {
                continue;
            };
            let consequence = Consequence {
                outcome: Outcome::Stuck,
                wait: Wait::None,
                decided_by: None,
            };
            let subject = plan.subject();
            let problem = format!("{subject} is mounted noexec: no program on it can be started");
            let evidence = Evidence::span(option.place.clone(), "forbids every program");
            let mut finding = found(self.id(), plan, &consequence, &problem, evidence);
            finding.message = problem;
            out.push(finding);
        }
        Ok(out)
    }
}
