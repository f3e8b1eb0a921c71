//! Whether the files of a package are as it ships them.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Packages;
use super::sums::{Sums, sum_of_file};
use crate::fact::{Fact, Listing};
use crate::parse::dpkg::{Field, Package, conffiles, md5sums, parse_list};
use crate::source::{FileKind, Tree};
use crate::text::File;

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// It is not what the package ships.
    Changed,
}

/// A file that is not as its package ships it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// The package.
    pub package: String,
    /// Where it should be.
    pub path: PathBuf,
    /// What is wrong.
    pub wrong: Wrong,
    /// Whether it is configuration, which the administrator may change and take away.
    pub is_config: bool,
}

/// The files of some packages that are not as they were shipped: dpkg's and rpm's, as
/// `dpkg --verify` and `rpm -V` look at them.
///
/// `packages` chooses by name; `paths` says of a path (as shipped) whether to look at it;
/// what `sums` has is not read again.
pub fn altered(
    tree: &Tree,
    sums: &Sums,
    databases: &Packages,
    packages: &dyn Fn(&str) -> bool,
    paths: &dyn Fn(&[u8]) -> bool,
) -> Listing<Altered> {
    let mut out = Listing::new();
    if let Some(db) = &databases.dpkg {
        for package in &db.packages {
            let has_files = package.is_installed()
                || matches!(
                    package.state,
                    crate::parse::dpkg::State::Unpacked | crate::parse::dpkg::State::HalfConfigured
                );
            if has_files && packages(&package.name) {
                dpkg(tree, sums, databases, package, paths, &mut out);
            }
        }
    }
    if let Some(db) = &databases.rpm {
        let mut chosen = Vec::new();
        let read = db.each_file_list(tree, &mut |package, files| {
            if packages(&package.name) {
                chosen.push((package.name, files));
            }
        });
        out.take(read);
        for (name, files) in chosen {
            for file in files {
                if !file.is_installed || !paths(&file.path) {
                    continue;
                }
                let regular = file.mode & 0o170_000 == 0o100_000;
                let sum = (regular && !file.may_change).then_some(file.digest.as_slice());
                let wrong = look(
                    tree,
                    sums,
                    &file.path,
                    sum.filter(|sum| !sum.is_empty()),
                    &mut out,
                );
                // What is `%ghost` or `%config(missingok)` need not be there.
                if wrong.is_some() && file.may_change {
                    continue;
                }
                push(&name, &file.path, wrong, false, &mut out);
            }
        }
    }
    out
}

fn dpkg(
    tree: &Tree,
    known: &Sums,
    databases: &Packages,
    package: &Package,
    paths: &dyn Fn(&[u8]) -> bool,
    out: &mut Listing<Altered>,
) {
    let Some(list) = info(tree, package, "list", out) else {
        return;
    };
    let sums = info(tree, package, "md5sums", out);
    let mut sum_of: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    if let Some(sums) = &sums {
        sum_of.extend(md5sums(sums.bytes()).map(|(sum, path)| (path, sum)));
    }
    let configs: BTreeMap<&[u8], &[u8]> = conffiles(package.field(Field::Conffiles))
        .map(|conf| (conf.path, conf.sum))
        .collect();
    let diversions = databases.dpkg.iter().flat_map(|db| &db.diversions);
    let diversions: Vec<_> = diversions.collect();
    for path in parse_list(list.bytes()) {
        if path == b"/." || !paths(path) {
            continue;
        }
        let relative = path.strip_prefix(b"/").unwrap_or(path);
        let config = configs.get(path).copied();
        let sum = sum_of.get(relative).copied().or(config);
        let sent = diversions
            .iter()
            .find(|d| d.from == path && d.by.as_deref() != Some(package.name.as_str()));
        let at = sent.map_or(path, |diversion| diversion.to.as_slice());
        let sum = sum.filter(|sum| sum.len() == 32);
        let wrong = look(tree, known, at, sum, out);
        push(&package.name, at, wrong, config.is_some(), out);
    }
}

fn push(
    package: &str,
    path: &[u8],
    wrong: Option<Wrong>,
    is_config: bool,
    out: &mut Listing<Altered>,
) {
    if let Some(wrong) = wrong {
        out.items.push(Altered {
            package: package.to_owned(),
            path: PathBuf::from(std::ffi::OsStr::from_bytes(path)),
            wrong,
            is_config,
        });
    }
}

/// `info/NAME.KIND`, or `info/NAME:ARCH.KIND` of a co-installable package.
pub(in crate::facts) fn info<T>(
    tree: &Tree,
    package: &Package,
    kind: &str,
    out: &mut Listing<T>,
) -> Option<Arc<File>> {
    let dir = Path::new("/var/lib/dpkg/info");
    let plain = format!("{}.{kind}", package.name);
    let with = format!("{}:{}.{kind}", package.name, package.architecture());
    let names = if package.is_same_arch() {
        [with, plain]
    } else {
        [plain, with]
    };
    names
        .iter()
        .find_map(|name| out.take(tree.read(&dir.join(name))))
}

/// What is wrong with one file; `sum` is its checksum in hexadecimal.
fn look(
    tree: &Tree,
    sums: &Sums,
    path: &[u8],
    sum: Option<&[u8]>,
    out: &mut Listing<Altered>,
) -> Option<Wrong> {
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    // What a package brings is what it says it is: nothing has to be unpacked for that.
    if tree.comes_as(path, sum) {
        return None;
    }
    let found = match tree.lstat(path) {
        Fact::Known(found) => found,
        Fact::Absent(_) => return Some(Wrong::Missing),
        other => {
            out.take(other);
            return None;
        }
    };
    let sum = sum?;
    if found.meta.kind != FileKind::File {
        // A file that became a link, as update-alternatives and administrators make them.
        return None;
    }
    let digits = sum.len();
    let now = match sums.known(&found.meta, digits) {
        Some(known) => known,
        None => {
            let file = out.take(tree.open(path))?;
            let Some(now) = sum_of_file(&file, digits) else {
                out.gaps.extend(file.failed());
                return None;
            };
            sums.note(&found.meta, &now);
            now
        }
    };
    (!sum.eq_ignore_ascii_case(&now)).then_some(Wrong::Changed)
}
