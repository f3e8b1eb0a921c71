//! A tree in memory, for fixtures and tests.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Blob, FileKind, Meta, ReadError, Source, Usage};

/// One inode of a [`MemSource`].
#[derive(Clone, Debug)]
pub struct Node {
    /// What `lstat` says; `len` may exceed the content, the rest reads as zeros.
    pub meta: Meta,
    /// Content of a file, shared by its copies.
    pub content: Arc<Vec<u8>>,
    /// Text of a link.
    pub target: PathBuf,
}

/// A tree in memory.
#[derive(Clone, Debug)]
pub struct MemSource {
    /// By the bytes of the path: paths compare part by part, which takes longer than
    /// everything else here.
    nodes: BTreeMap<Vec<u8>, Node>,
    usages: BTreeMap<PathBuf, Usage>,
}

impl MemSource {
    /// A tree that holds only `/`.
    #[must_use]
    pub fn new() -> Self {
        let mut nodes = BTreeMap::new();
        nodes.insert(b"/".to_vec(), Node::new(FileKind::Dir, 0o755));
        let usages = BTreeMap::new();
        Self { nodes, usages }
    }

    /// Puts `node` at `path`, with the directories above it.
    pub fn insert(&mut self, path: impl AsRef<Path>, mut node: Node) {
        let path = Path::new("/").join(path);
        for dir in path.ancestors().skip(1) {
            let new = || Node::new(FileKind::Dir, 0o755);
            self.nodes.entry(key(dir).into_owned()).or_insert_with(new);
        }
        if node.meta.ino == 0 {
            node.meta.ino = u64::try_from(self.nodes.len()).unwrap_or(u64::MAX);
        }
        self.nodes.insert(key(&path).into_owned(), node);
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
        node.content = Arc::new(content.into());
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
        self.nodes.get_mut(key(path.as_ref()).as_ref())
    }

    /// The node at `path`.
    #[must_use]
    pub fn node(&self, path: &Path) -> Option<&Node> {
        self.nodes.get(key(path).as_ref())
    }

    /// Takes away `path` and everything below it.
    pub fn remove(&mut self, path: impl AsRef<Path>) -> &mut Self {
        let gone = key(path.as_ref()).into_owned();
        let below = |at: &[u8]| match at.strip_prefix(gone.as_slice()) {
            Some(rest) => gone == b"/" || rest.is_empty() || rest.starts_with(b"/"),
            None => false,
        };
        self.nodes.retain(|at, _| !below(at));
        self
    }

    fn get(&self, path: &Path) -> Result<&Node, ReadError> {
        if let Some(node) = self.node(path) {
            return Ok(node);
        }
        for parent in path.ancestors().skip(1) {
            if let Some(node) = self.node(parent) {
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

/// The bytes of a path, without what does not change where it leads.
fn key(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_bytes();
    let odd = |pair: &[u8]| pair == b"//" || pair == b"/.";
    let is_plain = !bytes.windows(2).any(odd) && (bytes.len() < 2 || !bytes.ends_with(b"/"));
    if is_plain {
        return Cow::Borrowed(bytes);
    }
    let parts: PathBuf = path.components().collect();
    Cow::Owned(parts.into_os_string().into_vec())
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
            content: Arc::default(),
            target: PathBuf::new(),
        }
    }
}

/// Bytes as an open file.
pub(super) fn in_memory(content: Vec<u8>) -> Box<dyn Blob> {
    let len = u64::try_from(content.len()).unwrap_or(u64::MAX);
    Box::new(InMemory {
        content: Arc::new(content),
        len,
    })
}

/// A file's content with zeros behind it.
struct InMemory {
    content: Arc<Vec<u8>>,
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
        let (kept, _) = kept.split_at(kept.len().min(wanted));
        let (read, rest) = buffer.split_at_mut(kept.len());
        read.copy_from_slice(kept);
        rest.iter_mut()
            .take(wanted - kept.len())
            .for_each(|byte| *byte = 0);
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
        let mut content = Vec::clone(&node.content);
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
        let wanted = usize::try_from(node.meta.len.min(len)).unwrap_or(usize::MAX);
        let kept = wanted.min(node.content.len());
        let mut head = node.content.get(..kept).unwrap_or(&[]).to_vec();
        head.resize(wanted, 0);
        Ok(head)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        let node = self.get(path)?;
        if node.meta.kind != FileKind::File {
            return Err(ReadError::NotRegular(node.meta.kind));
        }
        Ok(Box::new(InMemory {
            content: Arc::clone(&node.content),
            len: node.meta.len,
        }))
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        if self.get(path)?.meta.kind != FileKind::Dir {
            return Err(ReadError::NotDir);
        }
        let mut prefix = key(path).into_owned();
        if prefix != b"/" {
            prefix.push(b'/');
        }
        let mut names = Vec::new();
        let mut from = prefix.clone();
        // "/" itself begins with the prefix of what is in it.
        from.push(0);
        while let Some((at, _)) = self.nodes.range(from..).next() {
            let Some(rest) = at.strip_prefix(prefix.as_slice()) else {
                break;
            };
            let end = memchr::memchr(b'/', rest);
            let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            if end.is_none() {
                names.push(OsString::from_vec(name.to_vec()));
            }
            // What is below it comes before what begins with the byte after the slash.
            let after = if end.is_some() { b'0' } else { 0 };
            from = [prefix.as_slice(), name, &[after]].concat();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_lists_its_own_entries_in_order_and_no_others() {
        let mut source = MemSource::new();
        for path in [
            "/a/b/c",
            "/a/b-c",
            "/a/b.d/x/y",
            "/a/b0",
            "/a/bb",
            "/ab",
            "/a/\u{e4}",
        ] {
            source.file(path, "");
        }
        let names = |path: &str| source.list(Path::new(path), 100).unwrap();
        assert_eq!(names("/"), ["a", "ab"]);
        assert_eq!(names("/a"), ["b", "b-c", "b.d", "b0", "bb", "\u{e4}"]);
        assert_eq!(names("/a/b.d"), ["x"]);
        assert!(source.list(Path::new("/a"), 5).is_err());
        assert_eq!(source.list(Path::new("/ab"), 5), Err(ReadError::NotDir));
    }

    #[test]
    fn a_path_leads_where_it_leads_however_it_is_written() {
        let mut source = MemSource::new();
        source.file("a//b/./c/", "x").dir("/a/bc");
        for path in ["/a/b/c", "/a/b/c/", "//a/b//c", "/a/./b/c", "/a/b/c/."] {
            assert!(source.lstat(Path::new(path)).is_ok(), "{path}");
        }
        source.remove("/a/b");
        assert_eq!(source.lstat(Path::new("/a/b/c")), Err(ReadError::NotFound));
        assert!(source.lstat(Path::new("/a/bc")).is_ok());
        assert!(source.lstat(Path::new("/a")).is_ok());
    }
}
