//! `root-device-missing`: no device has the name of the root.

use crate::fact::{Stop, Why};
use crate::facts::boot::{Finder, InitrdKind, RootFacts};
use crate::facts::devices::{Match, Spec};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct DeviceMissing;

/// Devices named in the evidence.
const NAMED: usize = 8;

impl Rule for DeviceMissing {
    fn id(&self) -> &'static str {
        "root-device-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Some(value) = &root.value else {
            return Err(Stop::NotApplicable("no root= is given"));
        };
        // 0.142 scripts/functions: no blank or quote of the command line means anything,
        // so a quote is a part of the name.
        if root.finder == Finder::Initrd(InitrdKind::InitramfsTools) && value.text.contains(&b'"') {
            let name = escape(&value.text);
            let message = format!("no device is root={name} with its quotes: {}", fate(root));
            let evidence = super::line(root, "initramfs-tools takes the quotes as written");
            let finding = Finding::new(self.id(), name, message, evidence);
            let mut out = Findings::new();
            out.push(finding);
            return Ok(out);
        }
        let Some(spec) = Spec::of_root(&value.text) else {
            return Err(Stop::NotApplicable("root= names no block device"));
        };
        let devices = super::devices(host)?;
        let mut out = Findings::new();
        match devices.find(&spec) {
            Match::One(_) | Match::Several(_) => return Ok(out),
            Match::Hidden(_) => return Err(Stop::NotCovered(Why::NoDevices)),
            Match::Unread(unknown) => return Err(undecided(unknown)),
            Match::None => {}
        }
        let name = escape(&value.text);
        let message = format!("no device is root={name}: {}", fate(root));
        let evidence = super::line(root, format!("root= from {}", value.from));
        let mut finding = Finding::new(self.id(), name, message, evidence);
        let known = devices.items.iter().filter_map(|device| {
            let own = match &spec {
                Spec::Label(_) => device.label.as_ref(),
                Spec::PartUuid(_) | Spec::PartUuidPlus(..) => device.part_uuid.as_ref(),
                Spec::PartLabel(_) => device.part_label.as_ref(),
                _ => device.uuid.as_ref(),
            };
            let own = own.map_or_else(String::new, |own| format!(" {}", escape(own)));
            let fs = device.fs.as_deref()?;
            Some(format!("{} {fs}{own}", device.node))
        });
        let known: Vec<String> = known.take(NAMED).collect();
        let text = format!("{} has {}", devices.from, known.join("; "));
        finding = finding.with(Evidence::computed(text));
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}

/// What happens, by who looks for the root.
fn fate(root: &RootFacts) -> &'static str {
    let panic = root.last("panic");
    match root.finder {
        Finder::Kernel if root.has("rootwait") => "the kernel waits for it for ever",
        Finder::Kernel => "the kernel panics",
        // 0.142 scripts/functions, panic(): with panic= there is no shell.
        Finder::Initrd(InitrdKind::InitramfsTools) if panic.is_some() => {
            "the initrd waits, then restarts or halts the machine, as panic= says"
        }
        Finder::Initrd(InitrdKind::InitramfsTools) => {
            "the initrd waits half a minute and stops in its shell"
        }
        Finder::Initrd(InitrdKind::Dracut | InitrdKind::Systemd) => {
            "the initrd waits for minutes and stops in its emergency shell"
        }
        Finder::Initrd(_) | Finder::Unknown => "the initrd waits and stops in a shell",
    }
}
