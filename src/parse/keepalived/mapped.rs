//! Text on its way through the reader, each byte with the place it came from.

use std::ops::Range;
use std::sync::Arc;

use crate::text::{File, Place, Span};

/// Bytes and, for each, the span it stands for in the file: itself, or the
/// whole reference (`$NAME`, `${NAME}`) it was substituted for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mapped {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// A logical line: what keepalived's `read_line` hands on.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) file: Arc<File>,
    pub(super) text: Mapped,
    /// Its quotes do not pair, and that has been told.
    pub(super) open_quote: bool,
    /// Substitution stopped before its end.
    pub(super) unfinished: bool,
}

impl Mapped {
    /// Bytes as they stand in the file from `start` on.
    pub(super) fn from_file(bytes: &[u8], start: usize) -> Self {
        let spans = (start..).take(bytes.len());
        Self {
            bytes: bytes.to_vec(),
            spans: spans.map(|at| Span::new(at, at + 1)).collect(),
        }
    }

    /// Bytes that stand for `span`.
    pub(super) fn standing_for(bytes: &[u8], span: Span) -> Self {
        Self {
            bytes: bytes.to_vec(),
            spans: vec![span; bytes.len()],
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn first(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// The smallest span over `range`; where that is empty, an empty span at
    /// its beginning.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let Some(spans) = self.spans.get(range.clone()).filter(|s| !s.is_empty()) else {
            let before = range.start.checked_sub(1).and_then(|i| self.spans.get(i));
            let at = match (self.spans.get(range.start), before) {
                (Some(span), _) => span.start,
                (None, Some(span)) => span.end,
                (None, None) => 0,
            };
            return Span::new(at, at);
        };
        let start = spans.iter().map(|s| s.start).min().unwrap_or(0);
        let end = spans.iter().map(|s| s.end).max().unwrap_or(start);
        Span::new(start, end)
    }

    /// The span over everything.
    pub(super) fn whole(&self) -> Span {
        self.span(0..self.len())
    }

    pub(super) fn sub(&self, range: Range<usize>) -> Self {
        let bytes = self.bytes.get(range.clone()).unwrap_or(&[]).to_vec();
        let spans = self.spans.get(range).unwrap_or(&[]).to_vec();
        Self { bytes, spans }
    }

    pub(super) fn push(&mut self, byte: u8, span: Span) {
        self.bytes.push(byte);
        self.spans.push(span);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.spans.extend_from_slice(&other.spans);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
        self.spans.truncate(len);
    }

    /// Replaces `range` by bytes that stand for it.
    pub(super) fn replace(&mut self, range: Range<usize>, bytes: &[u8]) {
        let range = range.start.min(self.len())..range.end.min(self.len());
        if range.start > range.end {
            return;
        }
        let span = self.span(range.clone());
        self.bytes.splice(range.clone(), bytes.iter().copied());
        self.spans.splice(range, bytes.iter().map(|_| span));
    }

    /// Removes blanks and tabs at the end.
    pub(super) fn trim_end(&mut self) {
        let keep = self.bytes.iter().rposition(|b| !is_blank(*b));
        self.truncate(keep.map_or(0, |at| at + 1));
    }

    /// Removes blanks and tabs at the beginning.
    pub(super) fn trim_start(&mut self) {
        let skip = self.bytes.iter().take_while(|b| is_blank(**b)).count();
        if skip > 0 {
            *self = self.sub(skip..self.len());
        }
    }
}

impl Line {
    pub(super) fn place(&self, range: Range<usize>) -> Place {
        self.file.place(self.text.span(range))
    }

    pub(super) fn whole(&self) -> Place {
        self.file.place(self.text.whole())
    }
}

/// A blank or a tab, as C's `isblank` has it.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What separates words: `" \t\f\n\r\v"`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0c | b'\n' | b'\r' | 0x0b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substituted_byte_stands_for_its_whole_reference() {
        let mut text = Mapped::from_file(b"dev $IF up", 10);
        text.replace(4..7, b"eth0");
        assert_eq!(text.bytes(), b"dev eth0 up");
        assert_eq!(text.span(4..8), Span::new(14, 17));
        assert_eq!(text.span(9..11), Span::new(18, 20));
        assert_eq!(text.whole(), Span::new(10, 20));
    }

    #[test]
    fn ranges_outside_are_empty_spans_and_never_panic() {
        let mut text = Mapped::from_file(b"ab", 5);
        assert_eq!(text.span(2..2), Span::new(7, 7));
        assert_eq!(text.span(9..12), Span::new(0, 0));
        text.replace(7..9, b"c");
        assert_eq!(text.bytes(), b"abc");
        assert_eq!(Mapped::default().whole(), Span::new(0, 0));
    }

    #[test]
    fn trimming_keeps_the_places() {
        let mut text = Mapped::from_file(b"\t x \t", 0);
        text.trim_start();
        text.trim_end();
        assert_eq!(text.bytes(), b"x");
        assert_eq!(text.whole(), Span::new(2, 3));
    }
}
