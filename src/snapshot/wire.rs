//! The form of a snapshot: structs of its own, so that no inner change alters it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SnapshotError;
use crate::source::{Content, FileKind, Meta, ReadError, Seen, Usage};

/// A whole snapshot.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct Document {
    /// `comeback.snapshot/1`.
    pub(super) schema: String,
    /// The version of the program that took it.
    pub(super) comeback: String,
    /// When it was taken, RFC 3339.
    pub(super) taken: String,
    /// The name of the host, where it has one.
    pub(super) host: Option<String>,
    /// The boot it was taken in, as the kernel names it; none of a tree that does not run.
    pub(super) boot: Option<String>,
    /// What was recorded.
    pub(super) tree: WireTree,
    /// What running daemons answered.
    pub(super) answers: Vec<WireAnswer>,
    /// What was answered about each path, in byte order. What is not here was not asked:
    /// that says nothing about whether it is there.
    pub(super) paths: Vec<WirePath>,
}

/// Which kind of tree.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireTree {
    /// live, full or partial.
    pub(super) kind: WireKind,
    /// Whether owners, groups and modes are the host's.
    pub(super) owners: bool,
    /// Where a partial tree is complete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) covers: Vec<Text>,
    /// What it was called where its own name was not asked for: its directory's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Whether it was said to be whole.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) told_full: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireKind {
    Live,
    Full,
    Partial,
}

/// One answer of a daemon.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireAnswer {
    /// Its address, a blank, and the question.
    pub(super) asked: String,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Text>,
    /// Why there is none: refused, silent or error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<WireFailure>,
}

/// Why a daemon did not answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireFailure {
    /// Nobody listens there.
    Refused(String),
    /// It said nothing in time.
    Silent,
    /// It answered with an error.
    Error(String),
}

/// Bytes: text where they are UTF-8, else base64.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Text {
    /// As they stand.
    Plain(String),
    /// In base64 (RFC 4648).
    Packed {
        /// The bytes.
        b64: String,
    },
}

/// What was answered about one path.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WirePath {
    /// The physical path inside the tree.
    pub(super) path: Text,
    /// What stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<WireMeta>,
    /// The text of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<Text>,
    /// The names in the directory, complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<Text>>,
    /// How full the file system is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<WireUsage>,
    /// What was read of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<WireContent>,
    /// What could not be answered, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<WireFailed>,
}

/// What `lstat` says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireMeta {
    /// What it is.
    kind: WireFileKind,
    /// Size in bytes.
    len: u64,
    /// Permission bits.
    mode: u32,
    /// Owner.
    uid: u32,
    /// Group.
    gid: u32,
    /// Number of hard links.
    nlink: u64,
    /// Last modification, seconds since the epoch.
    mtime: i64,
    /// Device number.
    dev: u64,
    /// Inode number.
    ino: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WireFileKind {
    File,
    Dir,
    Link,
    Fifo,
    Socket,
    Block,
    Char,
}

/// How full a file system is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireUsage {
    bytes: u64,
    available: u64,
    free: u64,
    inodes: u64,
    inodes_free: u64,
}

/// What was read of a file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireContent {
    /// Where the file ends, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    /// Its length when it was opened to be read in pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<u64>,
    /// Pieces: where each begins, and its bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pieces: Vec<(u64, Text)>,
}

/// A question that got an error.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct WireFailed {
    /// The question.
    ask: WireAsk,
    /// The error.
    error: WireError,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WireAsk {
    Meta,
    Link,
    Names,
    Usage,
    Content,
}

/// Why there was no answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WireError {
    NotFound,
    NotDir,
    Denied,
    Io(String),
    Limit(String),
    Deadline,
    NotRegular(WireFileKind),
    WillBeMade(String),
    Template(String),
    /// Left out of the snapshot on purpose: too long, or a secret as a whole.
    LeftOut,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Text {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Plain(text.to_owned()),
            Err(_) => Self::Packed {
                b64: STANDARD.encode(bytes),
            },
        }
    }

    pub(super) fn path(path: &Path) -> Self {
        Self::of(path.as_os_str().as_bytes())
    }

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, SnapshotError> {
        match self {
            Self::Plain(text) => Ok(text.into_bytes()),
            Self::Packed { b64 } => {
                let bytes = STANDARD.decode(b64);
                bytes.map_err(|_| SnapshotError::Form("bytes that are no base64".to_owned()))
            }
        }
    }

    fn into_os(self) -> Result<OsString, SnapshotError> {
        self.into_bytes().map(OsString::from_vec)
    }

    /// A physical path: absolute, without `.` and `..`.
    pub(super) fn into_path(self) -> Result<PathBuf, SnapshotError> {
        let path = PathBuf::from(self.into_os()?);
        let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        if path.is_absolute() && path.components().all(plain) {
            // Written anew: `//a/./b` is the same path, and another key.
            Ok(path.components().collect())
        } else {
            Err(SnapshotError::Form("a path that is not absolute".into()))
        }
    }
}

impl From<FileKind> for WireFileKind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::File => Self::File,
            FileKind::Dir => Self::Dir,
            FileKind::Link => Self::Link,
            FileKind::Fifo => Self::Fifo,
            FileKind::Socket => Self::Socket,
            FileKind::BlockDevice => Self::Block,
            FileKind::CharDevice => Self::Char,
        }
    }
}

impl From<WireFileKind> for FileKind {
    fn from(kind: WireFileKind) -> Self {
        match kind {
            WireFileKind::File => Self::File,
            WireFileKind::Dir => Self::Dir,
            WireFileKind::Link => Self::Link,
            WireFileKind::Fifo => Self::Fifo,
            WireFileKind::Socket => Self::Socket,
            WireFileKind::Block => Self::BlockDevice,
            WireFileKind::Char => Self::CharDevice,
        }
    }
}

impl From<&Meta> for WireMeta {
    fn from(meta: &Meta) -> Self {
        Self {
            kind: meta.kind.into(),
            len: meta.len,
            mode: meta.mode,
            uid: meta.uid,
            gid: meta.gid,
            nlink: meta.nlink,
            mtime: meta.mtime,
            dev: meta.dev,
            ino: meta.ino,
        }
    }
}

impl From<WireMeta> for Meta {
    fn from(meta: WireMeta) -> Self {
        Self {
            kind: meta.kind.into(),
            len: meta.len,
            mode: meta.mode & 0o7777,
            uid: meta.uid,
            gid: meta.gid,
            nlink: meta.nlink,
            mtime: meta.mtime,
            dev: meta.dev,
            ino: meta.ino,
        }
    }
}

impl From<&Usage> for WireUsage {
    fn from(usage: &Usage) -> Self {
        Self {
            bytes: usage.bytes,
            available: usage.available,
            free: usage.free,
            inodes: usage.inodes,
            inodes_free: usage.inodes_free,
        }
    }
}

impl From<WireUsage> for Usage {
    fn from(usage: WireUsage) -> Self {
        Self {
            bytes: usage.bytes,
            available: usage.available,
            free: usage.free,
            inodes: usage.inodes,
            inodes_free: usage.inodes_free,
        }
    }
}

impl From<&ReadError> for WireError {
    fn from(error: &ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::NotFound,
            ReadError::NotDir => Self::NotDir,
            ReadError::Denied => Self::Denied,
            ReadError::Io(text) => Self::Io(text.clone()),
            ReadError::Limit(text) => Self::Limit(text.clone()),
            ReadError::Deadline => Self::Deadline,
            ReadError::NotRegular(kind) => Self::NotRegular((*kind).into()),
            ReadError::WillBeMade(by) => Self::WillBeMade(by.clone()),
            ReadError::Template(engine) => Self::Template(engine.clone()),
            ReadError::NotRecorded => Self::LeftOut,
        }
    }
}

impl From<WireError> for ReadError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::NotFound => Self::NotFound,
            WireError::NotDir => Self::NotDir,
            WireError::Denied => Self::Denied,
            WireError::Io(text) => Self::Io(text),
            WireError::Limit(text) => Self::Limit(text),
            WireError::Deadline => Self::Deadline,
            WireError::NotRegular(kind) => Self::NotRegular(kind.into()),
            WireError::WillBeMade(by) => Self::WillBeMade(by),
            WireError::Template(engine) => Self::Template(engine),
            WireError::LeftOut => Self::NotRecorded,
        }
    }
}

impl WirePath {
    pub(super) fn of(path: &Path, seen: &Seen) -> Self {
        let mut failed = Vec::new();
        let mut fails = |ask: WireAsk, error: Option<&ReadError>| {
            let error = error.map(WireError::from);
            failed.extend(error.map(|error| WireFailed { ask, error }));
        };
        fails(WireAsk::Meta, seen.meta.as_ref().and_then(error_of));
        fails(WireAsk::Link, seen.link.as_ref().and_then(error_of));
        fails(WireAsk::Names, seen.list.as_ref().and_then(error_of));
        fails(WireAsk::Usage, seen.usage.as_ref().and_then(error_of));
        fails(WireAsk::Content, seen.content.failed.as_ref());
        let content = &seen.content;
        let has = content.end.is_some() || content.opened.is_some() || !content.pieces.is_empty();
        let pieces = content.pieces.iter();
        Self {
            path: Text::path(path),
            meta: seen.meta.as_ref().and_then(value_of).map(WireMeta::from),
            link: seen.link.as_ref().and_then(value_of).map(|p| Text::path(p)),
            names: seen.list.as_ref().and_then(value_of).map(|names| {
                let names = names.iter();
                names.map(|name| Text::of(name.as_bytes())).collect()
            }),
            usage: seen.usage.as_ref().and_then(value_of).map(WireUsage::from),
            content: has.then(|| WireContent {
                end: content.end,
                opened: content.opened,
                pieces: pieces.map(|(at, piece)| (*at, Text::of(piece))).collect(),
            }),
            failed,
        }
    }

    pub(super) fn into_seen(self) -> Result<(PathBuf, Seen), SnapshotError> {
        let path = self.path.into_path()?;
        let mut seen = Seen {
            meta: self.meta.map(|meta| Ok(meta.into())),
            link: None,
            list: None,
            usage: self.usage.map(|usage| Ok(usage.into())),
            content: Content::default(),
        };
        if let Some(link) = self.link {
            seen.link = Some(Ok(PathBuf::from(link.into_os()?)));
        }
        if let Some(names) = self.names {
            let names: Result<Vec<OsString>, _> = names.into_iter().map(name).collect();
            let mut names = names?;
            names.sort();
            seen.list = Some(Ok(names));
        }
        if let Some(content) = self.content {
            seen.content.end = content.end;
            seen.content.opened = content.opened;
            for (at, piece) in content.pieces {
                seen.content.add(at, &piece.into_bytes()?);
            }
        }
        for WireFailed { ask, error } in self.failed {
            let error = ReadError::from(error);
            match ask {
                WireAsk::Meta => seen.meta = Some(Err(error)),
                WireAsk::Link => seen.link = Some(Err(error)),
                WireAsk::Names => seen.list = Some(Err(error)),
                WireAsk::Usage => seen.usage = Some(Err(error)),
                WireAsk::Content => seen.content.failed = Some(error),
            }
        }
        Ok((path, seen))
    }
}

/// A name in a directory: one component.
fn name(text: Text) -> Result<OsString, SnapshotError> {
    let name = text.into_os()?;
    let plain = !name.is_empty() && !name.as_bytes().contains(&b'/') && name != "." && name != "..";
    if plain {
        Ok(name)
    } else {
        Err(SnapshotError::Form("a name that is none".to_owned()))
    }
}

fn error_of<T>(answer: &Result<T, ReadError>) -> Option<&ReadError> {
    answer.as_ref().err()
}

const fn value_of<T>(answer: &Result<T, ReadError>) -> Option<&T> {
    match answer {
        Ok(value) => Some(value),
        Err(_) => None,
    }
}
