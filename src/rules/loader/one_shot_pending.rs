//! `loader-one-shot-pending`: the next boot is not the usual one.

use std::path::Path;
use std::sync::Arc;

use crate::boot::ProblemKind;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::{File, escape, escape_path};

pub(in crate::rules) struct OneShotPending;

/// Bit 0 of `OsIndications`: boot to the firmware's own menu (UEFI 2.10, 8.5.4).
const OS_INDICATIONS: &str =
    "/sys/firmware/efi/efivars/OsIndications-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// A number that the firmware starts once, before its list (UEFI 2.10, 3.3).
const BOOT_NEXT: &str = "/sys/firmware/efi/efivars/BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c";

impl Rule for OneShotPending {
    fn id(&self) -> &'static str {
        "loader-one-shot-pending"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let mut out = Findings::new();
        if let Some(variable) = read(host, OS_INDICATIONS, &mut out)
            && variable.bytes().get(4).is_some_and(|byte| byte & 1 == 1)
        {
            let message = "the next boot stops in the firmware's own menu";
            let evidence = Evidence::path(OS_INDICATIONS, "asks the firmware for its menu");
            let finding = Finding::new(self.id(), "firmware", message, evidence);
            out.push(finding.impact(&[Impact::NoBoot]).fix(
                "Take the request back:",
                &["systemctl reboot --firmware-setup=false"],
            ));
        }
        if let Some(variable) = read(host, BOOT_NEXT, &mut out)
            && let Some([low, high]) = variable.bytes().get(4..6)
        {
            let number = u16::from_le_bytes([*low, *high]);
            let message = format!("the firmware starts Boot{number:04X} once, at the next boot");
            let evidence = Evidence::path(BOOT_NEXT, format!("is {number:04X}"));
            let finding = Finding::new(self.id(), "BootNext", message, evidence);
            out.push(finding.at_most(Level::Note));
        }
        if let Some(loaded) = read(host, "/sys/kernel/kexec_loaded", &mut out)
            && loaded.bytes().trim_ascii() == b"1"
        {
            let message = "a kernel is loaded for kexec: a reboot may start that one, without \
                           the boot loader";
            let evidence = Evidence::path("/sys/kernel/kexec_loaded", "is 1");
            let finding = Finding::new(self.id(), "kexec", message, evidence);
            out.push(finding.at_most(Level::Note));
        }
        let chosen = match super::of(host) {
            Ok(chosen) => Some(chosen),
            Err(stop) => {
                out.stop(stop);
                None
            }
        };
        if let Some(chosen) = chosen {
            let next = &chosen.next;
            let asked = next.problems.iter();
            for problem in asked.filter(|p| p.kind == ProblemKind::OneShot) {
                let title = next.entry.as_ref().map(|entry| escape(&entry.title));
                let title = title.unwrap_or_else(|| "nothing".into());
                let message = format!("the next boot is a one-off: \"{title}\"");
                let evidence = Evidence::span(problem.place.clone(), &*problem.message);
                let subject = escape_path(&chosen.config);
                let finding = Finding::new(self.id(), subject, message, evidence);
                out.push(finding.at_most(Level::Note));
            }
            for step in &next.how {
                if step.text.starts_with("LoaderEntryOneShot") {
                    let message = format!("the next boot is a one-off: {}", step.text);
                    let evidence = Evidence::computed("an EFI variable asks for it");
                    let subject = escape_path(&chosen.config);
                    let finding = Finding::new(self.id(), subject, message, evidence);
                    out.push(finding.at_most(Level::Note));
                }
            }
        }
        Ok(out)
    }
}

/// A file of the running kernel, where it is there; noted where it cannot be read.
fn read(host: &Host, path: &str, out: &mut Findings) -> Option<Arc<File>> {
    match host.tree().read(Path::new(path)) {
        Fact::Known(file) => Some(file),
        Fact::Unknown(unknown) => {
            out.open.push(unknown);
            None
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    }
}
