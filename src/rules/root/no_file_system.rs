//! `root-is-no-file-system`: the device of the root holds nothing that can be mounted.

use crate::fact::{Fact, Stop};
use crate::facts::devices::{Device, Match, Spec};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct IsNoFileSystem;

/// What blkid calls things that are no file systems.
const CONTAINERS: [&str; 8] = [
    "swap",
    "swsuspend",
    "crypto_LUKS",
    "LVM2_member",
    "LVM1_member",
    "linux_raid_member",
    "mpath_member",
    "BitLocker",
];

impl Rule for IsNoFileSystem {
    fn id(&self) -> &'static str {
        "root-is-no-file-system"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let value = root.value.as_ref();
        let Some((value, spec)) = value.and_then(|v| Some((v, Spec::of_root(&v.text)?))) else {
            return Err(Stop::NotApplicable("root= names no block device"));
        };
        let devices = match host.devices() {
            Fact::Known(devices) => devices,
            Fact::Absent(_) => return Err(Stop::NotApplicable("no devices")),
            Fact::Broken(fault) => return Err(undecided(fault.clone().into())),
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        let Match::One(device) = devices.find(&spec) else {
            return Err(Stop::NotApplicable("the root's device is not known"));
        };
        let mut out = Findings::new();
        let Some(what) = what(device) else {
            return Ok(out);
        };
        // What opens a container names the root by itself: cryptdevice=, rd.luks.
        if [
            "cryptdevice",
            "rd.luks.name",
            "rd.luks.uuid",
            "real_root",
            "crypt_root",
        ]
        .iter()
        .any(|word| root.has(word))
        {
            return Err(Stop::NotApplicable(
                "the initrd opens the device of the root",
            ));
        }
        let name = escape(&value.text);
        let message = format!("root={name} is {}, which holds {what}", device.node);
        let evidence = super::line(root, format!("root= from {}", value.from));
        let text = format!("{}: {}", devices.from, device.shown());
        let mut finding =
            Finding::new(self.id(), name, message, evidence).with(Evidence::computed(text));
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}

/// What is on it instead of a file system, where it is known to hold none.
fn what(device: &Device) -> Option<String> {
    match device.fs.as_deref() {
        Some(fs) => CONTAINERS
            .contains(&fs)
            .then(|| format!("{fs} and no file system")),
        // A listing has a line for it, with what the partition table says and nothing
        // about a content.
        None if device.part_uuid.is_some() && device.uuid.is_none() && device.label.is_none() => {
            Some("no file system".to_owned())
        }
        None => None,
    }
}
