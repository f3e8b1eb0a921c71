//! `target-critical-unit-masked`: a unit that a boot leans on is masked.

use crate::fact::{Fact, Stop};
use crate::facts::boot::InitrdKind;
use crate::facts::systemd::{Comes, End, Ix, LoadState, Systemd, fall_of};
use crate::facts::{Boots, Host};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct CriticalUnitMasked;

/// Units, what is lost with each as the end of a sentence, and how much that weighs.
const CRITICAL: [(&str, &str, Level); 8] = [
    (
        "systemd-udevd.service",
        "no device is announced, so that disks of fstab, network names and serial logins \
         do not come",
        Level::Block,
    ),
    (
        "systemd-udev-trigger.service",
        "no device that is there before udev is announced, so that disks of fstab, network \
         names and serial logins do not come",
        Level::Block,
    ),
    (
        "systemd-journald.service",
        "nothing of the boot and of any service is logged",
        Level::Warn,
    ),
    (
        "dbus.service",
        "systemd-logind and whatever else needs the bus fails",
        Level::Warn,
    ),
    (
        "systemd-logind.service",
        "logins have no session, and the power button does nothing",
        Level::Note,
    ),
    (
        "systemd-remount-fs.service",
        "the root file system stays as the kernel mounted it: read-only, in most boots",
        Level::Warn,
    ),
    (
        "emergency.target",
        "a boot that fails ends without a shell",
        Level::Note,
    ),
    (
        "rescue.target",
        "a boot that fails ends without a shell",
        Level::Note,
    ),
];

/// Targets, and what each of them brings.
const TARGETS: [(&str, &str); 4] = [
    ("local-fs.target", "nothing that fstab names is mounted"),
    (
        "remote-fs.target",
        "no file system of the network is mounted",
    ),
    ("swap.target", "no swap is switched on"),
    (
        "cryptsetup.target",
        "nothing that crypttab names is unlocked",
    ),
];

impl Rule for CriticalUnitMasked {
    fn id(&self) -> &'static str {
        "target-critical-unit-masked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let container = matches!(host.boots(), Boots::InitOnly(_));
        let mut out = Findings::new();
        out.open.extend(boot.open());
        for (id, loss, level) in CRITICAL {
            // Containers have their devices and their root from outside.
            let outside = is_udev(id) || id == "systemd-remount-fs.service";
            if !(container && outside) {
                out.list.extend(self.unit(host, boot, id, loss, level));
            }
        }
        for (id, loss) in TARGETS {
            out.list.extend(self.target(boot, id, loss));
        }
        Ok(out)
    }
}

impl CriticalUnitMasked {
    fn unit(
        &self,
        host: &Host,
        boot: &Systemd,
        id: &str,
        loss: &str,
        level: Level,
    ) -> Option<Finding> {
        let (ix, evidence) = masked(boot, id)?;
        // A remount that the command line makes needless.
        if id == "systemd-remount-fs.service" && boot.root_is_writable() {
            return None;
        }
        let mut message = format!("{id} is masked: {loss}");
        let devices = boot.unplugged.iter().copied();
        let falls: Vec<Ix> = devices
            .flat_map(|ix| fall_of(&boot.course.fates, ix))
            .collect();
        let mut level = level;
        if is_udev(id) {
            if matches!(boot.course.end, End::Reaches) || initrd_announces(host) {
                level = Level::Warn;
            } else {
                message = format!("{message}; {}", super::end_words(boot));
            }
            if !falls.is_empty() {
                message = format!("{message} ({})", super::names(boot, &falls));
            }
        }
        let finding = Finding::new(self.id(), id, message, evidence).at_most(level);
        let impact: &[Impact] = match (id, level) {
            (_, Level::Block) => &[Impact::NoBoot],
            _ if is_udev(id) => &[Impact::NoAccess],
            _ => &[Impact::NoService],
        };
        Some(Self::cure(finding.impact(impact), boot, ix))
    }

    fn target(&self, boot: &Systemd, id: &str, loss: &str) -> Option<Finding> {
        let (ix, evidence) = masked(boot, id)?;
        let mut lost = boot.generated_for(id);
        lost.retain(|unit| !matches!(boot.is_in_boot(unit), Comes::Starts));
        let names = super::listed(&lost)?;
        let message = format!("{id} is masked: {loss} ({names})");
        let finding = Finding::new(self.id(), id, message, evidence);
        let finding = finding.at_most(Level::Warn).impact(&[Impact::NoService]);
        Some(Self::cure(finding, boot, ix))
    }

    fn cure(finding: Finding, boot: &Systemd, ix: Ix) -> Finding {
        let command = format!("systemctl unmask {}", boot.plan.units.id(ix));
        finding.fix("Unmask it:", &[&command])
    }
}

/// Whether the initrd's udev marks devices for systemd, which then knows them without
/// the root's: dracut packs the rules for that, initramfs-tools does not.
fn initrd_announces(host: &Host) -> bool {
    match host.initrd() {
        Fact::Known(initrd) => initrd.kind != InitrdKind::InitramfsTools,
        _ => false,
    }
}

fn is_udev(id: &str) -> bool {
    id.starts_with("systemd-udev")
}

/// A masked unit, and what masks it.
fn masked(boot: &Systemd, id: &str) -> Option<(Ix, Evidence)> {
    let ix = boot.plan.units.find(id)?;
    let unit = boot.plan.units.get(ix)?;
    match &unit.state {
        LoadState::Masked(path) => Some((ix, Evidence::path(path, "masks it"))),
        _ => None,
    }
}
