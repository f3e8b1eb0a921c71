//! `target-offline-update-pending`: the next boot installs updates in place of coming up.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::systemd::{Comes, Ix, Systemd};
use crate::parse::unit::UnitType;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct OfflineUpdatePending;

/// What only cleans up.
const CLEANUP: [&str; 2] = ["system-update-cleanup.service", "system-update-pre.target"];

impl Rule for OfflineUpdatePending {
    fn id(&self) -> &'static str {
        "target-offline-update-pending"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        let target = boot.plan.units.get(boot.plan.first);
        if target.is_none_or(|unit| unit.id != "system-update.target") {
            return Ok(out);
        }
        let Some((path, evidence)) = sign(host) else {
            return Ok(out);
        };
        let updaters = updaters(boot);
        let name = path.display();
        let finding = if updaters.is_empty() {
            let message = format!(
                "{name} makes the next boot an update, and nothing is there that would carry it \
                 out and reboot: the machine stays there"
            );
            let finding = Finding::new(self.id(), "system-update", message, evidence);
            finding.fix("Remove it:", &[&format!("rm {name}")])
        } else {
            let message = format!(
                "{name} makes the next boot install updates by {}, and reboot once more",
                super::names(boot, &updaters)
            );
            let finding = Finding::new(self.id(), "system-update", message, evidence);
            let finding = finding.at_most(Level::Warn).impact(&[Impact::Delay]);
            finding.fix(
                "Plan for it, or remove it to come up as usual:",
                &[&format!("rm {name}")],
            )
        };
        out.push(finding);
        Ok(out)
    }
}

/// What asks for the update.
fn sign(host: &Host) -> Option<(PathBuf, Evidence)> {
    let paths = ["/system-update", "/etc/system-update"].map(Path::new);
    let path = paths
        .into_iter()
        .find(|path| matches!(host.tree().lstat(path), Fact::Known(_)))?;
    let text = match host.tree().read_link(path) {
        Fact::Known(target) => format!("-> {}", target.display()),
        _ => "is there".to_owned(),
    };
    Some((path.to_path_buf(), Evidence::path(path, text)))
}

/// Services that only this target brings up.
fn updaters(boot: &Systemd) -> Vec<Ix> {
    let units = &boot.plan.units;
    let Some(target) = units.get(boot.plan.first) else {
        return Vec::new();
    };
    let is_updater = |ix: &Ix| {
        let service = units.get(*ix).filter(|unit| unit.kind == UnitType::Service);
        let service = service.filter(|unit| !CLEANUP.contains(&unit.id.as_str()));
        service.is_some() && boot.comes(*ix) == Comes::Starts
    };
    target.pulls().filter(is_updater).collect()
}
