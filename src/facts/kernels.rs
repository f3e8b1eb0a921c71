//! The kernels a tree holds, by file name.
//!
//! A name is a convention, not the image's own word, so what follows from it is
//! never more than `likely`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::fact::Listing;
use crate::source::Tree;

/// A kernel image in /boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// The file.
    pub path: PathBuf,
    /// The numbers its name begins with, such as 2.6.28; absent where there are none.
    pub version: Option<Version>,
}

/// Three numbers of a kernel release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Prefixes of kernel images, by the programs that install them: Debian, Fedora,
/// SUSE, Arch (`vmlinuz-linux`), Gentoo (`kernel-`), hand-made (`bzImage`).
const PREFIXES: [&str; 7] = [
    "vmlinuz",
    "vmlinux",
    "bzImage",
    "kernel",
    "Image",
    "linux-",
    "kernel8.img",
];

/// The images directly in /boot.
pub fn read(tree: &Tree) -> Listing<Kernel> {
    let mut entries = tree.entries(Path::new("/boot"));
    let mut out = Listing::new();
    let paths = std::mem::take(&mut entries.items);
    out.take_gaps(entries);
    for path in paths {
        let name = path.file_name().map_or(&[][..], |name| name.as_bytes());
        let name = String::from_utf8_lossy(name).into_owned();
        if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            out.items.push(Kernel {
                version: version_in(&name),
                path,
            });
        }
    }
    out
}

/// The first `N.N` or `N.N.N` in a text.
#[must_use]
pub fn version_in(text: &str) -> Option<Version> {
    let digit = |c: char| c.is_ascii_digit();
    let mut rest = text;
    while let Some(start) = rest.find(digit) {
        rest = &rest[start..];
        let end = rest
            .find(|c: char| !digit(c) && c != '.')
            .unwrap_or(rest.len());
        let mut numbers = rest[..end].split('.').map(str::parse::<u32>);
        if let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) {
            let patch = match numbers.next() {
                Some(Ok(patch)) => patch,
                _ => 0,
            };
            return Some(Version(major, minor, patch));
        }
        rest = &rest[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_names_in_use() {
        let cases = [
            ("vmlinuz-6.1.0-23-amd64", Some(Version(6, 1, 0))),
            (
                "kernel-genkernel-x86_64-2.6.28-gentoo-r5",
                Some(Version(2, 6, 28)),
            ),
            ("vmlinuz-linux", None),
            ("bzImage-2.6", Some(Version(2, 6, 0))),
            ("vmlinuz-5", None),
        ];
        for (name, expected) in cases {
            assert_eq!(version_in(name), expected, "{name}");
        }
    }
}
