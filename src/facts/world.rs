//! The tree as the evaluator of scripts sees it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Doubt, Fact, Unknown};
use crate::shell::{FileTest, World};
use crate::source::{FileKind, Tree};
use crate::text::File;

/// Bytes that tell a binary from a script.
const HEAD: u64 = 4;

/// Answers the evaluator's questions from a tree.
pub(super) struct TreeWorld<'a> {
    tree: &'a Tree,
    named: Option<String>,
    hooks: bool,
}

/// Directories whose content is configuration or programs: what is there now is
/// there when the script runs. Everywhere else files come and go.
const SETTLED: [&str; 10] = [
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/usr",
    "/etc",
    "/opt",
    "/boot",
    "/srv/scripts",
    "/root/bin",
];

impl<'a> TreeWorld<'a> {
    /// A world over `tree`.
    #[must_use]
    pub(super) const fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            named: None,
            hooks: false,
        }
    }

    /// The same for hooks: a host's name where the tree has none, and what run-parts
    /// runs. Where schedules are judged, the daemon decides how run-parts reads a
    /// directory.
    #[must_use]
    pub(super) fn for_hooks(self, name: Option<String>) -> Self {
        Self {
            named: name,
            hooks: true,
            ..self
        }
    }

    /// Whether what is at `path` now is there when the script runs.
    fn settled(path: &Path) -> bool {
        SETTLED.iter().any(|dir| path.starts_with(dir))
    }
}

fn unsettled(path: &Path) -> Unknown {
    Unknown::new(path, Doubt::CannotModel("files here come and go".into()))
}

impl World for TreeWorld<'_> {
    fn script(&self, path: &Path) -> Fact<Arc<File>> {
        // A binary of many megabytes is told from a script by its first bytes.
        self.tree.read_head(path, HEAD).and_then(|head| {
            if head.bytes().starts_with(b"\x7fELF") {
                Fact::Known(head)
            } else {
                self.tree.read(path)
            }
        })
    }

    fn find(&self, name: &[u8], path: &[u8]) -> Fact<PathBuf> {
        self.tree.program(name, path)
    }

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        if !Self::settled(path) {
            return Fact::Unknown(unsettled(path));
        }
        let found = match what {
            FileTest::Link => self.tree.lstat(path),
            _ => self.tree.resolve(path),
        };
        match found {
            Fact::Known(found) => {
                let meta = found.meta;
                Fact::Known(match what {
                    FileTest::Exists | FileTest::Readable | FileTest::Writable => true,
                    FileTest::Regular => meta.kind == FileKind::File,
                    FileTest::Directory => meta.kind == FileKind::Dir,
                    FileTest::Link => meta.kind == FileKind::Link,
                    FileTest::NotEmpty => meta.len > 0,
                    FileTest::Executable => meta.kind == FileKind::Dir || meta.any_execute_bit(),
                    FileTest::Block => meta.kind == FileKind::BlockDevice,
                    FileTest::Character => meta.kind == FileKind::CharDevice,
                    FileTest::Fifo => meta.kind == FileKind::Fifo,
                    FileTest::Socket => meta.kind == FileKind::Socket,
                })
            }
            // A flag somebody may still set; programs are installed, not set.
            Fact::Absent(_) if path.starts_with("/etc") => {
                let doubt = Doubt::CannotModel("a file that may be put here".into());
                Fact::Unknown(Unknown::new(path, doubt))
            }
            Fact::Absent(_) | Fact::Broken(_) => Fact::Known(false),
            Fact::Unknown(unknown) => Fact::Unknown(unknown),
            Fact::NotCovered(why) => Fact::NotCovered(why),
        }
    }

    fn content(&self, path: &Path) -> Fact<Arc<File>> {
        if Self::settled(path) {
            self.tree.read(path)
        } else {
            Fact::Unknown(unsettled(path))
        }
    }

    fn real(&self, path: &Path) -> Fact<PathBuf> {
        self.tree.resolve(path).map(|found| found.path)
    }

    fn link(&self, path: &Path) -> Fact<PathBuf> {
        match self.tree.read_link(path) {
            Fact::Absent(_) if !Self::settled(path) => Fact::Unknown(unsettled(path)),
            other => other,
        }
    }

    fn entries(&self, path: &Path) -> Fact<Vec<Vec<u8>>> {
        if !Self::settled(path) {
            return Fact::Unknown(unsettled(path));
        }
        self.tree.resolve(path).and_then(|_| {
            let entries = self.tree.entries(path);
            if let Some(gap) = entries.gaps.first() {
                return Fact::Unknown(gap.clone());
            }
            if let Some(why) = entries.uncovered.first() {
                return Fact::NotCovered(why.clone());
            }
            let names = entries.items.iter().filter_map(|path| path.file_name());
            let mut names: Vec<Vec<u8>> = names.map(|name| name.as_bytes().to_vec()).collect();
            names.sort();
            Fact::Known(names)
        })
    }

    fn hostname(&self) -> Fact<Vec<u8>> {
        let name = match super::identity::hostname(self.tree) {
            Fact::Known(name) => Some(name),
            _ => self.named.clone(),
        };
        match name {
            Some(name) => Fact::Known(name.into_bytes()),
            None => {
                let path = Path::new("/etc/hostname");
                let doubt = Doubt::CannotModel("the host's name is not known".into());
                Fact::Unknown(Unknown::new(path, doubt))
            }
        }
    }

    fn follows_run_parts(&self) -> bool {
        let program = self.tree.read_head(Path::new("/usr/bin/run-parts"), HEAD);
        // Red Hat's is a shell script of another kind.
        let elf = matches!(program, Fact::Known(head) if head.bytes().starts_with(b"\x7fELF"));
        self.hooks && elf
    }

    fn lacks(&self, path: &Path) -> bool {
        Self::settled(path) && matches!(self.tree.resolve(path), Fact::Absent(_))
    }
}
