//! `packages-trigger-pending`: dpkg has still to rebuild what the boot reads.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::dpkg::{Field, State};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct TriggerPending;

/// Packages whose trigger makes an initrd or a menu, and what it makes.
const MAKERS: [(&str, &str); 4] = [
    ("initramfs-tools", "the initrd"),
    ("dracut", "the initrd"),
    ("tiny-initramfs", "the initrd"),
    ("grub2-common", "the menu of GRUB"),
];

impl Rule for TriggerPending {
    fn id(&self) -> &'static str {
        "packages-trigger-pending"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let packages = super::databases(host)?;
        let Some(dpkg) = &packages.dpkg else {
            return Err(Stop::NotApplicable("no dpkg"));
        };
        let mut out = Findings::new();
        for package in &dpkg.packages {
            let maker = MAKERS.iter().find(|(name, _)| package.name == *name);
            let Some((name, what)) = maker else { continue };
            let asked = !package.field(Field::TriggersPending).is_empty();
            if package.state != State::TriggersPending && !asked {
                continue;
            }
            let message = format!("{what} was not made again: {name} has its trigger pending");
            let evidence = Evidence::span(package.place.clone(), "dpkg did not get to it");
            out.push(Finding::new(self.id(), *name, message, evidence));
        }
        let path = Path::new("/var/lib/dpkg/triggers/Unincorp");
        let unincorporated = host.tree().read(path);
        out.gap(&unincorporated);
        if let Fact::Known(file) = unincorporated {
            for (span, line) in file.lines() {
                // dpkg 1.21, lib/dpkg/trigdeferred.c: TRIGGER PACKAGE..., `-` for nobody.
                let trigger = line.split(u8::is_ascii_whitespace).next().unwrap_or(&[]);
                if !matches!(trigger, b"update-initramfs" | b"dracut" | b"update-grub") {
                    continue;
                }
                let shown = escape(trigger);
                let message = format!("{shown} was asked for and did not run");
                let place = file.place(span);
                let evidence = Evidence::span(place, "a trigger that waits");
                out.push(Finding::new(self.id(), shown, message, evidence));
            }
        }
        Ok(out)
    }
}
