//! `loader-kernel-not-listed`: a kernel newer than every one in the menu has no entry.

use std::path::PathBuf;

use crate::boot::compare_systemd;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::LoaderKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct KernelNotListed;

impl Rule for KernelNotListed {
    fn id(&self) -> &'static str {
        "loader-kernel-not-listed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let by_text = matches!(
            chosen.kind,
            LoaderKind::Grub | LoaderKind::Extlinux | LoaderKind::GrubLegacy
        );
        if !by_text || chosen.next.entries.is_empty() {
            return Err(Stop::NotApplicable("the loader finds kernels by itself"));
        }
        let names = |path: &[u8]| path.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec);
        let kernels = chosen.next.entries.iter().filter_map(|e| e.kernel.as_ref());
        let listed: Vec<Vec<u8>> = kernels.filter_map(|kernel| names(&kernel.path)).collect();
        let versioned = |name: &&Vec<u8>| name.iter().any(u8::is_ascii_digit);
        let newest = listed.iter().filter(versioned);
        let Some(newest) = newest.max_by(|a, b| compare_systemd(a, b)) else {
            return Err(Stop::NotApplicable(
                "no entry names a kernel with a version",
            ));
        };
        let mut out = Findings::new();
        let here = host.kernels();
        out.open.extend(here.gaps.iter().cloned());
        out.uncovered.extend(here.uncovered.iter().cloned());
        let is_newer = |path: &PathBuf| {
            let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
            let same_kind = before_version(name) == before_version(newest);
            let backup = [
                &b".old"[..],
                b".bak",
                b".dpkg-new",
                b".dpkg-tmp",
                b".efi.signed",
            ];
            same_kind
                && !backup.iter().any(|suffix| name.ends_with(suffix))
                && !listed.iter().any(|l| l == name)
                && compare_systemd(name, newest).is_gt()
        };
        let mut newer: Vec<PathBuf> = here.items.iter().map(|k| k.path.clone()).collect();
        newer.retain(is_newer);
        newer.retain(|path| {
            let found = host.resolve(path);
            matches!(found, Fact::Known(found) if found.path == *path && found.meta.len > 0)
        });
        for path in newer {
            let shown = escape_path(&path);
            let message = format!(
                "{shown} is newer than every kernel in the menu, and no entry \
                                   starts it"
            );
            let evidence = Evidence::path(&chosen.config, "does not name it");
            let finding = Finding::new(self.id(), shown, message, evidence);
            out.push(finding.with(Evidence::path(&path, "is there")));
        }
        Ok(out)
    }
}

/// What stands in front of the version: `vmlinuz`, `kernel-genkernel-x86_64`.
fn before_version(name: &[u8]) -> &[u8] {
    let version = name
        .windows(2)
        .position(|pair| matches!(pair, [b'-', b'0'..=b'9']));
    name.get(..version.unwrap_or(name.len())).unwrap_or(name)
}
