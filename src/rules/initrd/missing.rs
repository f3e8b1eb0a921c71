//! `initrd-missing`: the initrd of the entry that boots is not there.

use crate::fact::{Fact, Stop};
use crate::facts::boot::LoaderKind;
use crate::facts::boot::Start;
use crate::facts::boot::drivers;
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule, loader};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct Missing;

impl Rule for Missing {
    fn id(&self) -> &'static str {
        "initrd-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        if entry.initrds.is_empty() {
            return Err(Stop::NotApplicable("the entry that boots names no initrd"));
        }
        let mut out = Findings::new();
        for (located, written) in entry.initrds.iter().zip(&entry.entry.initrds) {
            let looked = match &located.found {
                Fact::Known(_) => continue,
                Fact::Absent(looked) => looked,
                Fact::Broken(fault) => return Err(undecided(fault.clone().into())),
                Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
                Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
            };
            let path = escape_path(&located.path);
            let title = escape(&entry.entry.title);
            let what = match host.start() {
                Start::Loader(chosen) if chosen.kind == LoaderKind::Grub => {
                    "GRUB boots the kernel without it"
                }
                _ => "the loader cannot start the entry",
            };
            let alone = drivers::kernel_can_mount(host);
            let is_grub = what.starts_with("GRUB");
            let message = if is_grub && alone {
                format!("the initrd of \"{title}\" is not there: {what}, ten seconds late")
            } else if is_grub {
                format!("the initrd of \"{title}\" is not there: {what}, and it finds no root")
            } else {
                format!("the initrd of \"{title}\" is not there: {what}")
            };
            let named = Evidence::span(written.place.clone(), "names it");
            let mut finding =
                Finding::new(self.id(), path, message, named).with(Evidence::from(looked));
            if is_grub && alone {
                finding = finding.at_most(Level::Warn).impact(&[Impact::Delay]);
            }
            if let Fact::Known(release) = host.release() {
                let release = escape(&release);
                let text = "Make it again before the next reboot:";
                let commands = cure(host, &release);
                let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
                if !commands.is_empty() {
                    finding = finding.fix(text, &commands);
                }
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// The command that makes an initrd on this kind of system.
pub(super) fn cure(host: &Host, release: &str) -> Vec<String> {
    let there = |path: &str| matches!(host.resolve(path.as_ref()), Fact::Known(_));
    if there("/usr/sbin/update-initramfs") {
        return vec![format!("update-initramfs -c -k {release}")];
    }
    if there("/usr/bin/dracut") || there("/usr/sbin/dracut") {
        return vec![format!("dracut --force --kver {release}")];
    }
    if there("/usr/bin/mkinitcpio") {
        return vec!["mkinitcpio -P".to_owned()];
    }
    if there("/sbin/mkinitfs") {
        return vec![format!("mkinitfs {release}")];
    }
    Vec::new()
}
