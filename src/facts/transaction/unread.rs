//! What archives bring that were not read to their end.
//!
//! Checksums name the files of an archive, not its links and directories. Those are looked
//! for when somebody asks for a path: in the archives whose predecessors had something
//! there, in those that have files in the same directory or, where few do and they are not
//! large, below it, and in those that bring units. So a new link or an empty directory in a
//! large archive without units stays unseen where no file of that archive is near it. What
//! is read decides alone, so that the order of the questions makes no difference.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::archive::{Archive, has_content, is_in_modules};
use super::by_path::ByPath;
use super::threads::side_by_side;
use crate::source::{Archives, FileKind, Node, ReadError, Stands, There};

/// Archives, and what is known of them by name.
#[derive(Default)]
pub(super) struct Unread {
    pub(super) archives: Vec<Known>,
    /// Where a file is known by its name: the archive, and the path as shipped.
    pub(super) named: ByPath<(usize, PathBuf)>,
    /// Files of archives that were read, whose content was not kept.
    pub(super) contents: ByPath<(usize, PathBuf)>,
    /// What stands in the tree and goes, unless one of these archives has it.
    pub(super) old: ByPath<BTreeSet<usize>>,
    /// Directories in which archives have or had something, and the names of that.
    pub(super) dirs: ByPath<BTreeMap<usize, Beside>>,
    /// Directories that are elsewhere in the tree than packages ship them.
    pub(super) aliases: BTreeMap<PathBuf, PathBuf>,
    /// Diversions: from where to where, and whose files are not sent.
    pub(super) diversions: Vec<(PathBuf, PathBuf, Option<String>)>,
    /// Where other package managers would have their databases, and nothing is: no archive
    /// is read to see that it brings none.
    pub(super) foreign: BTreeSet<PathBuf>,
    /// Whose owner and mode are decided elsewhere than in its archive.
    pub(super) rights: ByPath<Rights>,
    /// What the archives bring that are read anyway.
    pub(super) anyway: OnceLock<Anyway>,
}

/// What an archive has in a directory.
#[derive(Default)]
pub(super) struct Beside {
    names: Vec<OsString>,
    /// Whether these are files, not only directories with something in them.
    is_direct: bool,
}

/// What the archives bring that are read anyway.
#[derive(Default)]
pub(super) struct Anyway {
    /// Where they have links and directories, and the last of them that has it.
    others: BTreeMap<PathBuf, usize>,
    /// Those that cannot be read.
    failed: BTreeSet<usize>,
}

/// Owner and mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
}

impl Rights {
    pub(super) fn apply(self, node: &mut Node) {
        (node.meta.uid, node.meta.gid, node.meta.mode) = (self.uid, self.gid, self.mode);
    }
}

/// One archive.
pub(super) struct Known {
    pub(super) archive: Arc<Archive>,
    /// The package, as diversions name it.
    pub(super) package: String,
    /// Whether it was read before anybody asked.
    pub(super) is_whole: bool,
    /// Whether it holds modules, which are no links.
    pub(super) of_modules: bool,
    /// Whether it brings units or an init, so that it will be read sooner or later.
    pub(super) is_read_anyway: bool,
    /// Its files, as shipped.
    pub(super) names: Vec<PathBuf>,
    /// Its checksums, as it ships them.
    pub(super) md5sums: Vec<u8>,
    /// What of it is not unpacked, as shipped: another package has a file there that wins.
    pub(super) kept: HashSet<PathBuf>,
    /// Where its links and directories are, by physical path, and how they are shipped.
    pub(super) others: OnceLock<BTreeMap<PathBuf, PathBuf>>,
}

/// So many archives with something in one directory are not all read for a name that
/// nothing of theirs looks like.
const CROWD: usize = 8;

impl Unread {
    /// Says that an archive has, or its predecessor had, something at a physical path.
    pub(super) fn note(&mut self, at: &Path, archive: usize) {
        let mut at = at;
        let mut is_direct = true;
        while let (Some(dir), Some(name)) = (at.parent(), at.file_name()) {
            if !self.dirs.contains(dir) {
                self.dirs.insert(dir.to_path_buf(), BTreeMap::new());
            }
            let Some(archives) = self.dirs.get_mut(dir) else {
                return;
            };
            let (is_known, beside) = match archives.entry(archive) {
                Entry::Occupied(known) => (true, known.into_mut()),
                Entry::Vacant(new) => (false, new.insert(Beside::default())),
            };
            beside.names.push(name.to_owned());
            beside.is_direct |= is_direct;
            // Then the directories above it know of it too.
            if is_known {
                return;
            }
            (at, is_direct) = (dir, false);
        }
    }

    /// The physical path of what a package ships.
    fn physical(&self, package: &str, shipped: &Path) -> PathBuf {
        let sent = self
            .diversions
            .iter()
            .find(|(from, _, by)| from == shipped && by.as_deref().is_none_or(|by| by != package));
        let shipped = sent.map_or(shipped, |(_, to, _)| to.as_path());
        for dir in shipped.ancestors().skip(1) {
            let rest = shipped.strip_prefix(dir);
            if let (Some(physical), Ok(rest)) = (self.aliases.get(dir), rest) {
                return physical.join(rest);
            }
        }
        shipped.to_path_buf()
    }

    /// Where the links and directories of an archive are; reads it.
    fn others<'a>(&self, known: &'a Known) -> Result<&'a BTreeMap<PathBuf, PathBuf>, ReadError> {
        let whole = known.archive.whole()?;
        Ok(known.others.get_or_init(|| {
            let names: HashSet<&PathBuf> = known.names.iter().collect();
            let others = whole.keys().filter(|path| !names.contains(path));
            let others = others.filter(|path| path.as_os_str() != "/");
            // A directory is everybody's.
            let is_dir = |path: &PathBuf| {
                let node = whole.get(path);
                node.is_some_and(|node| node.meta.kind == FileKind::Dir)
            };
            let others = others.filter(|path| !known.kept.contains(*path) || is_dir(path));
            others
                .map(|path| (self.physical(&known.package, path), path.clone()))
                .collect()
        }))
    }

    /// Reads those that are read anyway.
    fn anyway(&self) -> &Anyway {
        self.anyway.get_or_init(|| {
            let all = (0..self.archives.len()).filter(|at| self.is_read_anyway(*at));
            let read = self.of_use(all.collect());
            self.read(&read);
            let mut found = Anyway::default();
            for at in read {
                match self.archives.get(at).map(|known| self.others(known)) {
                    Some(Ok(others)) => {
                        let others = others.keys().map(|path| (path.clone(), at));
                        found.others.extend(others);
                    }
                    Some(Err(_)) => {
                        found.failed.insert(at);
                    }
                    None => {}
                }
            }
            found
        })
    }

    /// The link or directory that an archive has at a physical path.
    fn other(&self, archive: usize, path: &Path) -> Result<Option<Arc<Node>>, ReadError> {
        let Some(known) = self.archives.get(archive) else {
            return Ok(None);
        };
        let Some(shipped) = self.others(known)?.get(path) else {
            return Ok(None);
        };
        Ok(known.archive.whole()?.get(shipped).cloned())
    }

    /// The archives that may have something of that name beside what they have there. Where
    /// something `stands` that is nobody's to replace, only those that are read anyway, and
    /// of these what they have is known.
    fn near(&self, path: &Path, is_new: bool, stands: bool) -> Vec<usize> {
        let mut found = BTreeSet::new();
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return Vec::new();
        };
        for dir in std::iter::once(dir).chain(above(dir)) {
            let Some(archives) = self.dirs.get(dir) else {
                continue;
            };
            let direct = archives.values().filter(|beside| beside.is_direct).count();
            let is_crowd = is_new && direct > CROWD;
            let alike = |near: &OsString| stem(near) == stem(name);
            let is_near = |archive: usize, beside: &Beside| {
                if beside.is_direct {
                    !is_crowd || beside.names.iter().any(alike)
                } else {
                    self.is_near_below(archive, archives.len())
                }
            };
            if stands {
                let failed = &self.anyway().failed;
                found.extend(failed.iter().filter(|at| archives.contains_key(at)));
                continue;
            }
            for (archive, beside) in archives {
                if is_near(*archive, beside) || self.is_read_anyway(*archive) {
                    found.insert(*archive);
                }
            }
        }
        self.of_use(found)
    }

    /// Whether an archive that has something further down in a directory is read for it,
    /// where so many have something there.
    fn is_near_below(&self, archive: usize, count: usize) -> bool {
        let known = self.archives.get(archive);
        count <= CROWD && known.is_some_and(|known| !known.archive.is_large())
    }

    fn is_read_anyway(&self, archive: usize) -> bool {
        let known = self.archives.get(archive);
        known.is_some_and(|known| known.is_read_anyway)
    }

    /// Those that may have links nobody knows of.
    fn of_use(&self, archives: BTreeSet<usize>) -> Vec<usize> {
        let of_use = |archive: &usize| {
            let known = self.archives.get(*archive);
            known.is_some_and(|known| !known.is_whole && !known.of_modules)
        };
        archives.into_iter().filter(of_use).collect()
    }

    /// Reads these archives side by side; what failed is said when one is asked.
    fn read(&self, archives: &[usize]) {
        let unread = archives.iter().filter_map(|at| self.archives.get(*at));
        let unread: Vec<&Known> = unread.filter(|known| !known.archive.is_read()).collect();
        side_by_side(unread.len(), &|at| {
            if let Some(known) = unread.get(at) {
                let _ = known.archive.whole();
            }
        });
    }

    /// With the owner and mode that it gets.
    fn with_mode(&self, path: &Path, mut node: Arc<Node>) -> Arc<Node> {
        if let Some(mode) = self
            .rights
            .get(path)
            .filter(|_| node.meta.kind != FileKind::Link)
        {
            mode.apply(Arc::make_mut(&mut node));
        }
        node
    }

    fn single(&self, archive: usize, shipped: &Path) -> Result<Option<Arc<Node>>, ReadError> {
        match self.archives.get(archive) {
            Some(known) => known.archive.single(shipped),
            None => Ok(None),
        }
    }
}

impl Archives for Unread {
    fn node(&self, path: &Path, there: There<'_>) -> Result<Option<Arc<Node>>, ReadError> {
        if let Some((archive, shipped)) = self.named.get(path) {
            let known = self.archives.get(*archive);
            match known {
                Some(known) if known.of_modules && is_in_modules(shipped) => {
                    // Thousands of them, asked for their names alone.
                    let mut node = Node::new(FileKind::File, 0o644);
                    node.meta.len = 1;
                    return Ok(Some(Arc::new(node)));
                }
                Some(known) if known.of_modules => {
                    if let Some(node) = known.archive.single(shipped)? {
                        return Ok(Some(self.with_mode(path, node)));
                    }
                }
                Some(known) => {
                    if let Some(node) = known.archive.known(shipped)? {
                        return Ok(Some(self.with_mode(path, node)));
                    }
                }
                None => {}
            }
        }
        if self.foreign.contains(path) {
            return Ok(None);
        }
        // Nothing takes the place of a directory, and files are known by name.
        let there = there();
        if there.is_some_and(|there| there.kind == FileKind::Dir) {
            return Ok(None);
        }
        let owners = self.old.get(path);
        if let Some(owners) = owners {
            self.read(&self.of_use(owners.clone()));
        }
        let mut found = None;
        for archive in owners.into_iter().flatten().rev() {
            found = self.other(*archive, path)?;
            if found.is_some() {
                break;
            }
        }
        // Somebody else may bring what goes, or is not there.
        if found.is_none() {
            let stands = owners.is_none() && there.is_some();
            let mut near = self.near(path, owners.is_none(), stands);
            near.extend(self.anyway().others.get(path));
            near.sort_unstable();
            self.read(&near);
            for archive in near.into_iter().rev() {
                found = self.other(archive, path)?;
                if found.is_some() {
                    break;
                }
            }
        }
        let found = found.filter(|node| comes(node.meta.kind, there));
        Ok(found.map(|node| self.with_mode(path, node)))
    }

    fn content(&self, path: &Path) -> Result<Arc<Node>, ReadError> {
        let at = self.named.get(path).or_else(|| self.contents.get(path));
        let (archive, shipped) = at.ok_or(ReadError::NotFound)?;
        let known = self.archives.get(*archive).ok_or(ReadError::NotFound)?;
        if !known.of_modules {
            let mut node = known.archive.known(shipped)?;
            let has_it = node.as_ref().is_some_and(|node| has_content(node));
            if !has_it && !known.archive.is_large() {
                node = known.archive.full()?.get(shipped).cloned();
            }
            if let Some(node) = node.filter(|node| has_content(node)) {
                return Ok(self.with_mode(path, node));
            }
        }
        let node = self.single(*archive, shipped)?;
        let node = node.ok_or(ReadError::NotFound)?;
        Ok(self.with_mode(path, node))
    }

    fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool {
        let Some((archive, shipped)) = self.named.get(path) else {
            return false;
        };
        let (Some(known), Some(sum)) = (self.archives.get(*archive), sum) else {
            return sum.is_none();
        };
        let path = shipped.as_os_str().as_encoded_bytes();
        let line = [sum, b"  ", path.strip_prefix(b"/").unwrap_or(path), b"\n"].concat();
        memchr::memmem::find(&known.md5sums, &line).is_some()
    }

    fn files(&self, path: &Path) -> Vec<OsString> {
        let besides = self.dirs.get(path).into_iter().flat_map(BTreeMap::values);
        let names = besides.flat_map(|beside| &beside.names);
        let is_named = |name: &&OsString| self.named.contains(&path.join(name));
        names.filter(is_named).cloned().collect()
    }

    fn names(&self, path: &Path) -> Result<Vec<OsString>, ReadError> {
        let mut names: BTreeSet<OsString> = self.files(path).into_iter().collect();
        let mut near = BTreeSet::new();
        for dir in std::iter::once(path).chain(above(path)) {
            let Some(archives) = self.dirs.get(dir) else {
                continue;
            };
            for (archive, beside) in archives {
                let is_near = beside.is_direct || self.is_near_below(*archive, archives.len());
                if dir == path && is_near || self.is_read_anyway(*archive) {
                    near.insert(*archive);
                }
            }
        }
        let archives = self.of_use(near);
        self.read(&archives);
        for archive in archives {
            let Some(known) = self.archives.get(archive) else {
                continue;
            };
            names.extend(names_in(self.others(known)?, path));
        }
        names.extend(names_in(&self.anyway().others, path));
        Ok(names.into_iter().collect())
    }
}

/// The names of what is in a directory, of paths.
fn names_in<'a, T>(
    paths: &'a BTreeMap<PathBuf, T>,
    dir: &'a Path,
) -> impl Iterator<Item = OsString> + 'a {
    let below = paths.range(dir.to_path_buf()..).map(|(at, _)| at);
    let below = below.take_while(move |at| at.starts_with(dir));
    let inside = below.filter(move |at| at.parent() == Some(dir));
    inside.filter_map(|at| at.file_name().map(OsString::from))
}

/// Whether dpkg puts it there: a directory that is there stays, also where it is a link to
/// one, and no link takes the place of a directory (dpkg 1.21 `src/main/archives.c`,
/// `tarobject`).
pub(super) fn comes(kind: FileKind, there: Option<Stands>) -> bool {
    !there.is_some_and(|there| match kind {
        FileKind::Dir => there.is_dir,
        FileKind::Link => there.kind == FileKind::Dir,
        _ => false,
    })
}

/// The directory beside which a directory such as multi-user.target.wants lies: links in
/// the one come with the units in the other.
fn above(dir: &Path) -> Option<&Path> {
    let end = dir.extension()?;
    let known = ["wants", "requires", "upholds", "d"];
    let is_known = known.iter().any(|known| end == OsStr::new(known));
    dir.parent().filter(|_| is_known)
}

/// What names of one thing have in common: `libfoo` of `libfoo.so.1`.
fn stem(name: &OsStr) -> &[u8] {
    let name = name.as_encoded_bytes();
    let end = name.iter().skip(1).position(|byte| *byte == b'.');
    end.and_then(|end| name.get(..=end)).unwrap_or(name)
}
