//! The decompressors of an initrd, each behind the same step: bytes in, bytes out.
//!
//! A decoder ends where its stream ends and says how much it has taken, so that
//! the caller finds what follows. It accepts what the kernel accepts (`lib/decompress*.c`,
//! Linux 6.1); memory is bounded by the window that the caller allows.

use std::fmt;

use flate2::{Crc, FlushDecompress};
use zstd::stream::raw::Operation as _;

use super::lzo;
use super::problem::{Limit, Refusal};

/// How much is unpacked in one step, bytes.
const OUTPUT: usize = 128 << 10;
/// How much of a stream [`Decoder::start`] wants to see, bytes.
pub(in crate::parse) const HEAD: usize = 4 << 10;
/// Largest zstd window the kernel takes, bytes (`ZSTD_WINDOWSIZE_MAX` in
/// `lib/decompress_unzstd.c`).
const ZSTD_WINDOW_MAX: u64 = 128 << 20;
/// Unpacked size of a block of the lz4 legacy format (`LZ4_DEFAULT_UNCOMPRESSED_CHUNK_SIZE`
/// in `lib/decompress_unlz4.c`).
const LZ4_BLOCK: usize = 8 << 20;
/// Magic of the lz4 legacy format, which may come again between blocks.
const LZ4_MAGIC: u32 = 0x184c_2102;

/// A compression the kernel knows by its first two bytes (`lib/decompress.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// gzip, `CONFIG_RD_GZIP`.
    Gzip,
    /// bzip2, `CONFIG_RD_BZIP2`.
    Bzip2,
    /// lzma, the format of its own, `CONFIG_RD_LZMA`.
    Lzma,
    /// xz, `CONFIG_RD_XZ`.
    Xz,
    /// lzop, `CONFIG_RD_LZO`.
    Lzo,
    /// lz4, `CONFIG_RD_LZ4`.
    Lz4,
    /// zstd, `CONFIG_RD_ZSTD`.
    Zstd,
}

impl Compression {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [
        Self::Gzip,
        Self::Bzip2,
        Self::Lzma,
        Self::Xz,
        Self::Lzo,
        Self::Lz4,
        Self::Zstd,
    ];
}

impl Compression {
    /// By the first two bytes, as the kernel does. lz4 frames, which it does not
    /// know, are [`Compression::Lz4`] too, and refused when started.
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b | 0x9e, ..] => Some(Self::Gzip),
            [0x42, 0x5a, ..] => Some(Self::Bzip2),
            [0x5d, 0x00, ..] => Some(Self::Lzma),
            [0xfd, 0x37, ..] => Some(Self::Xz),
            [0x89, 0x4c, ..] => Some(Self::Lzo),
            [0x02, 0x21, ..] | [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0x28, 0xb5, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The option a kernel needs to take it, without its `CONFIG_`.
    #[must_use]
    pub const fn kernel_option(self) -> &'static str {
        match self {
            Self::Gzip => "RD_GZIP",
            Self::Bzip2 => "RD_BZIP2",
            Self::Lzma => "RD_LZMA",
            Self::Xz => "RD_XZ",
            Self::Lzo => "RD_LZO",
            Self::Lz4 => "RD_LZ4",
            Self::Zstd => "RD_ZSTD",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Lzma => "lzma",
            Self::Xz => "xz",
            Self::Lzo => "lzo",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        })
    }
}

/// Why a decoder stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Fault {
    /// The input ends too early.
    Truncated,
    /// Bytes that make no sense; the decoder's words.
    Corrupt(String),
    /// Whole, but not for the kernel.
    Refused(Refusal),
    /// It needs more memory than allowed.
    Limit(Limit),
}

impl Fault {
    pub(super) fn corrupt(detail: &str) -> Self {
        Self::Corrupt(detail.to_owned())
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub(in crate::parse) struct Step {
    /// Bytes of the input that are done with.
    pub(in crate::parse) consumed: usize,
    /// Whether the stream is over.
    pub(in crate::parse) ended: bool,
    /// Whether a checksum that the kernel does not look at does not fit.
    pub(in crate::parse) crc_mismatch: bool,
}

/// One compressed stream.
pub(in crate::parse) struct Decoder {
    codec: Codec,
    out: Vec<u8>,
    out_len: usize,
}

enum Codec {
    Gzip(Box<Gzip>),
    Bzip2(Box<bzip2::Decompress>),
    /// xz and lzma.
    Lzma(Box<liblzma::stream::Stream>),
    Lzo(Blocks),
    Lz4(Blocks),
    Zstd(Box<zstd::stream::raw::Decoder<'static>>),
}

struct Gzip {
    inflate: flate2::Decompress,
    crc: Crc,
    header: usize,
    trailer: bool,
}

/// A format of blocks that are unpacked one at a time.
#[derive(Default)]
struct Blocks {
    started: bool,
    /// The block being collected, and how long it will be.
    packed: Vec<u8>,
    wanted: usize,
    /// Unpacked length of it where the format says so.
    unpacked: usize,
}

impl Decoder {
    /// A decoder for the stream that begins with `head`, which holds the first
    /// [`HEAD`] bytes of it or all there are. `window` bounds the memory, bytes.
    pub(in crate::parse) fn start(
        kind: Compression,
        head: &[u8],
        window: u64,
    ) -> Result<Self, Fault> {
        let failed = |error: &dyn fmt::Display| Fault::Corrupt(error.to_string());
        let codec = match kind {
            Compression::Gzip => Codec::Gzip(Box::new(Gzip {
                inflate: flate2::Decompress::new(false),
                crc: Crc::new(),
                header: gzip_header(head)?,
                trailer: false,
            })),
            Compression::Bzip2 => Codec::Bzip2(Box::new(bzip2::Decompress::new(false))),
            Compression::Lzma => {
                let stream = liblzma::stream::Stream::new_lzma_decoder(memory(window));
                Codec::Lzma(Box::new(stream.map_err(|error| failed(&error))?))
            }
            Compression::Xz => {
                match head.get(6..8) {
                    Some([0, check]) if *check > 1 => {
                        return Err(Fault::Refused(Refusal::XzCheck(*check)));
                    }
                    _ => {}
                }
                let stream = liblzma::stream::Stream::new_stream_decoder(memory(window), 0);
                Codec::Lzma(Box::new(stream.map_err(|error| failed(&error))?))
            }
            Compression::Lzo => Codec::Lzo(Blocks::default()),
            Compression::Lz4 if head.first() == Some(&0x04) => {
                return Err(Fault::Refused(Refusal::Lz4Frame));
            }
            Compression::Lz4 => Codec::Lz4(Blocks::default()),
            Compression::Zstd => {
                let needed = zstd_window(head);
                if needed > ZSTD_WINDOW_MAX {
                    return Err(Fault::Refused(Refusal::ZstdWindow(needed)));
                }
                if needed > window {
                    let limit = Limit::Window {
                        needed,
                        allowed: window,
                    };
                    return Err(Fault::Limit(limit));
                }
                let decoder = zstd::stream::raw::Decoder::new();
                Codec::Zstd(Box::new(decoder.map_err(|error| failed(&error))?))
            }
        };
        let len = match codec {
            Codec::Lzo(_) => 0,
            Codec::Lz4(_) => LZ4_BLOCK,
            _ => OUTPUT,
        };
        Ok(Self {
            codec,
            out: vec![0; len],
            out_len: 0,
        })
    }

    /// What the last step unpacked.
    pub(in crate::parse) fn output(&self) -> &[u8] {
        self.out.get(..self.out_len).unwrap_or(&[])
    }

    /// Takes some of `input` and unpacks some of it. `eof` says that nothing
    /// follows `input`; otherwise there are at least [`HEAD`] bytes of it.
    pub(in crate::parse) fn step(&mut self, input: &[u8], eof: bool) -> Result<Step, Fault> {
        self.out_len = 0;
        let step = match &mut self.codec {
            Codec::Gzip(gzip) => {
                let (step, len) = gzip.step(input, &mut self.out)?;
                self.out_len = len;
                step
            }
            Codec::Bzip2(bzip2) => {
                let (taken, made) = (bzip2.total_in(), bzip2.total_out());
                let status = bzip2.decompress(input, &mut self.out);
                let status = status.map_err(|error| Fault::Corrupt(error.to_string()))?;
                self.out_len = since(bzip2.total_out(), made);
                Step {
                    consumed: since(bzip2.total_in(), taken),
                    ended: status == bzip2::Status::StreamEnd,
                    crc_mismatch: false,
                }
            }
            Codec::Lzma(stream) => {
                let (taken, made) = (stream.total_in(), stream.total_out());
                let action = liblzma::stream::Action::Run;
                let status = stream.process(input, &mut self.out, action);
                self.out_len = since(stream.total_out(), made);
                let allowed = stream.memlimit();
                let status = status.map_err(|error| match error {
                    liblzma::stream::Error::MemLimit => {
                        Fault::Limit(Limit::Window { needed: 0, allowed })
                    }
                    error => Fault::Corrupt(error.to_string()),
                })?;
                Step {
                    consumed: since(stream.total_in(), taken),
                    ended: status == liblzma::stream::Status::StreamEnd,
                    crc_mismatch: false,
                }
            }
            Codec::Zstd(decoder) => {
                let status = decoder.run_on_buffers(input, &mut self.out);
                let status = status.map_err(|error| Fault::Corrupt(error.to_string()))?;
                self.out_len = status.bytes_written;
                Step {
                    consumed: status.bytes_read,
                    ended: status.remaining == 0,
                    crc_mismatch: false,
                }
            }
            Codec::Lz4(blocks) => {
                let (step, len) = blocks.lz4(input, eof, &mut self.out)?;
                self.out_len = len;
                step
            }
            Codec::Lzo(blocks) => {
                let step = blocks.lzo(input, &mut self.out)?;
                self.out_len = self.out.len();
                step
            }
        };
        let stuck = step.consumed == 0 && self.out_len == 0 && !step.ended;
        if stuck && eof {
            return Err(Fault::Truncated);
        }
        // A decoder that neither eats nor gives would be asked for ever.
        if stuck && input.len() >= HEAD {
            return Err(Fault::corrupt("no progress"));
        }
        Ok(step)
    }
}

impl Gzip {
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<(Step, usize), Fault> {
        let mut step = Step {
            consumed: 0,
            ended: false,
            crc_mismatch: false,
        };
        let Some(body) = input.get(self.header..) else {
            return Ok((step, 0));
        };
        if self.trailer {
            let Some(trailer) = body.first_chunk::<8>() else {
                return Ok((step, 0));
            };
            let own = u64::from(self.crc.amount()) << 32 | u64::from(self.crc.sum());
            step.crc_mismatch = u64::from_le_bytes(*trailer) != own;
            step.consumed = trailer.len();
            step.ended = true;
            return Ok((step, 0));
        }
        let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(body, out, FlushDecompress::None);
        let status = status.map_err(|_| Fault::corrupt("uncompression error"))?;
        let len = since(self.inflate.total_out(), made);
        self.crc.update(out.get(..len).unwrap_or(&[]));
        step.consumed = since(self.inflate.total_in(), taken) + std::mem::take(&mut self.header);
        self.trailer = status == flate2::Status::StreamEnd;
        Ok((step, len))
    }
}

impl Blocks {
    fn lz4(&mut self, input: &[u8], eof: bool, out: &mut [u8]) -> Result<(Step, usize), Fault> {
        let mut step = Step {
            consumed: 0,
            ended: false,
            crc_mismatch: false,
        };
        if self.wanted == 0 {
            let Some(word) = input.first_chunk::<4>() else {
                // Less than a length is left: the kernel is done and looks at the rest
                // as at something new.
                step.ended = eof && self.started;
                return Ok((step, 0));
            };
            let word = u32::from_le_bytes(*word);
            if !self.started && word != LZ4_MAGIC {
                return Err(Fault::corrupt("invalid header"));
            }
            match word {
                LZ4_MAGIC => {
                    self.started = true;
                    step.consumed = 4;
                    return Ok((step, 0));
                }
                0 => {
                    step.ended = true;
                    return Ok((step, 0));
                }
                _ => {}
            }
            step.consumed = 4;
            self.wanted = usize::try_from(word).unwrap_or(usize::MAX);
            self.packed.clear();
            if self.wanted > lz4_flex::block::get_maximum_output_size(LZ4_BLOCK) {
                return Err(if eof && input.len() - 4 < self.wanted {
                    Fault::Truncated
                } else {
                    Fault::corrupt("Decoding failed")
                });
            }
        }
        if !self.collect(input, &mut step) {
            return Ok((step, 0));
        }
        let len = lz4_flex::block::decompress_into(&self.packed, out);
        let len = len.map_err(|_| Fault::corrupt("Decoding failed"))?;
        self.wanted = 0;
        Ok((step, len))
    }

    fn lzo(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        let mut step = Step {
            consumed: 0,
            ended: false,
            crc_mismatch: false,
        };
        out.clear();
        if !self.started {
            if let Some(len) = lzo::header_len(input)? {
                self.started = true;
                step.consumed = len;
            }
            return Ok(step);
        }
        if self.wanted == 0 {
            match lzo::block_header(input)? {
                None => return Ok(step),
                Some(lzo::BlockHeader::End) => {
                    step.consumed = 4;
                    step.ended = true;
                    return Ok(step);
                }
                Some(lzo::BlockHeader::Block { unpacked, packed }) => {
                    step.consumed = 12;
                    self.wanted = packed;
                    self.unpacked = unpacked;
                    self.packed.clear();
                }
            }
        }
        if self.collect(input, &mut step) {
            lzo::block(&self.packed, self.unpacked, out)?;
            self.wanted = 0;
        }
        Ok(step)
    }

    /// Takes more of the block from `input`; says whether it is whole.
    fn collect(&mut self, input: &[u8], step: &mut Step) -> bool {
        let rest = input.get(step.consumed..).unwrap_or(&[]);
        let piece = rest.len().min(self.wanted - self.packed.len());
        self.packed
            .extend_from_slice(rest.get(..piece).unwrap_or(&[]));
        step.consumed += piece;
        self.packed.len() == self.wanted
    }
}

/// Memory for a decoder with this window: what it needs beside it is less than 1 MiB.
const fn memory(window: u64) -> u64 {
    window.saturating_add(1 << 20)
}

fn since(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

/// Length of the header; the kernel knows no other optional field than the file
/// name (`__gunzip` in `lib/decompress_inflate.c`).
fn gzip_header(head: &[u8]) -> Result<usize, Fault> {
    match head {
        [0x1f, 0x9e, ..] => return Err(Fault::Refused(Refusal::OldGzip)),
        [0x1f, 0x8b, 8, flags, ..] if flags & 0b1_0110 != 0 => {
            return Err(Fault::Refused(Refusal::GzipHeader));
        }
        [0x1f, 0x8b, 8, flags, ..] if flags & 0b1000 == 0 => return Ok(10),
        [0x1f, 0x8b, 8, _, ..] => {}
        [_, _, method, ..] if *method != 8 => return Err(Fault::corrupt("Not a gzip file")),
        _ => return Err(Fault::Truncated),
    }
    let name = head.get(10..).ok_or(Fault::Truncated)?;
    match name.iter().position(|byte| *byte == 0) {
        Some(len) => Ok(10 + len + 1),
        None if head.len() < HEAD => Err(Fault::Truncated),
        None => Err(Fault::corrupt("header error")),
    }
}

/// The window a zstd frame needs (RFC 8878, section 3.1.1.1); 0 where the header
/// is cut, which the decoder then says.
fn zstd_window(head: &[u8]) -> u64 {
    let Some(descriptor) = head.get(4).copied() else {
        return 0;
    };
    if descriptor & 0x20 == 0 {
        let Some(byte) = head.get(5).copied() else {
            return 0;
        };
        let base = 1_u64 << (10 + (byte >> 3));
        return base + (base / 8) * u64::from(byte & 7);
    }
    // One segment: the window is the content.
    let dictionary = match descriptor & 3 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let len = match descriptor >> 6 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let mut size = [0; 8];
    let bytes = head.get(5 + dictionary..5 + dictionary + len);
    match (bytes, size.get_mut(..len)) {
        (Some(bytes), Some(place)) => place.copy_from_slice(bytes),
        _ => return 0,
    }
    let size = u64::from_le_bytes(size);
    if len == 2 { size + 256 } else { size }
}
