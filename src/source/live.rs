//! The running system: its files, and what only the kernel's own socket tells of the
//! network, shown as files below `/netlink`. So a snapshot, a fixture and a rule see one
//! kind of thing.
//!
//! | file | one line for each |
//! |---|---|
//! | `/netlink/links` | interface |
//! | `/netlink/addresses` | address |
//! | `/netlink/chains` | chain of nftables that sees packets |
//! | `/netlink/routes` | route that is a default route, or that no daemon and not the kernel made |
//! | `/netlink/rules` | policy rule |

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Blob, DirSource, FileKind, MemSource, Meta, ReadError, Source, Usage, netlink};

/// Where the answers of the kernel's socket stand.
const DIR: &str = "/netlink";
/// What may be asked.
const QUESTIONS: [&str; 5] = ["addresses", "chains", "links", "routes", "rules"];

/// The running system.
pub struct LiveSource {
    files: DirSource,
}

impl LiveSource {
    /// The running system, whose files are `files`.
    #[must_use]
    pub const fn new(files: DirSource) -> Self {
        Self { files }
    }
}

/// Whether a path is one of the questions.
fn is_question(path: &Path) -> bool {
    let name = path.strip_prefix(DIR).ok().and_then(Path::to_str);
    name.is_some_and(|name| QUESTIONS.contains(&name))
}

/// What is at a path below `/netlink`; asked anew each time, as the tree remembers.
fn answer(path: &Path) -> Option<Result<MemSource, ReadError>> {
    let name = path.strip_prefix(DIR).ok()?;
    let mut source = MemSource::new();
    source.dir(DIR);
    if let Some(name) = name.to_str().filter(|name| !name.is_empty()) {
        match netlink::ask(name) {
            Some(Ok(text)) => {
                source.file(path, text);
            }
            Some(Err(error)) => return Some(Err(error)),
            None => {}
        }
    }
    Some(Ok(source))
}

impl Source for LiveSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        if is_question(path) {
            return Ok(Meta {
                kind: FileKind::File,
                len: 0,
                mode: 0o444,
                uid: 0,
                gid: 0,
                nlink: 1,
                mtime: 0,
                dev: 0,
                ino: 0,
            });
        }
        match answer(path) {
            Some(answer) => answer?.lstat(path),
            None => self.files.lstat(path),
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.files.read_link(path)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        match answer(path) {
            Some(answer) => answer?.read(path, limit),
            None => self.files.read(path, limit),
        }
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        match answer(path) {
            Some(answer) => answer?.read_head(path, len),
            None => self.files.read_head(path, len),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        self.files.open(path)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        if path == Path::new(DIR) {
            return Ok(QUESTIONS.iter().map(OsString::from).collect());
        }
        self.files.list(path, limit)
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        self.files.usage(path)
    }
}
