//! A reader over a table's bytes that behaves like the C stream the Vixie
//! family reads from: one byte at a time, with push-back.

use crate::text::Span;

/// A byte of the stream, or its end.
pub(super) type Byte = Option<u8>;

/// What a bounded string read yields.
pub(super) struct Piece {
    /// The bytes kept: the daemon's buffer may hold fewer than it consumes.
    pub(super) kept: Span,
    /// Everything before the terminator.
    pub(super) whole: Span,
    /// The terminator, `None` at the end of the file.
    pub(super) end: Byte,
}

/// A position in a table.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub(super) at: usize,
    /// Reads a newline after the last byte, for tables whose last line lacks one.
    pub(super) closed: bool,
    newline: (usize, usize),
    line_string: (usize, usize),
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            closed: false,
            newline: (1, 0),
            line_string: (1, 0),
        }
    }

    pub(super) fn next(&mut self) -> Byte {
        let byte = match self.bytes.get(self.at) {
            Some(byte) => *byte,
            None if self.closed && self.at == self.bytes.len() => b'\n',
            None => return None,
        };
        self.at += 1;
        Some(byte)
    }

    /// Pushes back what `next` returned; the end of the file stays the end.
    pub(super) const fn back(&mut self, byte: Byte) {
        if byte.is_some() {
            self.at = self.at.saturating_sub(1);
        }
    }

    /// Skips spaces and tabs, beginning with `byte`; returns the first other one.
    pub(super) fn skip_blanks(&mut self, mut byte: Byte) -> Byte {
        while matches!(byte, Some(b' ' | b'\t')) {
            byte = self.next();
        }
        byte
    }

    /// Skips to the next space, tab or newline, beginning with `byte`.
    pub(super) fn skip_word(&mut self, mut byte: Byte) -> Byte {
        while !matches!(byte, None | Some(b' ' | b'\t' | b'\n')) {
            byte = self.next();
        }
        byte
    }

    /// Reads up to one of `terms` or a NUL and consumes it. The buffer has
    /// `size` bytes, one of them for C's own terminator; the rest is lost.
    ///
    /// The NUL is no choice of the daemons: `strchr` finds it in every set.
    pub(super) fn string(&mut self, size: usize, terms: &[u8]) -> Piece {
        let start = self.at.min(self.bytes.len());
        let end = if terms == b"\n" {
            self.end_of_line_string(start)
        } else {
            self.find(start, |b| b == 0 || terms.contains(&b))
        };
        // Past the newline that `closed` adds there is nothing.
        self.at = self.at.max(end);
        let terminator = self.next();
        // Only a newline may stand behind the last byte.
        let terminator = terminator.filter(|b| *b == 0 || terms.contains(b));
        Piece {
            kept: Span::new(start, end.min(start.saturating_add(size.saturating_sub(1)))),
            whole: Span::new(start, end),
            end: terminator,
        }
    }

    /// Where the physical line that holds `at` ends: its newline, or the end of
    /// the file. Remembered, so that a long line read in pieces costs one scan.
    pub(super) fn line_end(&mut self, at: usize) -> usize {
        let at = at.min(self.bytes.len());
        let (from, to) = self.newline;
        if from <= at && at <= to {
            return to;
        }
        let end = self.find(at, |b| b == b'\n');
        self.newline = (at, end);
        end
    }

    fn end_of_line_string(&mut self, at: usize) -> usize {
        let (from, to) = self.line_string;
        if from <= at && at <= to {
            return to;
        }
        let end = self.find(at, |b| b == b'\n' || b == 0);
        self.line_string = (at, end);
        end
    }

    fn find(&self, from: usize, stop: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        let length = rest.iter().position(|b| stop(*b)).unwrap_or(rest.len());
        from + length
    }

    pub(super) fn slice(&self, span: Span) -> &'a [u8] {
        let end = span.end.min(self.bytes.len());
        self.bytes.get(span.start..end).unwrap_or(&[])
    }

    /// The blank-delimited word at `start`, cut at 200 bytes: for messages and
    /// places only.
    pub(super) fn word(&self, start: usize) -> Span {
        let rest = self.slice(Span::new(start, start.saturating_add(200)));
        let length = rest
            .iter()
            .position(|b| matches!(b, b' ' | b'\t' | b'\n'))
            .unwrap_or(rest.len());
        Span::new(start, start + length)
    }
}
