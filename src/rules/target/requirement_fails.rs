//! `target-requirement-fails`: what the boot requires is accepted, started, and fails.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Dep, End, Ix, Systemd, chain_of, root_of};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct RequirementFails;

impl Rule for RequirementFails {
    fn id(&self) -> &'static str {
        "target-requirement-fails"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        let anchor = boot.plan.anchor;
        let from = match &boot.course.end {
            End::FallsShort(_) => anchor,
            End::Emergency(by) | End::PowersOff(by) | End::Reboots(by) => *by,
            End::Reaches | End::Rescue | End::Freezes | End::Hangs(_) => None,
        };
        if let Some(from) = from {
            out.list.extend(self.finding(boot, from));
        }
        Ok(out)
    }
}

impl RequirementFails {
    fn finding(&self, boot: &Systemd, from: Ix) -> Option<Finding> {
        let fates = &boot.course.fates;
        let root = root_of(fates, from);
        let trouble = boot.troubles.get(&root)?.first()?;
        let id = super::name(boot, root);
        let end = super::end_words(boot);
        let message = format!("{id} fails, and {end}: {}", trouble.message);
        let evidence = Evidence::span(trouble.place.clone(), &*trouble.message);
        let mut finding = Finding::new(self.id(), id, message, evidence);
        finding = finding.with_all(trouble.looked.as_ref().map(Evidence::from));
        let mut edges: Vec<Evidence> = super::edges(boot, &chain_of(fates, from)).collect();
        edges.reverse();
        finding = finding.with_all(edges.into_iter().take(2));
        if let End::Emergency(Some(by)) = &boot.course.end {
            finding = finding.with_all(on_failure(boot, *by));
        }
        if matches!(boot.course.end, End::FallsShort(_)) && boot.comes_up() {
            finding = finding.at_most(Level::Warn).impact(&[Impact::NoService]);
        }
        Some(finding)
    }
}

/// The line that starts the emergency shell.
fn on_failure(boot: &Systemd, ix: Ix) -> Option<Evidence> {
    let unit = boot.plan.units.get(ix)?;
    let (next, cause) = unit.because(Dep::OnFailure).next()?;
    let label = format!("starts {} when it fails", super::name(boot, next));
    Some(super::because(cause, &label))
}
