//! Which files a transaction takes away, and which it brings.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::archive::has_content;
use super::unread::{Known, Unread, comes};
use super::{Incoming, Transaction, Work};
use crate::fact::Fact;
use crate::parse::archive::Member;
use crate::parse::dpkg::{Field, Package, conffiles, parse_list};
use crate::source::{FileKind, MemSource, Node, Tree};

/// Finds where a path of a package really is: links in its parents are followed, as
/// dpkg's unpacking follows them.
pub(super) struct Places<'a> {
    tree: &'a Tree,
    dirs: HashMap<PathBuf, PathBuf>,
}

impl<'a> Places<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            dirs: HashMap::new(),
        }
    }

    pub(super) fn physical(&mut self, path: &Path) -> PathBuf {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_path_buf();
        };
        if let Some(dir) = self.dirs.get(parent) {
            return dir.join(name);
        }
        let dir = match self.tree.resolve(parent) {
            Fact::Known(found) => found.path,
            _ => self.physical(parent),
        };
        self.dirs.insert(parent.to_path_buf(), dir.clone());
        dir.join(name)
    }
}

/// Everything that is put together while a transaction is laid out.
struct Layout<'a> {
    work: &'a Work<'a>,
    places: Places<'a>,
    unread: Unread,
    /// What comes, and the directories above it.
    incoming: HashSet<PathBuf>,
    /// Directories that are there, or that were made for what is known by name.
    made: HashSet<PathBuf>,
}

/// What goes, with the archives that take the place of its package.
struct Candidate {
    archives: BTreeSet<usize>,
    /// Whether its list has something below it.
    is_dir: bool,
}

pub(super) fn lay_out(work: &Work<'_>, out: &mut Transaction, added: &mut MemSource) -> Unread {
    let mut layout = Layout {
        work,
        places: Places::new(work.tree),
        unread: Unread::default(),
        incoming: HashSet::new(),
        made: HashSet::new(),
    };
    for (at, one) in work.incoming.iter().enumerate() {
        layout.bring(at, one, added);
    }
    let candidates = candidates(work, out);
    for (path, candidate) in &candidates {
        layout.take(path, candidate, out);
    }
    layout.aliases();
    layout.unread
}

/// What no package owns any more, by its path as listed.
fn candidates(work: &Work<'_>, out: &mut Transaction) -> BTreeMap<Vec<u8>, Candidate> {
    // What another package ships too stays: dpkg counts owners.
    let mut candidates: BTreeMap<Vec<u8>, Candidate> = BTreeMap::new();
    let replaced: Vec<(usize, &Package)> = work
        .incoming
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, one.replaces(work.db)?)))
        .collect();
    let going = work
        .leaving()
        .map(|(package, purge)| (None, package, purge));
    let changing = replaced
        .iter()
        .map(|(at, package)| (Some(*at), *package, false));
    for (archive, package, purge) in going.chain(changing) {
        let Some(list) = list_of(work, package, out) else {
            continue;
        };
        let configs: BTreeSet<&[u8]> = conffiles(package.field(Field::Conffiles))
            .map(|conf| conf.path)
            .collect();
        let mut lines = parse_list(list.bytes())
            .filter(|path| *path != b"/.")
            .peekable();
        while let Some(path) = lines.next() {
            // Configuration stays when a package goes, and when it no longer ships it.
            if configs.contains(path) && (archive.is_some() || !purge) {
                continue;
            }
            // What is in a directory is listed behind it.
            let is_dir = lines.peek().is_some_and(|next| {
                next.strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with(b"/"))
            });
            let candidate = candidates.entry(path.to_vec()).or_insert(Candidate {
                archives: BTreeSet::new(),
                is_dir: false,
            });
            candidate.is_dir |= is_dir;
            candidate.archives.extend(archive);
        }
    }
    if candidates.is_empty() {
        return candidates;
    }
    for (at, package) in work.db.packages.iter().enumerate() {
        let changes = replaced.iter().any(|(_, old)| std::ptr::eq(*old, package));
        if work.outgoing.contains_key(&at) || changes || !package.state.has_files() {
            continue;
        }
        if let Some(list) = list_of(work, package, out) {
            for path in parse_list(list.bytes()) {
                candidates.remove(path);
            }
        }
    }
    candidates
}

impl Layout<'_> {
    /// Takes away what goes.
    fn take(&mut self, path: &[u8], candidate: &Candidate, out: &mut Transaction) {
        let path = Path::new(OsStr::from_bytes(path));
        let at = diverted(self.work, path).unwrap_or_else(|| path.to_path_buf());
        let at = self.places.physical(&at);
        // What is a directory in the list and stands there as a link to one is not taken
        // away for the package's sake (dpkg 1.21 `src/main/remove.c`).
        let unread = candidate.archives.iter().copied();
        let unread: BTreeSet<usize> = unread
            .filter(|archive| {
                let known = self.unread.archives.get(*archive);
                known.is_some_and(|known| !known.is_whole && !known.of_modules)
            })
            .collect();
        if !candidate.is_dir {
            for archive in &unread {
                self.unread.note(&at, *archive);
            }
        }
        if self.incoming.contains(&at) {
            return;
        }
        match self.work.tree.lstat(&at) {
            Fact::Known(found) if found.meta.kind == FileKind::Dir => {
                out.changes.emptied.insert(at.clone());
            }
            Fact::Known(found) if found.meta.kind == FileKind::Link && candidate.is_dir => return,
            Fact::Known(_) => {
                out.changes.gone.insert(at.clone());
            }
            _ => return,
        }
        self.unread.old.insert(at, unread);
    }

    /// Puts what an archive brings where dpkg would.
    fn bring(&mut self, index: usize, one: &Incoming, added: &mut MemSource) {
        let work = self.work;
        let old = one.replaces(work.db);
        let whole = if one.deb.is_whole {
            one.archive.whole().ok()
        } else {
            None
        };
        let configs: HashSet<&PathBuf> = one.deb.conffiles.iter().collect();
        for member in &one.deb.members {
            let shipped = diverted(work, &member.path)
                .filter(|_| !is_diverter(work, one, &member.path))
                .unwrap_or_else(|| member.path.clone());
            let at = self.places.physical(&shipped);
            for above in at.ancestors() {
                if !self.incoming.insert(above.to_path_buf()) {
                    break;
                }
            }
            let is_config = configs.contains(&member.path);
            // Where a file comes by its name alone nobody asks what is there.
            let there = match () {
                () if whole.is_none() && !is_config => None,
                () => match work.tree.lstat(&at) {
                    Fact::Known(found) => Some(found.meta.kind),
                    _ => None,
                },
            };
            if whole.is_some() && !comes(member.kind, there) {
                continue;
            }
            if whole.is_none() {
                self.unread.note(&at, index);
            }
            if is_config && keeps_config(work, old, member, there) {
                continue;
            }
            let place = || (index, member.path.clone());
            match whole.and_then(|all| all.get(&member.path)) {
                Some(node) => {
                    if !has_content(node) {
                        self.unread.contents.insert(at.clone(), place());
                    }
                    self.unread.named.remove(&at);
                    added.insert(&at, Node::clone(node));
                }
                None if whole.is_some() => {}
                None => {
                    // The last one wins.
                    if added.node(&at).is_some() {
                        added.remove(&at);
                    }
                    if let Some(dir) = at.parent().filter(|dir| !self.made.contains(*dir)) {
                        self.made.insert(dir.to_path_buf());
                        let is_there = matches!(work.tree.lstat(dir), Fact::Known(_));
                        if !is_there && crate::source::Source::lstat(added, dir).is_err() {
                            added.dir(dir);
                        }
                    }
                    self.unread.named.insert(at, place());
                }
            }
        }
        let known = Known {
            archive: Arc::clone(&one.archive),
            package: one.package.name.as_str().to_owned(),
            is_whole: one.deb.is_whole,
            of_modules: !one.deb.is_whole && one.archive.is_of_modules(&one.deb.members),
            names: if one.deb.is_whole {
                HashSet::new()
            } else {
                one.deb.members.iter().map(|m| m.path.clone()).collect()
            },
            others: OnceLock::new(),
        };
        self.unread.archives.push(known);
    }

    /// What the archives need to know of the tree when they are read.
    fn aliases(&mut self) {
        let work = self.work;
        // Where a whole root has them: /bin, /lib, /lib64 and the like.
        for link in work.tree.entries(Path::new("/")).items {
            let is_link = matches!(
                work.tree.lstat(&link),
                Fact::Known(found) if found.meta.kind == FileKind::Link
            );
            if let (true, Fact::Known(found)) = (is_link, work.tree.resolve(&link)) {
                self.places.dirs.insert(link, found.path);
            }
        }
        let dirs = std::mem::take(&mut self.places.dirs).into_iter();
        self.unread.aliases = dirs.filter(|(shipped, at)| shipped != at).collect();
        for diversion in &work.db.diversions {
            let from = PathBuf::from(OsStr::from_bytes(&diversion.from));
            if let Some(to) = diverted(work, &from) {
                self.unread
                    .diversions
                    .push((from, to, diversion.by.clone()));
            }
        }
    }
}

/// Where everybody's file of that path was sent, but for the diverter's own.
fn diverted(work: &Work<'_>, path: &Path) -> Option<PathBuf> {
    let path = path.as_os_str().as_bytes();
    let found = work.db.diversions.iter().find(|d| d.from == path)?;
    let by_leaving = |by: &String| work.leaving().any(|(package, _)| package.name == *by);
    if found.by.as_ref().is_some_and(by_leaving) {
        return None;
    }
    Some(PathBuf::from(OsStr::from_bytes(&found.to)))
}

/// The file list of an installed package.
fn list_of(
    work: &Work<'_>,
    package: &Package,
    out: &mut Transaction,
) -> Option<Arc<crate::text::File>> {
    let dir = Path::new("/var/lib/dpkg/info");
    let with = format!("{}:{}.list", package.name, package.architecture);
    for name in [format!("{}.list", package.name), with] {
        match work.tree.read(&dir.join(name)) {
            Fact::Known(file) => return Some(file),
            Fact::Unknown(unknown) => out.gaps.push(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    None
}

fn is_diverter(work: &Work<'_>, one: &Incoming, path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let found = work.db.diversions.iter().find(|d| d.from == path);
    found.is_some_and(|d| d.by.as_deref() == Some(one.package.name.as_str()))
}

/// Whether dpkg leaves a configuration file as it is: the administrator changed it, or
/// took it away (dpkg 1.21 `src/main/configure.c`, `conffoptcells`, without an answer).
fn keeps_config(
    work: &Work<'_>,
    old: Option<&Package>,
    member: &Member,
    there: Option<FileKind>,
) -> bool {
    let path = member.path.as_os_str().as_bytes();
    let known = old.and_then(|old| {
        let mut known = conffiles(old.field(Field::Conffiles));
        known
            .find(|conf| conf.path == path)
            .map(|conf| conf.sum.to_vec())
    });
    match (there, known) {
        (None, known) => known.is_some(),
        (Some(_), None) => true,
        (Some(_), Some(sum)) => match work.tree.read(&member.path) {
            Fact::Known(file) => crate::facts::packages::md5_of(file.bytes()).as_bytes() != sum,
            _ => true,
        },
    }
}
