//! `mount-duplicate`: two lines for one mount point.

use super::field;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Manager, Role};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct Duplicate;

impl Rule for Duplicate {
    fn id(&self) -> &'static str {
        "mount-duplicate"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (index, plan) in mounts.plans.iter().enumerate() {
            if matches!(plan.role, Role::Api | Role::NoPlace) {
                continue;
            }
            out.judged += 1;
            let is_swap = plan.role == Role::Swap;
            let mut before = mounts.plans.iter().take(index);
            let first = before.find(|other| {
                let both_swap = other.role == Role::Swap;
                let same_source = other.entry.source == plan.entry.source;
                match (is_swap, both_swap) {
                    (true, true) => same_source,
                    (false, false) => other.point() == plan.point(),
                    _ => false,
                }
            });
            let Some(first) = first else { continue };
            // sysvinit and the others lay the second over the first.
            let stacked = mounts.manager != Manager::Systemd;
            if plan.entry.is_noauto() && stacked {
                continue;
            }
            let subject = plan.subject();
            let message = match (stacked, is_swap) {
                (false, _) => {
                    format!("{subject} is in fstab twice: systemd ignores the second line")
                }
                (true, false) => {
                    format!("{subject} is in fstab twice: the second mount hides the first")
                }
                (true, true) => format!("{subject} is in fstab twice"),
            };
            let same = first.entry.source == plan.entry.source
                && first.entry.kind == plan.entry.kind
                && first.entry.option_text == plan.entry.option_text;
            let evidence = Evidence::span(field(plan, usize::from(!is_swap)), "again here");
            let mut finding = Finding::new(self.id(), subject, message, evidence);
            let place = field(first, usize::from(!is_swap));
            finding = finding.with(Evidence::span(place, "first here"));
            if same || is_swap {
                finding = finding.at_most(Level::Note);
            }
            out.push(finding);
        }
        Ok(out)
    }
}
