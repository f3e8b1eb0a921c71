//! What a transaction would make of a tree: the changes to lay over it.

mod files;
mod made;
mod status;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::packages::{self, Dpkg};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::deb::{self, Deb};
use crate::parse::dpkg::{Kind, Package, parse as parse_control};
use crate::parse::transaction::Action;
use crate::source::{Changes, Tree, open_given};
use crate::text::File;
use crate::time::Deadline;

pub use crate::parse::transaction::{Plan, parse as parse_plan};

/// A transaction that was laid out.
pub struct Transaction {
    /// What is different afterwards.
    pub changes: Changes,
    /// Packages that go, sorted.
    pub removed: Vec<String>,
    /// Packages that come and were not there.
    pub installed: Vec<String>,
    /// Packages that change.
    pub upgraded: Vec<String>,
    /// What could not be read of it.
    pub gaps: Vec<Unknown>,
}

/// Why a transaction cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing to change.
    #[error("there is no dpkg database in this tree")]
    NoDatabase,
    /// The database cannot be read.
    #[error("{0}")]
    Unknown(Unknown),
    /// Something that is not there cannot go.
    #[error("package {0} is not installed")]
    NotInstalled(String),
}

/// An archive that was read.
struct Incoming {
    file: PathBuf,
    package: Package,
    deb: Deb,
    /// The contents of the archive, read when the first of them is asked for.
    contents: Arc<Mutex<Option<Vec<deb::Member>>>>,
}

/// Everything that goes into the changes.
struct Work<'a> {
    tree: &'a Tree,
    db: &'a Dpkg,
    incoming: Vec<Incoming>,
    /// Packages that go, by their place in the database; whether with configuration.
    outgoing: BTreeMap<usize, bool>,
    deadline: Deadline,
}

/// Largest file whose content is fetched, bytes.
const FETCHED_FILE: u64 = 64 << 20;
/// Largest file whose content is kept from the beginning, bytes.
const KEPT_FILE: u64 = 1 << 20;
/// Most that is kept from the beginning, over all archives, bytes.
const KEPT: u64 = 256 << 20;

/// Directories whose content decides about a boot: a package with a file in one of them
/// is read whole.
const OF_BOOT: [&str; 14] = [
    "/boot",
    "/etc",
    "/lib/modules",
    "/lib/systemd",
    "/lib/udev",
    "/sbin",
    "/usr/lib/dracut",
    "/usr/lib/modules",
    "/usr/lib/systemd",
    "/usr/lib/udev",
    "/usr/lib/grub",
    "/usr/sbin",
    "/usr/share/initramfs-tools",
    "/usr/lib/openrc",
];

/// Lays out what `plan` would make of `tree`.
///
/// # Errors
/// Where there is no database to change, or it lacks what is to go.
pub fn lay_out(tree: &Tree, plan: &Plan, deadline: Deadline) -> Result<Transaction, Refused> {
    let packages = match packages::read(tree) {
        Fact::Known(packages) => packages,
        Fact::Unknown(unknown) => return Err(Refused::Unknown(unknown)),
        Fact::Broken(fault) => return Err(Refused::Unknown(fault.into())),
        Fact::Absent(_) | Fact::NotCovered(_) => return Err(Refused::NoDatabase),
    };
    let Some(db) = &packages.dpkg else {
        return Err(Refused::NoDatabase);
    };
    let mut gaps = Vec::new();
    if !plan.tells_removals {
        let what = "this protocol of apt names no package that goes";
        gaps.push(Unknown::new("/", Doubt::CannotModel(what.to_owned())));
    }
    let mut work = Work {
        tree,
        db,
        incoming: Vec::new(),
        outgoing: BTreeMap::new(),
        deadline,
    };
    let kept = Cell::new(0);
    for step in &plan.steps {
        let purge = match &step.action {
            Action::Configure => continue,
            Action::Install(file) => {
                match read_archive(file, deadline, &kept) {
                    Ok(incoming) => work.incoming.push(incoming),
                    Err(unknown) => gaps.push(unknown),
                }
                continue;
            }
            Action::Remove => false,
            Action::Purge => true,
        };
        let Some(name) = &step.package else { continue };
        let at = find(db, name, step.architecture.as_deref());
        match at {
            Some(at) => {
                work.outgoing.insert(at, purge);
            }
            None => return Err(Refused::NotInstalled(name.clone())),
        }
    }
    // What comes again does not go: apt may take a package away to unpack another of it.
    let coming: BTreeSet<(&str, &str)> = work.incoming.iter().map(Incoming::key).collect();
    let key = |at: &usize| {
        let package = db.packages.get(*at)?;
        Some((package.name.as_str(), package.architecture.as_str()))
    };
    let stays = |at: &usize| key(at).is_some_and(|key| coming.contains(&key));
    let back: Vec<usize> = work
        .outgoing
        .keys()
        .copied()
        .filter(|at| stays(at))
        .collect();
    drop(coming);
    for at in back {
        work.outgoing.remove(&at);
    }
    Ok(work.transaction(gaps))
}

/// Where the package of that name stands in the database.
fn find(db: &Dpkg, name: &str, architecture: Option<&str>) -> Option<usize> {
    let named = |package: &Package| package.name == name;
    let exact = |package: &Package| {
        named(package) && architecture.is_none_or(|a| package.architecture == a)
    };
    let packages = &db.packages;
    let at = packages
        .iter()
        .position(|p| exact(p) && p.state.has_files());
    let at = at.or_else(|| {
        packages
            .iter()
            .position(|p| named(p) && p.state.has_files())
    });
    at.or_else(|| packages.iter().position(named))
}

fn read_archive(path: &Path, deadline: Deadline, kept: &Cell<u64>) -> Result<Incoming, Unknown> {
    let odd = |what: String| Unknown::new(path, Doubt::CannotModel(what));
    let file = match open_given(path, deadline) {
        Ok(file) => file,
        Err(error) => return Err(odd(error.to_string())),
    };
    let mut reader = std::io::BufReader::with_capacity(1 << 18, file.reader_from(0));
    let wanted = deb::Wanted {
        whole: &is_of_boot,
        keep: &|path, len| {
            let total = kept.get().saturating_add(len);
            let keeps = len <= KEPT_FILE && total <= KEPT && is_of_boot(path);
            if keeps {
                kept.set(total);
            }
            keeps
        },
        expired: &|| deadline.passed(),
    };
    let deb = deb::read(&mut reader, &wanted).map_err(|fault| odd(fault.to_string()))?;
    let control = File::new(path, deb.control.clone());
    let package = parse_control(&control, Kind::Control).into_iter().next();
    Ok(Incoming {
        file: path.to_path_buf(),
        package: package.ok_or_else(|| odd("has no control paragraph".to_owned()))?,
        deb,
        contents: Arc::new(Mutex::new(None)),
    })
}

/// Whether a path of a package says that its archive is read whole. Modules and the like
/// are only names.
fn is_of_boot(path: &Path) -> bool {
    let name = path
        .file_name()
        .map_or(&[][..], |name| name.as_encoded_bytes());
    let module = [&b".ko"[..], b".ko.xz", b".ko.zst", b".ko.gz"];
    OF_BOOT.iter().any(|dir| path.starts_with(dir)) && !module.iter().any(|end| name.ends_with(end))
}

impl Incoming {
    fn key(&self) -> (&str, &str) {
        (&self.package.name, &self.package.architecture)
    }

    /// The package that it takes the place of.
    fn replaces<'a>(&self, db: &'a Dpkg) -> Option<&'a Package> {
        let (name, architecture) = self.key();
        let same = db.packages.iter().filter(|p| p.name == name);
        let mut same: Vec<&'a Package> = same.collect();
        if self.package.is_same_arch() || same.len() > 1 {
            same.retain(|p| p.architecture == architecture);
        }
        same.into_iter().find(|p| p.state.has_files())
    }
}

impl Work<'_> {
    fn transaction(&self, gaps: Vec<Unknown>) -> Transaction {
        let names = |list: Vec<&str>| {
            let set: BTreeSet<String> = list.into_iter().map(str::to_owned).collect();
            set.into_iter().collect::<Vec<String>>()
        };
        let removed = self
            .outgoing
            .keys()
            .filter_map(|at| self.db.packages.get(*at));
        let has_files = |p: &&Package| p.state.has_files();
        let removed = removed.filter(has_files).map(|p| p.name.as_str()).collect();
        let (old, new): (Vec<&Incoming>, Vec<&Incoming>) = self
            .incoming
            .iter()
            .partition(|incoming| incoming.replaces(self.db).is_some());
        let of =
            |list: Vec<&'_ Incoming>| names(list.iter().map(|i| i.package.name.as_str()).collect());
        let mut transaction = Transaction {
            changes: Changes::default(),
            removed: names(removed),
            installed: of(new),
            upgraded: of(old),
            gaps,
        };
        let mut added = crate::source::MemSource::new();
        files::lay_out(self, &mut transaction, &mut added);
        status::lay_out(self, &mut added);
        made::lay_out(self, &mut transaction, &added);
        // What dpkg's journal said is in the new status file.
        transaction
            .changes
            .gone
            .extend(self.db.journal.iter().cloned());
        transaction.changes.added = added;
        transaction
    }

    /// Whether a package of that name is there afterwards.
    fn has_after(&self, name: &str) -> bool {
        let stays = self.db.packages.iter().enumerate().any(|(at, package)| {
            package.name == name && package.is_installed() && !self.outgoing.contains_key(&at)
        });
        stays || self.incoming.iter().any(|i| i.package.name == name)
    }

    /// Packages that go, with whether their configuration goes too.
    fn leaving(&self) -> impl Iterator<Item = (&Package, bool)> {
        let at = |(at, purge): (&usize, &bool)| Some((self.db.packages.get(*at)?, *purge));
        self.outgoing.iter().filter_map(at)
    }
}
