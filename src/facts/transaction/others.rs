//! What a transaction of rpm, pacman or apk would make of a tree. Their packages describe
//! all of their files, so that nothing is left open but contents.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::archive::{Archive, has_content, room};
use super::databases::{self, Database};
use super::files::{Places, stands};
use super::unread::{Known, Unread, comes};
use super::{Refused, Transaction, made_others};
use crate::fact::{Fact, Unknown};
use crate::facts::packages::{Family, Packages, sum_of};
use crate::parse::archive::Member;
use crate::parse::rpm::Header;
use crate::parse::transaction::{Action, Plan};
use crate::source::{Changes, FileKind, MemSource, Node, Stands, Tree};
use crate::time::Deadline;

/// A package that comes.
pub(super) struct Coming {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) files: Vec<Brought>,
    /// What the database will keep of it: a header of rpm, `.PKGINFO`.
    pub(super) header: Vec<u8>,
    pub(super) info: Vec<(String, String)>,
    archive: Arc<Archive>,
    /// Whether those of the same name go.
    replaces: bool,
}

/// A file that comes.
pub(super) struct Brought {
    pub(super) member: Member,
    /// Whether it is configuration, and stays as it is where the administrator changed it.
    config: Option<bool>,
    pub(super) is_ghost: bool,
}

/// Everything that goes into the changes.
pub(super) struct Others<'a> {
    pub(super) tree: &'a Tree,
    pub(super) db: Database,
    pub(super) coming: Vec<Coming>,
    /// Packages that go or are replaced, by their place in the database.
    pub(super) going: BTreeSet<usize>,
}

/// Whose packages have archives of such a name.
pub(super) fn family_of(file: &[u8]) -> Family {
    match () {
        () if file.ends_with(b".deb") => Family::Dpkg,
        () if file.ends_with(b".rpm") => Family::Rpm,
        () if file.ends_with(b".apk") => Family::Apk,
        () => Family::Pacman,
    }
}

/// Which family a transaction is of: that of its archives, or of the database that is there.
pub(super) fn family(packages: &Packages, plan: &Plan) -> Option<Family> {
    let of_file = |step: &'_ crate::parse::transaction::Step| {
        let (Action::Install(file) | Action::Upgrade(file)) = &step.action else {
            return None;
        };
        Some(family_of(file.file_name()?.as_bytes()))
    };
    let there = [
        (Family::Dpkg, packages.dpkg.is_some()),
        (Family::Rpm, packages.rpm.is_some()),
        (Family::Pacman, packages.pacman.is_some()),
        (Family::Apk, packages.apk.is_some()),
    ];
    let has = |family: Family| there.contains(&(family, true));
    let named = plan.manager.as_deref();
    let named = named.map(|name| there.iter().find(|(family, _)| family.name() == name));
    if let Some(named) = named {
        return named
            .map(|(family, _)| *family)
            .filter(|family| has(*family));
    }
    match plan.steps.iter().find_map(of_file) {
        Some(family) => has(family).then_some(family),
        None => there.iter().find(|(_, is)| *is).map(|(family, _)| *family),
    }
}

pub(super) fn lay_out(
    tree: &Tree,
    packages: &Packages,
    family: Family,
    plan: &Plan,
    deadline: Deadline,
) -> Result<Transaction, Refused> {
    let db = databases::read(tree, packages, family)?;
    let mut work = Others {
        tree,
        db,
        coming: Vec::new(),
        going: BTreeSet::new(),
    };
    let mut gaps = Vec::new();
    let kept = room();
    for step in &plan.steps {
        let (file, replaces) = match &step.action {
            // rpm alone keeps what was there, where it is told to.
            Action::Install(file) => (file, family != Family::Rpm),
            Action::Upgrade(file) => (file, true),
            Action::Configure | Action::Fetched { .. } => continue,
            Action::Remove | Action::Purge => {
                let Some(name) = &step.package else { continue };
                let found = work.db.named(name, step.architecture.as_deref());
                if found.is_empty() {
                    return Err(Refused::NotInstalled(name.clone()));
                }
                work.going.extend(found);
                continue;
            }
        };
        match coming(file, family, replaces, deadline, &kept) {
            Ok(coming) => work.coming.push(coming),
            Err(unknown) => gaps.push(unknown),
        }
    }
    let removed: BTreeSet<String> = work.names(work.going.iter().copied());
    let (mut installed, mut upgraded) = (BTreeSet::new(), BTreeSet::new());
    for coming in &work.coming {
        let old = work.db.replaced_by(coming);
        let same = if old.is_empty() {
            &mut installed
        } else {
            &mut upgraded
        };
        same.insert(coming.name.clone());
        work.going.extend(old);
    }
    let removed = removed.difference(&upgraded).cloned().collect();
    let mut transaction = Transaction {
        changes: Changes::default(),
        removed,
        installed: installed.into_iter().collect(),
        upgraded: upgraded.into_iter().collect(),
        gaps,
    };
    let mut added = MemSource::new();
    let mut unread = Unread::default();
    let incoming = work.bring(&mut added, &mut unread);
    work.take(&incoming, &mut transaction);
    work.db.write(&work, &mut transaction, &mut added);
    made_others::lay_out(&work, &incoming, &mut transaction);
    transaction.changes.added = added;
    transaction.changes.archives = Some(Box::new(unread));
    Ok(transaction)
}

fn coming(
    file: &Path,
    family: Family,
    replaces: bool,
    deadline: Deadline,
    room: &Arc<std::sync::atomic::AtomicU64>,
) -> Result<Coming, Unknown> {
    if family == Family::Rpm {
        let (archive, read) = Archive::rpm(file, deadline, room)?;
        let package = Header::new(&read.header).and_then(|header| header.package());
        let odd = crate::fact::Doubt::CannotModel("has no name".to_owned());
        let package = package.ok_or_else(|| Unknown::new(file, odd))?;
        let brought = |shipped: crate::parse::rpm_file::Shipped| Brought {
            config: shipped.is_config.then_some(shipped.stays),
            is_ghost: shipped.is_ghost,
            member: shipped.member,
        };
        return Ok(Coming {
            name: package.name,
            version: package.version,
            architecture: package.architecture,
            files: read.members.into_iter().map(brought).collect(),
            header: read.header,
            info: Vec::new(),
            archive: Arc::new(archive),
            replaces,
        });
    }
    let (archive, read) = Archive::tar(file, deadline, room)?;
    let backup: BTreeSet<PathBuf> = read
        .values("backup")
        .map(|path| Path::new("/").join(path))
        .collect();
    let text = |key: &str| read.value(key).unwrap_or("").to_owned();
    let (name, version, architecture) = (text("pkgname"), text("pkgver"), text("arch"));
    let brought = |member: Member| {
        // apk keeps what was changed below /etc (apk-tools 2.14, `protected_paths.d`).
        let is_config = match family {
            Family::Apk => member.path.starts_with("/etc"),
            _ => backup.contains(&member.path),
        };
        Brought {
            config: (is_config && member.kind == FileKind::File).then_some(true),
            is_ghost: false,
            member,
        }
    };
    Ok(Coming {
        name,
        version,
        architecture,
        files: read.members.into_iter().map(brought).collect(),
        header: Vec::new(),
        info: read.info,
        archive: Arc::new(archive),
        replaces,
    })
}

impl Coming {
    /// Whether the installed package of this name, version and architecture goes for it.
    pub(super) fn takes_the_place_of(&self, name: &str, version: &str, architecture: &str) -> bool {
        let same = self.name == name
            && (self.architecture == architecture
                || architecture.is_empty()
                || [&*self.architecture, architecture].contains(&"noarch")
                || [&*self.architecture, architecture].contains(&"any"));
        same && (self.replaces || self.version == version)
    }
}

impl Others<'_> {
    fn names(&self, places: impl Iterator<Item = usize>) -> BTreeSet<String> {
        let packages = places.filter_map(|at| self.db.packages.get(at));
        packages.map(|package| package.name.clone()).collect()
    }

    /// Whether a package of that name is there afterwards.
    pub(super) fn has_after(&self, name: &str) -> bool {
        let stays = self
            .db
            .packages
            .iter()
            .enumerate()
            .any(|(at, package)| package.name == name && !self.going.contains(&at));
        stays || self.coming.iter().any(|coming| coming.name == name)
    }

    /// Puts what comes where the manager would; every path that comes.
    fn bring(&self, added: &mut MemSource, unread: &mut Unread) -> BTreeSet<PathBuf> {
        let mut places = Places::new(self.tree);
        let mut incoming = BTreeSet::new();
        for (index, one) in self.coming.iter().enumerate() {
            let whole = one.archive.is_read().then(|| one.archive.whole().ok());
            let whole = whole.flatten();
            for brought in &one.files {
                let member = &brought.member;
                let at = places.physical(&member.path);
                incoming.insert(at.clone());
                let there = stands(self.tree, &at);
                if brought.is_ghost || !comes(member.kind, there) {
                    continue;
                }
                if brought
                    .config
                    .is_some_and(|stays| self.keeps(&at, there, stays))
                {
                    continue;
                }
                let node = match whole.and_then(|all| all.get(&member.path)) {
                    Some(node) => Node::clone(node),
                    None => described(one, member),
                };
                if !has_content(&node) {
                    unread
                        .contents
                        .insert(at.clone(), (index, member.path.clone()));
                }
                added.insert(&at, node);
            }
            unread.archives.push(Known {
                archive: Arc::clone(&one.archive),
                package: one.name.clone(),
                is_whole: true,
                of_modules: false,
                is_read_anyway: true,
                names: Vec::new(),
                md5sums: Vec::new(),
                kept: std::collections::HashSet::new(),
                others: OnceLock::new(),
            });
        }
        incoming
    }

    /// Whether configuration stays as it is (rpm 4.18 `lib/rpmfi.c`, `rpmfilesDecideFate`;
    /// libalpm 13 `lib/libalpm/add.c`): it was changed, or nobody knows how it was.
    fn keeps(&self, at: &Path, there: Option<Stands>, stays: bool) -> bool {
        if there.map(|there| there.kind) != Some(FileKind::File) || !stays {
            return false;
        }
        let known = self.db.sums.get(at.as_os_str().as_bytes());
        let Some(sum) = known.filter(|sum| !sum.is_empty()) else {
            return true;
        };
        match self.tree.read(at) {
            Fact::Known(file) => sum_of(file.bytes(), sum.len()).is_none_or(|now| now != *sum),
            _ => true,
        }
    }

    /// Takes away what no package owns any more.
    fn take(&self, incoming: &BTreeSet<PathBuf>, out: &mut Transaction) {
        let mut places = Places::new(self.tree);
        let mut stays: BTreeSet<&[u8]> = BTreeSet::new();
        for (at, package) in self.db.packages.iter().enumerate() {
            if !self.going.contains(&at) {
                stays.extend(package.files.iter().map(Vec::as_slice));
            }
        }
        for at in &self.going {
            let Some(package) = self.db.packages.get(*at) else {
                continue;
            };
            for path in package
                .files
                .iter()
                .filter(|p| !stays.contains(p.as_slice()))
            {
                let at = places.physical(Path::new(OsStr::from_bytes(path)));
                if incoming.contains(&at) {
                    continue;
                }
                match self.tree.lstat(&at) {
                    Fact::Known(found) if found.meta.kind == FileKind::Dir => {
                        out.changes.emptied.insert(at);
                    }
                    Fact::Known(_) => {
                        out.changes.gone.insert(at);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A node of which the header tells everything but the content.
fn described(one: &Coming, member: &Member) -> Node {
    let mut source = member;
    if member.is_hard_link {
        let first = one.files.iter().map(|brought| &brought.member);
        let mut first = first.filter(|other| other.path == member.target);
        source = first.next().unwrap_or(member);
    }
    let mut node = Node::new(member.kind, source.mode);
    node.meta.len = source.len;
    (node.meta.uid, node.meta.gid) = source.owner;
    node.meta.mtime = source.mtime;
    if member.kind == FileKind::Link {
        node.target.clone_from(&member.target);
    }
    node
}

/// What the names of the members of a package say, by what is asked.
pub(super) fn paths(coming: &Coming) -> BTreeMap<&Path, &Brought> {
    let files = coming.files.iter();
    files.map(|one| (one.member.path.as_path(), one)).collect()
}
