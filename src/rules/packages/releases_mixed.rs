//! `packages-releases-mixed`: an upgrade to another release stopped half way.

use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Listing, Stop};
use crate::facts::Host;
use crate::parse::dpkg::Package;
use crate::parse::package_version::debian;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{File, Place};

pub(in crate::rules) struct ReleasesMixed;

/// Names of Debian's releases, in the order of their numbers.
const NAMES: [(&str, u32); 5] = [
    ("buster", 10),
    ("bullseye", 11),
    ("bookworm", 12),
    ("trixie", 13),
    ("forky", 14),
];

/// With which version a release begins, of packages that every boot runs through.
const BEGINS: [(&str, [(u32, &str); 3]); 3] = [
    ("libc6", [(11, "2.31"), (12, "2.36"), (13, "2.41")]),
    ("systemd", [(11, "247"), (12, "252"), (13, "257")]),
    ("udev", [(11, "247"), (12, "252"), (13, "257")]),
];

impl Rule for ReleasesMixed {
    fn id(&self) -> &'static str {
        "packages-releases-mixed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let dpkg = super::dpkg(host)?;
        let release = match host.os() {
            Fact::Known(os) => os.debian_release(),
            _ => None,
        };
        let release = release.ok_or(Stop::NotApplicable("not a release of Debian"))?;
        let mut out = Findings::new();
        let mut parts: Vec<(&Package, u32)> = Vec::new();
        for (name, begins) in BEGINS {
            let package = dpkg.named(name).find(|p| p.is_installed());
            let of = package.and_then(|p| Some((p, release_of(p.version(), begins)?)));
            parts.extend(of);
        }
        out.judged = parts.len();
        let newest = parts.iter().max_by_key(|(_, of)| *of);
        let oldest = parts.iter().min_by_key(|(_, of)| *of);
        let (Some((new, of)), Some((old, rest))) = (newest, oldest) else {
            return Ok(out);
        };
        if of == rest || *of <= release {
            return Ok(out);
        }
        let mut left = Listing::<()>::new();
        let source = sources(host, *of, &mut left);
        let Some(source) = source else {
            left.complete()?;
            return Ok(out);
        };
        let message = format!(
            "{} is of Debian {of} and {} still of Debian {rest}: the upgrade is half done",
            new.name, old.name
        );
        let label = |package: &Package| format!("{} {}", package.name, package.version());
        let finding = Finding::new(
            self.id(),
            format!("debian-{of}"),
            message,
            Evidence::span(new.place.clone(), label(new)),
        );
        out.push(
            finding
                .with(Evidence::span(old.place.clone(), label(old)))
                .with(Evidence::span(source, format!("a source of Debian {of}"))),
        );
        Ok(out)
    }
}

/// The release that a version belongs to; none for backports and for what is older.
fn release_of(version: &str, begins: [(u32, &str); 3]) -> Option<u32> {
    if version.contains("~bpo") {
        return None;
    }
    let from = |start: &str| debian(version, start).is_ge();
    let found = begins.iter().rev().find(|(_, start)| from(start));
    found.map(|(release, _)| *release)
}

/// A line that names the release as a source, other than for its backports.
fn sources(host: &Host, release: u32, left: &mut Listing<()>) -> Option<Place> {
    let tree = host.tree();
    let mut files: Vec<Arc<File>> = Vec::new();
    files.extend(left.take(tree.read(Path::new("/etc/apt/sources.list"))));
    for path in left.take_gaps(tree.entries(Path::new("/etc/apt/sources.list.d"))) {
        let end = path.extension().and_then(|end| end.to_str());
        if matches!(end, Some("list" | "sources")) {
            files.extend(left.take(tree.read(&path)));
        }
    }
    let name = NAMES.iter().find(|(_, number)| *number == release)?.0;
    for file in &files {
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            let active = text.split('#').next().unwrap_or("");
            let mut words = active.split_whitespace();
            let is_suite = |word: &str| {
                let rest = word.strip_prefix(name);
                rest.is_some_and(|rest| matches!(rest, "" | "-updates" | "-security"))
            };
            if words.any(is_suite) {
                return Some(file.place(span));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_belongs_to_the_release_that_began_before_it() {
        let [(_, libc), (_, systemd), _] = BEGINS;
        assert_eq!(release_of("2.36-9+deb12u7", libc), Some(12));
        assert_eq!(release_of("2.41-12", libc), Some(13));
        assert_eq!(release_of("2.28-10", libc), None);
        assert_eq!(release_of("254.5-1~bpo12+1", systemd), None);
        assert_eq!(release_of("252.26-1~deb12u2", systemd), Some(12));
    }
}
