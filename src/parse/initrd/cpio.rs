//! The kernel's cpio state machine (`init/initramfs.c`, Linux 6.1), fed piece by
//! piece. What it does with an entry happens to a [`Rootfs`].

use std::collections::HashMap;

use super::problem::{BadArchive, Cut, Limit, Skipped};
use super::rootfs::{Content, Entry, Rootfs};
use super::{Keep, Limits};
use crate::text::FileKind;

const HEADER: usize = 110;
/// Longest name and longest link, bytes with the NUL (`PATH_MAX`).
const PATH_MAX: u64 = 4096;
const TRAILER: &[u8] = b"TRAILER!!!";
/// How many left out entries are named.
const NAMED: usize = 16;

/// Why the walk is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The kernel gives up.
    Bad(BadArchive),
    /// A limit of this program.
    Limit(Limit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A header follows.
    Start,
    /// Bytes of a header, a name or a link are collected.
    Collect,
    /// The content of a regular file follows.
    Copy,
    /// Bytes of no interest, up to the next header.
    Skip,
    /// Between two entries: NUL bytes, or the caller decides.
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collecting {
    Header,
    Name,
    Link,
}

/// The fields of a header that matter.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    ino: u64,
    mode: u64,
    nlink: u64,
    size: u64,
    major: u64,
    minor: u64,
    name_len: u64,
    check: Option<u32>,
}

/// A file that is being written.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    inode: usize,
    left: u64,
    keep: usize,
    sum: u32,
}

/// An inode that may get further names; none where it could not be made.
type Linked = (Option<usize>, usize);

pub(super) struct Walker<'a> {
    pub(super) rootfs: Rootfs,
    pub(super) state: State,
    /// Where the walk is: in the file, or in the unpacked data.
    pub(super) at: u64,
    /// Where the last entry ended.
    pub(super) entry_end: u64,
    /// Index of the current segment.
    pub(super) segment: usize,
    /// Entries of the current segment, without trailers.
    pub(super) entries: usize,
    /// Whether entries came since the last trailer.
    pub(super) open_archive: bool,
    /// Entries left out: the first of them, and how many.
    pub(super) skipped: Vec<(Vec<u8>, Skipped)>,
    pub(super) skipped_count: usize,
    keep: &'a Keep<'a>,
    limits: Limits,
    next_header: u64,
    collected: Vec<u8>,
    wanted: usize,
    collecting: Collecting,
    header: Header,
    open: Open,
    links: HashMap<(u64, u64, u64, u64), Linked>,
    all_entries: usize,
    name_bytes: usize,
    kept_bytes: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(limits: Limits, keep: &'a Keep<'a>) -> Self {
        Self {
            rootfs: Rootfs::default(),
            state: State::Start,
            at: 0,
            entry_end: 0,
            segment: 0,
            entries: 0,
            open_archive: false,
            skipped: Vec::new(),
            skipped_count: 0,
            keep,
            limits,
            next_header: 0,
            collected: Vec::new(),
            wanted: 0,
            collecting: Collecting::Header,
            header: Header::default(),
            open: Open::default(),
            links: HashMap::new(),
            all_entries: 0,
            name_bytes: 0,
            kept_bytes: 0,
        }
    }

    /// Takes bytes until they are used up or, between two entries, one comes that
    /// is no NUL. Says how many were taken.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let mut rest = bytes;
        loop {
            match self.state {
                State::Start => self.collect(Collecting::Header, HEADER),
                State::Collect => {
                    let missing = self.wanted - self.collected.len();
                    let piece = self.eat(&mut rest, missing);
                    self.collected.extend_from_slice(piece);
                    if self.collected.len() < self.wanted {
                        return Ok(bytes.len());
                    }
                    match self.collecting {
                        Collecting::Header => self.got_header()?,
                        Collecting::Name => self.got_name()?,
                        Collecting::Link => self.got_link()?,
                    }
                }
                State::Copy => {
                    let left = usize::try_from(self.open.left).unwrap_or(usize::MAX);
                    let piece = self.eat(&mut rest, left);
                    self.copy(piece);
                    if self.open.left > 0 {
                        return Ok(bytes.len());
                    }
                    if self.header.check.is_some_and(|sum| sum != self.open.sum) {
                        return Err(Stop::Bad(BadArchive::BadChecksum));
                    }
                    self.state = State::Skip;
                }
                State::Skip => {
                    let left = self.next_header.saturating_sub(self.at);
                    self.eat(&mut rest, usize::try_from(left).unwrap_or(usize::MAX));
                    if self.at < self.next_header {
                        return Ok(bytes.len());
                    }
                    self.entry_end = self.at;
                    self.state = State::Reset;
                }
                State::Reset => {
                    let nuls = rest.iter().position(|byte| *byte != 0);
                    let nuls = nuls.unwrap_or(rest.len());
                    self.eat(&mut rest, nuls);
                    if !rest.is_empty() && !self.at.is_multiple_of(4) {
                        return Err(Stop::Bad(BadArchive::BrokenPadding));
                    }
                    return Ok(bytes.len() - rest.len());
                }
            }
        }
    }

    /// What is cut off where the input ends here.
    pub(super) fn cut(&self) -> Option<Cut> {
        let name = || Cut::Content(self.name().to_vec());
        match self.state {
            State::Start | State::Reset => None,
            State::Collect => Some(Cut::Header),
            State::Copy => Some(name()),
            // Padding of the last entry is missed by nobody.
            State::Skip if self.next_header - self.at <= 3 => None,
            State::Skip => Some(name()),
        }
    }

    fn eat<'b>(&mut self, rest: &mut &'b [u8], len: usize) -> &'b [u8] {
        let (piece, left) = rest.split_at(len.min(rest.len()));
        *rest = left;
        self.at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        piece
    }

    fn collect(&mut self, what: Collecting, len: usize) {
        self.collected.clear();
        self.wanted = len;
        self.collecting = what;
        self.state = State::Collect;
    }

    fn got_header(&mut self) -> Result<(), Stop> {
        let has_sum = match self.collected.get(..6) {
            Some(b"070701") => false,
            Some(b"070702") => true,
            Some(b"070707") => return Err(Stop::Bad(BadArchive::WrongFormat)),
            _ => return Err(Stop::Bad(BadArchive::NoMagic)),
        };
        let field = |index: usize| {
            let at = 6 + 8 * index;
            self.collected.get(at..at + 8).map_or(0, hexadecimal)
        };
        let header = Header {
            ino: field(0),
            mode: field(1),
            nlink: field(4),
            size: field(6),
            major: field(7),
            minor: field(8),
            name_len: field(11),
            check: has_sum.then(|| u32::try_from(field(12)).unwrap_or(0)),
        };
        self.header = header;
        let name = padded_name(header.name_len);
        self.next_header = (self.at + name + header.size + 3) & !3;
        self.all_entries += 1;
        if self.all_entries > self.limits.entries {
            return Err(Stop::Limit(Limit::Entries(self.limits.entries)));
        }
        self.collected.clear();
        self.state = State::Skip;
        let is_link = kind(header.mode) == Some(FileKind::Link);
        if !(1..=PATH_MAX).contains(&header.name_len) || is_link && header.size > PATH_MAX {
            self.skip(Skipped::NameLength);
            return Ok(());
        }
        let is_file = kind(header.mode) == Some(FileKind::File);
        let len = |bytes: u64| usize::try_from(bytes).unwrap_or(0);
        if is_link {
            self.collect(Collecting::Link, len(name + header.size));
        } else if is_file || header.size == 0 {
            self.collect(Collecting::Name, len(name));
        } else {
            self.skip(Skipped::OddContent);
        }
        Ok(())
    }

    /// The name as the kernel's string functions see it: up to the first NUL.
    fn name(&self) -> &[u8] {
        let end = self.collected.iter().position(|byte| *byte == 0);
        self.collected.get(..end.unwrap_or(0)).unwrap_or(&[])
    }

    fn check_name(&mut self) -> Result<(), Stop> {
        let last = usize::try_from(self.header.name_len - 1).unwrap_or(usize::MAX);
        if self.collected.get(last) != Some(&0) {
            return Err(Stop::Bad(BadArchive::Malformed));
        }
        self.name_bytes += self.collected.len();
        if self.name_bytes > self.limits.name_bytes {
            return Err(Stop::Limit(Limit::Names(self.limits.name_bytes)));
        }
        Ok(())
    }

    fn got_link(&mut self) -> Result<(), Stop> {
        self.check_name()?;
        self.state = State::Skip;
        let start = usize::try_from(padded_name(self.header.name_len)).unwrap_or(usize::MAX);
        let text = self.collected.get(start..).unwrap_or(&[]);
        let end = text.iter().position(|byte| *byte == 0);
        let text = text.get(..end.unwrap_or(text.len())).unwrap_or(&[]);
        let mut entry = self.entry(FileKind::Link);
        entry.target = Some(text.to_vec());
        self.make(entry);
        Ok(())
    }

    fn got_name(&mut self) -> Result<(), Stop> {
        self.check_name()?;
        self.state = State::Skip;
        if self.name() == TRAILER {
            self.links.clear();
            self.open_archive = false;
            return Ok(());
        }
        match kind(self.header.mode) {
            Some(FileKind::File) => self.file(),
            Some(kind) => {
                if kind == FileKind::Dir || !self.further_name() {
                    let entry = self.entry(kind);
                    let made = self.make(entry);
                    if kind != FileKind::Dir {
                        self.remember(made, 0);
                    }
                }
            }
            None => self.count(),
        }
        Ok(())
    }

    fn file(&mut self) {
        let wanted = (self.keep)(self.name());
        let known = self.links.get(&self.link_key()).copied();
        let linked = self.header.nlink >= 2 && known.is_some();
        let (inode, keep) = match known {
            Some((first, keep)) if linked => {
                self.further_name();
                (first, wanted.max(keep))
            }
            Some(_) | None => {
                let entry = self.entry(FileKind::File);
                let made = self.make(entry);
                self.remember(made, wanted);
                (made, wanted)
            }
        };
        let Some(inode) = inode else { return };
        let size = self.header.size;
        let room = self.limits.kept_bytes.saturating_sub(self.kept_bytes);
        let keep = keep.min(room);
        let is_wanted = wanted > 0 || keep > 0;
        let brings_content = !linked || size > 0;
        let entry = self.rootfs.inode_mut(inode);
        if let Some(entry) = entry.filter(|_| brings_content) {
            entry.size = size;
            let whole = u64::try_from(keep).is_ok_and(|keep| size <= keep);
            let bytes = Vec::new();
            entry.content = is_wanted.then_some(Content { bytes, whole });
        }
        if size > 0 {
            self.open = Open {
                inode,
                left: size,
                keep,
                sum: 0,
            };
            self.state = State::Copy;
        }
    }

    fn copy(&mut self, piece: &[u8]) {
        self.open.left -= u64::try_from(piece.len()).unwrap_or(0);
        if self.header.check.is_some() {
            let sum = |sum: u32, byte: &u8| sum.wrapping_add(u32::from(*byte));
            self.open.sum = piece.iter().fold(self.open.sum, sum);
        }
        let kept = piece.get(..self.open.keep.min(piece.len())).unwrap_or(&[]);
        if kept.is_empty() {
            return;
        }
        self.open.keep -= kept.len();
        self.kept_bytes += kept.len();
        let entry = self.rootfs.inode_mut(self.open.inode);
        if let Some(content) = entry.and_then(|entry| entry.content.as_mut()) {
            content.bytes.extend_from_slice(kept);
        }
    }

    fn link_key(&self) -> (u64, u64, u64, u64) {
        let header = &self.header;
        let format = header.mode & 0o170_000;
        (header.major, header.minor, header.ino, format)
    }

    /// Notes an inode that may get further names before the next trailer.
    fn remember(&mut self, inode: Option<usize>, keep: usize) {
        if self.header.nlink >= 2 {
            self.links.insert(self.link_key(), (inode, keep));
        }
    }

    /// Gives an inode that came before a further name, where this entry is one.
    fn further_name(&mut self) -> bool {
        let known = self.links.get(&self.link_key()).copied();
        let Some((inode, _)) = known.filter(|_| self.header.nlink >= 2) else {
            return false;
        };
        self.count();
        let name = self.name().to_vec();
        let made = match inode {
            Some(inode) => match self.rootfs.place(&name) {
                Ok(path) => self.rootfs.link(path, inode),
                Err(why) => Err(why),
            },
            None => Err(Skipped::NoParent),
        };
        if let Err(why) = made {
            self.skip(why);
        }
        true
    }

    fn entry(&self, kind: FileKind) -> Entry {
        Entry {
            kind,
            mode: u32::try_from(self.header.mode & 0o7777).unwrap_or(0),
            size: self.header.size,
            target: None,
            content: None,
            segment: self.segment,
        }
    }

    fn make(&mut self, entry: Entry) -> Option<usize> {
        self.count();
        let name = self.name().to_vec();
        // The root itself comes as "." and is there already.
        if entry.kind == FileKind::Dir && matches!(name.as_slice(), b"." | b"/" | b"./") {
            return None;
        }
        let made = self.rootfs.place(&name);
        match made.and_then(|path| self.rootfs.put(path, entry)) {
            Ok(inode) => Some(inode),
            Err(why) => {
                self.skip(why);
                None
            }
        }
    }

    fn count(&mut self) {
        self.entries += 1;
        self.open_archive = true;
    }

    fn skip(&mut self, why: Skipped) {
        self.skipped_count += 1;
        if self.skipped.len() < NAMED {
            self.skipped.push((self.name().to_vec(), why));
        }
    }
}

/// What the bits of a mode say; none for what no program makes.
const fn kind(mode: u64) -> Option<FileKind> {
    match mode & 0o170_000 {
        0o100_000 => Some(FileKind::File),
        0o040_000 => Some(FileKind::Dir),
        0o120_000 => Some(FileKind::Link),
        0o010_000 => Some(FileKind::Fifo),
        0o140_000 => Some(FileKind::Socket),
        0o020_000 => Some(FileKind::CharDevice),
        0o060_000 => Some(FileKind::BlockDevice),
        _ => None,
    }
}

/// Length of a name with its padding: header and name together are a multiple of 4.
const fn padded_name(len: u64) -> u64 {
    ((len + 1) & !3) + 2
}

/// `simple_strtoul` in base 16: digits up to the first that is none, after an
/// optional `0x`.
fn hexadecimal(field: &[u8]) -> u64 {
    let digits = match field {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => field.get(2..),
        _ => Some(field),
    };
    let digits = digits.unwrap_or(&[]).iter();
    digits
        .map_while(|byte| char::from(*byte).to_digit(16))
        .fold(0, |sum, digit| sum << 4 | u64::from(digit))
}
