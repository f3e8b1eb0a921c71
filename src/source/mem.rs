//! A tree in memory, for fixtures and tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Blob, FileKind, Meta, ReadError, Source, Usage};

/// One inode of a [`MemSource`].
#[derive(Clone, Debug)]
pub struct Node {
    /// What `lstat` says; `len` may exceed the content, the rest reads as zeros.
    pub meta: Meta,
    /// Content of a file.
    pub content: Vec<u8>,
    /// Text of a link.
    pub target: PathBuf,
}

/// A tree in memory.
#[derive(Clone, Debug)]
pub struct MemSource {
    nodes: BTreeMap<PathBuf, Node>,
    usages: BTreeMap<PathBuf, Usage>,
}

impl MemSource {
    /// A tree that holds only `/`.
    #[must_use]
    pub fn new() -> Self {
        let mut nodes = BTreeMap::new();
        nodes.insert(PathBuf::from("/"), Node::new(FileKind::Dir, 0o755));
        let usages = BTreeMap::new();
        Self { nodes, usages }
    }

    /// Puts `node` at `path`, with the directories above it.
    pub fn insert(&mut self, path: impl AsRef<Path>, mut node: Node) {
        let path = Path::new("/").join(path);
        for dir in path.ancestors().skip(1) {
            let dir = dir.to_path_buf();
            let new = || Node::new(FileKind::Dir, 0o755);
            self.nodes.entry(dir).or_insert_with(new);
        }
        if node.meta.ino == 0 {
            node.meta.ino = u64::try_from(self.nodes.len()).unwrap_or(u64::MAX);
        }
        self.nodes.insert(path, node);
    }

    /// Puts a regular file of mode 0644.
    pub fn file(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> &mut Self {
        self.file_mode(path, content, 0o644)
    }

    /// Puts a regular file.
    pub fn file_mode(
        &mut self,
        path: impl AsRef<Path>,
        content: impl Into<Vec<u8>>,
        mode: u32,
    ) -> &mut Self {
        let mut node = Node::new(FileKind::File, mode);
        node.content = content.into();
        node.meta.len = u64::try_from(node.content.len()).unwrap_or(u64::MAX);
        self.insert(path, node);
        self
    }

    /// Puts a symbolic link.
    pub fn link(&mut self, path: impl AsRef<Path>, target: impl Into<PathBuf>) -> &mut Self {
        let mut node = Node::new(FileKind::Link, 0o777);
        node.target = target.into();
        self.insert(path, node);
        self
    }

    /// Puts an empty directory.
    pub fn dir(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.insert(path, Node::new(FileKind::Dir, 0o755));
        self
    }

    /// Says how full the file system at `path` is.
    pub fn usage_at(&mut self, path: impl AsRef<Path>, usage: Usage) -> &mut Self {
        self.usages.insert(path.as_ref().to_path_buf(), usage);
        self
    }

    /// The node at `path`, to change its metadata.
    pub fn node_mut(&mut self, path: impl AsRef<Path>) -> Option<&mut Node> {
        self.nodes.get_mut(path.as_ref())
    }

    /// The node at `path`.
    #[must_use]
    pub fn node(&self, path: &Path) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Takes away `path` and everything below it.
    pub fn remove(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.nodes.retain(|p, _| !p.starts_with(path.as_ref()));
        self
    }

    fn get(&self, path: &Path) -> Result<&Node, ReadError> {
        if let Some(node) = self.nodes.get(path) {
            return Ok(node);
        }
        for parent in path.ancestors().skip(1) {
            if let Some(node) = self.nodes.get(parent) {
                return Err(if node.meta.kind == FileKind::Dir {
                    ReadError::NotFound
                } else {
                    ReadError::NotDir
                });
            }
        }
        Err(ReadError::NotFound)
    }
}

impl Default for MemSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    /// A root-owned node without content.
    #[must_use]
    pub fn new(kind: FileKind, mode: u32) -> Self {
        Self {
            meta: Meta {
                kind,
                len: 0,
                mode,
                uid: 0,
                gid: 0,
                nlink: 1,
                mtime: 0,
                dev: 1,
                ino: 0,
            },
            content: Vec::new(),
            target: PathBuf::new(),
        }
    }
}

/// Bytes as an open file.
pub(super) fn in_memory(content: Vec<u8>) -> Box<dyn Blob> {
    let len = u64::try_from(content.len()).unwrap_or(u64::MAX);
    Box::new(InMemory { content, len })
}

/// A file's content with zeros behind it.
struct InMemory {
    content: Vec<u8>,
    len: u64,
}

impl Blob for InMemory {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let kept = self.content.get(from..).unwrap_or(&[]);
        for (index, byte) in buffer.iter_mut().take(wanted).enumerate() {
            *byte = kept.get(index).copied().unwrap_or(0);
        }
        Ok(wanted)
    }
}

impl Source for MemSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        self.get(path).map(|node| node.meta)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let node = self.get(path)?;
        match node.meta.kind {
            FileKind::Link => Ok(node.target.clone()),
            _ => Err(ReadError::Io("invalid argument".into())),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let node = self.get(path)?;
        if node.meta.kind != FileKind::File {
            return Err(ReadError::NotRegular(node.meta.kind));
        }
        if node.meta.len > limit {
            return Err(ReadError::Limit(format!(
                "larger than {}",
                super::size_words(limit)
            )));
        }
        let mut content = node.content.clone();
        let len = usize::try_from(node.meta.len).unwrap_or(content.len());
        if len > content.len() {
            content.resize(len, 0);
        }
        Ok(content)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let node = self.get(path)?;
        if node.meta.kind != FileKind::File {
            return Err(ReadError::NotRegular(node.meta.kind));
        }
        let mut head = node.content.clone();
        let wanted = usize::try_from(node.meta.len.min(len)).unwrap_or(usize::MAX);
        head.resize(wanted, 0);
        Ok(head)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        let node = self.get(path)?;
        if node.meta.kind != FileKind::File {
            return Err(ReadError::NotRegular(node.meta.kind));
        }
        Ok(Box::new(InMemory {
            content: node.content.clone(),
            len: node.meta.len,
        }))
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        if self.get(path)?.meta.kind != FileKind::Dir {
            return Err(ReadError::NotDir);
        }
        let below = self.nodes.range(path.to_path_buf()..).map(|(p, _)| p);
        let children = below
            .take_while(|p| p.starts_with(path))
            .filter(|p| p.parent() == Some(path));
        let names: Vec<OsString> = children
            .filter_map(|p| p.file_name())
            .map(Into::into)
            .collect();
        if names.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        Ok(names)
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        self.get(path)?;
        self.usages.get(path).copied().ok_or(ReadError::NotFound)
    }
}
