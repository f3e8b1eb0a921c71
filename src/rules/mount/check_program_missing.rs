//! `mount-check-program-missing`: a file system is to be checked, and nothing can do it.

use std::path::{Path, PathBuf};

use super::field;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::mounts::{Manager, Role};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct CheckProgramMissing;

/// Where fsck(8) looks (util-linux 2.38, `disk-utils/fsck.c`, `fsck_prefix_path`).
const DIRS: [&str; 3] = ["/sbin", "/usr/sbin", "/usr/local/sbin"];

/// Types that fsck(8) does not pass over without a program (`really_wanted`).
const WANTED: [&str; 7] = [
    "minix", "ext2", "ext3", "ext4", "ext4dev", "jfs", "reiserfs",
];

impl Rule for CheckProgramMissing {
    fn id(&self) -> &'static str {
        "mount-check-program-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for plan in &mounts.plans {
            let mounted = matches!(plan.role, Role::Root | Role::Usr | Role::Data);
            if !mounted || plan.entry.passno == 0 || plan.is_bind() || plan.entry.is_noauto() {
                continue;
            }
            let Ok(kind) = std::str::from_utf8(&plan.entry.kind) else {
                continue;
            };
            if !WANTED.contains(&kind) {
                continue;
            }
            let paths: Vec<PathBuf> = DIRS
                .iter()
                .map(|dir| Path::new(dir).join(format!("fsck.{kind}")))
                .collect();
            let mut missing = true;
            for path in &paths {
                match host.resolve(path) {
                    Fact::Absent(_) => {}
                    Fact::Known(_) => missing = false,
                    other => {
                        out.gap(&other);
                        missing = false;
                    }
                }
            }
            out.judged += 1;
            // A small root without fsck(8) at all checks nothing.
            if !missing || matches!(host.resolve(Path::new("/sbin/fsck")), Fact::Absent(_)) {
                continue;
            }
            let (subject, name) = (plan.subject(), escape(kind.as_bytes()));
            // fsck -A says so and passes over the line; called for one device it ends with
            // 8, and checkroot.sh opens a shell, unless the initrd has checked the root.
            let stops = plan.role == Role::Root
                && mounts.manager == Manager::Scripts
                && !checked_before(host, kind);
            let (fate, level) = if stops {
                ("the boot stops at a shell on the console", Level::Block)
            } else {
                ("the boot goes on without a check", Level::Note)
            };
            let message =
                format!("{subject} is to be checked, and there is no fsck.{name}: {fate}");
            let evidence = Evidence::span(field(plan, 5), "asks for a check");
            let looked = Evidence::Missing {
                paths,
                notes: Vec::new(),
            };
            let finding = Finding::new(self.id(), subject, message, evidence).with(looked);
            let finding = finding.at_most(level);
            out.push(if level == Level::Note {
                finding.impact(&[Impact::DataLoss])
            } else {
                finding
            });
        }
        Ok(out)
    }
}

/// Whether the initrd checks the root (initramfs-tools 0.142, `scripts/functions`).
fn checked_before(host: &Host, kind: &str) -> bool {
    let Fact::Known(initrd) = host.initrd() else {
        return matches!(host.initrd(), Fact::Unknown(_) | Fact::NotCovered(_));
    };
    let in_dir = |dir: &str| format!("{dir}/fsck.{kind}");
    initrd.has_any(&[&in_dir("sbin"), &in_dir("usr/sbin")])
}
