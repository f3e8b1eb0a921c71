//! What package archives have in common: compressed streams that end, and members with
//! paths below the root.

mod tar;

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use crate::text::FileKind;

#[cfg(test)]
pub(crate) use tar::tests::tarball;
pub use tar::{Entry, Next, tar};

/// Why an archive was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no package archive.
    #[error("is no {0}")]
    NotA(&'static str),
    /// It ends too early, or a part of it makes no sense.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// A path in it leads out of the root.
    #[error("has a path that leads out of the root: {0}")]
    Outside(String),
    /// More than is unpacked.
    #[error("is larger than what is unpacked")]
    TooLarge,
    /// A compression that is not read.
    #[error("has a part that is not read: {0}")]
    Compression(String),
    /// The time was up before its end.
    #[error("was not read to its end in time")]
    Late,
}

/// One thing that is unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// Permissions.
    pub mode: u32,
    /// Owner and group, by number.
    pub owner: (u32, u32),
    /// Seconds since the epoch.
    pub mtime: i64,
    /// Bytes of a file.
    pub len: u64,
    /// Text of a link; of a hard link, the absolute path.
    pub target: PathBuf,
    /// Whether it is another name of `target`.
    pub is_hard_link: bool,
    /// The content, where it was kept.
    pub content: Option<Vec<u8>>,
}

impl Member {
    /// A file of which only the name is known.
    #[must_use]
    pub fn named(path: PathBuf) -> Self {
        Self {
            path,
            kind: FileKind::File,
            mode: 0o644,
            owner: (0, 0),
            mtime: 0,
            len: 0,
            target: PathBuf::new(),
            is_hard_link: false,
            content: None,
        }
    }
}

/// What is kept of an archive, and how far it is read.
pub struct Wanted<'a> {
    /// Asked with each member that was read: whether that was the last one of interest.
    pub enough: &'a dyn Fn(&Path) -> bool,
    /// Whether the content of a file of this size is kept.
    pub keep: &'a dyn Fn(&Path, u64) -> bool,
    /// Asked now and then: whether to give up.
    pub expired: &'a dyn Fn() -> bool,
}

/// Most bytes that one archive may unpack to.
pub const MAX_UNPACKED: u64 = 16 << 30;
/// Most members of one archive.
const MAX_MEMBERS: usize = 1_000_000;
/// Most memory that an xz stream may ask for, bytes.
const XZ_MEMORY: u64 = 256 << 20;
/// Largest window of a zstd stream, as a power of two.
const ZSTD_WINDOW: u32 = 27;

/// A fault of what is read.
#[must_use]
pub fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.to_owned())
}

/// An error of a reader, in our words.
#[must_use]
pub fn of_io(error: &io::Error) -> Fault {
    let fault = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Fault>());
    match fault {
        Some(fault) => fault.clone(),
        None => damaged(&error.to_string()),
    }
}

/// A compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None.
    Stored,
    /// gzip, of any number of members.
    Gzip,
    /// xz.
    Xz,
    /// lzma, the format of its own.
    Lzma,
    /// bzip2.
    Bzip2,
    /// zstd.
    Zstd,
}

impl Compression {
    /// By the end of a name, `.gz` and the like.
    #[must_use]
    pub fn of_name(end: &str) -> Option<Self> {
        Some(match end {
            "" => Self::Stored,
            ".gz" => Self::Gzip,
            ".xz" => Self::Xz,
            ".lzma" => Self::Lzma,
            ".bz2" => Self::Bzip2,
            ".zst" => Self::Zstd,
            _ => return None,
        })
    }

    /// By the first bytes.
    #[must_use]
    pub fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x5d, 0, 0, ..] => Self::Lzma,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Stored,
        }
    }
}

/// The stream behind a compression; it fails where there is more than `limit`, bytes.
///
/// # Errors
/// Where the decompressor cannot begin.
pub fn unpacked<'a>(
    input: Box<dyn Read + 'a>,
    how: Compression,
    limit: u64,
) -> Result<Box<dyn Read + 'a>, Fault> {
    let odd = |error: io::Error| damaged(&error.to_string());
    let inner: Box<dyn Read + 'a> = match how {
        Compression::Stored => input,
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
        Compression::Xz | Compression::Lzma => {
            let stream = if how == Compression::Xz {
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)
            } else {
                liblzma::stream::Stream::new_lzma_decoder(XZ_MEMORY)
            };
            let stream = stream.map_err(|error| damaged(&error.to_string()))?;
            Box::new(liblzma::read::XzDecoder::new_stream(input, stream))
        }
        Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(input)),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(input).map_err(odd)?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(odd)?;
            Box::new(decoder)
        }
    };
    Ok(Box::new(Counted { inner, left: limit }))
}

/// A stream that ends in an error where it is longer than what is unpacked.
struct Counted<'a> {
    inner: Box<dyn Read + 'a>,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let taken = u64::try_from(read).unwrap_or(u64::MAX);
        match self.left.checked_sub(taken) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(Fault::TooLarge)),
        }
        Ok(read)
    }
}

/// The members of a tar that is unpacked below the root.
///
/// # Errors
/// Where it is damaged, hostile or too large.
pub fn members(input: Box<dyn Read + '_>, wanted: &Wanted<'_>) -> Result<Vec<Member>, Fault> {
    let mut members: Vec<Member> = Vec::new();
    tar(input, &mut |entry, content| {
        if members.len() >= MAX_MEMBERS {
            return Err(Fault::TooLarge);
        }
        if (wanted.expired)() {
            return Err(Fault::Late);
        }
        let Some(kind) = entry.kind else {
            return Ok(Next::GoOn);
        };
        let path = absolute(&entry.path)?;
        let target = if entry.is_hard_link {
            absolute(&entry.target)?
        } else {
            PathBuf::from(OsStr::from_bytes(&entry.target))
        };
        let is_file = kind == FileKind::File && !entry.is_hard_link;
        let mut kept = None;
        if is_file && (wanted.keep)(&path, entry.len) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|e| of_io(&e))?;
            kept = Some(bytes);
        }
        let last = (wanted.enough)(&path);
        members.push(Member {
            path,
            kind,
            mode: entry.mode & 0o7777,
            owner: entry.owner,
            mtime: entry.mtime,
            len: if is_file { entry.len } else { 0 },
            target,
            is_hard_link: entry.is_hard_link,
            content: kept,
        });
        Ok(if last { Next::Stop } else { Next::GoOn })
    })?;
    Ok(members)
}

/// A path of an archive as a path of the root.
///
/// # Errors
/// Where it leads out of it.
pub fn absolute(bytes: &[u8]) -> Result<PathBuf, Fault> {
    let mut path = PathBuf::from("/");
    for component in Path::new(OsStr::from_bytes(bytes)).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                let shown = crate::text::escape(bytes);
                return Err(Fault::Outside(shown));
            }
        }
    }
    Ok(path)
}
