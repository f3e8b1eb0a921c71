//! A value that may stand on several lines, and where each part of it stands.

use std::borrow::Cow;

use super::is_blank;
use crate::text::Span;

/// Bytes put together from pieces of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    bytes: Vec<u8>,
    /// Where each piece begins: in `bytes`, and in the file.
    pieces: Vec<(usize, usize)>,
}

impl Value {
    pub(super) const fn empty() -> Self {
        Self {
            bytes: Vec::new(),
            pieces: Vec::new(),
        }
    }

    /// Adds `bytes`, which stand at `offset` in the file.
    pub(super) fn push(&mut self, bytes: &[u8], offset: usize) {
        self.pieces.push((self.bytes.len(), offset));
        self.bytes.extend_from_slice(bytes);
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is assigned, which resets most settings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Where all of it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span_of(0, self.len())
    }

    /// Where the bytes from `start` to `end` stand.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let first = self.offset(start);
        if end <= start {
            return Span::new(first, first);
        }
        Span::new(first, self.offset(end - 1) + 1)
    }

    fn offset(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(begin, _)| *begin <= at);
        match piece.checked_sub(1).and_then(|i| self.pieces.get(i)) {
            Some((begin, offset)) => offset + (at - begin),
            None => 0,
        }
    }

    /// The bytes from `start` to `end` as a value of their own.
    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        let bytes = self.bytes.get(start..end).unwrap_or(&[]).to_vec();
        let mut pieces = vec![(0, self.offset(start))];
        let inner = self.pieces.iter().filter(|(b, _)| *b > start && *b < end);
        pieces.extend(inner.map(|(begin, offset)| (begin - start, *offset)));
        Self { bytes, pieces }
    }

    /// Without white space around it.
    pub(super) fn trimmed(&self) -> Self {
        let blank = |b: &&u8| is_blank(**b);
        let front = self.bytes.iter().take_while(blank).count();
        let rest = self.bytes.get(front..).unwrap_or(&[]);
        let back = rest.iter().rev().take_while(blank).count();
        self.part(front, self.len() - back)
    }
}
