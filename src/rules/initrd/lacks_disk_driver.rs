//! `initrd-lacks-disk-driver`: nothing in the boot drives the disk of the root.

use std::collections::BTreeSet;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{InitrdKind, stack};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct LacksDiskDriver;

const NO_LIST: Stop = Stop::NotApplicable("what is built into the kernel is not known");

impl Rule for LacksDiskDriver {
    fn id(&self) -> &'static str {
        "initrd-lacks-disk-driver"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::of(host)?;
        if !super::is_whole(facts) {
            return Err(Stop::NotApplicable("the initrd is not whole"));
        }
        let release = host.release();
        let Some(release) = release.require()? else {
            return Err(Stop::NotApplicable("the image tells no release"));
        };
        let modules = host.modules_of(release);
        let Fact::Known(modules) = modules.as_ref() else {
            return Err(NO_LIST);
        };
        let Some(builtin) = &modules.builtin else {
            return Err(NO_LIST);
        };
        host.devices().require()?;
        let disks = stack::disk_drivers(host);
        if disks.is_empty() {
            return Err(Stop::NotApplicable("the disk of the root is not known"));
        }
        // An initrd for another kernel has a rule of its own.
        let releases = facts.initrd.module_releases();
        let for_this = releases.is_empty() || releases.contains(release);
        let mut out = Findings::new();
        let mut told = BTreeSet::new();
        for (disk, driver) in disks {
            let name = driver.as_bytes();
            if !for_this || builtin.contains(name) || facts.modules.contains(name) {
                out.judged += 1;
                continue;
            }
            let Some(file) = facts.files.last() else {
                continue;
            };
            if !told.insert(driver) {
                continue;
            }
            let node = &disk.node;
            let fate = match facts.kind {
                InitrdKind::InitramfsTools | InitrdKind::Mkinitcpio => {
                    "the initrd waits for it and stops in its shell"
                }
                _ => "the initrd never finds it",
            };
            let message = format!(
                "the root is on {node}, and neither the kernel nor the initrd has {driver}: {fate}"
            );
            let evidence = Evidence::path(&file.path, format!("has no module {driver}"));
            let list = modules.dir.join("modules.builtin");
            out.push(
                Finding::new(self.id(), escape_path(&file.path), message, evidence)
                    .with(Evidence::computed(format!("the root is on {node}")))
                    .with(Evidence::path(list, "does not list it")),
            );
        }
        Ok(out)
    }
}
