//! The file system that the kernel unpacks an initrd into.
//!
//! Paths are relative to its root, without a leading slash. Later entries replace
//! earlier ones, links in a path are followed, and an entry without its directory
//! is not made, all as `init/initramfs.c` (Linux 6.1) has it.

use std::collections::{BTreeMap, VecDeque};

use super::problem::Skipped;
use crate::text::FileKind;

/// Links followed in one walk before it counts as a loop (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// What was unpacked: paths, each with its inode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rootfs {
    tree: BTreeMap<Vec<u8>, usize>,
    inodes: Vec<Entry>,
    /// The last directory a name was put into: as written, and where it is.
    last_parent: Option<(Vec<u8>, Vec<u8>)>,
}

/// One file, directory, link or device. Hard links share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with setuid, setgid and sticky (`07777`).
    pub mode: u32,
    /// Bytes of content; of a link, of its text.
    pub size: u64,
    /// The text of a symbolic link.
    pub target: Option<Vec<u8>>,
    /// The content, where the caller asked for it.
    pub content: Option<Content>,
    /// Which segment it came with, an index into the list of segments.
    pub segment: usize,
}

/// What was kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its beginning.
    pub bytes: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Where a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Something that is no link.
    Found {
        /// Its path, without links.
        path: Vec<u8>,
        /// What it is.
        entry: &'a Entry,
    },
    /// The root itself.
    Root,
    /// Nothing is there; the first path that is missing.
    Missing(Vec<u8>),
    /// A part of the way is no directory; its path.
    NotDir(Vec<u8>),
    /// Too many links.
    Loop,
}

impl Entry {
    /// Whether the kernel would execute it: a regular file with any execute bit.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.kind == FileKind::File && self.mode & 0o111 != 0
    }
}

impl Rootfs {
    /// Every path with its entry, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        let entry = |inode: &usize| self.inodes.get(*inode);
        self.tree
            .iter()
            .filter_map(move |(path, inode)| Some((path.as_slice(), entry(inode)?)))
    }

    /// How many paths there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether nothing was unpacked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// What stands at `path` itself, no link followed.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.inodes.get(*self.tree.get(path)?)
    }

    /// The names in the directory at `path`, in byte order; `path` without links.
    pub fn names<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut prefix = path.to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let len = prefix.len();
        let from = prefix.clone();
        self.tree
            .range(from..)
            .map(|(path, _)| path)
            .take_while(move |path| path.starts_with(&prefix))
            .filter_map(move |path| path.get(len..))
            .filter(|rest| !rest.contains(&b'/'))
    }

    /// Follows `path` from the root, every link included.
    #[must_use]
    pub fn resolve(&self, path: &[u8]) -> Lookup<'_> {
        let mut todo: VecDeque<&[u8]> = components(path).collect();
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop_front() {
            if name == b".." {
                let keep = at.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                at.truncate(keep);
                continue;
            }
            let parent = at.len();
            if !at.is_empty() {
                at.push(b'/');
            }
            at.extend_from_slice(name);
            let Some(entry) = self.get(&at) else {
                return Lookup::Missing(at);
            };
            match (entry.kind, &entry.target) {
                (FileKind::Dir, _) => {}
                (FileKind::Link, Some(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Lookup::Loop;
                    }
                    let absolute = target.first() == Some(&b'/');
                    at.truncate(if absolute { 0 } else { parent });
                    for name in components(target).rev() {
                        todo.push_front(name);
                    }
                }
                _ if todo.is_empty() => {}
                _ => return Lookup::NotDir(at),
            }
        }
        match self.get(&at) {
            Some(entry) => Lookup::Found { path: at, entry },
            None => Lookup::Root,
        }
    }

    /// Where an entry named `name` goes, its directory's links followed.
    pub(super) fn place(&mut self, name: &[u8]) -> Result<Vec<u8>, Skipped> {
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let (parent, last) = match name.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => name.split_at(slash),
            None => (&b""[..], name),
        };
        let last = last.strip_prefix(b"/").unwrap_or(last);
        if matches!(last, b"" | b"." | b"..") {
            return Err(Skipped::InTheWay);
        }
        let known = match &self.last_parent {
            Some((written, place)) if written == parent => Some(place.clone()),
            Some(_) | None => None,
        };
        let mut path = match known {
            Some(place) => place,
            None => {
                let place = match self.resolve(parent) {
                    Lookup::Root => Vec::new(),
                    Lookup::Found { path, entry } if entry.kind == FileKind::Dir => path,
                    Lookup::Missing(path) if is_built_in(&path) && self.is_only(parent, &path) => {
                        path
                    }
                    _ => return Err(Skipped::NoParent),
                };
                self.last_parent = Some((parent.to_vec(), place.clone()));
                place
            }
        };
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(last);
        Ok(path)
    }

    /// Whether `parent`, as written, means `path` and nothing below it.
    fn is_only(&self, parent: &[u8], path: &[u8]) -> bool {
        components(parent).collect::<Vec<_>>().join(&b'/') == path && self.get(path).is_none()
    }

    /// Makes an entry at a place; the index of its inode. What is there gives way,
    /// where the kernel can remove it (`clean_path`); a directory stays and takes
    /// the new mode.
    pub(super) fn put(&mut self, path: Vec<u8>, entry: Entry) -> Result<usize, Skipped> {
        if let Some(old) = self.get(&path) {
            let same_kind = old.kind == entry.kind && entry.kind != FileKind::Link;
            if !same_kind {
                let is_full = old.kind == FileKind::Dir && self.names(&path).next().is_some();
                if is_full {
                    return Err(Skipped::InTheWay);
                }
            } else if entry.kind != FileKind::Dir && entry.kind != FileKind::File {
                // A device in the place of one of its kind: mknod fails, the old one stays.
                return Err(Skipped::InTheWay);
            } else if let Some(inode) = self.tree.get(&path).copied() {
                // Written into, so every other name of it changes too.
                if let Some(old) = self.inodes.get_mut(inode) {
                    *old = entry;
                }
                return Ok(inode);
            }
        }
        if entry.kind != FileKind::File {
            self.last_parent = None;
        }
        let inode = self.inodes.len();
        self.inodes.push(entry);
        self.tree.insert(path, inode);
        Ok(inode)
    }

    /// A further name for an inode.
    pub(super) fn link(&mut self, path: Vec<u8>, inode: usize) -> Result<(), Skipped> {
        if self.get(&path).is_some_and(|old| old.kind == FileKind::Dir)
            && self.names(&path).next().is_some()
        {
            return Err(Skipped::InTheWay);
        }
        self.last_parent = None;
        self.tree.insert(path, inode);
        Ok(())
    }

    /// The inodes, and every path with the number of its own.
    pub(super) fn parts(&self) -> (&[Entry], impl Iterator<Item = (&[u8], usize)>) {
        let names = self
            .tree
            .iter()
            .map(|(path, inode)| (path.as_slice(), *inode));
        (&self.inodes, names)
    }

    /// The same again; none where a path has no inode.
    pub(super) fn of_parts(inodes: Vec<Entry>, names: Vec<(Vec<u8>, usize)>) -> Option<Self> {
        if names.iter().any(|(_, inode)| *inode >= inodes.len()) {
            return None;
        }
        Some(Self {
            tree: names.into_iter().collect(),
            inodes,
            last_parent: None,
        })
    }

    pub(super) fn inode_mut(&mut self, inode: usize) -> Option<&mut Entry> {
        self.inodes.get_mut(inode)
    }
}

/// Directories of the archive inside every kernel (`usr/default_cpio_list`).
fn is_built_in(path: &[u8]) -> bool {
    matches!(path, b"dev" | b"root")
}

/// The names of a path, without empty ones and dots.
fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
}
