//! rpm's database: `SQLite` since 4.16, ndb at SUSE, Berkeley DB before.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Fault, Looked};
use crate::parse::rpm::{Entry, Header, Package, ndb_blobs};
use crate::parse::sqlite::{Database, ReadAt, Value};
use crate::source::{Pieces, Tree};

/// rpm's database.
#[derive(Debug)]
pub struct Rpm {
    /// The packages, in the order of the database; public keys are left out.
    pub packages: Vec<Package>,
    /// The file.
    pub path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Ndb,
}

/// Where it is, by age: `/usr/lib/sysimage/rpm` at SUSE since 2019 and Fedora since 36.
pub(super) const DIRS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/rpm"];

pub(super) fn read(tree: &Tree) -> Fact<Rpm> {
    let mut looked = Looked {
        paths: Vec::new(),
        notes: Vec::new(),
    };
    for dir in DIRS.map(Path::new) {
        for (name, kind) in [
            ("rpmdb.sqlite", Some(Kind::Sqlite)),
            ("Packages.db", Some(Kind::Ndb)),
            ("Packages", None),
        ] {
            let path = dir.join(name);
            let found = match tree.resolve(&path) {
                Fact::Known(found) => found,
                Fact::Absent(more) => {
                    looked.paths.extend(more.paths);
                    continue;
                }
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Unknown(unknown) => return Fact::Unknown(unknown),
                Fact::NotCovered(why) => return Fact::NotCovered(why),
            };
            let Some(kind) = kind else {
                return broken(path, "is a Berkeley DB, which is not read");
            };
            if found.meta.len == 0 {
                return broken(path, "is empty");
            }
            let mut packages = Vec::new();
            let read = each(tree, &path, kind, &mut |_, header| {
                let package = header.package();
                packages.extend(package.filter(|package| package.name != "gpg-pubkey"));
            });
            return read.map(|()| Rpm {
                packages,
                path,
                kind,
            });
        }
    }
    Fact::Absent(looked)
}

fn broken<T>(path: PathBuf, message: &str) -> Fact<T> {
    Fact::Broken(Fault {
        path,
        place: None,
        message: message.to_owned(),
    })
}

impl Rpm {
    /// Hands every package with its files to `visit`; reads the database again, as the
    /// files of all packages are too many to keep.
    pub fn each_file_list(
        &self,
        tree: &Tree,
        visit: &mut dyn FnMut(Package, Vec<Entry>),
    ) -> Fact<()> {
        each(tree, &self.path, self.kind, &mut |_, header| {
            if let Some(package) = header.package() {
                visit(package, header.files());
            }
        })
    }

    /// Hands every header to `visit`, with its bytes.
    pub(crate) fn each_header(
        &self,
        tree: &Tree,
        visit: &mut dyn FnMut(&[u8], &Header<'_>),
    ) -> Fact<()> {
        each(tree, &self.path, self.kind, visit)
    }
}

/// Hands every header of a database to `visit`.
fn each(
    tree: &Tree,
    path: &Path,
    kind: Kind,
    visit: &mut dyn FnMut(&[u8], &Header<'_>),
) -> Fact<()> {
    tree.open(path).and_then(|file| {
        let read = |offset: u64, len: usize| file.bytes(offset, len);
        let mut unread = 0_usize;
        let mut take = |blob: &[u8]| match Header::new(blob) {
            Some(header) => visit(blob, &header),
            None => unread += 1,
        };
        let done = match kind {
            Kind::Sqlite => sqlite(tree, path, &read, &mut take),
            Kind::Ndb => match ndb_blobs(&read) {
                Some(blobs) => {
                    for blob in &blobs {
                        take(blob);
                    }
                    Ok(())
                }
                None => Err(Fact::Broken(Fault {
                    path: path.to_path_buf(),
                    place: None,
                    message: "is damaged: a slot of it points at no package".to_owned(),
                })),
            },
        };
        if let Some(unknown) = file.failed() {
            return Fact::Unknown(unknown);
        }
        match done {
            Err(fact) => fact,
            Ok(()) if unread > 0 => broken(
                path.to_path_buf(),
                "is damaged: a package in it has no header",
            ),
            Ok(()) => Fact::Known(()),
        }
    })
}

fn sqlite(
    tree: &Tree,
    path: &Path,
    read: &ReadAt<'_>,
    take: &mut dyn FnMut(&[u8]),
) -> Result<(), Fact<()>> {
    let mut log_path = path.as_os_str().to_os_string();
    log_path.push("-wal");
    let log: Option<Pieces> = match tree.open(Path::new(&log_path)) {
        Fact::Known(log) if !log.is_empty() => Some(log),
        Fact::Known(_) | Fact::Absent(_) | Fact::NotCovered(_) => None,
        Fact::Broken(fault) => return Err(Fact::Broken(fault)),
        Fact::Unknown(unknown) => return Err(Fact::Unknown(unknown)),
    };
    let from_log = log
        .as_ref()
        .map(|log| move |offset: u64, len: usize| log.bytes(offset, len));
    let from_log: Option<&ReadAt<'_>> = match &from_log {
        Some(read) => Some(read),
        None => None,
    };
    let fault = |message: String| {
        Fact::Broken(Fault {
            path: path.to_path_buf(),
            place: None,
            message,
        })
    };
    let database = Database::open(read, from_log).map_err(|error| fault(error.to_string()))?;
    // `CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)`
    // (rpm 4.18 lib/backend/sqlite.c).
    let done = database.table("Packages", &mut |_, row| {
        if let Some(Value::Bytes(blob)) = row.get(1) {
            take(blob);
        }
    });
    if let Some(unknown) = log.and_then(|log| log.failed()) {
        return Err(Fact::Unknown(unknown));
    }
    done.map_err(|error| fault(error.to_string()))
}
