//! `init-directories-missing`: no /dev, /proc, /sys or /run to mount on.

use std::path::Path;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::facts::boot::mounted_writable;
use crate::facts::init::{InitKind, Starter};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::FileKind;

pub(in crate::rules) struct DirectoriesMissing;

/// What the kernel's own file systems are mounted on.
const DIRECTORIES: [&str; 4] = ["dev", "proc", "run", "sys"];

impl Rule for DirectoriesMissing {
    fn id(&self) -> &'static str {
        "init-directories-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        if !host.tree().coverage().owners {
            // git keeps no empty directories.
            return Err(Stop::NotCovered(Why::NoOwners));
        }
        let names = host.tree().list(Path::new("/"));
        let Some(names) = names.require()? else {
            return Err(Stop::NotApplicable("no root directory"));
        };
        let mut out = Findings::new();
        let is_missing = |name: &&str| {
            if !names.iter().any(|there| there == name) {
                return true;
            }
            let found = host.tree().resolve(&Path::new("/").join(name));
            matches!(found, Fact::Known(found) if found.meta.kind != FileKind::Dir)
        };
        let missing: Vec<&str> = DIRECTORIES.into_iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(out);
        }
        let list: Vec<String> = missing.iter().map(|name| format!("/{name}")).collect();
        let list = list.join(", ");
        let starter = host.init().boot.starter;
        let needs_dev = matches!(starter, Starter::InitramfsTools | Starter::Unknown);
        let (fate, gravest) = match host.init_kind() {
            _ if missing.contains(&"dev") && needs_dev => (
                "the initramfs finds no init without it and stops at a shell",
                Level::Block,
            ),
            Some(InitKind::Systemd) => (
                "systemd cannot mount there and stops, without a shell",
                Level::Block,
            ),
            // Debian's checkroot.sh and fsck read /proc/mounts.
            Some(InitKind::SysV) if missing.contains(&"proc") => (
                "the scripts of the boot stop at a shell on the console",
                Level::Block,
            ),
            Some(InitKind::OpenRcInit) if missing.contains(&"run") => {
                ("OpenRC does not go on without /run", Level::Block)
            }
            // initscripts 3.06 checkroot.sh and OpenRC's fsck find no root without it.
            Some(InitKind::SysV | InitKind::OpenRcInit) if missing.contains(&"proc") => (
                "the check of the root fails without /proc and stops at a shell",
                Level::Block,
            ),
            _ => (
                "what is mounted there is missing after the boot",
                Level::Warn,
            ),
        };
        let verb = if missing.len() == 1 { "is" } else { "are" };
        let message = format!("{list} {verb} missing from the root: {fate}");
        let dirs = missing.iter().map(|name| Path::new("/").join(name));
        let evidence = Evidence::Missing {
            paths: dirs.collect(),
            notes: vec!["directories to mount on, empty before the boot".to_owned()],
        };
        let mut finding = Finding::new(self.id(), list.clone(), message, evidence)
            .at_most(gravest)
            .fix(
                "Make the directories on the root file system itself:",
                &[&format!("mkdir -m 755 {}", list.replace(", ", " "))],
            );
        let makes = host.init_kind() == Some(InitKind::Systemd);
        if gravest == Level::Block
            && makes
            && !missing.contains(&"dev")
            && mounted_writable(host) == Some(true)
        {
            // On a writable root systemd makes what it lacks.
            finding = finding
                .confidence(Confidence::Possible)
                .at_most(Level::Warn);
        }
        out.push(finding);
        Ok(out)
    }
}
