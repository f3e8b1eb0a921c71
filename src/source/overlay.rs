//! A tree as it will be: changes laid over another source.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Blob, FileKind, MemSource, Meta, Node, ReadError, Source};

/// What is different.
#[derive(Default)]
pub struct Changes {
    /// Files and links that will be gone.
    pub gone: BTreeSet<PathBuf>,
    /// Directories that will be gone if nothing is left in them, deepest last.
    pub emptied: BTreeSet<PathBuf>,
    /// What will be there, whole.
    pub added: MemSource,
    /// Files whose content is fetched when it is asked for. Where `added` has none of that
    /// name, only the name is known.
    pub later: BTreeMap<PathBuf, Later>,
    /// What will be made while the packages are configured, and by what: nobody can tell
    /// before how it will look.
    pub made: BTreeMap<PathBuf, String>,
}

/// Fetches the node at a path.
pub type Later = Arc<dyn Fn(&Path) -> Result<Node, ReadError> + Send + Sync>;

/// Changes laid over a source.
pub struct OverlaySource {
    base: Box<dyn Source>,
    added: MemSource,
    changes: Changes,
}

impl OverlaySource {
    /// `base` with `changes`. Paths of the changes are physical, as those of a source.
    #[must_use]
    pub fn new(base: Box<dyn Source>, mut changes: Changes) -> Self {
        let added = std::mem::take(&mut changes.added);
        Self {
            base,
            added,
            changes,
        }
    }

    /// What of the changes stands at `path`, where they decide it.
    fn changed(&self, path: &Path) -> Option<Result<&MemSource, ReadError>> {
        if let Some(by) = self.changes.made.get(path) {
            return Some(Err(ReadError::WillBeMade(by.clone())));
        }
        match self.added.lstat(path) {
            // A directory above something that is added is only there for its sake.
            Ok(meta) if meta.kind == FileKind::Dir && self.base_has(path) => None,
            Ok(_) => Some(Ok(&self.added)),
            Err(_) if self.is_gone(path) => Some(Err(ReadError::NotFound)),
            Err(_) => None,
        }
    }

    fn base_has(&self, path: &Path) -> bool {
        !self.changes.gone.contains(path) && self.base.lstat(path).is_ok()
    }

    /// Whether the path itself or a directory above it is taken away.
    fn is_gone(&self, path: &Path) -> bool {
        path.ancestors().any(|dir| {
            self.changes.gone.contains(dir) || (self.is_emptied(dir) && dir != Path::new("/"))
        })
    }

    /// Whether a directory that nobody owns any more has nothing left in it.
    fn is_emptied(&self, dir: &Path) -> bool {
        self.changes.emptied.contains(dir)
            && self
                .list(dir, usize::MAX)
                .is_ok_and(|names| names.is_empty())
    }

    fn later(&self, path: &Path) -> Option<Result<Node, ReadError>> {
        let later = self.changes.later.get(path)?;
        Some(later(path))
    }

    /// Where the content of a file comes from.
    fn content(&self, path: &Path) -> Result<Content, ReadError> {
        let changed = self.changed(path).transpose()?;
        Ok(match (self.later(path), changed) {
            (Some(node), _) => {
                let mut source = MemSource::new();
                source.insert("/x", node?);
                Content::Fetched(source)
            }
            (None, Some(_)) => Content::Added,
            (None, None) => Content::Base,
        })
    }
}

/// Where the content of a file comes from.
enum Content {
    /// Out of an archive, at `/x`.
    Fetched(MemSource),
    Added,
    Base,
}

impl Source for OverlaySource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        match self.changed(path) {
            Some(Ok(added)) => added.lstat(path),
            Some(Err(error)) => Err(error),
            // One that is replaced by a newer one of the same name keeps what it is.
            None => match self.base.lstat(path) {
                Err(ReadError::NotFound) if self.changes.later.contains_key(path) => self
                    .later(path)
                    .unwrap_or(Err(ReadError::NotFound))
                    .map(|node| node.meta),
                other => other,
            },
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        match self.changed(path) {
            Some(Ok(added)) => added.read_link(path),
            Some(Err(error)) => Err(error),
            None => self.base.read_link(path),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match self.content(path)? {
            Content::Fetched(source) => source.read(Path::new("/x"), limit),
            Content::Added => self.added.read(path, limit),
            Content::Base => self.base.read(path, limit),
        }
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        match self.content(path)? {
            Content::Fetched(source) => source.read_head(Path::new("/x"), len),
            Content::Added => self.added.read_head(path, len),
            Content::Base => self.base.read_head(path, len),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        match self.content(path)? {
            Content::Fetched(source) => source.open(Path::new("/x")),
            Content::Added => self.added.open(path),
            Content::Base => self.base.open(path),
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
        let added = self.added.list(path, limit);
        if !has_base && added.is_err() {
            return self.base.list(path, limit);
        }
        let mut names: BTreeSet<OsString> = below
            .into_iter()
            .filter(|name| {
                let at = path.join(name);
                !self.changes.gone.contains(&at) && !self.is_emptied(&at)
            })
            .collect();
        names.extend(added.into_iter().flatten());
        let inside = |changed: &PathBuf| changed.parent() == Some(path);
        let later = self.changes.later.keys().filter(|path| inside(path));
        let made = self.changes.made.keys().filter(|path| inside(path));
        for at in later.chain(made) {
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

    fn sample() -> OverlaySource {
        let mut base = MemSource::new();
        base.file("/usr/bin/old", "old")
            .file("/usr/bin/kept", "kept")
            .file("/usr/share/alone/file", "x")
            .file("/etc/conf", "mine");
        let mut added = MemSource::new();
        added.file("/usr/bin/new", "new").link("/usr/lib/l", "x");
        let later: Later = Arc::new(|_| {
            let mut node = Node::new(FileKind::File, 0o755);
            node.content = b"later".to_vec();
            node.meta.len = 5;
            Ok(node)
        });
        let changes = Changes {
            gone: ["/usr/bin/old", "/usr/share/alone/file"]
                .map(PathBuf::from)
                .into(),
            emptied: ["/usr", "/usr/bin", "/usr/share", "/usr/share/alone"]
                .map(PathBuf::from)
                .into(),
            added,
            later: [(PathBuf::from("/usr/share/doc"), later)].into(),
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
        assert_eq!(names(&source, "/usr/bin"), ["kept", "new"]);
        assert_eq!(names(&source, "/usr/share"), ["doc"]);
    }

    #[test]
    fn what_comes_is_there_and_what_will_be_made_is_not_known() {
        let source = sample();
        let read = |path: &str| source.read(Path::new(path), 100);
        assert_eq!(read("/usr/bin/new"), Ok(b"new".to_vec()));
        assert_eq!(read("/usr/share/doc"), Ok(b"later".to_vec()));
        assert_eq!(read("/etc/conf"), Ok(b"mine".to_vec()));
        assert_eq!(source.read_link(Path::new("/usr/lib/l")), Ok("x".into()));
        let made = source.lstat(Path::new("/boot/initrd.img"));
        assert_eq!(made, Err(ReadError::WillBeMade("initramfs-tools".into())));
    }
}
