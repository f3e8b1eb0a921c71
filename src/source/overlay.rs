//! A tree as it will be: changes laid over another source.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Blob, FileKind, MemSource, Meta, Node, ReadError, Source};

/// What is different.
#[derive(Default)]
pub struct Changes {
    /// Files and links that will be gone, unless [`Changes::archives`] know better.
    pub gone: BTreeSet<PathBuf>,
    /// Directories that will be gone if nothing is left in them, deepest last.
    pub emptied: BTreeSet<PathBuf>,
    /// What will be there. A file that is longer than its content is read of the archives.
    pub added: MemSource,
    /// What else will be there.
    pub archives: Option<Box<dyn Archives>>,
    /// What will be made while the packages are configured, and by what: nobody can tell
    /// before how it will look.
    pub made: BTreeMap<PathBuf, String>,
}

/// What stands at a path now, where somebody asks.
pub type There<'a> = &'a dyn Fn() -> Option<FileKind>;

/// Archives that are read when somebody asks for what they bring.
pub trait Archives: Send + Sync {
    /// What comes to `path`; content may be missing.
    fn node(&self, path: &Path, there: There<'_>) -> Result<Option<Arc<Node>>, ReadError>;

    /// The file that comes to `path`, with its content.
    fn content(&self, path: &Path) -> Result<Arc<Node>, ReadError>;

    /// The names of what comes to the directory at `path`.
    fn names(&self, path: &Path) -> Result<Vec<OsString>, ReadError>;
}

/// Changes laid over a source.
pub struct OverlaySource {
    base: Box<dyn Source>,
    changes: Changes,
    /// Which directories have nothing left in them, as far as somebody asked.
    empty: Mutex<BTreeMap<PathBuf, bool>>,
}

/// Where what stands at a path comes from.
enum Standing {
    Base,
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
        }
    }

    fn standing(&self, path: &Path) -> Result<Standing, ReadError> {
        let changes = &self.changes;
        if let Some(by) = changes.made.get(path) {
            return Err(ReadError::WillBeMade(by.clone()));
        }
        match changes.added.lstat(path) {
            // A directory above something that is added is only there for its sake.
            Ok(meta) if meta.kind == FileKind::Dir && self.base_has(path) => {
                return Ok(Standing::Base);
            }
            Ok(_) => return Ok(Standing::Added),
            Err(_) => {}
        }
        if let Some(node) = self.brought(path)? {
            return Ok(Standing::Archive(node));
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
        archives.node(path, &|| self.base.lstat(path).ok().map(|meta| meta.kind))
    }

    fn base_has(&self, path: &Path) -> bool {
        !self.changes.gone.contains(path) && self.base.lstat(path).is_ok()
    }

    /// Whether the path itself or a directory above it is taken away.
    fn is_gone(&self, path: &Path) -> bool {
        path.ancestors().any(|dir| {
            self.changes.gone.contains(dir) || (dir != Path::new("/") && self.is_emptied(dir))
        })
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
        let changes = &self.changes;
        let stays = |name: &OsString| {
            let at = dir.join(name);
            !changes.gone.contains(&at) && !changes.emptied.contains(&at)
        };
        self.base
            .list(dir, usize::MAX)
            .is_ok_and(|names| names.iter().any(stays))
    }

    /// A file that comes, with its content.
    fn file(&self, path: &Path) -> Result<Option<MemSource>, ReadError> {
        let whole = |node: &Node| {
            node.meta.kind != FileKind::File
                || u64::try_from(node.content.len()).is_ok_and(|len| len == node.meta.len)
        };
        let node = match self.standing(path)? {
            Standing::Base => return Ok(None),
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
            Standing::Added => self.changes.added.lstat(path),
            Standing::Archive(node) => Ok(node.meta),
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        match self.standing(path)? {
            Standing::Base => self.base.read_link(path),
            Standing::Added => self.changes.added.read_link(path),
            Standing::Archive(node) if node.meta.kind == FileKind::Link => Ok(node.target.clone()),
            Standing::Archive(_) => Err(ReadError::Io("invalid argument".into())),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.file(path)? {
            Some(source) => source.read(Path::new("/x"), limit),
            None => self.base.read(path, limit),
        }
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        match self.file(path)? {
            Some(source) => source.read_head(Path::new("/x"), len),
            None => self.base.read_head(path, len),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        match self.file(path)? {
            Some(source) => source.open(Path::new("/x")),
            None => self.base.open(path),
        }
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
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
                Standing::Base | Standing::Added => self.base.list(path, limit),
            };
        }
        let mut names: BTreeSet<OsString> = BTreeSet::new();
        for name in below {
            let at = path.join(&name);
            let goes = self.changes.gone.contains(&at) || self.is_emptied(&at);
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
        let inside = |changed: &PathBuf| changed.parent() == Some(path);
        for at in self.changes.made.keys().filter(|path| inside(path)) {
            names.extend(at.file_name().map(OsString::from));
        }
        if names.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        Ok(names.into_iter().collect())
    }
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
            node.content = b"later".to_vec();
            node.meta.len = 5;
            Ok(Arc::new(node))
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
            .file("/etc/conf", "mine");
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
