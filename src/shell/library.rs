//! The parser library (`rable`, a bash 5.3 grammar) and the way from its tree
//! to [`syntax`](super::syntax).
//!
//! The library works on characters and drops the places of some words. Every
//! byte is therefore given to it as one character (Latin-1), so that its offsets
//! are byte offsets whatever the encoding, and missing places are found again by
//! looking for the word where it must be. It recurses without a limit on some
//! nestings and its result is dropped recursively, so text is looked over before
//! it gets there, and evaluation has a stack that fits these limits.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::convert::Reader;
use super::source::Source;
use super::syntax::List;
use crate::text::File;

/// Largest text given to the parser, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most commands in one text: the library's lists are nested as deep as they are long.
const MAX_COMMANDS: usize = 30_000;
/// Most brackets and braces open at a time, counted without regard to quotes.
const MAX_OPEN: usize = 300;
/// How many shorter beginnings are tried when a text does not parse.
const ATTEMPTS: usize = 16;

/// Why a text could not be parsed.
#[derive(Debug)]
pub(super) struct Rejected {
    /// Offset in the text.
    pub(super) at: usize,
    /// What is wrong, in the library's words, or the limit.
    pub(super) message: String,
    /// Whether it is our limit and not the script.
    pub(super) limit: bool,
    /// The commands before the one that can't be parsed: a shell reads and runs
    /// one command at a time, so these do run.
    pub(super) before: List,
}

/// Scripts that were parsed last, the latest first. Many hosts have the same ones, and
/// each is called in several ways: a file of one path and one content has one parse.
static KNOWN: Mutex<VecDeque<(Arc<File>, Arc<List>)>> = Mutex::new(VecDeque::new());

/// How many are kept.
const KEPT: usize = 32;
/// Longer ones are not kept, bytes.
const KEPT_BYTES: usize = 16 << 10;

/// Parses a whole text.
pub(super) fn parse(source: &Source) -> Result<Arc<List>, Box<Rejected>> {
    let whole = source.whole_file();
    let whole = whole.filter(|file| file.bytes().len() <= KEPT_BYTES);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = whole {
        let same = |known: &&(Arc<File>, Arc<List>)| {
            known.0.bytes() == file.bytes() && known.0.path() == file.path()
        };
        if let Some((_, list)) = known().iter().find(same) {
            return Ok(Arc::clone(list));
        }
    }
    let list = Arc::new(parse_anew(source)?);
    if let Some(file) = whole {
        let mut known = known();
        let oldest = if known.len() < KEPT {
            None
        } else {
            known.pop_back()
        };
        known.push_front((Arc::clone(file), Arc::clone(&list)));
        drop(known);
        drop(oldest);
    }
    Ok(list)
}

fn parse_anew(source: &Source) -> Result<List, Box<Rejected>> {
    if let Some(message) = too_much(source.bytes()) {
        return Err(Box::new(Rejected {
            at: 0,
            message,
            limit: true,
            before: List::new(),
        }));
    }
    read(source, 0).map_err(|(at, message)| {
        Box::new(Rejected {
            at,
            message,
            limit: false,
            before: before(source, at),
        })
    })
}

/// Parses text inside a word, which was looked over with the whole.
pub(super) fn parse_nested(source: &Source, depth: usize) -> Result<List, ()> {
    read(source, depth).map_err(|_| ())
}

/// Parses and converts; the offset and the reason where that is not possible.
fn read(source: &Source, depth: usize) -> Result<List, (usize, String)> {
    let nodes = rable::parse(&characters(source.bytes()), true)
        .map_err(|error| (error.pos(), error.message().to_owned()))?;
    let reader = Reader {
        source,
        depth,
        fault: Cell::new(None),
    };
    let list = reader.list(nodes);
    match reader.fault.get() {
        Some(at) => Err((
            at,
            "a case arm without a pattern, or without `;;` before it".to_owned(),
        )),
        None => Ok(list),
    }
}

/// The commands a shell runs before it meets the error: the longest beginning,
/// cut at the start of a line, that parses.
fn before(source: &Source, error: usize) -> List {
    let bytes = source.bytes();
    let head = bytes.get(..error.min(bytes.len())).unwrap_or(&[]);
    let mut attempts = 0;
    for (at, byte) in head.iter().enumerate().rev() {
        let next = bytes.get(at + 1);
        if *byte != b'\n' || next.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'}' | b')')) {
            continue;
        }
        attempts += 1;
        if attempts > ATTEMPTS {
            break;
        }
        let start = source.slice(0, at + 1);
        if let Ok(list) = read(&start, 0) {
            return list;
        }
    }
    List::new()
}

fn too_much(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BYTES {
        return Some(format!("scripts above {MAX_BYTES} bytes are not parsed"));
    }
    let mut open = 0_usize;
    let mut most = 0_usize;
    let mut commands = 0_usize;
    for byte in bytes {
        match byte {
            b'(' | b'{' => {
                open += 1;
                most = most.max(open);
            }
            b')' | b'}' => open = open.saturating_sub(1),
            b'\n' | b';' | b'&' | b'|' | b'!' => commands += 1,
            _ => {}
        }
    }
    if most > MAX_OPEN {
        return Some(format!("more than {MAX_OPEN} brackets and braces open"));
    }
    (commands > MAX_COMMANDS).then(|| format!("more than {MAX_COMMANDS} commands"))
}

/// One character per byte.
pub(super) fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The way back.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}
