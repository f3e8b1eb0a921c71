//! The tree as the evaluator of scripts sees it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Doubt, Fact, Looked, Unknown};
use crate::shell::{FileTest, World};
use crate::source::{FileKind, Tree};
use crate::text::File;

/// Bytes that tell a binary from a script.
const HEAD: u64 = 4;

/// Answers the evaluator's questions from a tree.
pub(super) struct TreeWorld<'a> {
    tree: &'a Tree,
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
        Self { tree }
    }
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
        let name = std::ffi::OsStr::from_bytes(name);
        let mut looked = Looked {
            paths: Vec::new(),
            notes: Vec::new(),
        };
        let mut open = None;
        for dir in path.split(|b| *b == b':') {
            let dir = Path::new(std::ffi::OsStr::from_bytes(dir));
            if !dir.is_absolute() {
                continue;
            }
            let candidate = dir.join(name);
            match self.tree.resolve(&candidate) {
                Fact::Known(found) => {
                    if found.meta.kind == FileKind::File && found.meta.any_execute_bit() {
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

    fn test(&self, what: FileTest, path: &Path) -> Fact<bool> {
        let settled = SETTLED.iter().any(|dir| path.starts_with(dir));
        if !settled {
            let doubt = Doubt::CannotModel("files here come and go".into());
            return Fact::Unknown(Unknown::new(path, doubt));
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
}
