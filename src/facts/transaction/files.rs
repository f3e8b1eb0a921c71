//! Which files a transaction takes away, and which it brings.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::archive::has_content;
use super::by_path::{ByPath, PathSet};
use super::claims::{self, Taken, list_of};
use super::scripts::GivenUp;
use super::threads::both;
use super::unread::{Known, Rights, Unread, comes};
use super::{Incoming, Transaction, Work};
use crate::fact::{Fact, Unknown};
use crate::facts::packages::other_places;
use crate::parse::archive::Member;
use crate::parse::dpkg::{Diversion, Field, Package, conffiles, parse_list, statoverrides};
use crate::source::{FileKind, MemSource, Node, Stands, Tree};
use crate::text::File;

/// Finds where a path of a package really is: links in its parents are followed, as
/// dpkg's unpacking follows them.
pub(super) struct Places<'a> {
    tree: &'a Tree,
    dirs: ByPath<PathBuf>,
    /// Links that will be directories.
    pub(super) real: BTreeSet<PathBuf>,
}

impl<'a> Places<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            dirs: ByPath::default(),
            real: BTreeSet::new(),
        }
    }

    pub(super) fn physical(&mut self, path: &Path) -> PathBuf {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return path.to_path_buf();
        };
        if let Some(dir) = self.dirs.get(parent) {
            return dir.join(name);
        }
        let will_be_real = |dir: &Path| self.real.iter().any(|real| dir.starts_with(real));
        let dir = match self.tree.resolve(parent) {
            Fact::Known(found) if !will_be_real(parent) => found.path,
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
    incoming: PathSet,
    /// Directories that are there, or that were made for what is known by name.
    made: PathSet,
    /// What was put among what is added, of archives that were read.
    placed: PathSet,
    /// What comes in place of what somebody else has.
    taken: Taken,
    /// What is given up.
    given_up: GivenUp,
}

/// What goes, with the archives that take the place of its package.
struct Candidate {
    archives: BTreeSet<usize>,
    /// Whether its list has something below it.
    is_dir: bool,
}

pub(super) fn lay_out(work: &Work<'_>, out: &mut Transaction, added: &mut MemSource) -> Unread {
    let mut places = Places::new(work.tree);
    let given_up = GivenUp::of(work, &mut places, &mut out.gaps);
    let mut layout = Layout {
        work,
        places,
        unread: Unread::default(),
        incoming: PathSet::default(),
        made: PathSet::default(),
        placed: PathSet::default(),
        taken: Taken::default(),
        given_up,
    };
    layout.modes();
    let bring = || {
        for (at, one) in work.incoming.iter().enumerate() {
            layout.bring(at, one, added);
        }
    };
    let ((), leaving) = both(bring, &|| Leaving::of(work));
    let is_new = |gap: &Unknown| !out.gaps.contains(gap);
    let gaps: Vec<Unknown> = leaving.gaps.into_iter().filter(is_new).collect();
    out.gaps.extend(gaps);
    for (package, list) in &leaving.staying {
        layout.taken.rewrite(work, package, list, added);
    }
    for (path, candidate) in &leaving.candidates {
        layout.take(path, candidate, out);
    }
    for (from, to) in claims::undiverted(work) {
        let (from, to) = (layout.places.physical(&from), layout.places.physical(&to));
        if matches!(work.tree.lstat(&from), Fact::Known(_)) && !layout.incoming.contains(&to) {
            out.changes.gone.insert(from.clone());
            out.changes.moved.insert(to, from);
        }
    }
    layout.aliases();
    layout.foreign();
    let Layout {
        unread,
        given_up,
        incoming,
        ..
    } = layout;
    given_up.lay_out(&|path| incoming.contains(path), out, added);
    unread
}

/// What leaves its packages, as the database lists it.
struct Leaving<'a> {
    /// What no package owns any more, by its path as listed, or as diverted.
    candidates: BTreeMap<Vec<u8>, Candidate>,
    /// Packages that stay as they are, and their lists.
    staying: Vec<(&'a Package, Arc<File>)>,
    gaps: Vec<Unknown>,
}

impl<'a> Leaving<'a> {
    fn of(work: &Work<'a>) -> Self {
        let mut gaps = Vec::new();
        let mut staying = Vec::new();
        // What another package ships too stays: dpkg counts owners.
        let mut candidates: BTreeMap<Vec<u8>, Candidate> = BTreeMap::new();
        let replaced: Vec<(usize, &Package)> = work
            .incoming
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((at, one.replaces(work.db)?)))
            .collect();
        let sent = Sent::new(work);
        let going = work
            .leaving()
            .map(|(package, purge)| (None, package, purge));
        let changing = replaced
            .iter()
            .map(|(at, package)| (Some(*at), *package, false));
        for (archive, package, purge) in going.chain(changing) {
            let Some(list) = list_of(work, package, &mut gaps) else {
                continue;
            };
            let configs: BTreeSet<&[u8]> = conffiles(package.field(Field::Conffiles))
                .map(|conf| conf.path)
                .collect();
            let stays = archive.is_none() && !purge;
            let mut lines = parse_list(list.bytes())
                .filter(|path| *path != b"/.")
                .peekable();
            while let Some(path) = lines.next() {
                // Configuration stays when a package goes, and when it no longer ships it.
                if configs.contains(path) && (archive.is_some() || !purge) {
                    continue;
                }
                // So does the directory that it was in.
                if stays && configs.iter().any(|config| is_below(config, path)) {
                    continue;
                }
                // What is in a directory is listed behind it.
                let is_dir = lines.peek().is_some_and(|next| is_below(next, path));
                let path = sent.of(package, path);
                let candidate = candidates.entry(path.to_vec()).or_insert(Candidate {
                    archives: BTreeSet::new(),
                    is_dir: false,
                });
                candidate.is_dir |= is_dir;
                candidate.archives.extend(archive);
            }
        }
        for (at, package) in work.db.packages.iter().enumerate() {
            let changes = replaced.iter().any(|(_, old)| std::ptr::eq(*old, package));
            if work.outgoing.contains_key(&at) || changes || !package.state.has_files() {
                continue;
            }
            if let Some(list) = list_of(work, package, &mut gaps) {
                for path in parse_list(list.bytes()) {
                    candidates.remove(sent.of(package, path));
                }
                staying.push((package, list));
            }
        }
        Self {
            candidates,
            staying,
            gaps,
        }
    }
}

/// Whether a path is below a directory.
fn is_below(path: &[u8], dir: &[u8]) -> bool {
    let rest = path.strip_prefix(dir);
    rest.is_some_and(|rest| rest.starts_with(b"/"))
}

/// Where the files of a package are, as far as they are diverted.
struct Sent<'a>(HashMap<&'a [u8], &'a Diversion>);

impl<'a> Sent<'a> {
    fn new(work: &'a Work<'_>) -> Self {
        let diversions = work.db.diversions.iter();
        Self(diversions.map(|d| (d.from.as_slice(), d)).collect())
    }

    fn of<'b>(&self, package: &Package, path: &'b [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        if self.0.is_empty() {
            return path;
        }
        match self.0.get(path) {
            Some(sent) if sent.by.as_deref() != Some(package.name.as_str()) => &sent.to,
            _ => path,
        }
    }
}

impl Layout<'_> {
    /// Takes away what goes.
    fn take(&mut self, path: &[u8], candidate: &Candidate, out: &mut Transaction) {
        let at = self.places.physical(Path::new(OsStr::from_bytes(path)));
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
            // A link that stands in place of a directory goes too, where nobody else has that
            // (dpkg 1.21 `src/main/remove.c`), and the new package has not (`src/main/unpack.c`,
            // `pkg_remove_old_files`).
            Fact::Known(found) if found.meta.kind == FileKind::Link && !unread.is_empty() => {
                let leads = stands(self.work.tree, &at).is_some_and(|there| there.is_dir);
                let gone = if leads {
                    &mut out.changes.links_gone
                } else {
                    &mut out.changes.gone
                };
                gone.insert(at.clone());
            }
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
        let shared = self.shared_rights(one);
        let kept = work.kept.get(index);
        let is_kept = |path: &PathBuf| kept.is_some_and(|kept| kept.contains(path));
        for member in &one.deb.members {
            if member.kind != FileKind::Dir && is_kept(&member.path) {
                continue;
            }
            let mut at = self.goes_to(one, &member.path);
            let is_config = configs.contains(&member.path);
            // Configuration goes where a link in its place leads (dpkg 1.21
            // `src/main/configure.c`, `conffderef`).
            if is_config && let Fact::Known(end) = work.tree.resolve(&at) {
                at = end.path;
            }
            for above in at.ancestors() {
                if self.incoming.contains(above) {
                    break;
                }
                self.incoming.note(above);
            }
            // Where a file comes by its name alone nobody asks what is there; configuration
            // that another package takes with it is gone.
            let there = match () {
                () if whole.is_none() && !is_config => None,
                () if is_config && purges_config(work, &member.path) => None,
                () => stands(work.tree, &at),
            };
            if whole.is_some() && !comes(member.kind, there) {
                continue;
            }
            if is_kept(&member.path) && there.is_some() {
                continue;
            }
            self.taken.note(member);
            if whole.is_none() {
                self.unread.note(&at, index);
            }
            let is_kept_back = || keeps_config(work, old, member, &at, there);
            if is_config && (self.given_up.takes(&at) || is_kept_back()) {
                continue;
            }
            if is_config && there.is_some() {
                self.keep_mode(&at);
            }
            let place = || (index, member.path.clone());
            match whole.and_then(|all| all.get(&member.path)) {
                Some(node) => {
                    if !has_content(node) {
                        self.unread.contents.insert(at.clone(), place());
                    }
                    self.unread.named.remove(&at);
                    let mut node = Node::clone(node);
                    let own = self.unread.rights.get(&at);
                    if let Some(rights) = shared.get(&member.path).or(own)
                        && node.meta.kind != FileKind::Link
                    {
                        rights.apply(&mut node);
                    }
                    added.insert(&at, node);
                    self.placed.insert(at, ());
                }
                None if whole.is_some() => {}
                None => {
                    // The last one wins.
                    if self.placed.contains(&at) || self.made.contains(&at) {
                        added.remove(&at);
                    }
                    if let Some(dir) = at.parent().filter(|dir| !self.made.contains(dir)) {
                        self.made.note(dir);
                        let is_there = stands(work.tree, dir).is_some_and(|there| there.is_dir);
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
            is_read_anyway: super::is_of_boot(one),
            names: if one.deb.is_whole {
                Vec::new()
            } else {
                one.deb.members.iter().map(|m| m.path.clone()).collect()
            },
            md5sums: one.deb.md5sums.clone(),
            kept: kept.cloned().unwrap_or_else(HashSet::new),
            others: OnceLock::new(),
        };
        self.unread.archives.push(known);
    }

    /// Where a path of a package is unpacked.
    fn goes_to(&mut self, one: &Incoming, path: &Path) -> PathBuf {
        let sent = diverted(self.work, path).filter(|_| !is_diverter(self.work, one, path));
        self.places.physical(sent.as_deref().unwrap_or(path))
    }

    /// Owner and mode of files with several names, by the path as shipped: it is one file,
    /// and dpkg gives it what each name should have, one after the other (dpkg 1.21
    /// `src/main/archives.c`, `tarobject_set_perms`).
    fn shared_rights(&mut self, one: &Incoming) -> HashMap<PathBuf, Rights> {
        let mut last: HashMap<&PathBuf, Rights> = HashMap::new();
        let names = || one.deb.members.iter().filter(|member| member.is_hard_link);
        for member in names() {
            let at = self.goes_to(one, &member.path);
            let own = self.unread.rights.get(&at).copied();
            let shipped = Rights {
                uid: member.owner.0,
                gid: member.owner.1,
                mode: member.mode,
            };
            last.insert(&member.target, own.unwrap_or(shipped));
        }
        let mut all = HashMap::new();
        for member in names() {
            if let Some(rights) = last.get(&member.target) {
                all.insert(member.path.clone(), *rights);
                all.insert(member.target.clone(), *rights);
            }
        }
        all
    }

    /// What the administrator decided of owners and modes.
    fn modes(&mut self) {
        let work = self.work;
        let Fact::Known(file) = work.tree.read(Path::new("/var/lib/dpkg/statoverride")) else {
            return;
        };
        let users = accounts(work.tree, "/etc/passwd");
        let groups = accounts(work.tree, "/etc/group");
        for decided in statoverrides(file.bytes()) {
            let ids = (id(decided.user, &users), id(decided.group, &groups));
            let (Some(uid), Some(gid)) = ids else {
                continue;
            };
            let rights = Rights {
                uid,
                gid,
                mode: decided.mode,
            };
            // It follows a file where that is diverted.
            let path = PathBuf::from(OsStr::from_bytes(decided.path));
            for path in diverted(work, &path).into_iter().chain([path]) {
                let at = self.places.physical(&path);
                self.unread.rights.insert(at, rights);
            }
        }
    }

    /// Configuration that is replaced keeps owner and mode (dpkg 1.21
    /// `src/main/configure.c`, `deferred_configure_conffile`).
    fn keep_mode(&mut self, at: &Path) {
        if let Fact::Known(found) = self.work.tree.lstat(at) {
            let rights = Rights {
                uid: found.meta.uid,
                gid: found.meta.gid,
                mode: found.meta.mode,
            };
            self.unread.rights.insert(at.to_path_buf(), rights);
        }
    }

    /// Says where no database of another package manager is.
    fn foreign(&mut self) {
        let tree = self.work.tree;
        for place in other_places() {
            let mut above: Vec<&Path> = place.ancestors().collect();
            above.reverse();
            let is_absent = |path: &&Path| matches!(tree.resolve(path), Fact::Absent(_));
            if let Some(first) = above.into_iter().find(is_absent) {
                let at = self.places.physical(first);
                self.unread.foreign.insert(at);
            }
        }
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
        let dirs = std::mem::take(&mut self.places.dirs).into_entries();
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
    if work.ends(found) {
        return None;
    }
    Some(PathBuf::from(OsStr::from_bytes(&found.to)))
}

fn is_diverter(work: &Work<'_>, one: &Incoming, path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let found = work.db.diversions.iter().find(|d| d.from == path);
    found.is_some_and(|d| d.by.as_deref() == Some(one.package.name.as_str()))
}

/// What stands at a physical path.
pub(super) fn stands(tree: &Tree, at: &Path) -> Option<Stands> {
    let Fact::Known(found) = tree.lstat(at) else {
        return None;
    };
    let kind = found.meta.kind;
    let leads = || matches!(tree.resolve(at), Fact::Known(end) if end.meta.kind == FileKind::Dir);
    Some(Stands {
        kind,
        is_dir: kind == FileKind::Dir || kind == FileKind::Link && leads(),
    })
}

/// The numbers of the names in a file such as /etc/passwd.
fn accounts(tree: &Tree, path: &str) -> HashMap<Vec<u8>, u32> {
    let Fact::Known(file) = tree.read(Path::new(path)) else {
        return HashMap::new();
    };
    let account = |line: &[u8]| {
        let mut words = line.split(|b| *b == b':');
        let (name, number) = (words.next()?, words.nth(1)?);
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some((name.to_vec(), number))
    };
    file.bytes()
        .split(|b| *b == b'\n')
        .filter_map(account)
        .collect()
}

/// The number that a name or `#` with a number stands for.
fn id(name: &[u8], known: &HashMap<Vec<u8>, u32>) -> Option<u32> {
    match name.strip_prefix(b"#") {
        Some(number) => std::str::from_utf8(number).ok()?.parse().ok(),
        None => known.get(name).copied(),
    }
}

/// Whether a package that is purged takes a configuration file with it.
fn purges_config(work: &Work<'_>, path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let mut purged = work.leaving().filter(|(_, purge)| *purge);
    purged.any(|(package, _)| {
        let mut known = conffiles(package.field(Field::Conffiles));
        known.any(|conf| conf.path == path)
    })
}

/// Whether a path is in the list of a package. That a list cannot be read is said where
/// all of them are asked what stays.
fn lists(work: &Work<'_>, package: &Package, path: &[u8]) -> bool {
    let list = list_of(work, package, &mut Vec::new());
    list.is_some_and(|list| parse_list(list.bytes()).any(|listed| listed == path))
}

/// Whether dpkg leaves a configuration file as it is: the administrator changed it, or
/// took it away (dpkg 1.21 `src/main/configure.c`, `conffoptcells`, without an answer).
fn keeps_config(
    work: &Work<'_>,
    old: Option<&Package>,
    member: &Member,
    at: &Path,
    there: Option<Stands>,
) -> bool {
    let path = member.path.as_os_str().as_bytes();
    let of = |package: &Package| {
        let mut known = conffiles(package.field(Field::Conffiles));
        let known = known.find(|conf| conf.path == path);
        known.map(|conf| conf.sum.to_vec())
    };
    // Where it was another package's, that one's sum counts (dpkg 1.21
    // `src/main/unpack.c`, `deb_parse_conffiles`); but for one that lost the file since.
    let others = || {
        let known = work.db.packages.iter().filter_map(|p| Some((p, of(p)?)));
        let mut owned = known.filter(|(package, _)| lists(work, package, path));
        owned.next().map(|(_, sum)| sum)
    };
    let known = old
        .and_then(of)
        .or_else(|| others().filter(|_| there.is_some()));
    match (there, known) {
        (None, known) => known.is_some(),
        (Some(_), None) => true,
        (Some(_), Some(sum)) => match work.tree.read(at) {
            Fact::Known(file) => crate::facts::packages::md5_of(file.bytes()).as_bytes() != sum,
            _ => true,
        },
    }
}
