//! A tree as it will be: changes laid over another source.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::{Blob, FileKind, MemSource, Meta, Node, ReadError, Source};

/// What is different.
#[derive(Default)]
pub struct Changes {
    /// Files and links that will be gone, unless [`Changes::archives`] know better.
    pub gone: BTreeSet<PathBuf>,
    /// Links to directories that will be gone, unless archives have a directory there.
    pub links_gone: BTreeSet<PathBuf>,
    /// Directories that will be gone if nothing is left in them, deepest last.
    pub emptied: BTreeSet<PathBuf>,
    /// What will be there. A file that is longer than its content is read of the archives.
    pub added: MemSource,
    /// What else will be there.
    pub archives: Option<Box<dyn Archives>>,
    /// What will be made while the packages are configured, and by what: nobody can tell
    /// before how it will look.
    pub made: BTreeMap<PathBuf, String>,
    /// Files that will have another name, by the new one.
    pub moved: BTreeMap<PathBuf, PathBuf>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stands {
    /// What it is itself.
    pub kind: FileKind,
    /// Whether it is a directory, or a link that leads to one.
    pub is_dir: bool,
}

/// What stands at a path now, where somebody asks.
pub type There<'a> = &'a dyn Fn() -> Option<Stands>;

/// Archives that are read when somebody asks for what they bring.
pub trait Archives: Send + Sync {
    /// What comes to `path`; content may be missing.
    fn node(&self, path: &Path, there: There<'_>) -> Result<Option<Arc<Node>>, ReadError>;

    /// The file that comes to `path`, with its content.
    fn content(&self, path: &Path) -> Result<Arc<Node>, ReadError>;

    /// The names of what comes to the directory at `path`.
    fn names(&self, path: &Path) -> Result<Vec<OsString>, ReadError>;

    /// The names of the files that come there, as far as they are known without reading.
    fn files(&self, path: &Path) -> Vec<OsString>;

    /// Whether a file of this MD5 sum comes to `path`; of any, where none is given.
    fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool;
}

/// Changes laid over a source.
pub struct OverlaySource {
    base: Box<dyn Source>,
    changes: Changes,
    /// Which directories have nothing left in them, as far as somebody asked.
    empty: Mutex<BTreeMap<PathBuf, bool>>,
    /// What stands where, as far as somebody asked: for a link that is followed it is asked
    /// twice.
    known: Mutex<HashMap<OsString, Result<Standing, ReadError>, RandomState>>,
}

/// Where what stands at a path comes from.
#[derive(Clone)]
enum Standing {
    Base,
    /// The same under another name.
    Moved(PathBuf),
    Added,
    Archive(Arc<Node>),
}

impl OverlaySource {
    /// `base` with `changes`. Paths of the changes are physical, as those of a source.
    #[must_use]
    pub fn new(base: Box<dyn Source>, changes: Changes) -> Self {
        Self {
            base,
            changes,
            empty: Mutex::new(BTreeMap::new()),
            known: Mutex::default(),
        }
    }

    fn standing(&self, path: &Path) -> Result<Standing, ReadError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known().get(path.as_os_str()).cloned();
        before.unwrap_or_else(|| {
            let found = self.find_standing(path);
            known().insert(path.into(), found.clone());
            found
        })
    }

    fn find_standing(&self, path: &Path) -> Result<Standing, ReadError> {
        let changes = &self.changes;
        if let Some(by) = changes.made.get(path) {
            return Err(ReadError::WillBeMade(by.clone()));
        }
        match changes.added.lstat(path) {
            // A directory above something that is added is only there for its sake; where
            // there was none, it takes the place of what was.
            Ok(meta) if meta.kind == FileKind::Dir && self.base_has_dir(path) => {
                return Ok(Standing::Base);
            }
            Ok(_) => return Ok(Standing::Added),
            Err(_) => {}
        }
        if let Some(node) = self.brought(path)? {
            return Ok(Standing::Archive(node));
        }
        if let Some(from) = changes.moved.get(path) {
            return Ok(Standing::Moved(from.clone()));
        }
        if self.is_gone(path) {
            return Err(ReadError::NotFound);
        }
        Ok(Standing::Base)
    }

    fn brought(&self, path: &Path) -> Result<Option<Arc<Node>>, ReadError> {
        let Some(archives) = &self.changes.archives else {
            return Ok(None);
        };
        archives.node(path, &|| self.stands(path))
    }

    fn stands(&self, path: &Path) -> Option<Stands> {
        let kind = self.base.lstat(path).ok()?.kind;
        let is_dir = match kind {
            FileKind::Dir => true,
            FileKind::Link => leads_to_dir(self.base.as_ref(), path),
            _ => false,
        };
        Some(Stands { kind, is_dir })
    }

    fn base_has_dir(&self, path: &Path) -> bool {
        let is_dir = || self.stands(path).is_some_and(|there| there.is_dir);
        !self.goes(path) && is_dir()
    }

    /// Whether the path itself or a directory above it is taken away.
    fn is_gone(&self, path: &Path) -> bool {
        path.ancestors()
            .any(|dir| self.goes(dir) || (dir != Path::new("/") && self.is_emptied(dir)))
    }

    /// Whether the path itself is taken away.
    fn goes(&self, path: &Path) -> bool {
        let changes = &self.changes;
        changes.gone.contains(path) || changes.links_gone.contains(path) && !self.is_shipped(path)
    }

    /// Whether a directory that nobody owns any more has nothing left in it.
    fn is_emptied(&self, dir: &Path) -> bool {
        if !self.changes.emptied.contains(dir) {
            return false;
        }
        let empty = || self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = empty().get(dir).copied() {
            return known;
        }
        // Where an archive cannot be read, the directory may be one of its own.
        let is_empty = !self.base_keeps(dir)
            && self.files_to_come(dir).is_empty()
            && self
                .list(dir, usize::MAX)
                .is_ok_and(|names| names.is_empty())
            && !self.is_shipped(dir);
        empty().insert(dir.to_path_buf(), is_empty);
        is_empty
    }

    /// Whether an archive has a directory of that path, also where it is there already, or
    /// may have it.
    fn is_shipped(&self, dir: &Path) -> bool {
        let archives = self.changes.archives.as_ref();
        archives.is_some_and(|archives| !matches!(archives.node(dir, &|| None), Ok(None)))
    }

    /// Whether something stays in a directory that nothing takes away.
    fn base_keeps(&self, dir: &Path) -> bool {
        let stays = |name: &OsString| {
            let at = dir.join(name);
            !self.goes(&at) && !self.changes.emptied.contains(&at)
        };
        self.base
            .list(dir, usize::MAX)
            .is_ok_and(|names| names.iter().any(stays))
    }

    /// Whether what is in a directory now goes, with the directories in it.
    fn keeps_nothing(&self, dir: &Path) -> bool {
        let goes = |name: &OsString| {
            let at = dir.join(name);
            self.goes(&at) || self.keeps_nothing(&at)
        };
        let names = || self.base.list(dir, usize::MAX);
        self.changes.emptied.contains(dir)
            && self.files_to_come(dir).is_empty()
            && names().is_ok_and(|names| names.iter().all(goes))
    }

    /// The names of the files that archives are known to have for a directory.
    fn files_to_come(&self, dir: &Path) -> Vec<OsString> {
        let archives = self.changes.archives.as_ref();
        archives.map_or_else(Vec::new, |archives| archives.files(dir))
    }

    /// A file that comes, with its content.
    fn file(&self, path: &Path) -> Result<Option<MemSource>, ReadError> {
        let whole = |node: &Node| {
            node.meta.kind != FileKind::File
                || u64::try_from(node.content.len()).is_ok_and(|len| len == node.meta.len)
        };
        let node = match self.standing(path)? {
            Standing::Base | Standing::Moved(_) => return Ok(None),
            Standing::Added => match self.changes.added.node(path) {
                Some(node) if whole(node) => Arc::new(node.clone()),
                _ => self.content(path)?,
            },
            Standing::Archive(node) if whole(&node) => node,
            Standing::Archive(_) => self.content(path)?,
        };
        let mut source = MemSource::new();
        source.insert("/x", Arc::unwrap_or_clone(node));
        Ok(Some(source))
    }

    /// The names of what is made in a directory, or moved into it.
    fn made_in(&self, dir: &Path) -> impl Iterator<Item = OsString> {
        let more = self.changes.made.keys().chain(self.changes.moved.keys());
        let inside = more.filter(move |path| path.parent() == Some(dir));
        inside.filter_map(|at| at.file_name().map(OsString::from))
    }

    /// The name that a file has in the base.
    fn was<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.changes.moved.get(path).map_or(path, PathBuf::as_path)
    }

    fn content(&self, path: &Path) -> Result<Arc<Node>, ReadError> {
        match &self.changes.archives {
            Some(archives) => archives.content(path),
            None => Err(ReadError::NotFound),
        }
    }
}

impl Source for OverlaySource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        match self.standing(path)? {
            Standing::Base => self.base.lstat(path),
            Standing::Moved(from) => self.base.lstat(&from),
            Standing::Added => self.changes.added.lstat(path),
            Standing::Archive(node) => Ok(node.meta),
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        match self.standing(path)? {
            Standing::Base => self.base.read_link(path),
            Standing::Moved(from) => self.base.read_link(&from),
            Standing::Added => self.changes.added.read_link(path),
            Standing::Archive(node) if node.meta.kind == FileKind::Link => Ok(node.target.clone()),
            Standing::Archive(_) => Err(ReadError::Io("invalid argument".into())),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.file(path)? {
            Some(source) => source.read(Path::new("/x"), limit),
            None => self.base.read(self.was(path), limit),
        }
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        match self.file(path)? {
            Some(source) => source.read_head(Path::new("/x"), len),
            None => self.base.read_head(self.was(path), len),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        match self.file(path)? {
            Some(source) => source.open(Path::new("/x")),
            None => self.base.open(self.was(path)),
        }
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        // What takes the place of a directory has nothing below it.
        let comes = match self.changes.added.lstat(path) {
            Ok(meta) => Some(meta.kind),
            Err(_) => self.brought(path)?.map(|node| node.meta.kind),
        };
        if comes.is_some_and(|kind| kind != FileKind::Dir) {
            return Err(ReadError::NotDir);
        }
        let below = match self.base.list(path, limit) {
            Ok(names) => names,
            Err(ReadError::NotFound | ReadError::NotDir) => Vec::new(),
            Err(error) => return Err(error),
        };
        let has_base = self
            .base
            .lstat(path)
            .is_ok_and(|meta| meta.kind == FileKind::Dir);
        let added = self.changes.added.list(path, limit);
        let brought = match &self.changes.archives {
            Some(archives) => archives.names(path)?,
            None => Vec::new(),
        };
        if !has_base && added.is_err() && brought.is_empty() {
            return match self.standing(path)? {
                Standing::Archive(node) if node.meta.kind == FileKind::Dir => Ok(Vec::new()),
                Standing::Archive(_) => Err(ReadError::NotDir),
                Standing::Base | Standing::Moved(_) | Standing::Added => {
                    self.base.list(path, limit)
                }
            };
        }
        let mut names: BTreeSet<OsString> = BTreeSet::new();
        for name in below {
            let at = path.join(&name);
            let goes = self.goes(&at) || self.is_emptied(&at);
            if !goes || self.brought(&at)?.is_some() {
                names.insert(name);
            }
        }
        names.extend(added.into_iter().flatten());
        for name in brought {
            // A name that archives have may be one that they do not put there after all.
            if !names.contains(&name) && self.brought(&path.join(&name))?.is_some() {
                names.insert(name);
            }
        }
        names.extend(self.made_in(path));
        few(names, limit)
    }

    fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool {
        let changes = &self.changes;
        let is_known = changes.made.contains_key(path) || changes.added.lstat(path).is_ok();
        let archives = changes.archives.as_ref().filter(|_| !is_known);
        archives.is_some_and(|archives| archives.comes_as(path, sum))
    }

    fn list_files(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let changes = &self.changes;
        let mut names: BTreeSet<OsString> = match self.base.list_files(path, limit) {
            Ok(names) => names.into_iter().collect(),
            Err(ReadError::NotFound | ReadError::NotDir) => BTreeSet::new(),
            Err(error) => return Err(error),
        };
        // What comes where a link is now, or whether a directory stays that has nothing but
        // what comes again, only its archive can tell; a file has its name.
        let is_link = |at: &Path| {
            let there = self.base.lstat(at);
            there.is_ok_and(|meta| meta.kind == FileKind::Link)
        };
        names.retain(|name| {
            let at = path.join(name);
            !changes.gone.contains(&at) && !self.keeps_nothing(&at) && !is_link(&at)
        });
        names.extend(changes.added.list(path, limit).into_iter().flatten());
        names.extend(self.files_to_come(path));
        names.extend(self.made_in(path));
        few(names, limit)
    }
}

/// The names, where they are not too many.
fn few(names: BTreeSet<OsString>, limit: usize) -> Result<Vec<OsString>, ReadError> {
    if names.len() > limit {
        return Err(ReadError::Limit(format!("more than {limit} entries")));
    }
    Ok(names.into_iter().collect())
}

/// Whether a link leads to a directory, as the kernel walks: at most 40 links.
fn leads_to_dir(base: &dyn Source, link: &Path) -> bool {
    let mut at = PathBuf::from("/");
    let mut names: Vec<OsString> = components(link);
    let mut links = 0;
    while let Some(name) = names.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        match base.lstat(&next).map(|meta| meta.kind) {
            Ok(FileKind::Link) => {
                links += 1;
                let Ok(target) = base.read_link(&next) else {
                    return false;
                };
                if links > 40 {
                    return false;
                }
                if target.has_root() {
                    at = PathBuf::from("/");
                }
                names.extend(components(&target));
            }
            Ok(FileKind::Dir) => at = next,
            _ => return false,
        }
    }
    true
}

/// The components of a path, last first.
fn components(path: &Path) -> Vec<OsString> {
    let names = path.components().rev();
    let names = names.filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_os_string()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &OverlaySource, path: &str) -> Vec<String> {
        let names = source.list(Path::new(path), 100).unwrap();
        names
            .iter()
            .map(|n| n.to_string_lossy().into_owned())
            .collect()
    }

    /// An archive with a document, a link, a directory, and something long.
    struct Few;

    impl Archives for Few {
        fn node(&self, path: &Path, _there: There<'_>) -> Result<Option<Arc<Node>>, ReadError> {
            let mut node = match path.to_str().unwrap() {
                "/usr/share/doc" => Node::new(FileKind::File, 0o644),
                "/usr/lib/moved" => Node::new(FileKind::Link, 0o777),
                "/usr/lib/half" => Node::new(FileKind::Dir, 0o755),
                "/usr/lib/broken" => return Err(ReadError::Io("damaged".into())),
                _ => return Ok(None),
            };
            node.target = PathBuf::from("new");
            node.meta.len = 5;
            Ok(Some(Arc::new(node)))
        }

        fn content(&self, _path: &Path) -> Result<Arc<Node>, ReadError> {
            let mut node = Node::new(FileKind::File, 0o755);
            node.content = Arc::new(b"later".to_vec());
            node.meta.len = 5;
            Ok(Arc::new(node))
        }

        fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool {
            path == Path::new("/usr/share/doc") && sum.is_none_or(|sum| sum == b"abc")
        }

        fn files(&self, path: &Path) -> Vec<OsString> {
            match path.to_str().unwrap() {
                "/usr/share" => vec!["doc".into()],
                _ => Vec::new(),
            }
        }

        fn names(&self, path: &Path) -> Result<Vec<OsString>, ReadError> {
            Ok(match path.to_str().unwrap() {
                "/usr/share" => vec!["doc".into(), "not-after-all".into()],
                _ => Vec::new(),
            })
        }
    }

    fn sample() -> OverlaySource {
        let mut base = MemSource::new();
        base.file("/usr/bin/old", "old")
            .file("/usr/bin/kept", "kept")
            .file("/usr/share/alone/file", "x")
            .file("/etc/conf", "mine")
            .link("/etc/leads", "conf");
        let mut added = MemSource::new();
        added.file("/usr/bin/new", "new").link("/usr/lib/l", "x");
        base.file("/usr/lib/moved", "old")
            .file("/usr/lib/left", "old")
            .file("/usr/lib/half/old", "old");
        added.insert("/usr/bin/long", {
            let mut node = Node::new(FileKind::File, 0o755);
            node.meta.len = 5;
            node
        });
        let changes = Changes {
            gone: [
                "/usr/bin/old",
                "/usr/share/alone/file",
                "/usr/lib/moved",
                "/usr/lib/left",
                "/usr/lib/half/old",
            ]
            .map(PathBuf::from)
            .into(),
            links_gone: BTreeSet::new(),
            emptied: [
                "/usr",
                "/usr/bin",
                "/usr/share",
                "/usr/share/alone",
                "/usr/lib/half",
            ]
            .map(PathBuf::from)
            .into(),
            added,
            archives: Some(Box::new(Few)),
            made: [(PathBuf::from("/boot/initrd.img"), "initramfs-tools".into())].into(),
            moved: [(PathBuf::from("/etc/moved"), PathBuf::from("/etc/conf"))].into(),
        };
        OverlaySource::new(Box::new(base), changes)
    }

    #[test]
    fn what_goes_is_gone_with_the_directories_that_hold_nothing_else() {
        let source = sample();
        assert_eq!(
            source.lstat(Path::new("/usr/bin/old")),
            Err(ReadError::NotFound)
        );
        assert!(source.lstat(Path::new("/usr/bin/kept")).is_ok());
        let alone = source.lstat(Path::new("/usr/share/alone"));
        assert_eq!(alone, Err(ReadError::NotFound));
        assert_eq!(names(&source, "/usr/bin"), ["kept", "long", "new"]);
        assert_eq!(names(&source, "/usr/share"), ["doc"]);
    }

    #[test]
    fn files_are_listed_without_what_only_an_archive_can_tell() {
        let source = sample();
        let files = |path: &str| source.list_files(Path::new(path), 100).unwrap();
        assert_eq!(files("/usr/bin"), ["kept", "long", "new"]);
        assert_eq!(files("/usr/lib"), ["l"]);
        assert_eq!(files("/usr/share"), ["doc"]);
        assert_eq!(files("/etc"), ["conf", "moved"]);
        assert!(source.list_files(Path::new("/usr/bin"), 2).is_err());
        let comes = |path: &str, sum: Option<&[u8]>| source.comes_as(Path::new(path), sum);
        assert!(comes("/usr/share/doc", None) && comes("/usr/share/doc", Some(b"abc")));
        assert!(!comes("/usr/share/doc", Some(b"abd")) && !comes("/usr/bin/kept", None));
    }

    #[test]
    fn a_directory_takes_the_place_of_a_file_and_leaves_one_as_it_is() {
        let mut base = MemSource::new();
        base.file("/usr/file", "x").file("/usr/dir/kept", "x");
        base.link("/usr/link", "dir").link("/usr/broken", "nowhere");
        let mut changes = Changes::default();
        for path in ["/usr/file", "/usr/dir", "/usr/link", "/usr/broken"] {
            changes.added.dir(path);
        }
        let source = OverlaySource::new(Box::new(base), changes);
        let kind = |path: &str| source.lstat(Path::new(path)).unwrap().kind;
        for path in ["/usr/file", "/usr/broken"] {
            assert_eq!(kind(path), FileKind::Dir, "{path}");
            assert!(names(&source, path).is_empty());
        }
        assert_eq!(kind("/usr/link"), FileKind::Link);
        assert_eq!(names(&source, "/usr/dir"), ["kept"]);
    }

    #[test]
    fn a_file_that_is_moved_has_its_old_content() {
        let source = sample();
        let moved = Path::new("/etc/moved");
        assert_eq!(source.read(moved, 9), Ok(b"mine".to_vec()));
        assert_eq!(source.lstat(moved).unwrap().kind, FileKind::File);
        assert_eq!(names(&source, "/etc"), ["conf", "leads", "moved"]);
    }

    #[test]
    fn of_what_may_be_gone_the_archive_says_what_it_is() {
        let source = sample();
        let moved = Path::new("/usr/lib/moved");
        assert_eq!(source.lstat(moved).unwrap().kind, FileKind::Link);
        assert_eq!(source.read_link(moved).unwrap(), Path::new("new"));
        let left = Path::new("/usr/lib/left");
        assert_eq!(source.lstat(left), Err(ReadError::NotFound));
        assert_eq!(source.read(left, 9), Err(ReadError::NotFound));
        assert!(names(&source, "/usr/lib/half").is_empty());
        assert!(source.lstat(Path::new("/usr/lib/half")).is_ok());
        assert_eq!(names(&source, "/usr/lib"), ["half", "l", "moved"]);
    }

    #[test]
    fn an_archive_that_cannot_be_read_leaves_the_question_open() {
        let broken = sample().lstat(Path::new("/usr/lib/broken"));
        assert_eq!(broken, Err(ReadError::Io("damaged".into())));
    }

    #[test]
    fn what_comes_is_there_and_what_will_be_made_is_not_known() {
        let source = sample();
        let read = |path: &str| source.read(Path::new(path), 100);
        assert_eq!(read("/usr/bin/new"), Ok(b"new".to_vec()));
        assert_eq!(read("/usr/share/doc"), Ok(b"later".to_vec()));
        assert_eq!(read("/usr/bin/long"), Ok(b"later".to_vec()));
        assert_eq!(read("/etc/conf"), Ok(b"mine".to_vec()));
        assert_eq!(source.read_link(Path::new("/usr/lib/l")), Ok("x".into()));
        let made = source.lstat(Path::new("/boot/initrd.img"));
        assert_eq!(made, Err(ReadError::WillBeMade("initramfs-tools".into())));
    }
}
