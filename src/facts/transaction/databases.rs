//! The databases of rpm, pacman and apk before and after a transaction.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::others::{Coming, Others};
use super::{Refused, Transaction};
use crate::fact::Fact;
use crate::facts::packages::{Family, Packages};
use crate::parse::pacman::values;
use crate::parse::rpm::ndb;
use crate::source::{FileKind, MemSource, Tree};

/// An installed package with its files.
pub(super) struct Installed {
    pub(super) name: String,
    version: String,
    architecture: String,
    /// Absolute paths as listed.
    pub(super) files: Vec<Vec<u8>>,
    /// Where pacman keeps it; its lines in apk's file.
    kept: PathBuf,
    paragraph: Vec<u8>,
    /// Its header in rpm's database.
    header: Vec<u8>,
}

/// A database.
pub(super) struct Database {
    pub(super) family: Family,
    pub(super) packages: Vec<Installed>,
    /// Checksums of configuration as it was shipped.
    pub(super) sums: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The file of the database, of rpm or apk.
    path: PathBuf,
}

pub(super) fn read(tree: &Tree, packages: &Packages, family: Family) -> Result<Database, Refused> {
    let mut db = Database {
        family,
        packages: Vec::new(),
        sums: BTreeMap::new(),
        path: PathBuf::new(),
    };
    let unknown = match family {
        Family::Rpm => db.rpm(tree, packages),
        Family::Pacman => db.pacman(tree, packages),
        Family::Apk => db.apk(tree, packages),
        Family::Dpkg | Family::Portage => return Err(Refused::NoDatabase),
    };
    match unknown {
        Fact::Known(()) => Ok(db),
        Fact::Unknown(unknown) => Err(Refused::Unknown(unknown)),
        Fact::Broken(fault) => Err(Refused::Unknown(fault.into())),
        Fact::Absent(_) | Fact::NotCovered(_) => Err(Refused::NoDatabase),
    }
}

impl Database {
    fn rpm(&mut self, tree: &Tree, packages: &Packages) -> Fact<()> {
        let Some(rpm) = &packages.rpm else {
            return Fact::Known(());
        };
        self.path.clone_from(&rpm.path);
        rpm.each_header(tree, &mut |blob, header| {
            let Some(package) = header.package() else {
                return;
            };
            let files = header.files().into_iter().filter(|file| file.is_installed);
            let mut paths = Vec::new();
            for file in files {
                if file.may_change {
                    self.sums.insert(file.path.clone(), file.digest);
                }
                paths.push(file.path);
            }
            self.packages.push(Installed {
                name: package.name,
                version: package.version,
                architecture: package.architecture,
                files: paths,
                kept: PathBuf::new(),
                paragraph: Vec::new(),
                header: blob.to_vec(),
            });
        })
    }

    fn pacman(&mut self, tree: &Tree, packages: &Packages) -> Fact<()> {
        for package in packages.pacman.iter().flatten() {
            let file = match tree.read(&package.path.join("files")) {
                Fact::Known(file) => file,
                Fact::Unknown(unknown) => return Fact::Unknown(unknown),
                Fact::Broken(fault) => return Fact::Broken(fault),
                Fact::Absent(_) | Fact::NotCovered(_) => continue,
            };
            let absolute = |path: &[u8]| {
                let path = path.strip_suffix(b"/").unwrap_or(path);
                [b"/", path].concat()
            };
            for line in values(file.bytes(), "BACKUP") {
                let mut words = line.split(|byte| *byte == b'\t');
                if let (Some(path), Some(sum)) = (words.next(), words.next()) {
                    self.sums.insert(absolute(path), sum.to_vec());
                }
            }
            self.packages.push(Installed {
                name: package.name.clone(),
                version: package.version.clone(),
                architecture: package.architecture.clone(),
                files: values(file.bytes(), "FILES").map(absolute).collect(),
                kept: package.path.clone(),
                paragraph: Vec::new(),
                header: Vec::new(),
            });
        }
        Fact::Known(())
    }

    fn apk(&mut self, tree: &Tree, packages: &Packages) -> Fact<()> {
        for package in packages.apk.iter().flatten() {
            let file = &package.place.file;
            self.path = file.path().to_path_buf();
            let start = package.place.span.start;
            // From its first line on: `C:` stands before the name.
            let before = file.bytes().get(..start).unwrap_or(&[]);
            let begin = before.windows(2).rposition(|two| two == b"\n\n");
            let begin = begin.map_or(0, |at| at + 2);
            let rest = file.bytes().get(begin..).unwrap_or(&[]);
            let end = rest.windows(2).position(|two| two == b"\n\n");
            let paragraph = rest.get(..end.map_or(rest.len(), |at| at + 1));
            self.packages.push(Installed {
                name: package.name.clone(),
                version: package.version.clone(),
                architecture: package.architecture.clone(),
                files: package.files.clone(),
                kept: PathBuf::new(),
                paragraph: paragraph.unwrap_or(&[]).to_vec(),
                header: Vec::new(),
            });
        }
        let _ = tree;
        Fact::Known(())
    }

    /// The packages of that name: `NAME`, of rpm also `NAME.ARCH` and
    /// `NAME-VERSION-RELEASE.ARCH`, without the epoch.
    pub(super) fn named(&self, name: &str, architecture: Option<&str>) -> Vec<usize> {
        let fits = |package: &Installed| {
            let plain = package.version.split_once(':').map(|(_, rest)| rest);
            let (own, arch) = (&package.name, &package.architecture);
            let version = plain.unwrap_or(&package.version);
            let is_named = own == name
                || self.family == Family::Rpm
                    && (format!("{own}.{arch}") == name
                        || format!("{own}-{version}") == name
                        || format!("{own}-{version}.{arch}") == name);
            is_named && architecture.is_none_or(|asked| asked == arch)
        };
        let found = self.packages.iter().enumerate();
        found
            .filter(|(_, package)| fits(package))
            .map(|(at, _)| at)
            .collect()
    }

    /// The packages in whose place one comes.
    pub(super) fn replaced_by(&self, coming: &Coming) -> Vec<usize> {
        let found = self.packages.iter().enumerate().filter(|(_, package)| {
            coming.takes_the_place_of(&package.name, &package.version, &package.architecture)
        });
        found.map(|(at, _)| at).collect()
    }

    /// Writes how the database will be.
    pub(super) fn write(&self, work: &Others<'_>, out: &mut Transaction, added: &mut MemSource) {
        let staying = self.packages.iter().enumerate();
        let staying = staying
            .filter(|(at, _)| !work.going.contains(at))
            .map(|(_, package)| package);
        match self.family {
            Family::Rpm => {
                let mut headers: Vec<Vec<u8>> = staying.map(|p| p.header.clone()).collect();
                headers.extend(work.coming.iter().map(|coming| coming.header.clone()));
                let dir = self.path.parent().unwrap_or(Path::new("/"));
                let dir = match work.tree.resolve(dir) {
                    Fact::Known(found) => found.path,
                    _ => dir.to_path_buf(),
                };
                for name in ["rpmdb.sqlite", "rpmdb.sqlite-wal", "rpmdb.sqlite-shm"] {
                    out.changes.gone.insert(dir.join(name));
                }
                added.file(dir.join("Packages.db"), ndb(&headers));
            }
            Family::Apk => {
                let mut text = Vec::new();
                for package in staying {
                    text.extend_from_slice(&package.paragraph);
                    text.push(b'\n');
                }
                for coming in &work.coming {
                    text.extend(apk_paragraph(coming));
                    text.push(b'\n');
                }
                let path = match work.tree.resolve(&self.path) {
                    Fact::Known(found) => found.path,
                    _ => self.path.clone(),
                };
                added.file(path, text);
            }
            Family::Pacman => self.pacman_after(work, out, added),
            Family::Dpkg | Family::Portage => {}
        }
    }

    fn pacman_after(&self, work: &Others<'_>, out: &mut Transaction, added: &mut MemSource) {
        for package in work.going.iter().filter_map(|at| self.packages.get(*at)) {
            let below = work.tree.entries(&package.kept).items;
            out.changes.gone.extend(below);
            out.changes.emptied.insert(package.kept.clone());
        }
        for coming in &work.coming {
            let Coming { name, version, .. } = coming;
            let dir = Path::new("/var/lib/pacman/local").join(format!("{name}-{version}"));
            let mut desc = String::new();
            let _ = write!(
                desc,
                "%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%ARCH%\n{}\n\n",
                coming.architecture
            );
            for (key, head) in [("depend", "DEPENDS"), ("provides", "PROVIDES")] {
                let mut found = coming.info.iter().filter(|(k, _)| k == key).peekable();
                if found.peek().is_some() {
                    let _ = writeln!(desc, "%{head}%");
                    for (_, value) in found {
                        let _ = writeln!(desc, "{value}");
                    }
                    desc.push('\n');
                }
            }
            let mut files = b"%FILES%\n".to_vec();
            for brought in &coming.files {
                let path = brought.member.path.as_os_str().as_bytes();
                files.extend_from_slice(path.strip_prefix(b"/").unwrap_or(path));
                if brought.member.kind == FileKind::Dir {
                    files.push(b'/');
                }
                files.push(b'\n');
            }
            added.file(dir.join("desc"), desc);
            added.file(dir.join("files"), files);
        }
    }
}

/// A paragraph of apk's database: what readers of it look at.
fn apk_paragraph(coming: &Coming) -> Vec<u8> {
    let mut text = format!(
        "P:{}\nV:{}\nA:{}\n",
        coming.name, coming.version, coming.architecture
    )
    .into_bytes();
    let mut dir: Option<&OsStr> = None;
    for brought in &coming.files {
        let path = &brought.member.path;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            continue;
        };
        if brought.member.kind == FileKind::Dir {
            continue;
        }
        if dir != Some(parent.as_os_str()) {
            let bytes = parent.as_os_str().as_bytes();
            text.extend_from_slice(b"F:");
            text.extend_from_slice(bytes.strip_prefix(b"/").unwrap_or(bytes));
            text.push(b'\n');
            dir = Some(parent.as_os_str());
        }
        text.extend_from_slice(b"R:");
        text.extend_from_slice(name.as_bytes());
        text.push(b'\n');
    }
    text
}
