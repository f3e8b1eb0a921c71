//! The search for `linux_banner` in a kernel that does not say its release elsewhere.

use super::super::elf::{self, Architecture};
use super::super::initrd::Compression;
use super::super::initrd::stream::{Decoder, Fault, HEAD};
use super::{File, bytes};

/// How the banner begins (`init/version.c`); the release follows.
pub(super) const START: &[u8] = b"Linux version ";
/// Bytes of the banner that are kept.
const LENGTH: usize = 512;
/// How much is read in one piece, bytes.
const PIECE: usize = 256 << 10;
/// How far a kernel is searched, bytes.
const LIMIT: u64 = 256 << 20;
/// Memory for a decompressor, bytes.
const WINDOW: u64 = 32 << 20;

/// What a compressed kernel says.
pub(super) struct Found {
    pub(super) banner: Option<Vec<u8>>,
    pub(super) architecture: Option<Architecture>,
}

/// Why a compressed kernel says nothing.
pub(super) enum Failed {
    Unreadable(u64),
    Bad(String),
}

/// The banner from `offset` on.
///
/// # Errors
/// The offset at which the file cannot be read.
pub(super) fn in_file(file: &mut File<'_, '_>, offset: u64) -> Result<Option<Vec<u8>>, u64> {
    let mut search = Search::default();
    let mut offset = offset;
    let end = offset.saturating_add(LIMIT);
    while offset < end {
        let piece = file.get(offset, PIECE).ok_or(offset)?;
        if piece.is_empty() {
            break;
        }
        offset += u64::try_from(piece.len()).unwrap_or(LIMIT);
        if let Some(banner) = search.push(&piece) {
            return Ok(Some(banner));
        }
    }
    Ok(None)
}

/// The banner in a compressed part of the file, its offset and length.
pub(super) fn in_compressed(
    file: &mut File<'_, '_>,
    compression: Compression,
    (start, len): (u64, u64),
) -> Result<Found, Failed> {
    let end = start.saturating_add(len);
    let mut at = start;
    let mut search = Search::default();
    let mut found = Found {
        banner: None,
        architecture: None,
    };
    let mut piece = read_piece(file, at, end)?;
    let mut taken = 0;
    let mut output = 0_u64;
    let head = bytes(&piece, 0, HEAD).unwrap_or(&piece);
    let mut decoder = Decoder::start(compression, head, WINDOW).map_err(Failed::from)?;
    loop {
        if piece.len() - taken < HEAD {
            at += u64::try_from(taken).unwrap_or(0);
            piece = read_piece(file, at, end)?;
            taken = 0;
        }
        let rest = piece.get(taken..).unwrap_or(&[]);
        let step = decoder.step(rest, rest.len() < HEAD);
        let unpacked = decoder.output();
        if output == 0 && !unpacked.is_empty() {
            found.architecture = architecture(unpacked);
        }
        output += u64::try_from(unpacked.len()).unwrap_or(0);
        if let Some(banner) = search.push(unpacked) {
            found.banner = Some(banner);
            return Ok(found);
        }
        let step = step.map_err(Failed::from)?;
        taken += step.consumed;
        if step.ended || output > LIMIT {
            return Ok(found);
        }
    }
}

fn read_piece(file: &mut File<'_, '_>, at: u64, end: u64) -> Result<Vec<u8>, Failed> {
    let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
    file.get(at, PIECE.min(left)).ok_or(Failed::Unreadable(at))
}

/// What an unpacked kernel is for, by its first bytes.
fn architecture(head: &[u8]) -> Option<Architecture> {
    match bytes(head, 56, 4) {
        Some(b"ARM\x64") => Some(Architecture::Aarch64),
        Some(b"RSC\x05") => Some(Architecture::Riscv64),
        _ => elf::ident(head).ok().and_then(|(_, _, found)| found),
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Bad(match fault {
            Fault::Truncated => "the data is cut off".to_owned(),
            Fault::Corrupt(detail) => detail,
            Fault::Refused(why) => why.to_string(),
            Fault::Limit(limit) => limit.to_string(),
        })
    }
}

/// A search in pieces; a banner may lie across two of them.
#[derive(Default)]
struct Search {
    kept: Vec<u8>,
}

impl Search {
    fn push(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        self.kept.extend_from_slice(piece);
        let mut from = 0;
        while let Some(at) = find(self.kept.get(from..)?) {
            let start = from + at;
            let text = self.kept.get(start..)?;
            let text = text.get(..text.len().min(LENGTH))?;
            if let Some(end) = text.iter().position(|byte| matches!(byte, 0 | b'\n')) {
                let banner = text.get(..end)?;
                // A format string begins in the same way.
                if banner.get(START.len()).is_some_and(u8::is_ascii_digit) {
                    return Some(banner.to_vec());
                }
            } else if text.len() < LENGTH {
                // It may go on in the next piece.
                self.kept.drain(..start);
                return None;
            }
            from = start + 1;
        }
        let keep = self.kept.len().saturating_sub(START.len());
        self.kept.drain(..keep.max(from));
        None
    }
}

fn find(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == b'L')?;
        if bytes.get(at..)?.starts_with(START) {
            return Some(at);
        }
        from = at + 1;
    }
}
