//! A source seen as a root: links resolved as in a chroot, and facts as answers.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::{Coverage, FileKind, Meta, Pieces, ReadError, Source, Usage};
use crate::fact::{Doubt, Fact, Listing, Looked, Unknown, Why};
use crate::text::{File, escape_path};
use crate::time::Deadline;

/// Links followed in one resolution before it counts as a loop (`MAXSYMLINKS`,
/// Linux `include/linux/namei.h`).
const MAX_LINKS: usize = 40;

/// How much is read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest file held in memory, bytes.
    pub file_bytes: u64,
    /// Most entries of one directory.
    pub dir_entries: usize,
    /// Most entries of one walk.
    pub walk_entries: usize,
}

impl Limits {
    /// The limits of a normal run.
    pub const STANDARD: Self = Self {
        file_bytes: 64 << 20,
        dir_entries: 200_000,
        walk_entries: 1_000_000,
    };
}

/// Something found in the tree, with the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The physical path.
    pub path: PathBuf,
    /// What it is.
    pub meta: Meta,
    /// The links followed.
    pub hops: Vec<Hop>,
}

/// One link followed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where the link stands.
    pub link: PathBuf,
    /// Its text.
    pub target: PathBuf,
}

/// A source together with what it covers, and with limits on reading it.
pub struct Tree {
    source: Box<dyn Source>,
    coverage: Coverage,
    limits: Limits,
    deadline: Deadline,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// Directories already resolved.
    dirs: HashMap<OsString, Meta, RandomState>,
    files: HashMap<OsString, Fact<Arc<File>>>,
    heads: HashMap<(OsString, u64), Fact<Arc<File>>>,
    lists: HashMap<OsString, Fact<Arc<Vec<OsString>>>>,
    programs: HashMap<(Vec<u8>, Vec<u8>), Fact<PathBuf>>,
}

impl Tree {
    /// A tree over `source`.
    #[must_use]
    pub fn new(
        source: Box<dyn Source>,
        coverage: Coverage,
        limits: Limits,
        deadline: Deadline,
    ) -> Self {
        Self {
            source,
            coverage,
            limits,
            deadline,
            cache: Mutex::new(Cache::default()),
        }
    }

    /// What it can answer.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Says that other file systems would be mounted at `points`.
    pub fn set_unmounted(&mut self, points: Vec<PathBuf>) {
        self.coverage.unmounted = points;
        *self.cache.lock().unwrap_or_else(PoisonError::into_inner) = Cache::default();
    }

    /// Says where a partial tree is complete; nothing for any other.
    pub fn add_covers(&mut self, covers: &[PathBuf]) {
        self.coverage.covers.extend(covers.iter().cloned());
    }

    /// How long there is left.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What `path` is, following links as in a chroot: absolute links restart at
    /// the root of the tree and `..` never leaves it.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> Fact<Found> {
        self.walk_to(path, true)
    }

    /// The first executable file called `name` along `path`, a value of `PATH`; asked
    /// once. Directories that are not absolute are passed over.
    #[must_use]
    pub fn program(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf> {
        let key = (name.to_vec(), path.to_vec());
        if let Some(fact) = self.with_cache(|cache| cache.programs.get(&key).cloned()) {
            return fact;
        }
        let fact = self.look_for(OsStr::from_bytes(name), path);
        self.with_cache(|cache| cache.programs.insert(key, fact.clone()));
        fact
    }

    fn look_for(&self, name: &OsStr, path: &[u8]) -> Fact<PathBuf> {
        let mut looked = Looked {
            paths: Vec::new(),
            notes: Vec::new(),
        };
        let mut open = None;
        for dir in path.split(|byte| *byte == b':') {
            let dir = Path::new(OsStr::from_bytes(dir));
            if !dir.is_absolute() {
                continue;
            }
            let candidate = dir.join(name);
            match self.resolve(&candidate) {
                Fact::Known(found) => {
                    if found.meta.is_program() {
                        return Fact::Known(candidate);
                    }
                }
                Fact::Absent(_) | Fact::Broken(_) => looked.paths.push(candidate),
                Fact::Unknown(unknown) => open = open.or(Some(Fact::Unknown(unknown))),
                Fact::NotCovered(why) => open = open.or(Some(Fact::NotCovered(why))),
            }
        }
        open.unwrap_or(Fact::Absent(looked))
    }

    /// What stands at `path` itself: links in its parents are followed, a link at
    /// its end is not.
    #[must_use]
    pub fn lstat(&self, path: &Path) -> Fact<Found> {
        self.walk_to(path, false)
    }

    /// The text of the link at `path`.
    #[must_use]
    pub fn read_link(&self, path: &Path) -> Fact<PathBuf> {
        self.lstat(path).and_then(|found| {
            if found.meta.kind != FileKind::Link {
                return Fact::Absent(Looked::at(path));
            }
            match self.ask(|source| source.read_link(&found.path)) {
                Ok(target) => Fact::Known(target),
                Err(error) => self.failed(path, &found.path, &[], error),
            }
        })
    }

    /// The file at `path`, links followed; read once.
    #[must_use]
    pub fn read(&self, path: &Path) -> Fact<Arc<File>> {
        let cached = |cache: &mut Cache| cache.files.get(path.as_os_str()).cloned();
        if let Some(fact) = self.with_cache(cached) {
            return fact;
        }
        let fact = self.resolve(path).and_then(|found| {
            if found.meta.kind != FileKind::File {
                let doubt = Doubt::NotRegular(found.meta.kind.noun());
                return Fact::Unknown(Unknown::new(path, doubt));
            }
            let limit = self.limits.file_bytes;
            match self.ask(|source| source.read(&found.path, limit)) {
                Ok(bytes) => Fact::Known(File::new(path, bytes)),
                Err(error) => self.failed(path, &found.path, &found.hops, error),
            }
        });
        self.with_cache(|cache| cache.files.insert(path.into(), fact.clone()));
        fact
    }

    /// The file at `path` as it is now, however it was when it was read before.
    #[must_use]
    pub fn read_again(&self, path: &Path) -> Fact<Arc<File>> {
        self.with_cache(|cache| {
            cache.heads.clear();
            cache.files.remove(path.as_os_str())
        });
        self.read(path)
    }

    /// The files that were read and are kept under another path than their own: the path
    /// in the tree, and the file of this machine.
    #[must_use]
    pub fn origins(&self) -> BTreeMap<PathBuf, PathBuf> {
        if !self.source.is_laid_out() {
            return BTreeMap::new();
        }
        let paths = self.with_cache(|cache| {
            let read = cache.files.keys().map(PathBuf::from);
            read.collect::<Vec<PathBuf>>()
        });
        let files = paths.into_iter().filter_map(|path| {
            let file = self.source.origin(&path)?;
            Some((path, file))
        });
        files.collect()
    }

    /// How full the file system at `path` is; Absent where nothing can tell.
    #[must_use]
    pub fn usage(&self, path: &Path) -> Fact<Usage> {
        self.resolve(path)
            .and_then(|found| match self.ask(|source| source.usage(&found.path)) {
                Ok(usage) => Fact::Known(usage),
                Err(error) => self.failed(path, &found.path, &found.hops, error),
            })
    }

    /// The first `len` bytes of the file at `path`, links followed: enough to tell a
    /// binary from a script without reading all of it.
    #[must_use]
    pub fn read_head(&self, path: &Path, len: u64) -> Fact<Arc<File>> {
        let key = (path.as_os_str().to_owned(), len);
        let cached = |cache: &mut Cache| cache.heads.get(&key).cloned();
        if let Some(fact) = self.with_cache(cached) {
            return fact;
        }
        let fact = self.resolve(path).and_then(|found| {
            if found.meta.kind != FileKind::File {
                let doubt = Doubt::NotRegular(found.meta.kind.noun());
                return Fact::Unknown(Unknown::new(path, doubt));
            }
            match self.ask(|source| source.read_head(&found.path, len)) {
                Ok(bytes) => Fact::Known(File::new(path, bytes)),
                Err(error) => self.failed(path, &found.path, &found.hops, error),
            }
        });
        self.with_cache(|cache| cache.heads.insert(key, fact.clone()));
        fact
    }

    /// The file at `path`, links followed, to be read in pieces whatever its size.
    #[must_use]
    pub fn open(&self, path: &Path) -> Fact<Pieces> {
        self.resolve(path).and_then(|found| {
            if found.meta.kind != FileKind::File {
                let doubt = Doubt::NotRegular(found.meta.kind.noun());
                return Fact::Unknown(Unknown::new(path, doubt));
            }
            match self.ask(|source| source.open(&found.path)) {
                Ok(blob) => Fact::Known(Pieces::new(path, blob, self.deadline)),
                Err(error) => self.failed(path, &found.path, &found.hops, error),
            }
        })
    }

    /// The names in the directory at `path`, links followed, in byte order.
    #[must_use]
    pub fn list(&self, path: &Path) -> Fact<Arc<Vec<OsString>>> {
        let cached = |cache: &mut Cache| cache.lists.get(path.as_os_str()).cloned();
        if let Some(fact) = self.with_cache(cached) {
            return fact;
        }
        let fact = self.resolve(path).and_then(|found| {
            let limit = self.limits.dir_entries;
            match self.ask(|source| source.list(&found.path, limit)) {
                Ok(names) => Fact::Known(Arc::new(names)),
                Err(error) => self.failed(path, &found.path, &found.hops, error),
            }
        });
        self.with_cache(|cache| cache.lists.insert(path.into(), fact.clone()));
        fact
    }

    /// Whether a package that is not unpacked yet brings the file at `path`, with this MD5
    /// sum where one is given: then nobody has to read it.
    #[must_use]
    pub fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return false;
        };
        match self.resolve(parent) {
            Fact::Known(dir) => self.source.comes_as(&dir.path.join(name), sum),
            _ => false,
        }
    }

    /// The paths of the regular files in `dir`, perhaps with others; an absent directory is
    /// an empty list. In a tree as it will be this reads no archive to its end.
    #[must_use]
    pub fn files(&self, dir: &Path) -> Listing<PathBuf> {
        let names = self.resolve(dir).and_then(|found| {
            let limit = self.limits.dir_entries;
            match self.ask(|source| source.list_files(&found.path, limit)) {
                Ok(names) => Fact::Known(Arc::new(names)),
                Err(error) => self.failed(dir, &found.path, &found.hops, error),
            }
        });
        self.listing(dir, names)
    }

    /// The paths of the entries of `dir`; an absent directory is an empty list.
    ///
    /// In a partial tree the list is complete only where the tree covers `dir`.
    #[must_use]
    pub fn entries(&self, dir: &Path) -> Listing<PathBuf> {
        self.listing(dir, self.list(dir))
    }

    fn listing(&self, dir: &Path, names: Fact<Arc<Vec<OsString>>>) -> Listing<PathBuf> {
        let mut listing = Listing::new();
        match names {
            Fact::Known(names) => {
                listing.items = names.iter().map(|name| dir.join(name)).collect();
                if let Err(why) = self.coverage.covers(dir) {
                    listing.uncovered.push(why);
                }
            }
            Fact::Absent(_) => {}
            Fact::Broken(fault) => listing.gaps.push(fault.into()),
            Fact::Unknown(unknown) => listing.gaps.push(unknown),
            Fact::NotCovered(why) => listing.uncovered.push(why),
        }
        listing
    }

    /// Everything below `dir` down to `depth` levels, links not followed, in order.
    #[must_use]
    pub fn walk(&self, dir: &Path, depth: usize) -> Listing<Found> {
        Walk {
            tree: self,
            is_looked_at: &|_| true,
            listed: Self::entries,
        }
        .whole(dir, depth)
    }

    /// The same without what only a package that is not unpacked yet brings, unless it
    /// `is_wanted` by its path: no archive is read for the rest.
    #[must_use]
    pub fn walk_standing(
        &self,
        dir: &Path,
        depth: usize,
        is_wanted: &dyn Fn(&Path) -> bool,
    ) -> Listing<Found> {
        Walk {
            tree: self,
            is_looked_at: &|path| !self.comes_as(path, None) || is_wanted(path),
            listed: Self::files,
        }
        .whole(dir, depth)
    }

    fn with_cache<T>(&self, f: impl FnOnce(&mut Cache) -> T) -> T {
        f(&mut self.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&dyn Source) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if self.deadline.passed() {
            return Err(ReadError::Deadline);
        }
        question(self.source.as_ref())
    }

    fn walk_to(&self, path: &Path, follow_last: bool) -> Fact<Found> {
        let in_time = !self.deadline.passed();
        let at_once = in_time.then(|| self.source.at_once(path)).flatten();
        match at_once {
            Some(Ok(meta)) if meta.kind != FileKind::Link || !follow_last => {
                return Fact::Known(Found {
                    path: path.to_path_buf(),
                    meta,
                    hops: Vec::new(),
                });
            }
            Some(Err(error)) => return self.failed(path, path, &[], error),
            Some(Ok(_)) | None => {}
        }
        let (mut at, mut pending) = self.walk_begins(path);
        let mut hops: Vec<Hop> = Vec::new();
        let mut meta = None;
        while let Some(name) = pending.pop_front() {
            if name == OsStr::new("..") {
                at.pop();
                meta = None;
                continue;
            }
            let next = at.join(&name);
            let looked_at = match self.lstat_cached(&next, pending.is_empty()) {
                Ok(found) => found,
                Err(error) => {
                    let rest = pending.iter().fold(next, |path, name| path.join(name));
                    return self.failed(path, &rest, &hops, error);
                }
            };
            if looked_at.kind == FileKind::Link && (follow_last || !pending.is_empty()) {
                let target = match self.ask(|source| source.read_link(&next)) {
                    Ok(target) => target,
                    Err(error) => return self.failed(path, &next, &hops, error),
                };
                if hops.len() >= MAX_LINKS {
                    let note = format!("more than {MAX_LINKS} links: a loop");
                    return Fact::Absent(Looked {
                        paths: vec![path.to_path_buf()],
                        notes: vec![note],
                    });
                }
                push_front(&mut pending, &target);
                if target.has_root() {
                    at = PathBuf::from("/");
                }
                hops.push(Hop { link: next, target });
                meta = None;
                continue;
            }
            if looked_at.kind != FileKind::Dir && !pending.is_empty() {
                let rest = pending.iter().fold(next, |path, name| path.join(name));
                return self.failed(path, &rest, &hops, ReadError::NotDir);
            }
            at = next;
            meta = Some(looked_at);
        }
        let meta = match meta {
            Some(meta) => meta,
            None => match self.ask(|source| source.lstat(&at)) {
                Ok(meta) => meta,
                Err(error) => return self.failed(path, &at, &hops, error),
            },
        };
        Fact::Known(Found {
            path: at,
            meta,
            hops,
        })
    }

    /// Where a walk to `path` may begin, and what is left of it: the directory that holds it
    /// where that was walked to before, and no link led there.
    fn walk_begins(&self, path: &Path) -> (PathBuf, VecDeque<OsString>) {
        if let (Some(dir), Some(name)) = (path.parent(), path.file_name())
            && self.with_cache(|cache| cache.dirs.contains_key(dir.as_os_str()))
        {
            return (dir.to_path_buf(), VecDeque::from([name.to_owned()]));
        }
        let mut pending = VecDeque::new();
        push_front(&mut pending, path);
        (PathBuf::from("/"), pending)
    }

    /// `lstat`, remembered for directories: they are asked for again and again.
    fn lstat_cached(&self, path: &Path, last: bool) -> Result<Meta, ReadError> {
        if !last {
            let cached = self.with_cache(|cache| cache.dirs.get(path.as_os_str()).copied());
            if let Some(meta) = cached {
                return Ok(meta);
            }
        }
        let meta = self.ask(|source| source.lstat(path))?;
        if !last && meta.kind == FileKind::Dir {
            self.with_cache(|cache| cache.dirs.insert(path.into(), meta));
        }
        Ok(meta)
    }

    /// What a failed question means: `asked` is the path in the user's words, `at`
    /// the physical path that failed.
    fn failed<T>(&self, asked: &Path, at: &Path, hops: &[Hop], error: ReadError) -> Fact<T> {
        match error {
            ReadError::NotFound | ReadError::NotDir => {
                if let Err(why) = self.coverage.covers(at) {
                    return Fact::NotCovered(why);
                }
                let notes = hops.iter().map(|hop| {
                    let (link, target) = (escape_path(&hop.link), escape_path(&hop.target));
                    format!("{link} -> {target}")
                });
                let mut notes: Vec<String> = notes.collect();
                if !notes.is_empty() {
                    notes.push(format!("{} does not exist", escape_path(at)));
                }
                Fact::Absent(Looked {
                    paths: vec![asked.to_path_buf()],
                    notes,
                })
            }
            ReadError::NotRecorded => Fact::NotCovered(Why::NotRecorded(at.to_path_buf())),
            error => Fact::Unknown(Unknown::new(asked, error.doubt())),
        }
    }
}

/// A walk: which entries there are, and which of them are looked at.
struct Walk<'a> {
    tree: &'a Tree,
    is_looked_at: &'a dyn Fn(&Path) -> bool,
    listed: fn(&Tree, &Path) -> Listing<PathBuf>,
}

impl Walk<'_> {
    fn whole(&self, dir: &Path, depth: usize) -> Listing<Found> {
        let mut out = Listing::new();
        let mut left = self.tree.limits.walk_entries;
        self.below(dir, depth, &mut left, &mut out);
        out
    }

    fn below(&self, dir: &Path, depth: usize, left: &mut usize, out: &mut Listing<Found>) {
        let tree = self.tree;
        let entries = out.take_gaps((self.listed)(tree, dir));
        for path in entries.into_iter().filter(|path| (self.is_looked_at)(path)) {
            if *left == 0 {
                let limit = format!("more than {} entries", tree.limits.walk_entries);
                out.gaps.push(Unknown::new(dir, Doubt::Limit(limit)));
                return;
            }
            *left -= 1;
            let found = tree.lstat(&path);
            let is_dir = matches!(&found, Fact::Known(f) if f.meta.kind == FileKind::Dir);
            out.push(found.map(|found| Found {
                path: path.clone(),
                ..found
            }));
            if is_dir && depth > 1 {
                self.below(&path, depth - 1, left, out);
                if *left == 0 {
                    return;
                }
            }
        }
    }
}

/// Puts the components of `path` before what is pending.
fn push_front(pending: &mut VecDeque<OsString>, path: &Path) {
    let mut names: Vec<OsString> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_os_string()),
            Component::ParentDir => names.push(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    for name in names.into_iter().rev() {
        pending.push_front(name);
    }
}

#[cfg(test)]
impl Tree {
    /// A tree for unit tests: the usual limits, and all the time.
    pub(crate) fn for_tests(source: impl Source + 'static, coverage: Coverage) -> Self {
        let source = Box::new(source);
        Self::new(source, coverage, Limits::STANDARD, Deadline::none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FaultSource, Injected, MemSource};

    fn tree(source: impl Source + 'static) -> Tree {
        let coverage = Coverage::full(true);
        Tree::for_tests(source, coverage)
    }

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        source
            .file("/usr/sbin/real", "x")
            .link("/sbin", "usr/sbin")
            .link("/abs", "/usr/sbin/real")
            .link("/up", "../../../usr/sbin/real")
            .link("/dangling", "/nowhere/x")
            .link("/loop", "/loop2")
            .link("/loop2", "loop")
            .link("/usr/back", "..");
        source
    }

    #[test]
    fn links_resolve_inside_the_root() {
        let tree = tree(sample());
        for path in [
            "/sbin/real",
            "/abs",
            "/up",
            "/usr/back/sbin/real",
            "/../abs",
        ] {
            let Fact::Known(found) = tree.resolve(Path::new(path)) else {
                panic!("{path} not found");
            };
            assert_eq!(found.path, Path::new("/usr/sbin/real"), "{path}");
        }
    }

    #[test]
    fn a_dangling_link_is_absent_and_says_where_it_points() {
        let tree = tree(sample());
        let Fact::Absent(looked) = tree.read(Path::new("/dangling")) else {
            panic!("not absent");
        };
        assert_eq!(
            looked.notes,
            ["/dangling -> /nowhere/x", "/nowhere/x does not exist"]
        );
    }

    #[test]
    fn a_link_loop_is_absent_and_says_so() {
        let tree = tree(sample());
        let Fact::Absent(looked) = tree.resolve(Path::new("/loop")) else {
            panic!("not absent");
        };
        assert_eq!(looked.notes, ["more than 40 links: a loop"]);
    }

    #[test]
    fn unreadable_is_unknown_and_below_an_unreadable_directory_too() {
        let faults = [(PathBuf::from("/usr/sbin"), Injected::Denied)];
        let tree = tree(FaultSource::new(sample(), faults));
        for path in ["/usr/sbin/real", "/usr/sbin/none", "/sbin/real"] {
            assert_eq!(
                tree.read(Path::new(path)),
                Fact::Unknown(Unknown::new(path, Doubt::Denied))
            );
        }
        assert!(matches!(
            tree.list(Path::new("/usr/sbin")),
            Fact::Unknown(_)
        ));
        assert!(matches!(tree.lstat(Path::new("/usr/sbin")), Fact::Known(_)));
    }

    #[test]
    fn runtime_directories_are_not_covered_offline_even_through_a_link() {
        let mut source = sample();
        source.link("/etc/resolv.conf", "../run/resolv.conf");
        let tree = tree(source);
        assert_eq!(
            tree.read(Path::new("/etc/resolv.conf")),
            Fact::NotCovered(Why::NoRuntime)
        );
    }

    #[test]
    fn a_fifo_in_place_of_a_file_is_not_opened() {
        let mut source = sample();
        source.insert(
            "/etc/crontab",
            super::super::Node::new(FileKind::Fifo, 0o644),
        );
        let fact = tree(source).read(Path::new("/etc/crontab"));
        let doubt = Doubt::NotRegular("a FIFO");
        assert_eq!(fact, Fact::Unknown(Unknown::new("/etc/crontab", doubt)));
    }

    #[test]
    fn a_file_over_the_limit_is_unknown_not_cut() {
        let limits = Limits {
            file_bytes: 3,
            ..Limits::STANDARD
        };
        let mut source = MemSource::new();
        source.file("/big", "1234").file("/fits", "123");
        let coverage = Coverage::full(true);
        let tree = Tree::new(Box::new(source), coverage, limits, Deadline::none());
        assert!(matches!(tree.read(Path::new("/big")), Fact::Unknown(_)));
        assert!(matches!(tree.read(Path::new("/fits")), Fact::Known(_)));
    }

    #[test]
    fn after_the_deadline_nothing_is_known() {
        let deadline = Deadline::after(std::time::Duration::ZERO);
        let coverage = Coverage::full(true);
        let tree = Tree::new(Box::new(sample()), coverage, Limits::STANDARD, deadline);
        let fact = tree.resolve(Path::new("/usr/sbin/real"));
        assert_eq!(
            fact,
            Fact::Unknown(Unknown::new("/usr/sbin/real", Doubt::Deadline))
        );
    }

    #[test]
    fn a_walk_lists_below_a_directory_without_following_links() {
        let tree = tree(sample());
        let walk = tree.walk(Path::new("/usr"), 9);
        let paths: Vec<&Path> = walk.items.iter().map(|f| f.path.as_path()).collect();
        let expected = ["/usr/back", "/usr/sbin", "/usr/sbin/real"].map(Path::new);
        assert_eq!(paths, expected);
        assert_eq!(walk.complete(), Ok(()));
    }
}
