//! Portage's `/var/db/pkg`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::fact::{Doubt, Fact, Looked};
use crate::source::Tree;

/// Portage's `/var/db/pkg`.
#[derive(Debug)]
pub struct Portage {
    /// The installed packages.
    pub packages: Vec<Ebuild>,
    /// Merges that never ended: directories named `-MERGING-...`.
    pub merging: Vec<PathBuf>,
}

/// One installed Gentoo package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ebuild {
    /// Category, such as `sys-apps`.
    pub category: String,
    /// Name, such as `sysvinit`.
    pub name: String,
    /// Version with revision, such as `2.86-r10`.
    pub version: String,
    /// Its directory below `/var/db/pkg`.
    pub path: PathBuf,
}

/// Where it is.
pub(super) const DIR: &str = "/var/db/pkg";

pub(super) fn read(tree: &Tree) -> Fact<Portage> {
    let top = Path::new(DIR);
    tree.list(top).and_then(|categories| {
        let mut portage = Portage {
            packages: Vec::new(),
            merging: Vec::new(),
        };
        for category in categories.iter() {
            let dir = top.join(category);
            let names = match tree.list(&dir) {
                Fact::Known(names) => names,
                // A plain file among the categories.
                Fact::Absent(_) | Fact::NotCovered(_) => continue,
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Unknown(unknown) => match unknown.doubt {
                    Doubt::Io(text) if text.contains("not a directory") => continue,
                    _ => return Fact::Unknown(unknown),
                },
            };
            for name in names.iter() {
                let path = dir.join(name);
                let text = String::from_utf8_lossy(name.as_bytes());
                if let Some(rest) = text.strip_prefix("-MERGING-") {
                    portage.merging.push(dir.join(rest));
                } else if let Some((name, version)) = split_pf(&text) {
                    portage.packages.push(Ebuild {
                        category: category.to_string_lossy().into_owned(),
                        name: name.to_owned(),
                        version: version.to_owned(),
                        path,
                    });
                }
            }
        }
        if portage.packages.is_empty() && portage.merging.is_empty() {
            return Fact::Absent(Looked::at(top));
        }
        Fact::Known(portage)
    })
}

/// Where portage keeps what an emerge has still to do.
pub const RESUME: &str = "/var/cache/edb/mtimedb";

/// What a stopped emerge had still to merge, `sys-apps/sysvinit-3.09` (portage 3.0
/// `lib/_emerge/Scheduler.py`, `_save_resume_list`: an entry goes when it is merged, the
/// list with the last). Nothing where the file is of a portage that pickled it.
#[must_use]
pub fn left_to_merge(bytes: &[u8]) -> Vec<String> {
    let Ok(database) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return Vec::new();
    };
    let resume = database.get("resume");
    let list = resume.and_then(|resume| resume.get("mergelist")?.as_array());
    // Type, root, package, operation.
    let package = |entry: &serde_json::Value| Some(entry.get(2)?.as_str()?.to_owned());
    list.into_iter().flatten().filter_map(package).collect()
}

/// `sysvinit-2.86-r10` as name and version (PMS 3.2: the version begins after the
/// last hyphen that a digit follows, a revision `-rN` aside).
fn split_pf(pf: &str) -> Option<(&str, &str)> {
    let body_end = match pf.rfind("-r") {
        Some(at) if pf.len() > at + 2 && pf.bytes().skip(at + 2).all(|b| b.is_ascii_digit()) => at,
        _ => pf.len(),
    };
    let body = pf.get(..body_end)?;
    let hyphen = body.rfind('-')?;
    let starts_version = body.as_bytes().get(hyphen + 1)?.is_ascii_digit();
    (starts_version && hyphen > 0).then(|| (&pf[..hyphen], &pf[hyphen + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_an_emerge_is_read_and_anything_else_is_nothing() {
        let list = br#"{"resume": {"favorites": ["@world"], "mergelist": [
            ["ebuild", "/", "sys-apps/openrc-0.54", "merge"], ["odd"], 7,
            ["binary", "/", "app-misc/toy-1", "merge"]]}, "resume_backup": {}}"#;
        assert_eq!(
            left_to_merge(list),
            ["sys-apps/openrc-0.54", "app-misc/toy-1"]
        );
        for other in [
            &b"\x80\x02}q"[..],
            b"",
            b"{}",
            br#"{"resume": {"mergelist": 1}}"#,
        ] {
            assert!(left_to_merge(other).is_empty());
        }
    }

    #[test]
    fn gentoo_names_end_where_the_version_begins() {
        let cases = [
            ("sysvinit-2.86-r10", Some(("sysvinit", "2.86-r10"))),
            ("gtk+-2.24.5", Some(("gtk+", "2.24.5"))),
            (
                "font-adobe-100dpi-1.0.1",
                Some(("font-adobe-100dpi", "1.0.1")),
            ),
            ("nover", None),
            ("-1", None),
        ];
        for (pf, expected) in cases {
            assert_eq!(split_pf(pf), expected, "{pf}");
        }
    }
}
