//! Text to parse, each byte mapped to the place it came from: a whole script, a
//! cron command (where `\%` became `%`), the inside of backticks, the word
//! given to `sh -c`.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// Bytes to parse, with a way back to the file.
#[derive(Clone, Debug)]
pub struct Source {
    file: Arc<File>,
    bytes: Vec<u8>,
    offsets: Offsets,
}

/// Where the bytes are in the file.
#[derive(Clone, Debug)]
enum Offsets {
    /// One after the other, beginning here.
    From(usize),
    /// Each byte has its own offset.
    Each(Vec<usize>),
    /// Made of several pieces: all that is known is where they are.
    At(Span),
}

impl Source {
    /// The whole file.
    #[must_use]
    pub fn whole(file: &Arc<File>) -> Self {
        Self {
            file: Arc::clone(file),
            bytes: file.bytes().to_vec(),
            offsets: Offsets::From(0),
        }
    }

    /// The file, where this is all of it.
    pub(super) fn whole_file(&self) -> Option<&Arc<File>> {
        let whole = matches!(self.offsets, Offsets::From(0));
        (whole && self.bytes.len() == self.file.bytes().len()).then_some(&self.file)
    }

    /// The text at a place, as it stands there.
    #[must_use]
    pub fn part(place: &Place) -> Self {
        Self {
            file: Arc::clone(&place.file),
            bytes: place.bytes().to_vec(),
            offsets: Offsets::From(place.span.start),
        }
    }

    /// Bytes with the offset of each in `file`; a byte without an offset counts
    /// as lying after the last one.
    #[must_use]
    pub fn mapped(file: &Arc<File>, bytes: Vec<u8>, offsets: Vec<usize>) -> Self {
        Self {
            file: Arc::clone(file),
            bytes,
            offsets: Offsets::Each(offsets),
        }
    }

    /// Bytes that came out of an expansion at `place`. They keep exact places
    /// where they stand in it word for word.
    #[must_use]
    pub fn expanded(place: &Place, bytes: Vec<u8>) -> Self {
        let found = if bytes.is_empty() || bytes.len() > 65_536 {
            None
        } else {
            place
                .bytes()
                .windows(bytes.len())
                .position(|window| window == bytes)
        };
        let offsets = match found {
            Some(at) => Offsets::From(place.span.start + at),
            None => Offsets::At(place.span),
        };
        Self {
            file: Arc::clone(&place.file),
            bytes,
            offsets,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file they came from.
    #[must_use]
    pub const fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where the bytes from `start` to just before `end` are.
    #[must_use]
    pub fn place(&self, start: usize, end: usize) -> Place {
        let end = end.min(self.bytes.len());
        let start = start.min(end);
        let span = match &self.offsets {
            Offsets::From(base) => Span::new(base + start, base + end),
            Offsets::At(span) => *span,
            Offsets::Each(offsets) => {
                let after = offsets.last().map_or(0, |last| last + 1);
                let first = offsets.get(start).copied().unwrap_or(after);
                let last = match end.checked_sub(1) {
                    Some(last) if end > start => offsets.get(last).map_or(after, |o| o + 1),
                    _ => first,
                };
                Span::new(first, last)
            }
        };
        self.file.place(span)
    }

    /// The bytes from `start` to just before `end`, with their places.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.bytes.len());
        let start = start.min(end);
        Self {
            file: Arc::clone(&self.file),
            bytes: self.bytes.get(start..end).unwrap_or(&[]).to_vec(),
            offsets: match &self.offsets {
                Offsets::From(base) => Offsets::From(base + start),
                Offsets::At(span) => Offsets::At(*span),
                Offsets::Each(each) => Offsets::Each(each.get(start..end).unwrap_or(&[]).to_vec()),
            },
        }
    }

    /// The text with some bytes left out: `keep` names those that stay.
    #[must_use]
    pub fn keep(&self, keep: &[usize]) -> Self {
        let bytes = keep.iter().filter_map(|i| self.bytes.get(*i).copied());
        Self {
            file: Arc::clone(&self.file),
            bytes: bytes.collect(),
            offsets: match &self.offsets {
                Offsets::At(span) => Offsets::At(*span),
                _ => Offsets::Each(
                    keep.iter()
                        .map(|i| self.place(*i, i.saturating_add(1)).span.start)
                        .collect(),
                ),
            },
        }
    }

    /// A word as the parser library gives it, which is the text from `start`
    /// without line continuations and, inside arrays, with blanks and comments
    /// reduced to one blank.
    #[must_use]
    pub fn word(&self, start: usize, value: &[u8]) -> Self {
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        if rest.starts_with(value) {
            return self.slice(start, start + value.len());
        }
        let mut keep = Vec::with_capacity(value.len());
        let mut at = start;
        for wanted in value {
            let mut steps = 0_usize;
            while self.bytes.get(at).is_some_and(|b| b != wanted) && steps < 4096 {
                at += 1;
                steps += 1;
            }
            keep.push(at);
            at += 1;
        }
        let mut word = self.keep(&keep);
        if word.bytes != value {
            let whole = self.place(start, start + value.len());
            word.bytes = value.to_vec();
            word.offsets = Offsets::At(whole.span);
        }
        word
    }

    /// The offset of `needle` at or after `from`.
    #[must_use]
    pub fn find(&self, needle: &[u8], from: usize) -> Option<usize> {
        if needle.is_empty() {
            return None;
        }
        let rest = self.bytes.get(from..)?;
        rest.windows(needle.len())
            .position(|window| window == needle)
            .map(|at| from + at)
    }
}
