//! What a transaction would make of a tree: the changes to lay over it.

mod archive;
mod by_path;
mod claims;
mod databases;
mod fetched;
mod files;
mod made;
mod made_others;
mod others;
mod scripts;
mod status;
mod threads;
mod unread;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use self::archive::Archive;
use self::threads::side_by_side;
use super::INIT_PACKAGES;
use super::packages::{self, Dpkg, Family};
use crate::fact::{Doubt, Fact, Unknown};
use crate::parse::deb::Deb;
use crate::parse::dpkg::{Diversion, Kind, Package, parse as parse_control};
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
    #[error("there is no database of packages for it in this tree")]
    NoDatabase,
    /// The database cannot be read.
    #[error("{0}")]
    Unknown(Unknown),
    /// Something that is not there cannot go.
    #[error("package {0} is not installed")]
    NotInstalled(String),
}

/// A package that comes.
struct Incoming {
    package: Package,
    /// Its members; their contents are in the archive.
    deb: Deb,
    archive: Arc<Archive>,
}

/// Everything that goes into the changes.
struct Work<'a> {
    tree: &'a Tree,
    db: &'a Dpkg,
    incoming: Vec<Incoming>,
    /// Packages that go, by their place in the database; whether with configuration.
    outgoing: BTreeMap<usize, bool>,
    /// For each archive the paths that are not unpacked, as another package has them.
    kept: Vec<HashSet<PathBuf>>,
    /// Packages that go with their diversions.
    undiverting: BTreeSet<String>,
}

/// Directories of units: what those of a new package ask for is made when it is
/// configured.
const UNITS: [&str; 2] = ["/lib/systemd/system", "/usr/lib/systemd/system"];
/// Directories that rules ask for the names of, other than those of units.
const LISTED: [&str; 3] = [
    "/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/usr/lib/sysctl.d",
];
/// An archive that is this small is read at once, bytes: both of its parts without a file
/// worth the name, and not compressed, are 20 KiB.
const TINY: u64 = 32 << 10;
/// One without a file outside of `/usr/share` may consist of links; up to this size it is
/// read at once, bytes.
const BARE: u64 = 256 << 10;

/// Lays out what `plan` would make of `tree`, which is at `root` on this machine.
///
/// # Errors
/// Where there is no database to change, or it lacks what is to go.
pub fn lay_out(
    tree: &Tree,
    root: &Path,
    plan: &Plan,
    deadline: Deadline,
) -> Result<Transaction, Refused> {
    let (plan, mut gaps) = fetched::locate(tree, root, plan);
    if !plan.tells_removals {
        let what = "what was handed over names no package that goes".to_owned();
        gaps.push(Unknown::new("/", Doubt::CannotModel(what)));
    }
    let mut transaction = lay_out_located(tree, &plan, deadline)?;
    gaps.append(&mut transaction.gaps);
    transaction.gaps = gaps;
    Ok(transaction)
}

/// The same for a plan whose archives are all where it says.
fn lay_out_located(tree: &Tree, plan: &Plan, deadline: Deadline) -> Result<Transaction, Refused> {
    let packages = match packages::read(tree) {
        Fact::Known(packages) => packages,
        Fact::Unknown(unknown) => return Err(Refused::Unknown(unknown)),
        Fact::Broken(fault) => return Err(Refused::Unknown(fault.into())),
        Fact::Absent(_) | Fact::NotCovered(_) => return Err(Refused::NoDatabase),
    };
    let family = others::family(&packages, plan).ok_or(Refused::NoDatabase)?;
    let db = match &packages.dpkg {
        Some(db) if family == Family::Dpkg => db,
        _ => return others::lay_out(tree, &packages, family, plan, deadline),
    };
    let mut gaps = Vec::new();
    let mut work = Work {
        tree,
        db,
        incoming: Vec::new(),
        outgoing: BTreeMap::new(),
        kept: Vec::new(),
        undiverting: BTreeSet::new(),
    };
    for read in archives(plan, db, deadline) {
        match read {
            Ok(incoming) => work.incoming.push(incoming),
            Err(unknown) => gaps.push(unknown),
        }
    }
    read_ahead(&work.incoming);
    for step in &plan.steps {
        let purge = match &step.action {
            Action::Configure
            | Action::Install(_)
            | Action::Upgrade(_)
            | Action::Fetched { .. } => continue,
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
        Some((package.name.as_str(), package.architecture()))
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
    work.undiverting = claims::undiverting(&work, &mut gaps);
    work.kept = claims::kept(&work, &mut gaps);
    Ok(work.transaction(gaps))
}

/// Where the package of that name stands in the database.
fn find(db: &Dpkg, name: &str, architecture: Option<&str>) -> Option<usize> {
    let named = |package: &Package| package.name == name;
    let exact = |package: &Package| {
        named(package) && architecture.is_none_or(|a| package.architecture() == a)
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

/// The archives of a plan, in its order, read side by side.
fn archives(plan: &Plan, db: &Dpkg, deadline: Deadline) -> Vec<Result<Incoming, Unknown>> {
    let file = |step: &'_ crate::parse::transaction::Step| match &step.action {
        Action::Install(file) | Action::Upgrade(file) => Some(file.clone()),
        Action::Remove | Action::Purge | Action::Configure | Action::Fetched { .. } => None,
    };
    let files: Vec<PathBuf> = plan.steps.iter().filter_map(file).collect();
    let read: Vec<OnceLock<Result<Incoming, Unknown>>> =
        files.iter().map(|_| OnceLock::new()).collect();
    let room = archive::room();
    // The largest first: one that is read whole at the end would be waited for.
    let size = |file: &PathBuf| open_given(file, deadline).map_or(0, |opened| opened.len());
    let mut order: Vec<(u64, usize)> = files.iter().map(size).zip(0..).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    side_by_side(files.len(), &|turn| {
        let at = order.get(turn).map_or(turn, |(_, at)| *at);
        if let (Some(file), Some(slot)) = (files.get(at), read.get(at)) {
            slot.get_or_init(|| {
                let is_read =
                    |deb: &Deb, paths: &[PathBuf], size| is_read_at_once(db, deb, paths, size);
                let (archive, deb) = Archive::deb(file, deadline, &room, &is_read)?;
                let control = File::new(file.as_path(), deb.control.clone());
                let package = parse_control(&control, Kind::Control).into_iter().next();
                let odd = Doubt::CannotModel("has no control paragraph".to_owned());
                Ok(Incoming {
                    package: package.ok_or_else(|| Unknown::new(file.as_path(), odd))?,
                    deb,
                    archive: Arc::new(archive),
                })
            });
        }
    });
    read.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// Reads the archives that are read anyway while all is laid out, and then those that are
/// most often read in the end: most of both work is that of one processor, and of several
/// the others would wait.
fn read_ahead(incoming: &[Incoming]) {
    let is_listed = |path: &Path| {
        let dir = path.parent().map(Path::as_os_str);
        dir.is_some_and(|dir| LISTED.iter().any(|listed| dir == *listed))
    };
    let order = |one: &Incoming| {
        let members = &one.deb.members;
        match () {
            () if one.deb.is_whole || one.archive.is_of_modules(members) => None,
            () if is_of_boot(one) => Some(0),
            () if members.iter().any(|member| is_listed(&member.path)) => Some(1),
            () => None,
        }
    };
    let archives = incoming
        .iter()
        .filter_map(|one| Some((order(one)?, &one.archive)));
    let mut archives: Vec<(u8, Arc<Archive>)> = archives
        .map(|(order, one)| (order, Arc::clone(one)))
        .collect();
    archives.sort_by_key(|(order, archive)| (*order, std::cmp::Reverse(archive.size)));
    if archives.is_empty() {
        return;
    }
    // What fails is said when somebody asks, and where no thread is to be had they are read
    // then.
    let _ = std::thread::Builder::new().spawn(move || {
        for (_, archive) in archives {
            let _ = archive.whole();
        }
    });
}

/// Whether an archive is unpacked although the names of its files are known. Of a package
/// that takes the place of another the links stand where the old ones stood, or beside
/// files; what a new one has no file beside is in archives that are small.
fn is_read_at_once(db: &Dpkg, deb: &Deb, paths: &[PathBuf], size: u64) -> bool {
    if size <= TINY || size <= BARE && paths.iter().all(|path| path.starts_with("/usr/share")) {
        return true;
    }
    let control = File::new("/", deb.control.clone());
    let Some(package) = parse_control(&control, Kind::Control).into_iter().next() else {
        return true;
    };
    if db.named(&package.name).any(|old| old.state.has_files()) {
        return false;
    }
    is_init(&package) || paths.iter().any(|path| is_unit(path))
}

/// Whether a package brings units, or is an init.
fn is_of_boot(one: &Incoming) -> bool {
    is_init(&one.package) || one.deb.members.iter().any(|member| is_unit(&member.path))
}

fn is_unit(path: &Path) -> bool {
    // By the bytes: it is asked of each file of each archive.
    let path = path.as_os_str().as_encoded_bytes();
    UNITS.iter().any(|dir| {
        let name = path.strip_prefix(dir.as_bytes());
        name.is_some_and(|name| name.starts_with(b"/"))
    })
}

fn is_init(package: &Package) -> bool {
    INIT_PACKAGES.iter().any(|(name, _)| package.name == *name)
}

impl Incoming {
    fn key(&self) -> (&str, &str) {
        (&self.package.name, self.package.architecture())
    }

    /// The package that it takes the place of.
    fn replaces<'a>(&self, db: &'a Dpkg) -> Option<&'a Package> {
        let (name, architecture) = self.key();
        let same = db.packages.iter().filter(|p| p.name == name);
        let mut same: Vec<&'a Package> = same.collect();
        if self.package.is_same_arch() || same.len() > 1 {
            same.retain(|p| p.architecture() == architecture);
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
        let unread = files::lay_out(self, &mut transaction, &mut added);
        status::lay_out(self, &mut added);
        made::lay_out(self, &mut transaction, &|path| {
            let there = crate::source::Source::lstat(&added, path);
            there.is_ok_and(|meta| meta.kind == crate::source::FileKind::File)
                || unread.named.contains(path)
        });
        transaction.changes.archives = Some(Box::new(unread));
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

    /// Whether a diversion ends.
    fn ends(&self, diversion: &Diversion) -> bool {
        let by = diversion.by.as_ref();
        by.is_some_and(|by| self.undiverting.contains(by))
    }

    /// Packages that go, with whether their configuration goes too.
    fn leaving(&self) -> impl Iterator<Item = (&Package, bool)> {
        let at = |(at, purge): (&usize, &bool)| Some((self.db.packages.get(*at)?, *purge));
        self.outgoing.iter().filter_map(at)
    }
}

#[cfg(test)]
mod tests;
