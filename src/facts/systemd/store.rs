//! Where unit files come from: the tree, and what generators will have written before
//! PID 1 loads its first unit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Listing, Looked, Unknown};
use crate::source::{FileKind, Tree};
use crate::text::{File, Place};

/// What a generator makes at one path.
#[derive(Clone, Debug)]
pub struct Made {
    /// A file, or a link with its text.
    pub node: MadeNode,
    /// The line that asks for it, where there is one.
    pub origin: Option<Place>,
    /// The generator.
    pub by: &'static str,
}

/// A file or a link.
#[derive(Clone, Debug)]
pub enum MadeNode {
    /// A file of this content, under the path it is made at.
    File(Arc<File>),
    /// A symbolic link.
    Link(PathBuf),
}

/// Everything a generator run makes, by path.
#[derive(Clone, Debug)]
pub struct Output {
    /// The files and links.
    pub made: BTreeMap<PathBuf, Made>,
    /// The names in each directory that something is made in.
    names: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Output {
    /// Nothing made.
    pub(super) const fn new() -> Self {
        Self {
            made: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    /// Makes a file, unless something is there already; whether it did.
    pub(super) fn file(
        &mut self,
        path: &Path,
        content: String,
        by: &'static str,
        origin: Option<&Place>,
    ) -> bool {
        let node = MadeNode::File(File::new(path, content.into_bytes()));
        self.insert(path, node, by, origin)
    }

    /// Makes a link, unless something is there already; whether it did.
    pub(super) fn link(
        &mut self,
        path: &Path,
        target: impl Into<PathBuf>,
        by: &'static str,
        origin: Option<&Place>,
    ) -> bool {
        self.insert(path, MadeNode::Link(target.into()), by, origin)
    }

    fn insert(
        &mut self,
        path: &Path,
        node: MadeNode,
        by: &'static str,
        origin: Option<&Place>,
    ) -> bool {
        if self.made.contains_key(path) {
            return false;
        }
        let mut at = path;
        while let (Some(parent), Some(name)) = (at.parent(), at.file_name()) {
            let names = self.names.entry(parent.to_path_buf()).or_default();
            if !names.insert(name.to_string_lossy().into_owned()) {
                break;
            }
            at = parent;
        }
        let made = Made {
            node,
            origin: origin.cloned(),
            by,
        };
        self.made.insert(path.to_path_buf(), made);
        true
    }
}

/// What stands in a unit directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A regular file, empty or not.
    File {
        /// Whether it has no bytes.
        empty: bool,
    },
    /// A symbolic link.
    Link,
    /// A directory.
    Dir,
    /// A device.
    Device,
    /// Anything else.
    Other,
}

/// The tree with the output of generators laid over `/run`.
pub(super) struct Store<'a> {
    /// The tree.
    pub(super) tree: &'a Tree,
    /// What generators make.
    pub(super) output: &'a Output,
    /// Whether it is the running system that is asked, not the next boot.
    pub(super) running: bool,
}

/// Where `systemd-run` puts its units.
const TRANSIENT: &str = "/run/systemd/transient";

impl Store<'_> {
    /// What is below `/run` is gone at the next boot, and made anew by generators only.
    fn is_made_anew(&self, path: &Path) -> bool {
        path.starts_with("/run") && !(self.running && path.starts_with(TRANSIENT))
    }

    /// The names in a directory, in byte order; an absent one has none.
    pub(super) fn list(&self, dir: &Path) -> Listing<String> {
        let mut out = Listing::new();
        if self.is_made_anew(dir) {
            let names = self.output.names.get(dir).into_iter().flatten();
            out.items.extend(names.cloned());
            return out;
        }
        if let Some(names) = out.take(self.tree.list(dir)) {
            let names = names.iter().filter_map(|name| name.to_str());
            out.items.extend(names.map(str::to_owned));
        }
        out
    }

    /// What stands at a path, a link not followed.
    pub(super) fn kind(&self, path: &Path) -> Fact<Entry> {
        if self.is_made_anew(path) {
            return match self.output.made.get(path).map(|made| &made.node) {
                Some(MadeNode::File(file)) => Fact::Known(Entry::File {
                    empty: file.bytes().is_empty(),
                }),
                Some(MadeNode::Link(_)) => Fact::Known(Entry::Link),
                None if self.output.names.contains_key(path) => Fact::Known(Entry::Dir),
                None => Fact::Absent(Looked::at(path)),
            };
        }
        self.tree.lstat(path).map(|found| match found.meta.kind {
            FileKind::File => Entry::File {
                empty: found.meta.len == 0,
            },
            FileKind::Link => Entry::Link,
            FileKind::Dir => Entry::Dir,
            FileKind::CharDevice | FileKind::BlockDevice => Entry::Device,
            _ => Entry::Other,
        })
    }

    /// The text of a link.
    pub(super) fn read_link(&self, path: &Path) -> Fact<PathBuf> {
        if self.is_made_anew(path) {
            return match self.output.made.get(path).map(|made| &made.node) {
                Some(MadeNode::Link(target)) => Fact::Known(target.clone()),
                Some(MadeNode::File(_)) | None => Fact::Absent(Looked::at(path)),
            };
        }
        self.tree.read_link(path)
    }

    /// A file, links followed.
    pub(super) fn read(&self, path: &Path) -> Fact<Arc<File>> {
        if self.is_made_anew(path) {
            return match self.output.made.get(path).map(|made| &made.node) {
                Some(MadeNode::File(file)) => Fact::Known(Arc::clone(file)),
                Some(MadeNode::Link(target)) => self.tree.read(target),
                None => Fact::Absent(Looked::at(path)),
            };
        }
        self.tree.read(path)
    }

    /// The line behind something a generator makes.
    pub(super) fn origin(&self, path: &Path) -> Option<Place> {
        self.output.made.get(path)?.origin.clone()
    }

    /// Whether a directory stands at a path, links followed.
    pub(super) fn is_dir(&self, path: &Path) -> bool {
        if self.is_made_anew(path) {
            return self.output.names.contains_key(path);
        }
        let found = self.tree.resolve(path);
        matches!(found, Fact::Known(found) if found.meta.kind == FileKind::Dir)
    }

    /// Whether a path ends in an empty file or a device once all links are followed
    /// (`null_or_empty_path`): a mask.
    pub(super) fn is_mask(&self, path: &Path) -> Result<bool, Unknown> {
        let mut at = path.to_path_buf();
        for _ in 0..8 {
            if at == Path::new("/dev/null") {
                return Ok(true);
            }
            match self.kind(&at) {
                Fact::Known(Entry::Link) => match self.link_end(&at) {
                    Some(next) => at = next,
                    None => return Ok(false),
                },
                Fact::Known(entry) => {
                    return Ok(matches!(entry, Entry::Device | Entry::File { empty: true }));
                }
                Fact::Unknown(unknown) => return Err(unknown),
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Where a link points: absolute, the links of its parents followed, its own end
    /// not (`chase` with `CHASE_NOFOLLOW` and `CHASE_NONEXISTENT`).
    pub(super) fn link_end(&self, link: &Path) -> Option<PathBuf> {
        let Fact::Known(target) = self.read_link(link) else {
            return None;
        };
        let dir = link.parent().unwrap_or(Path::new("/"));
        Some(self.chase(&dir.join(target)))
    }

    /// A path with the links of its parents followed, also where it does not exist.
    pub(super) fn chase(&self, path: &Path) -> PathBuf {
        let mut rest: Vec<&std::ffi::OsStr> = Vec::new();
        let mut at = path;
        loop {
            let known = if rest.is_empty() {
                self.tree.lstat(at)
            } else {
                self.tree.resolve(at)
            };
            if let Fact::Known(found) = known {
                return join_simple(found.path, &rest);
            }
            match (at.parent(), at.components().next_back()) {
                (Some(parent), Some(last)) => {
                    rest.push(last.as_os_str());
                    at = parent;
                }
                _ => return join_simple(PathBuf::from("/"), &rest),
            }
        }
    }
}

/// Adds names, last one first; `..` goes up by name.
fn join_simple(mut path: PathBuf, rest: &[&std::ffi::OsStr]) -> PathBuf {
    for name in rest.iter().rev() {
        match Path::new(name).components().next() {
            Some(Component::ParentDir) => {
                path.pop();
            }
            Some(Component::Normal(name)) => path.push(name),
            _ => {}
        }
    }
    path
}
