//! The package database: which packages are there, in which state, and whose a
//! file is.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::fact::{Doubt, Fact, Listing, Looked, Unknown};
use crate::parse::dpkg;
use crate::source::Tree;
use crate::text::File;

/// What the package databases of a tree say.
#[derive(Debug)]
pub struct Packages {
    /// dpkg's, where there is one.
    pub dpkg: Option<Dpkg>,
    /// Portage's, where there is one.
    pub portage: Option<Portage>,
    /// Databases that are there and not read, such as `rpm`.
    pub unread: Vec<&'static str>,
}

/// dpkg's status file.
#[derive(Debug)]
pub struct Dpkg {
    /// The file itself.
    pub file: Arc<File>,
    /// Its paragraphs.
    pub packages: Vec<dpkg::Package>,
    /// What could not be understood.
    pub problems: Vec<dpkg::Problem>,
}

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

/// Databases of other families, by a path that shows them.
const UNREAD: [(&str, &str); 6] = [
    ("/var/lib/rpm", "rpm"),
    ("/usr/lib/sysimage/rpm", "rpm"),
    ("/lib/apk/db/installed", "apk"),
    ("/usr/lib/apk/db/installed", "apk"),
    ("/var/lib/pacman/local", "pacman"),
    ("/var/db/xbps", "xbps"),
];

/// Reads the databases of `tree`.
pub fn read(tree: &Tree) -> Fact<Packages> {
    let status = Path::new("/var/lib/dpkg/status");
    let mut looked = Looked::at(status);
    let mut uncovered = None;
    let dpkg = match tree.read(status) {
        Fact::Known(file) => {
            let (packages, problems) = dpkg::parse_status(&file);
            Some(Dpkg {
                file,
                packages,
                problems,
            })
        }
        Fact::Absent(_) => None,
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => {
            uncovered = Some(why);
            None
        }
    };
    let portage = match read_portage(tree) {
        Fact::Known(portage) => Some(portage),
        Fact::Absent(more) => {
            looked.paths.extend(more.paths);
            None
        }
        Fact::Broken(fault) => return Fact::Broken(fault),
        Fact::Unknown(unknown) => return Fact::Unknown(unknown),
        Fact::NotCovered(why) => {
            uncovered = uncovered.or(Some(why));
            None
        }
    };
    let mut unread: Vec<&'static str> = Vec::new();
    for (path, kind) in UNREAD {
        match tree.resolve(Path::new(path)) {
            Fact::Known(_) if !unread.contains(&kind) => unread.push(kind),
            // Only where nothing else answers: Debian has /var/lib/rpm beside its own.
            Fact::Unknown(unknown) if dpkg.is_none() && portage.is_none() => {
                return Fact::Unknown(unknown);
            }
            _ => {}
        }
    }
    if dpkg.is_none() && portage.is_none() && unread.is_empty() {
        return match uncovered {
            Some(why) => Fact::NotCovered(why),
            None => Fact::Absent(looked),
        };
    }
    Fact::Known(Packages {
        dpkg,
        portage,
        unread,
    })
}

fn read_portage(tree: &Tree) -> Fact<Portage> {
    let top = Path::new("/var/db/pkg");
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

impl Packages {
    /// The version of an installed package by its dpkg name or, for Gentoo, its
    /// plain name.
    #[must_use]
    pub fn version_of(&self, name: &str) -> Option<&str> {
        let dpkg = self.dpkg.as_ref().and_then(|db| {
            let mut of_name = db.packages.iter().filter(|p| p.name == name);
            of_name
                .find(|p| p.is_installed())
                .map(|p| p.version.as_str())
        });
        let portage = || {
            let db = self.portage.as_ref()?;
            let found = db.packages.iter().find(|p| p.name == name)?;
            Some(found.version.as_str())
        };
        dpkg.or_else(portage)
    }

    /// Whether a package of that name is installed, as far as the databases are read.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.version_of(name).is_some()
    }

    /// Whether every database found was read.
    ///
    /// # Errors
    /// The open question, where one was not.
    pub fn all_read(&self) -> Result<(), Unknown> {
        match self.unread.first() {
            Some(kind) => {
                let what = format!("the {kind} database is not read yet");
                Err(Unknown::new("/", Doubt::CannotModel(what)))
            }
            None => Ok(()),
        }
    }
}

/// Whose a file is, by the file lists; built on the first question.
#[derive(Default)]
pub struct Owners {
    index: OnceLock<Fact<BTreeMap<Vec<u8>, String>>>,
}

impl Owners {
    /// The package whose file list names `path`. Absent where none does.
    pub fn of(&self, tree: &Tree, packages: &Packages, path: &Path) -> Fact<String> {
        let index = self.index.get_or_init(|| index(tree, packages));
        index
            .as_ref()
            .and_then(|index| match index.get(path.as_os_str().as_bytes()) {
                Some(name) => Fact::Known(name.clone()),
                None => Fact::Absent(Looked::at(path)),
            })
    }
}

/// The package whose file list names `path`, whatever the path; reads every list.
pub fn shipped_by(tree: &Tree, packages: &Packages, path: &Path) -> Fact<String> {
    // Lists name a file as its package ships it, which the merge of /usr moved.
    let physical = match tree.resolve(path) {
        Fact::Known(found) => found.path,
        _ => path.to_path_buf(),
    };
    let names = [path, physical.as_path()].map(|path| path.as_os_str().as_bytes().to_vec());
    let wanted = |line: &[u8]| {
        names.iter().any(|name| {
            line == name.as_slice() || name.strip_prefix(b"/usr").is_some_and(|rest| line == rest)
        })
    };
    if packages.dpkg.is_some() {
        for list in tree.entries(Path::new("/var/lib/dpkg/info")).items {
            if list.extension().is_none_or(|extension| extension != "list") {
                continue;
            }
            let Fact::Known(file) = tree.read(&list) else {
                continue;
            };
            if dpkg::parse_list(file.bytes()).any(wanted) {
                let name = list.file_stem().map(|n| n.to_string_lossy().into_owned());
                return Fact::Known(name.unwrap_or_else(String::new));
            }
        }
    }
    Fact::Absent(Looked::at(path))
}

/// Only start scripts and inits are asked for, so only those are kept.
fn index(tree: &Tree, packages: &Packages) -> Fact<BTreeMap<Vec<u8>, String>> {
    let mut owners = BTreeMap::new();
    let wanted = |path: &[u8]| {
        path.starts_with(b"/etc/init.d/")
            || path.starts_with(b"/etc/init/")
            || path.ends_with(b"/init")
            || path.ends_with(b".service")
    };
    if packages.dpkg.is_some() {
        let lists: Listing<PathBuf> = tree.entries(Path::new("/var/lib/dpkg/info"));
        for list in lists.items {
            if list.extension().is_none_or(|extension| extension != "list") {
                continue;
            }
            let file = match tree.read(&list) {
                Fact::Known(file) => file,
                Fact::Absent(_) | Fact::NotCovered(_) => continue,
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            };
            let name = list.file_stem().map(|n| n.to_string_lossy().into_owned());
            let Some(name) = name else { continue };
            for path in dpkg::parse_list(file.bytes()).filter(|path| wanted(path)) {
                owners.insert(path.to_vec(), name.clone());
            }
        }
        if let Some(gap) = lists.gaps.first() {
            return Fact::Unknown(gap.clone());
        }
    }
    if let Some(portage) = &packages.portage {
        for ebuild in &portage.packages {
            let file = match tree.read(&ebuild.path.join("CONTENTS")) {
                Fact::Known(file) => file,
                Fact::Absent(_) | Fact::NotCovered(_) => continue,
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            };
            // `obj PATH MD5 MTIME`, `sym PATH -> TARGET MTIME`, `dir PATH`.
            for (_, line) in file.lines() {
                let path = line
                    .strip_prefix(b"obj ")
                    .and_then(|rest| rest.rsplitn(3, |b| *b == b' ').nth(2));
                if let Some(path) = path.filter(|path| wanted(path)) {
                    let name = format!("{}/{}", ebuild.category, ebuild.name);
                    owners.insert(path.to_vec(), name);
                }
            }
        }
    }
    Fact::Known(owners)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn tree(source: MemSource) -> Tree {
        let coverage = Coverage::full(true);
        Tree::for_tests(source, coverage)
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

    #[test]
    fn both_databases_answer_for_versions_and_owners() {
        let mut source = MemSource::new();
        source
            .file(
                "/var/lib/dpkg/status",
                "Package: cron\nStatus: install ok installed\nVersion: 3.0\n\n\
                 Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
            )
            .file(
                "/var/lib/dpkg/info/cron.list",
                "/.\n/etc/init.d/cron\n/etc/init/cron.conf\n",
            )
            .file(
                "/var/db/pkg/net-ftp/vsftpd-2.3.4/CONTENTS",
                "dir /etc/init.d\nobj /etc/init.d/vsftpd 0123 1317\n",
            )
            .dir("/var/db/pkg/sys-apps/-MERGING-openrc-0.9");
        let tree = tree(source);
        let Fact::Known(packages) = read(&tree) else {
            panic!("no database");
        };
        assert_eq!(packages.version_of("cron"), Some("3.0"));
        assert_eq!(packages.version_of("vsftpd"), Some("2.3.4"));
        assert!(!packages.has("gone"));
        let owners = Owners::default();
        let owner = |path: &str| owners.of(&tree, &packages, Path::new(path));
        assert_eq!(owner("/etc/init.d/cron"), Fact::Known("cron".into()));
        assert_eq!(owner("/etc/init/cron.conf"), Fact::Known("cron".into()));
        assert_eq!(
            owner("/etc/init.d/vsftpd"),
            Fact::Known("net-ftp/vsftpd".into())
        );
        assert!(matches!(owner("/etc/init.d/x"), Fact::Absent(_)));
        let merging = packages.portage.map(|p| p.merging);
        assert_eq!(
            merging,
            Some(vec!["/var/db/pkg/sys-apps/openrc-0.9".into()])
        );
    }

    #[test]
    fn a_database_of_another_family_is_seen_and_said_not_to_be_read() {
        let mut source = MemSource::new();
        source.file("/usr/lib/sysimage/rpm/rpmdb.sqlite", "x");
        let Fact::Known(packages) = read(&tree(source)) else {
            panic!("no database");
        };
        assert_eq!(packages.unread, ["rpm"]);
        assert!(packages.all_read().is_err());
    }
}
