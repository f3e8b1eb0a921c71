//! Which systemd is installed.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Looked};
use crate::facts::packages::Packages;
use crate::source::Tree;

/// The version of the installed systemd, and what tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The major number, such as 252.
    pub major: u32,
    /// What tells it, for people.
    pub sign: String,
}

/// Directories that hold systemd's private library, `libsystemd-shared-252.so`; the
/// last is one of each architecture.
pub(super) fn library_dirs(tree: &Tree) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = [
        "/usr/lib/systemd",
        "/lib/systemd",
        "/usr/lib64/systemd",
        "/lib64/systemd",
    ]
    .map(PathBuf::from)
    .to_vec();
    if let Fact::Known(names) = tree.list(Path::new("/usr/lib")) {
        let triplets = names.iter().filter(|name| {
            let name = name.to_string_lossy();
            name.contains("-linux-") && !name.contains('/')
        });
        dirs.extend(triplets.map(|name| Path::new("/usr/lib").join(name).join("systemd")));
    }
    dirs
}

/// The versions of `libsystemd-shared` in the tree, highest first, with their paths.
pub(super) fn libraries(tree: &Tree) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for dir in library_dirs(tree) {
        let Fact::Known(names) = tree.list(&dir) else {
            continue;
        };
        for name in names.iter() {
            let text = name.to_string_lossy();
            let version = text
                .strip_prefix("libsystemd-shared-")
                .and_then(|rest| rest.strip_suffix(".so"));
            if let Some(version) = version {
                found.push((version.to_owned(), dir.join(name)));
            }
        }
    }
    found.sort_by(|a, b| number(&b.0).cmp(&number(&a.0)).then_with(|| a.1.cmp(&b.1)));
    found
}

/// The digits a version begins with.
pub(super) fn number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// Asks the package database first, then the name of systemd's private library.
pub(super) fn read(tree: &Tree, packages: &Fact<Packages>) -> Fact<Version> {
    if let Fact::Known(packages) = packages {
        for name in ["systemd", "sys-apps/systemd"] {
            let Some(text) = packages.version_of(name) else {
                continue;
            };
            // A Debian epoch stands before a colon.
            let text = text.rsplit(':').next().unwrap_or(text);
            if let Some(major) = number(text) {
                let sign = format!("package {name} {text}");
                return Fact::Known(Version { major, sign });
            }
        }
    }
    for (text, path) in libraries(tree) {
        if let Some(major) = number(&text) {
            let sign = path.display().to_string();
            return Fact::Known(Version { major, sign });
        }
    }
    if let Fact::Unknown(unknown) = packages {
        return Fact::Unknown(unknown.clone());
    }
    Fact::Absent(Looked {
        paths: library_dirs(tree),
        notes: Vec::new(),
    })
}
