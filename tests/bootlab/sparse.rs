//! A source whose files are mostly holes. Trees that differ little share their folders,
//! which a source of whole contents could not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback::source::{Blob, FileKind, Meta, ReadError, Source};

/// One path.
pub(crate) struct Node {
    /// What `lstat` says.
    pub meta: Meta,
    /// Text of a link.
    pub target: PathBuf,
    /// The kept parts of a file: offset and bytes, in order. All else reads as zeros.
    pub pieces: Vec<(usize, Vec<u8>)>,
}

/// The names in a folder.
type Names = BTreeMap<Vec<u8>, Arc<Node>>;

/// A tree by its folders. Paths are bytes: they are compared far more often than shown.
#[derive(Clone, Default)]
pub(crate) struct Sparse {
    folders: BTreeMap<Vec<u8>, Arc<Names>>,
}

/// A path as the folder and the name in it; the root is the nameless one of no folder.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let at = path.iter().rposition(|byte| *byte == b'/');
    at.map_or((b"", b""), |at| (&path[..at], &path[at + 1..]))
}

impl Sparse {
    /// What stands at a path.
    pub(crate) fn node(&self, path: &[u8]) -> Option<&Arc<Node>> {
        let (folder, name) = split(path);
        let folder = if name.is_empty() { b"-" } else { folder };
        self.folders.get(folder)?.get(name)
    }

    /// Puts something at a path, in place of what was there.
    pub(crate) fn insert(&mut self, path: &[u8], node: Node) {
        let (folder, name) = split(path);
        let folder = if name.is_empty() { b"-" } else { folder };
        let names = self.folders.entry(folder.to_vec()).or_default();
        Arc::make_mut(names).insert(name.to_vec(), Arc::new(node));
    }

    /// Takes away a path with all below it.
    pub(crate) fn remove(&mut self, path: &[u8]) {
        let (folder, name) = split(path);
        if let Some(names) = self.folders.get_mut(folder) {
            Arc::make_mut(names).remove(name);
        }
        let below = [path, b"/"].concat();
        self.folders
            .retain(|key, _| key != path && !key.starts_with(&below));
    }

    fn get(&self, path: &Path) -> Result<&Arc<Node>, ReadError> {
        let mut ways = path.ancestors();
        let mut of = || {
            ways.next()
                .map(|path| self.node(path.as_os_str().as_bytes()))
        };
        if let Some(Some(node)) = of() {
            return Ok(node);
        }
        while let Some(found) = of() {
            if let Some(node) = found {
                let is_dir = node.meta.kind == FileKind::Dir;
                return Err(if is_dir {
                    ReadError::NotFound
                } else {
                    ReadError::NotDir
                });
            }
        }
        Err(ReadError::NotFound)
    }

    fn file(&self, path: &Path) -> Result<&Arc<Node>, ReadError> {
        let node = self.get(path)?;
        match node.meta.kind {
            FileKind::File => Ok(node),
            kind => Err(ReadError::NotRegular(kind)),
        }
    }
}

impl Node {
    fn head(&self, len: u64) -> Vec<u8> {
        let mut head = vec![0; usize::try_from(len.min(self.meta.len)).unwrap()];
        self.fill(0, &mut head);
        head
    }

    /// Lays the kept parts over a stretch of zeros that stands at an offset.
    fn fill(&self, offset: usize, out: &mut [u8]) {
        let end = offset + out.len();
        for (at, piece) in &self.pieces {
            let (from, to) = (offset.max(*at), end.min(at + piece.len()));
            if from < to {
                out[from - offset..to - offset].copy_from_slice(&piece[from - at..to - at]);
            }
        }
    }
}

/// A file of the tree, read in pieces.
struct Opened(Arc<Node>);

impl Blob for Opened {
    fn len(&self) -> u64 {
        self.0.meta.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap();
        let count = left.min(buffer.len());
        let buffer = &mut buffer[..count];
        buffer.fill(0);
        self.0.fill(usize::try_from(offset).unwrap(), buffer);
        Ok(count)
    }
}

impl Source for Sparse {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        self.get(path).map(|node| node.meta)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let node = self.get(path)?;
        match node.meta.kind {
            FileKind::Link => Ok(node.target.clone()),
            _ => Err(ReadError::Io("invalid argument".to_owned())),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let node = self.file(path)?;
        if node.meta.len > limit {
            return Err(ReadError::Limit(format!("larger than {limit} bytes")));
        }
        Ok(node.head(limit))
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        self.file(path).map(|node| node.head(len))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        Ok(Box::new(Opened(self.file(path)?.clone())))
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        if self.get(path)?.meta.kind != FileKind::Dir {
            return Err(ReadError::NotDir);
        }
        let key = path.as_os_str().as_bytes();
        let names = self.folders.get(key.strip_suffix(b"/").unwrap_or(key));
        let names = names
            .map(|names| names.keys().cloned())
            .into_iter()
            .flatten();
        let names: Vec<OsString> = names.map(OsString::from_vec).collect();
        if names.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        Ok(names)
    }
}
