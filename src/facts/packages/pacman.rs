//! pacman's database: a directory for each package.

use std::path::{Path, PathBuf};

use crate::fact::Fact;
use crate::parse::pacman::value;
use crate::source::Tree;

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// `%NAME%`.
    pub name: String,
    /// `%VERSION%`.
    pub version: String,
    /// `%ARCH%`.
    pub architecture: String,
    /// Its directory below `/var/lib/pacman/local`.
    pub path: PathBuf,
}

/// Where it is.
pub(super) const DIR: &str = "/var/lib/pacman/local";

pub(super) fn read(tree: &Tree) -> Fact<Vec<Package>> {
    let top = Path::new(DIR);
    tree.list(top).and_then(|names| {
        let mut packages = Vec::new();
        for name in names.iter() {
            // A file beside the packages tells the version of the format.
            if name == "ALPM_DB_VERSION" {
                continue;
            }
            let path = top.join(name);
            let file = match tree.read(&path.join("desc")) {
                Fact::Known(file) => file,
                // libalpm passes over a directory without one.
                Fact::Absent(_) | Fact::NotCovered(_) => continue,
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            };
            let of = |key| value(file.bytes(), key);
            if let (Some(name), Some(version)) = (of("NAME"), of("VERSION")) {
                packages.push(Package {
                    name,
                    version,
                    architecture: of("ARCH").unwrap_or_else(String::new),
                    path,
                });
            }
        }
        Fact::Known(packages)
    })
}
