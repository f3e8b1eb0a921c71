//! Drop-ins and the directories of links beside a unit (systemd 257
//! `src/shared/dropin.c`, `src/core/load-dropin.c`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::names::Names;
use super::store::Store;
use crate::fact::Unknown;
use crate::parse::unit::{self, UnitType};

/// The files of one kind that count for a unit, in the order in which they are read.
#[derive(Debug)]
pub(super) struct Files {
    /// One path for each file name: the first directory that has it counts.
    pub(super) paths: Vec<PathBuf>,
    /// Directories that could not be listed.
    pub(super) gaps: Vec<Unknown>,
}

/// The files in the directories called after a unit and its other names, with
/// `suffix` behind: `.d`, `.wants`, `.requires`, `.upholds`.
pub(super) fn files<'a>(
    store: &Store<'_>,
    names: &Names,
    id: &str,
    aliases: impl IntoIterator<Item = &'a String>,
    suffix: &str,
    version: u32,
) -> Files {
    let mut dirs: Vec<PathBuf> = Vec::new();
    let mut add = |stems: &[String]| {
        let subdirs = stems
            .iter()
            .map(|stem| names.subdirs(&format!("{stem}{suffix}")));
        let subdirs: Vec<&[PathBuf]> = subdirs.collect();
        if subdirs.iter().all(|found| found.is_empty()) {
            return;
        }
        // Each directory of the search path counts before the next, and in each the
        // names in their order.
        for dir in &names.search {
            let here = |path: &&PathBuf| path.parent() == Some(dir.as_path());
            let found = subdirs.iter().flat_map(|found| found.iter().filter(here));
            dirs.extend(found.cloned());
        }
    };
    add(&stems(id, version));
    for alias in aliases {
        if alias != id {
            add(&stems(alias, version));
        }
    }
    if version >= 244
        && let Some(kind) = UnitType::of(id)
    {
        add(&[kind.word().to_owned()]);
    }
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut gaps = Vec::new();
    for dir in dirs {
        let listing = store.list(&dir);
        gaps.extend(listing.gaps);
        for name in listing.items {
            let counts = suffix != ".d" || name.strip_suffix(".conf").is_some();
            if counts && !is_hidden(&name) {
                found.entry(name.clone()).or_insert_with(|| dir.join(&name));
            }
        }
    }
    Files {
        paths: found.into_values().collect(),
        gaps,
    }
}

/// The names whose directories count for `name`, most special first
/// (`unit_file_find_dirs`).
fn stems(name: &str, version: u32) -> Vec<String> {
    let mut out = Vec::new();
    let mut pending = vec![name.to_owned()];
    while let Some(name) = pending.pop() {
        let instance = unit::instance(&name).filter(|i| !i.is_empty());
        let shorter = (version >= 239).then(|| shorter(&name)).flatten();
        // Last in, first out: the template comes before the shorter name.
        pending.extend(shorter);
        if instance.is_some() {
            pending.extend(unit::template(&name));
        }
        out.push(name);
    }
    out
}

/// `foo-bar@x.service` with its prefix cut behind the last dash but a trailing one:
/// `foo-@x.service`.
fn shorter(name: &str) -> Option<String> {
    let prefix = unit::prefix(name);
    let rest = name.get(prefix.len()..)?;
    let inner = prefix.strip_suffix('-').unwrap_or(prefix);
    let dash = inner.rfind('-').filter(|dash| *dash > 0)?;
    // A template has no instance to build the shorter name with.
    let rest = match rest.strip_prefix("@.") {
        Some(suffix) => format!(".{suffix}"),
        None => rest.to_owned(),
    };
    let shorter = format!("{}{rest}", inner.get(..=dash)?);
    unit::classify(&shorter).map(|_| shorter)
}

/// Names that no directory of settings shows (`hidden_or_backup_file`).
pub(super) fn is_hidden(name: &str) -> bool {
    const SUFFIXES: [&str; 17] = [
        "rpmnew",
        "rpmsave",
        "rpmorig",
        "dpkg-old",
        "dpkg-new",
        "dpkg-tmp",
        "dpkg-dist",
        "dpkg-bak",
        "dpkg-backup",
        "dpkg-remove",
        "ucf-new",
        "ucf-old",
        "ucf-dist",
        "swp",
        "bak",
        "old",
        "new",
    ];
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix);
    name.starts_with('.')
        || name.ends_with('~')
        || matches!(name, "lost+found" | "aquota.user" | "aquota.group")
        || suffix.is_some_and(|suffix| SUFFIXES.contains(&suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_shorter_names_and_templates_count_too() {
        assert_eq!(
            stems("foo-bar-waldo.service", 252),
            ["foo-bar-waldo.service", "foo-bar-.service", "foo-.service"]
        );
        assert_eq!(
            stems("foo-bar@x-y.service", 252),
            [
                "foo-bar@x-y.service",
                "foo-bar@.service",
                "foo-.service",
                "foo-@x-y.service",
                "foo-@.service",
            ]
        );
        assert_eq!(stems("foo-bar.service", 238), ["foo-bar.service"]);
        assert_eq!(stems("-foo.slice", 252), ["-foo.slice"]);
    }

    #[test]
    fn backups_of_package_managers_do_not_count() {
        assert!(is_hidden("a.conf.dpkg-old") && is_hidden(".a.conf") && is_hidden("a~"));
        assert!(!is_hidden("a.conf") && !is_hidden("ssh.service"));
    }
}
