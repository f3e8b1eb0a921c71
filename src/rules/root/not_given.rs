//! `root-not-given`: the entry that boots does not say which root to mount.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::{Finder, InitrdKind, Start};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct NotGiven;

/// Words that name a root in another way than `root=`.
const OTHER_WAYS: [&str; 12] = [
    "boot",
    "nfsroot",
    "zfs",
    "netroot",
    "roothash",
    "systemd.verity_root_data",
    "live-media",
    "mount.usr",
    "real_root",
    "ostree",
    "rd.live.image",
    "iscsi_target_name",
];

impl Rule for NotGiven {
    fn id(&self) -> &'static str {
        "root-not-given"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let root = super::of(host)?;
        let Start::Loader(chosen) = host.start() else {
            return Err(Stop::NotApplicable("no boot loader in this tree"));
        };
        let mut out = Findings::new();
        if root.value.is_some() || OTHER_WAYS.iter().any(|word| root.has(word)) {
            return Ok(out);
        }
        let fate = match root.finder {
            Finder::Initrd(InitrdKind::InitramfsTools) => {
                "initramfs-tools says \"No root device specified\" and stops in its shell"
            }
            Finder::Initrd(InitrdKind::Dracut) => "dracut stops: no root= was given",
            Finder::Initrd(InitrdKind::Mkinitcpio) => "mkinitcpio's script stops in its shell",
            Finder::Kernel => "the kernel tries the device it was built with, and panics",
            // systemd may find it by its partition's type (systemd-gpt-auto-generator).
            Finder::Initrd(
                InitrdKind::Systemd
                | InitrdKind::Mkinitfs
                | InitrdKind::Genkernel
                | InitrdKind::Unknown,
            )
            | Finder::Unknown => {
                return Err(Stop::NotApplicable(
                    "the initrd may find the root by itself",
                ));
            }
        };
        let title = chosen.next.entry.as_ref().map(|entry| escape(&entry.title));
        let title = title.unwrap_or_else(|| "the configuration itself".into());
        let message = format!("\"{title}\", which boots by default, names no root: {fate}");
        let evidence = match &root.place {
            Some(place) => Evidence::span(place.clone(), "no root= here"),
            None => Evidence::path(&chosen.config, "no root="),
        };
        out.push(Finding::new(self.id(), "root", message, evidence));
        Ok(out)
    }
}
