//! The only door to a tree.
//!
//! A [`Source`] answers a few questions about *physical* paths: absolute inside
//! the tree, without `..`, and with no link in any parent. [`Tree`] lays the
//! in-root path walk, coverage, limits, deadline and a read-once cache over it,
//! and speaks in [`Fact`](crate::fact::Fact)s. Nothing else in the crate opens,
//! lists or stats a file.

#[cfg_attr(not(target_os = "linux"), path = "at_elsewhere.rs")]
mod at;
mod coverage;
mod dir;
mod fault;
mod git;
mod given;
mod glob;
mod helper;
mod layered;
mod listed;
mod live;
mod mem;
mod mounts;
#[cfg_attr(not(target_os = "linux"), path = "netlink_elsewhere.rs")]
mod netlink;
mod overlay;
mod pieces;
mod record;
mod replay;
mod template;
mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use coverage::{Ambiguous, Coverage, TreeKind, detect_kind, is_unpacked, strong_signs};
pub use dir::{DirSource, OpenError};
pub use fault::{FaultSource, Injected};
pub use git::{GitError, GitSource, Repository};
pub use given::{decided_by_others, open_given, random, read_given, read_snapshot};
pub use glob::{Glob, glob_hosts};
pub use helper::{HelperCommand, serve as serve_helper};
pub use layered::{Layer, LayeredSource};
pub use listed::ListedSource;
pub use live::LiveSource;
pub use mem::{MemSource, Node};
pub use overlay::{Archives, Changes, OverlaySource, Stands, There};
pub use pieces::{Pieces, Reader};
pub use record::{Content, Record, Recorder, RecordingSource, Seen};
pub use replay::ReplaySource;
pub use tree::{Found, Hop, Limits, Tree};

use crate::fact::Doubt;
pub use crate::text::FileKind;

/// What `lstat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Meta {
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes.
    pub len: u64,
    /// Permission bits with setuid, setgid and sticky (`07777`).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Number of hard links.
    pub nlink: u64,
    /// Last modification, seconds since the epoch.
    pub mtime: i64,
    /// Device number, as `/proc/locks` and `st_dev` count it.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
}

impl Meta {
    /// Whether any execute bit is set: root may then execute it.
    #[must_use]
    pub const fn any_execute_bit(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Whether it is a regular file that root may execute.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.kind == FileKind::File && self.any_execute_bit()
    }
}

/// How full a file system is (statvfs(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes free for those who are not root.
    pub available: u64,
    /// Bytes free for root.
    pub free: u64,
    /// Inodes it can have; 0 where it has no such limit.
    pub inodes: u64,
    /// Inodes free.
    pub inodes_free: u64,
}

impl Usage {
    /// Bytes in use.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.bytes.saturating_sub(self.free)
    }
}

/// Why a source could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum ReadError {
    /// No such file or directory.
    #[error("no such file or directory")]
    NotFound,
    /// A parent is not a directory.
    #[error("not a directory")]
    NotDir,
    /// The caller may not look (EACCES, EPERM).
    #[error("permission denied")]
    Denied,
    /// The system failed (EIO and the like); the text is the system's.
    #[error("{0}")]
    Io(String),
    /// A limit of ours was reached; the text names it.
    #[error("{0}")]
    Limit(String),
    /// No answer in time.
    #[error("no answer before the deadline")]
    Deadline,
    /// Not a regular file, so not opened.
    #[error("not a regular file")]
    NotRegular(FileKind),
    /// A transaction makes it while it goes on: how it will look is not known before. The
    /// text names what makes it.
    #[error("will be made by {0}")]
    WillBeMade(String),
    /// A template of the file, which is filled in elsewhere. The text names whose it is.
    #[error("is a template of {0}")]
    Template(String),
    /// A recorded tree of which this was not asked: neither there nor absent.
    #[error("not in the snapshot")]
    NotRecorded,
}

impl ReadError {
    /// The error of a failed system call.
    pub(crate) fn from_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::NotADirectory => Self::NotDir,
            ErrorKind::PermissionDenied => Self::Denied,
            _ => {
                let text = error.to_string();
                let text = text.split(" (os error").next().unwrap_or(&text);
                Self::Io(text.to_ascii_lowercase())
            }
        }
    }

    /// Why a question stays open after this error.
    pub(crate) fn doubt(self) -> Doubt {
        match self {
            Self::NotFound | Self::NotDir => Doubt::Io(self.to_string()),
            Self::Denied => Doubt::Denied,
            Self::Io(text) => Doubt::Io(text),
            Self::Limit(text) => Doubt::Limit(text),
            Self::Deadline => Doubt::Deadline,
            Self::NotRegular(kind) => Doubt::NotRegular(kind.noun()),
            Self::WillBeMade(by) => Doubt::WillBeMade(by),
            Self::Template(engine) => {
                Doubt::CannotModel(format!("is a template of {engine}, filled in elsewhere"))
            }
            Self::NotRecorded => Doubt::Io(self.to_string()),
        }
    }
}

/// The bytes of a policy file of this machine, `None` where it is not there.
///
/// # Errors
/// Where it is there and cannot be read: what the site decided is then not known.
pub fn read_policy(path: &Path) -> Result<Option<Vec<u8>>, ReadError> {
    use std::io::Read as _;
    let read = || {
        // Looked at before it is opened: a FIFO of that name would wait for ever.
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(POLICY_BYTES)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => match ReadError::from_io(&error) {
            ReadError::NotFound | ReadError::NotDir => Ok(None),
            error => Err(error),
        },
    }
}

/// The longest policy that is read; what is cut no longer parses.
const POLICY_BYTES: u64 = 4 << 20;

/// `64 MiB`, or bytes where it is no whole number of them.
pub(crate) fn size_words(bytes: u64) -> String {
    match bytes.checked_rem(1 << 20) {
        Some(0) if bytes > 0 => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

/// Whether anything stands at a path of this machine.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Whether a directory stands at a path of this machine, links followed.
#[must_use]
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Whether a regular file stands at a path of this machine, links followed; a file system
/// that does not answer within a second has none.
#[must_use]
pub fn is_regular(path: &Path) -> bool {
    let answers = |path: &Path| mounts::risky_above(&mounts::mounts_now(), path).is_none();
    // Of a link it is not known where it leads.
    if let Ok(path) = std::path::absolute(path)
        && answers(&path)
        && let Ok(meta) = std::fs::symlink_metadata(&path)
        && !meta.is_symlink()
    {
        return meta.is_file();
    }
    let path = path.to_path_buf();
    let (answer, answered) = std::sync::mpsc::channel();
    // A dead mount holds the thread, and nobody waits for it.
    let asked = std::thread::Builder::new().spawn(move || {
        let regular = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file());
        let _ = answer.send(regular);
    });
    let patience = std::time::Duration::from_secs(1);
    asked.is_ok() && answered.recv_timeout(patience).unwrap_or(false)
}

/// A regular file that is read in pieces, so that its size is no limit.
pub trait Blob: Send {
    /// Its length in bytes when it was opened.
    fn len(&self) -> u64;

    /// Whether it was empty when it was opened.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads into `buffer` from `offset` on; how many bytes, 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError>;
}

/// The door to a tree: a few questions about physical paths.
///
/// Implementations never follow a link and never leave the tree.
pub trait Source: Send + Sync {
    /// What is at `path`, not following a link.
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError>;

    /// What [`Source::lstat`] says of `path`, where it is known without asking that every
    /// parent which is there is a directory; `None` where it is not.
    fn at_once(&self, path: &Path) -> Option<Result<Meta, ReadError>> {
        let _ = path;
        None
    }

    /// Whether it is made of directories that stand elsewhere on this machine.
    fn is_laid_out(&self) -> bool {
        false
    }

    /// The file of this machine that is shown at `path`, where its name is another one.
    fn origin(&self, path: &Path) -> Option<PathBuf> {
        let _ = path;
        None
    }

    /// The text of the symbolic link at `path`.
    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError>;

    /// The content of the regular file at `path`, at most `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError>;

    /// At most `len` bytes from the beginning of the regular file at `path`.
    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError>;

    /// The regular file at `path`, to be read in pieces.
    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError>;

    /// The names in the directory at `path`, in byte order, at most `limit`.
    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError>;

    /// Names in the directory at `path`: all of regular files, and of what else is there
    /// those that cost nothing to find.
    fn list_files(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        self.list(path, limit)
    }

    /// Whether a package that is not unpacked yet brings this file, with this MD5 sum in
    /// hexadecimal where one is given.
    fn comes_as(&self, path: &Path, sum: Option<&[u8]>) -> bool {
        let _ = (path, sum);
        false
    }

    /// How full the file system at `path` is; only a running system has an answer.
    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        let _ = path;
        Err(ReadError::NotFound)
    }
}
