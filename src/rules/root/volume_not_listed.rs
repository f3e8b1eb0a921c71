//! `root-volume-not-listed`: LVM's devices file in the initrd hides the disks of the root.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::stack::{self, LayerKind};
use crate::facts::devices::Device;
use crate::parse::{lvm_conf, os_release};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct VolumeNotListed;

/// Where LVM keeps the list (lvmdevices(8), LVM 2.03.16).
const LIST: &str = "etc/lvm/devices/system.devices";

impl Rule for VolumeNotListed {
    fn id(&self) -> &'static str {
        "root-volume-not-listed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let layers = stack::layers(host);
        let Some(layer) = layers.iter().find(|layer| layer.kind == LayerKind::Lvm) else {
            return Err(Stop::NotApplicable("the root lies on no volume of LVM"));
        };
        let Some(initrd) = host.initrd().require()? else {
            return Err(Stop::NotApplicable("the entry that boots has no initrd"));
        };
        let Some(list) = initrd.content(LIST) else {
            return Err(Stop::NotApplicable("the initrd has no devices file of LVM"));
        };
        let config = initrd.content("etc/lvm/lvm.conf");
        if !is_used(config, host) {
            return Err(Stop::NotApplicable("this LVM reads no devices file"));
        }
        let mut out = Findings::new();
        let Some(file) = initrd.files.last() else {
            return Ok(out);
        };
        let text = String::from_utf8_lossy(list);
        let entries = text
            .lines()
            .map(str::trim)
            .filter(|line| line.contains("IDTYPE="));
        let listed: Vec<&str> = entries.collect();
        let (message, level) = if listed.is_empty() {
            let message = "LVM's devices file in the initrd is empty: no volume is activated";
            (message, Level::Block)
        } else {
            let Fact::Known(devices) = host.devices() else {
                return Err(Stop::NotApplicable("no devices are known"));
            };
            let is_member = |device: &&Device| device.fs.as_deref() == Some("LVM2_member");
            let mut members = devices.items.iter().filter(is_member).peekable();
            if members.peek().is_none() || members.any(|member| is_listed(member, &listed)) {
                return Ok(out);
            }
            let message = "LVM's devices file in the initrd lists none of this machine's disks";
            (message, Level::Warn)
        };
        let evidence = Evidence::path(&file.path, format!("/{LIST} inside"));
        let finding = Finding::new(self.id(), escape_path(&file.path), message, evidence)
            .with(super::line(root, "the root is a volume of LVM"))
            .at_most(level);
        out.push(if layer.certain && level == Level::Block {
            finding
        } else {
            finding.confidence(Confidence::Likely)
        });
        Ok(out)
    }
}

/// Whether a physical volume is in the list: by its UUID, which stands there without
/// dashes, or by its node.
fn is_listed(member: &Device, listed: &[&str]) -> bool {
    let uuid = member.uuid.as_deref().map(|uuid| {
        let text = String::from_utf8_lossy(uuid).replace('-', "");
        format!("PVID={text}")
    });
    let node = format!("IDNAME={}", member.node);
    listed.iter().any(|line| {
        let mut words = line.split_whitespace();
        words.any(|word| Some(word) == uuid.as_deref() || word == node)
    })
}

/// Whether the file counts: `use_devicesfile` of lvm.conf, else what the builders chose,
/// which is yes in RHEL 9 and Fedora and no in Debian (`lvmconfig --type default`).
fn is_used(config: Option<&[u8]>, host: &Host) -> bool {
    let told = config.and_then(|config| lvm_conf::scalar(config, "devices", "use_devicesfile"));
    if let Some(value) = told {
        return value == "1";
    }
    let Fact::Known(file) = host.tree().read("/etc/os-release".as_ref()) else {
        return false;
    };
    let fields = os_release::parse(file.bytes());
    let mut own = ["ID", "ID_LIKE"]
        .iter()
        .filter_map(|name| fields.get(*name));
    own.any(|own| {
        ["fedora", "rhel", "centos"]
            .iter()
            .any(|id| own.contains(id))
    })
}
