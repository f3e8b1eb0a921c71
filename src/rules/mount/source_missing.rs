//! `mount-source-missing`: a file or directory to be mounted does not exist.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use super::{field, found};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::mounts::{Consequence, Failure, Manager, Plan, Role};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct SourceMissing;

impl Rule for SourceMissing {
    fn id(&self) -> &'static str {
        "mount-source-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            let source = plan.entry.source.as_slice();
            if plan.entry.kind == b"overlay" {
                layers(self.id(), host, plan, &consequence, &mut out);
                continue;
            }
            let is_path = source.starts_with(b"/") && plan.device.is_none();
            let skipped = matches!(plan.role, Role::Root | Role::Swap) || plan.is_network();
            // Types that take a path for a name, or none at all.
            let named = !plan.is_bind() && !plan.entry.has("loop") && !is_image(&plan.entry.kind);
            // systemd makes the directory that a bind mount shows elsewhere.
            let made = plan.is_bind() && mounts.manager == Manager::Systemd;
            if !is_path || skipped || named || made {
                continue;
            }
            let path = PathBuf::from(OsString::from_vec(source.to_vec()));
            let resolved = host.tree().resolve(&path);
            match &resolved {
                Fact::Known(_) => out.judged += 1,
                Fact::Absent(looked) => {
                    let (subject, source) = (plan.subject(), escape(source));
                    let problem = format!("{subject} cannot be mounted: {source} does not exist");
                    let evidence = Evidence::span(field(plan, 0), "does not exist");
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    out.push(finding.with(looked.into()));
                }
                _ => out.gap(&resolved),
            }
        }
        Ok(out)
    }
}

/// The directories that an overlay is made of (Linux 6.1
/// `Documentation/filesystems/overlayfs.rst`): without one of them it is not mounted.
fn layers(
    rule: &'static str,
    host: &Host,
    plan: &Plan,
    consequence: &Consequence,
    out: &mut Findings,
) {
    for option in &plan.entry.options {
        let is_layer = matches!(option.name(), b"lowerdir" | b"upperdir" | b"workdir");
        let (true, Some(value)) = (is_layer, option.value()) else {
            continue;
        };
        // A backslash keeps a colon in a name.
        let plain = !value.contains(&b'\\');
        let paths = value.split(|byte| *byte == b':');
        for path in paths.filter(|path| plain && path.starts_with(b"/")) {
            let resolved = host
                .tree()
                .resolve(&PathBuf::from(OsString::from_vec(path.to_vec())));
            match &resolved {
                Fact::Known(_) => out.judged += 1,
                Fact::Absent(looked) => {
                    let (subject, path) = (plan.subject(), escape(path));
                    let problem = format!("{subject} cannot be mounted: {path} does not exist");
                    let evidence = Evidence::span(option.place.clone(), "does not exist");
                    let finding = found(rule, plan, consequence, &problem, evidence);
                    out.push(finding.with(looked.into()));
                    // One is enough to fail the mount.
                    return;
                }
                _ => out.gap(&resolved),
            }
        }
    }
}

/// Types that live in a file or on a device.
fn is_image(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"ext2"
            | b"ext3"
            | b"ext4"
            | b"xfs"
            | b"btrfs"
            | b"vfat"
            | b"iso9660"
            | b"squashfs"
            | b"udf"
            | b"erofs"
            | b"auto"
    )
}
