//! The initrd as the kernel unpacks it: segments of cpio, plain or compressed,
//! one after the other, read once from a stream.
//!
//! The walk is that of `unpack_to_rootfs` in `init/initramfs.c` (Linux 6.1), with
//! its order, its alignment and its tolerance. Memory stays bounded whatever the
//! file holds: contents pass by, and only the few that were asked for are kept.
//! Where several files are given to the kernel, the loader puts them one after
//! the other, each padded with NUL bytes to a multiple of 4; chain them so.

mod cpio;
mod generator;
mod input;
pub mod listing;
mod lzo;
mod problem;
mod rootfs;
pub(super) mod stream;

use std::fmt;
use std::io::Read;

use cpio::{State, Stop, Walker};
use input::Input;
use stream::{Decoder, Fault};

pub use generator::Generator;
pub use problem::{BadArchive, Cut, Limit, Problem, ProblemKind, Refusal, Skipped};
pub use rootfs::{Content, Entry, Lookup, Rootfs};
pub use stream::Compression;

/// Which contents are kept: how many bytes at most of the file with this name.
/// The name is as the archive has it.
pub type Keep<'a> = dyn Fn(&[u8]) -> usize + 'a;

/// How far an initrd is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unpacked bytes.
    pub output: u64,
    /// Unpacked bytes for each byte of the file, once 64 MiB are unpacked.
    pub ratio: u64,
    /// Entries of all archives.
    pub entries: usize,
    /// Bytes of all names and links together.
    pub name_bytes: usize,
    /// Bytes of all contents that are kept.
    pub kept_bytes: usize,
    /// Window of a decompressor, bytes: its memory.
    pub window: u64,
}

impl Limits {
    /// The limits of a normal run; with them less than 64 MiB are needed.
    pub const STANDARD: Self = Self {
        output: 2 << 30,
        ratio: 256,
        entries: 64 << 10,
        name_bytes: 6 << 20,
        kept_bytes: 8 << 20,
        window: 32 << 20,
    };
}

/// Bytes of output below which the ratio is not looked at.
const RATIO_FROM: u64 = 64 << 20;

/// What an initrd holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initrd {
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// What the kernel has after unpacking.
    pub rootfs: Rootfs,
    /// What is wrong, in order.
    pub problems: Vec<Problem>,
    /// How many entries the kernel leaves out; only the first are among the problems.
    pub left_out: usize,
    /// Which program made it.
    pub generator: Generator,
}

/// One archive, plain, or one compressed stream with the archives in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// How it is packed.
    pub packing: Packing,
    /// Where it starts in the file, bytes.
    pub offset: u64,
    /// Its length in the file, without padding, bytes.
    pub len: u64,
    /// Its length unpacked, bytes.
    pub unpacked: u64,
    /// Entries in it, without trailers.
    pub entries: usize,
    /// Whether it ends with `TRAILER!!!`.
    pub has_trailer: bool,
}

/// How a segment is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// A plain cpio archive.
    Plain,
    /// Compressed.
    Compressed(Compression),
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("cpio"),
            Self::Compressed(compression) => compression.fmt(f),
        }
    }
}

/// Reads an initrd from its first byte to its end, or to where the kernel stops.
///
/// `keep` says which contents are wanted. `expired` is asked again and again, and
/// ends the reading when it says yes. Never fails: what stops it is among the
/// problems.
pub fn read(
    source: &mut dyn Read,
    limits: &Limits,
    keep: &Keep<'_>,
    expired: &mut dyn FnMut() -> bool,
) -> Initrd {
    let mut reader = Reader {
        input: Input::new(source),
        walker: Walker::new(*limits, keep),
        limits: *limits,
        expired,
        segments: Vec::new(),
        problems: Vec::new(),
        output: 0,
    };
    if let Err(kind) = reader.run() {
        reader.problem(kind);
    }
    reader.close_plain();
    let walker = reader.walker;
    let offset = reader.input.offset();
    let left_out = walker.skipped.into_iter().map(|(path, why)| {
        let kind = ProblemKind::NotUnpacked { path, why };
        Problem { offset, kind }
    });
    reader.problems.extend(left_out);
    Initrd {
        generator: generator::detect(&walker.rootfs),
        segments: reader.segments,
        rootfs: walker.rootfs,
        problems: reader.problems,
        left_out: walker.skipped_count,
    }
}

/// The contents that tell how an initrd finds its root, for [`read`]: the
/// configuration that generators write into it, whole, the head of `init`, and the
/// programs that must be able to start.
#[must_use]
pub fn boot_files(name: &[u8]) -> usize {
    const HEAD: usize = 64 << 10;
    const FILE: usize = 256 << 10;
    const PROGRAM: usize = 2 << 20;
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let below = [
        &b"conf/"[..],
        b"cryptroot/",
        b"etc/cmdline.d/",
        b"etc/modprobe.d/",
        b"lib/modprobe.d/",
        b"usr/lib/modprobe.d/",
        b"etc/mdadm/",
        b"etc/lvm/",
    ];
    let is_config = below.iter().any(|folder| name.starts_with(folder))
        || matches!(
            name,
            b"config"
                | b"etc/crypttab"
                | b"etc/fstab"
                | b"etc/fstab.sys"
                | b"etc/hostid"
                | b"etc/initrd-release"
                | b"etc/initrd.defaults"
                | b"etc/mdadm.conf"
                | b"etc/os-release"
                | b"usr/lib/initrd-release"
        );
    // What is run first, for the libraries it needs.
    let is_program = matches!(
        name.rsplit(|byte| *byte == b'/').next().unwrap_or(name),
        b"busybox"
            | b"dash"
            | b"bash"
            | b"sh"
            | b"systemd"
            | b"systemd-udevd"
            | b"udevd"
            | b"udevadm"
    );
    match name {
        b"init" => HEAD,
        _ if is_program => PROGRAM,
        _ if is_config => FILE,
        _ => 0,
    }
}

impl Initrd {
    /// Whether it was read to its end, or to where the kernel stops: only then
    /// does a missing file say something.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.problems.iter().any(|problem| problem.kind.is_ours())
    }

    /// The problem at which the kernel stops unpacking.
    #[must_use]
    pub fn stopped(&self) -> Option<&Problem> {
        let mut problems = self.problems.iter();
        problems.find(|problem| problem.kind.stops_the_kernel())
    }

    /// Whether it holds microcode for the processor and nothing else, so that it is
    /// only good beside another one (`Documentation/x86/microcode.rst`).
    #[must_use]
    pub fn is_microcode_only(&self) -> bool {
        let mut files = self.rootfs.iter().filter(|(_, entry)| !is_dir(entry));
        let first = files.next();
        first.into_iter().chain(files).fold(None, |all, (path, _)| {
            Some(all.unwrap_or(true) && path.starts_with(b"kernel/x86/microcode/"))
        }) == Some(true)
    }

    /// Where `/init` leads to. The kernel asks only whether it is there; then it
    /// must also be executable, or the boot ends in another init of the initrd or
    /// in a panic (`kernel_init_freeable` and `kernel_init` in `init/main.c`).
    #[must_use]
    pub fn init(&self) -> Lookup<'_> {
        self.rootfs.resolve(b"init")
    }

    /// Releases of the kernels it has modules for, in byte order: the directories
    /// in `lib/modules` and `usr/lib/modules`.
    #[must_use]
    pub fn module_releases(&self) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for folder in [&b"lib/modules"[..], b"usr/lib/modules"] {
            let Lookup::Found { path, .. } = self.rootfs.resolve(folder) else {
                continue;
            };
            for name in self.rootfs.names(&path) {
                let full = [path.as_slice(), b"/", name].concat();
                if self.rootfs.get(&full).is_some_and(is_dir) {
                    found.push(name.to_vec());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn is_dir(entry: &Entry) -> bool {
    entry.kind == crate::text::FileKind::Dir
}

struct Reader<'a> {
    input: Input<'a>,
    walker: Walker<'a>,
    limits: Limits,
    expired: &'a mut dyn FnMut() -> bool,
    segments: Vec<Segment>,
    problems: Vec<Problem>,
    output: u64,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), ProblemKind> {
        loop {
            let offset = self.input.offset();
            let head = self.input.want(stream::HEAD);
            let Some(first) = head.first().copied() else {
                break;
            };
            if first == b'0' && offset.is_multiple_of(4) {
                self.plain()?;
            } else if first == 0 {
                let nuls = head.iter().position(|byte| *byte != 0);
                let nuls = nuls.unwrap_or(head.len());
                self.input.consume(nuls);
                self.tick()?;
            } else if let Some(compression) = Compression::detect(head) {
                self.close_plain();
                self.compressed(compression)?;
            } else {
                let found = head.get(..head.len().min(6)).unwrap_or(&[]).to_vec();
                let misaligned = matches!(found.as_slice(), b"070701" | b"070702");
                return Err(ProblemKind::BadMagic { found, misaligned });
            }
        }
        if let Some(error) = self.input.take_error() {
            return Err(ProblemKind::Io(error));
        }
        if self.segments.is_empty() {
            return Err(ProblemKind::Empty);
        }
        Ok(())
    }

    /// One entry or more of a plain archive.
    fn plain(&mut self) -> Result<(), ProblemKind> {
        let offset = self.input.offset();
        if self.is_plain_open() && !self.walker.open_archive {
            self.close_plain();
        }
        if !self.is_plain_open() {
            self.open_segment(Packing::Plain, offset);
        }
        self.walker.at = offset;
        self.walker.state = State::Start;
        loop {
            self.tick()?;
            let chunk = self.input.want(1);
            if chunk.is_empty() {
                break;
            }
            let len = chunk.len();
            let fed = self.walker.feed(chunk);
            let taken = match fed {
                Ok(taken) => taken,
                Err(stop) => {
                    let good = self.walker.at.saturating_sub(self.input.offset());
                    self.input.consume(usize::try_from(good).unwrap_or(len));
                    return Err(stop.into());
                }
            };
            self.input.consume(taken);
            self.output += u64::try_from(taken).unwrap_or(0);
            if self.output > self.limits.output {
                return Err(ProblemKind::LimitReached(Limit::Output(self.limits.output)));
            }
            if taken < len {
                return Ok(());
            }
        }
        match self.walker.cut() {
            // What could not be read is not known to be missing.
            Some(cut) if !self.input.has_error() => {
                self.walker.open_archive = false;
                Err(ProblemKind::Truncated(cut))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn compressed(&mut self, compression: Compression) -> Result<(), ProblemKind> {
        let offset = self.input.offset();
        self.open_segment(Packing::Compressed(compression), offset);
        self.walker.at = 0;
        let before = self.output;
        let result = self.decompress(compression);
        let end = self.input.offset();
        let has_trailer = !self.walker.open_archive;
        if let Some(segment) = self.segments.last_mut() {
            segment.len = end - offset;
            segment.unpacked = self.output - before;
            segment.entries = self.walker.entries;
            segment.has_trailer = has_trailer;
        }
        result?;
        if self.walker.state != State::Reset {
            return Err(ProblemKind::BadArchive(BadArchive::JunkAtEnd));
        }
        if !has_trailer {
            self.problem(ProblemKind::TrailerMissing);
            self.walker.open_archive = false;
        }
        Ok(())
    }

    fn decompress(&mut self, compression: Compression) -> Result<(), ProblemKind> {
        let head = self.input.want(stream::HEAD);
        let mut decoder = Decoder::start(compression, head, self.limits.window)
            .map_err(|fault| problem(compression, fault))?;
        loop {
            self.tick()?;
            let chunk = self.input.want(stream::HEAD);
            let eof = chunk.len() < stream::HEAD;
            let result = decoder.step(chunk, eof);
            // What came out before an error is unpacked.
            let output = decoder.output();
            self.output += u64::try_from(output.len()).unwrap_or(0);
            flush(&mut self.walker, output)?;
            let step = match result {
                Ok(step) => step,
                Err(fault) => {
                    let error = match fault {
                        Fault::Truncated => self.input.take_error(),
                        _ => None,
                    };
                    let kind = error.map(ProblemKind::Io);
                    return Err(kind.unwrap_or_else(|| problem(compression, fault)));
                }
            };
            self.input.consume(step.consumed);
            let limits = self.limits;
            if self.output > limits.output {
                return Err(ProblemKind::LimitReached(Limit::Output(limits.output)));
            }
            let allowed = self.input.offset().saturating_mul(limits.ratio);
            if self.output > RATIO_FROM.max(allowed) {
                return Err(ProblemKind::LimitReached(Limit::Ratio(limits.ratio)));
            }
            if step.crc_mismatch {
                self.problem(ProblemKind::CrcMismatch);
            }
            if step.ended {
                return Ok(());
            }
        }
    }

    fn tick(&mut self) -> Result<(), ProblemKind> {
        if (self.expired)() {
            return Err(ProblemKind::LimitReached(Limit::Deadline));
        }
        Ok(())
    }

    fn problem(&mut self, kind: ProblemKind) {
        let offset = self.input.offset();
        self.problems.push(Problem { offset, kind });
    }

    fn is_plain_open(&self) -> bool {
        let last = self.segments.last();
        last.is_some_and(|segment| segment.packing == Packing::Plain && segment.len == 0)
    }

    fn open_segment(&mut self, packing: Packing, offset: u64) {
        self.walker.segment = self.segments.len();
        self.walker.entries = 0;
        self.walker.entry_end = offset;
        self.walker.open_archive = true;
        self.segments.push(Segment {
            packing,
            offset,
            len: 0,
            unpacked: 0,
            entries: 0,
            has_trailer: false,
        });
    }

    /// Ends a plain segment: at its trailer, at something compressed, at the end.
    fn close_plain(&mut self) {
        if !self.is_plain_open() {
            return;
        }
        let has_trailer = !self.walker.open_archive;
        let is_over = self.walker.state == State::Reset;
        let end = self.walker.entry_end;
        if let Some(segment) = self.segments.last_mut() {
            segment.len = end.saturating_sub(segment.offset).max(1);
            segment.unpacked = segment.len;
            segment.entries = self.walker.entries;
            segment.has_trailer = has_trailer && is_over;
        }
        let said = self.problems.last();
        let stopped = said.is_some_and(|said| said.kind.stops_the_kernel() || said.kind.is_ours());
        if !has_trailer && !stopped {
            let kind = ProblemKind::TrailerMissing;
            self.problems.push(Problem { offset: end, kind });
        }
        self.walker.open_archive = false;
    }
}

/// What the kernel's `flush_buffer` does with unpacked bytes: archives may follow
/// each other in them, but nothing compressed.
fn flush(walker: &mut Walker<'_>, mut bytes: &[u8]) -> Result<(), ProblemKind> {
    loop {
        let taken = walker.feed(bytes)?;
        bytes = bytes.get(taken..).unwrap_or(&[]);
        match bytes.first() {
            None => return Ok(()),
            Some(b'0') => walker.state = State::Start,
            Some(_) => return Err(ProblemKind::BadArchive(BadArchive::JunkWithin)),
        }
    }
}

fn problem(compression: Compression, fault: Fault) -> ProblemKind {
    match fault {
        Fault::Truncated => ProblemKind::Truncated(Cut::Compressed(compression)),
        Fault::Corrupt(detail) => ProblemKind::Corrupt {
            compression,
            detail,
        },
        Fault::Refused(why) => ProblemKind::Refused { compression, why },
        Fault::Limit(limit) => ProblemKind::LimitReached(limit),
    }
}

impl From<Stop> for ProblemKind {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Bad(bad) => Self::BadArchive(bad),
            Stop::Limit(limit) => Self::LimitReached(limit),
        }
    }
}

#[cfg(test)]
mod tests;
