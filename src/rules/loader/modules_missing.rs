//! `loader-modules-missing`: GRUB lacks modules without which it starts no kernel.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{File, escape_path};

pub(in crate::rules) struct ModulesMissing;

/// Modules that the image in front of the disk may hold itself.
const IN_THE_IMAGE: [&str; 12] = [
    "biosdisk",
    "part_gpt",
    "part_msdos",
    "ext2",
    "fshelp",
    "search_fs_uuid",
    "diskfilter",
    "lvm",
    "mdraid1x",
    "btrfs",
    "xfs",
    "crypto",
];

impl Rule for ModulesMissing {
    fn id(&self) -> &'static str {
        "loader-modules-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::grub(host)?;
        let Some(grub) = chosen.config.parent() else {
            return Err(Stop::NotApplicable("not GRUB"));
        };
        let tree = host.tree();
        let dir = grub.join("i386-pc");
        let names = tree.list(&dir);
        let mut out = Findings::new();
        let names = match &names {
            Fact::Known(names) => names,
            Fact::Absent(_) => {
                // Without it, only its package tells that GRUB for BIOS is meant.
                let has_esp = host.esp().is_some();
                let others = ["x86_64-efi", "i386-efi", "arm64-efi"];
                let other = others
                    .iter()
                    .any(|name| !matches!(tree.resolve(&grub.join(name)), Fact::Absent(_)));
                let is_meant =
                    matches!(host.packages(), Fact::Known(packages) if packages.has("grub-pc"));
                if has_esp || other || !is_meant {
                    return Err(Stop::NotApplicable("not GRUB for BIOS"));
                }
                let path = escape_path(&dir);
                let message = format!("{path} is gone: GRUB stops at its rescue prompt");
                let missing = Evidence::Missing {
                    paths: vec![dir.clone()],
                    notes: vec!["grub-pc is installed, and no other GRUB".to_owned()],
                };
                let finding = Finding::new(self.id(), path, message, missing);
                out.push(finding.confidence(Confidence::Likely));
                return Ok(out);
            }
            other => {
                out.gap(other);
                return Ok(out);
            }
        };
        let has = |name: &str| names.iter().any(|n| n == &*format!("{name}.mod"));
        let listing = tree.read(&dir.join("moddep.lst"));
        let needed = match &listing {
            Fact::Known(file) => closure(file),
            Fact::Absent(_) => ["normal", "linux"].map(str::to_owned).into(),
            other => {
                out.gap(other);
                return Ok(out);
            }
        };
        let lost: Vec<&String> = needed.iter().filter(|name| !has(name)).collect();
        let vital = lost
            .iter()
            .find(|name| matches!(name.as_str(), "normal" | "linux"));
        let Some(name) = vital.or(lost.first()) else {
            return Ok(out);
        };
        let fate = match name.as_str() {
            "linux" => "it cannot start Linux and stops at its menu",
            "normal" => "it stops at its rescue prompt",
            _ => "it may not start a kernel",
        };
        let message = format!("GRUB lacks its module {name}: {fate}");
        let paths: Vec<PathBuf> = lost.iter().map(|n| dir.join(format!("{n}.mod"))).collect();
        let missing = Evidence::Missing {
            paths,
            notes: Vec::new(),
        };
        let mut finding = Finding::new(self.id(), escape_path(&dir), message, missing);
        if vital.is_none() || host.esp().is_some_and(|esp| !esp.programs.items.is_empty()) {
            // An image may hold the module, or the firmware may start another GRUB.
            finding = finding
                .confidence(Confidence::Possible)
                .at_most(Level::Warn);
        }
        out.push(finding);
        Ok(out)
    }
}

/// What `normal` and `linux` need, themselves included, by GRUB's list (2.06
/// `moddep.lst`: a name, a colon, what it needs).
fn closure(file: &File) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(file.bytes());
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut left = vec!["normal".to_owned(), "linux".to_owned()];
    while let Some(name) = left.pop() {
        if IN_THE_IMAGE.contains(&name.as_str()) || !found.insert(name.clone()) {
            continue;
        }
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        if let Some((_, needs)) = lines.find(|(own, _)| own.trim() == name) {
            left.extend(needs.split_whitespace().map(str::to_owned));
        }
    }
    found
}
