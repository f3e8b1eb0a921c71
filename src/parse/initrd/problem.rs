//! What is wrong with an initrd, and what the kernel does about it.

use std::fmt;

use crate::text::escape;

use super::Compression;

/// One problem, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Offset in the file, bytes: how far it was good.
    pub offset: u64,
    /// What it is.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// No bytes, or nothing but NUL bytes.
    Empty,
    /// The file ends inside something.
    Truncated(Cut),
    /// Neither a cpio header at a multiple of 4 nor a compression the kernel knows.
    BadMagic {
        /// The bytes there, at most 6.
        found: Vec<u8>,
        /// A cpio header, but not at a multiple of 4.
        misaligned: bool,
    },
    /// A cpio archive the kernel gives up on.
    BadArchive(BadArchive),
    /// The decompressor stops at bytes that make no sense, or at a checksum the
    /// kernel looks at.
    Corrupt {
        /// The compression.
        compression: Compression,
        /// What the decompressor says.
        detail: String,
    },
    /// A file that is whole, made in a way that the kernel does not take.
    Refused {
        /// The compression.
        compression: Compression,
        /// Why.
        why: Refusal,
    },
    /// An archive without its last entry, `TRAILER!!!`. The kernel needs none
    /// (`Documentation/driver-api/early-userspace/buffer-format.rst`), but every
    /// generator writes one: the file was cut between two entries.
    TrailerMissing,
    /// A gzip checksum or length that does not fit. The kernel does not look at
    /// it (`lib/decompress_inflate.c`), so what was unpacked is used as it is.
    CrcMismatch,
    /// An entry the kernel leaves out without a word.
    NotUnpacked {
        /// Its name in the archive.
        path: Vec<u8>,
        /// Why.
        why: Skipped,
    },
    /// A limit of this program. What follows was not read.
    LimitReached(Limit),
    /// The file could not be read any further; the system's words.
    Io(String),
}

/// Where a file ends too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// In the header or the name of an entry.
    Header,
    /// In the content of the named entry.
    Content(Vec<u8>),
    /// In compressed data.
    Compressed(Compression),
}

/// Why the kernel gives up on a cpio archive (`init/initramfs.c`, Linux 6.1; the
/// texts are its own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadArchive {
    /// A header that begins with something else.
    NoMagic,
    /// The old portable format.
    WrongFormat,
    /// A name that does not end with a NUL byte.
    Malformed,
    /// NUL bytes after an entry that do not end at a multiple of 4.
    BrokenPadding,
    /// A content that does not add up (070702 only).
    BadChecksum,
    /// Something other than an entry or NUL bytes inside compressed data.
    JunkWithin,
    /// Compressed data that ends in the middle of an entry.
    JunkAtEnd,
}

/// Why the kernel refuses compressed data that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// lz4 in its frame format; the kernel takes the legacy one (`lz4 -l`).
    Lz4Frame,
    /// xz with an integrity check other than CRC32 or none (`xz --check=crc32`);
    /// the value is the check's number.
    XzCheck(u8),
    /// zstd with a window beyond 128 MiB (`ZSTD_WINDOWSIZE_MAX`), in bytes.
    ZstdWindow(u64),
    /// gzip with header fields other than the file name, which the kernel reads
    /// as data.
    GzipHeader,
    /// The magic of old gzip, which is recognised and then refused.
    OldGzip,
}

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// No directory to put it in.
    NoParent,
    /// Another kind of file is in its place and cannot be removed.
    InTheWay,
    /// A name or a link longer than 4096 bytes, or an empty name.
    NameLength,
    /// A kind of file without content that brings some.
    OddContent,
}

/// A limit of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Unpacked bytes.
    Output(u64),
    /// Unpacked bytes for each byte of the file.
    Ratio(u64),
    /// Entries.
    Entries(usize),
    /// Bytes of all names together.
    Names(usize),
    /// Memory for the window of a decompressor: needed and allowed, bytes. Needed
    /// is 0 where the library does not say.
    Window {
        /// What the file needs.
        needed: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// Time was up.
    Deadline,
}

impl ProblemKind {
    /// Whether the kernel unpacks nothing after it. What came before stays.
    #[must_use]
    pub const fn stops_the_kernel(&self) -> bool {
        match self {
            Self::Truncated(_)
            | Self::BadMagic { .. }
            | Self::BadArchive(_)
            | Self::Corrupt { .. }
            | Self::Refused { .. } => true,
            Self::Empty
            | Self::TrailerMissing
            | Self::CrcMismatch
            | Self::NotUnpacked { .. }
            | Self::LimitReached(_)
            | Self::Io(_) => false,
        }
    }

    /// Whether it says something about us: the rest of the file is not known.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        match self {
            Self::LimitReached(_) | Self::Io(_) => true,
            Self::Empty
            | Self::Truncated(_)
            | Self::BadMagic { .. }
            | Self::BadArchive(_)
            | Self::Corrupt { .. }
            | Self::Refused { .. }
            | Self::TrailerMissing
            | Self::CrcMismatch
            | Self::NotUnpacked { .. } => false,
        }
    }

    /// What the kernel does with it, one sentence (`init/initramfs.c` and
    /// `lib/decompress_*.c`, Linux 6.1).
    #[must_use]
    pub const fn consequence(&self) -> &'static str {
        match self {
            Self::Empty => "the kernel unpacks nothing and mounts the root file system by itself",
            Self::Truncated(Cut::Header) => {
                "the kernel does not notice and goes on with what came before"
            }
            Self::Truncated(Cut::Content(_)) => {
                "the kernel does not notice: this file ends in NUL bytes and later ones are missing"
            }
            Self::Truncated(Cut::Compressed(Compression::Lz4)) => {
                "the kernel reads beyond the end: it oopses while unpacking and hangs, \
                 or goes on with what was unpacked"
            }
            Self::Truncated(Cut::Compressed(_)) | Self::Corrupt { .. } => {
                "the kernel says \"Initramfs unpacking failed\" and goes on with what was unpacked"
            }
            Self::BadMagic { .. } => {
                "the kernel says \"invalid magic at start of compressed archive\" \
                 and goes on with what came before"
            }
            Self::BadArchive(_) => {
                "the kernel says \"Initramfs unpacking failed\" and goes on with what came before"
            }
            Self::Refused { .. } => {
                "the kernel unpacks nothing of it and goes on with what came before"
            }
            Self::TrailerMissing => "the kernel does not mind, but what should follow is missing",
            Self::CrcMismatch => "the kernel does not look at it and uses the content as it is",
            Self::NotUnpacked { .. } => "the kernel leaves it out without a word",
            Self::LimitReached(_) | Self::Io(_) => "what follows was not read",
        }
    }
}

impl fmt::Display for Problem {
    /// What, where, and what the kernel does with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consequence = self.kind.consequence();
        write!(f, "{} at byte {}: {consequence}", self.kind, self.offset)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing in the file"),
            Self::Truncated(Cut::Header) => f.write_str("cut off in the header of an entry"),
            Self::Truncated(Cut::Content(path)) => {
                write!(f, "cut off in the content of {}", escape(path))
            }
            Self::Truncated(Cut::Compressed(kind)) => write!(f, "{kind} data cut off"),
            Self::BadMagic { misaligned, .. } if *misaligned => {
                f.write_str("a cpio archive that does not start at a multiple of 4")
            }
            Self::BadMagic { found, .. } => {
                f.write_str("neither a cpio archive nor a known compression (")?;
                for byte in found {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str(")")
            }
            Self::BadArchive(bad) => write!(f, "cpio archive broken ({})", bad.message()),
            Self::Corrupt {
                compression,
                detail,
            } => write!(f, "{compression} data corrupt ({detail})"),
            Self::Refused { compression, why } => write!(f, "{compression} {why}"),
            Self::TrailerMissing => f.write_str("archive without its end (TRAILER!!!)"),
            Self::CrcMismatch => f.write_str("gzip checksum does not fit"),
            Self::NotUnpacked { path, why } => {
                write!(f, "{} left out ({})", escape(path), why.message())
            }
            Self::LimitReached(limit) => write!(f, "{limit}"),
            Self::Io(text) => write!(f, "read error ({text})"),
        }
    }
}

impl BadArchive {
    /// The kernel's own words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoMagic => "no cpio magic",
            Self::WrongFormat => "incorrect cpio method used: use -H newc option",
            Self::Malformed => "malformed archive",
            Self::BrokenPadding => "broken padding",
            Self::BadChecksum => "bad data checksum",
            Self::JunkWithin => "junk within compressed archive",
            Self::JunkAtEnd => "junk at the end of compressed archive",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lz4Frame => f.write_str("in its frame format; the kernel takes the legacy one"),
            Self::XzCheck(4) => f.write_str("with a CRC64 check; the kernel takes CRC32 or none"),
            Self::XzCheck(10) => {
                f.write_str("with a SHA-256 check; the kernel takes CRC32 or none")
            }
            Self::XzCheck(check) => {
                write!(f, "with check {check}; the kernel takes CRC32 or none")
            }
            Self::ZstdWindow(bytes) => {
                write!(
                    f,
                    "with a window of {bytes} bytes; the kernel takes 128 MiB"
                )
            }
            Self::GzipHeader => f.write_str("with header fields that the kernel takes for data"),
            Self::OldGzip => f.write_str("in its old format; the kernel takes 1f8b"),
        }
    }
}

impl Skipped {
    /// The reason, as half a sentence.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoParent => "its directory is not there",
            Self::InTheWay => "another kind of file is in its place",
            Self::NameLength => "its name is empty or too long",
            Self::OddContent => "a file of this kind has no content",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(bytes) => write!(f, "more than {bytes} bytes unpacked"),
            Self::Ratio(ratio) => write!(f, "unpacks to more than {ratio} times its size"),
            Self::Entries(count) => write!(f, "more than {count} entries"),
            Self::Names(bytes) => write!(f, "more than {bytes} bytes of names"),
            Self::Window { needed: 0, allowed } => {
                write!(f, "needs more than {allowed} bytes to decompress")
            }
            Self::Window { needed, allowed } => {
                write!(f, "needs {needed} bytes to decompress, {allowed} allowed")
            }
            Self::Deadline => f.write_str("time was up"),
        }
    }
}
