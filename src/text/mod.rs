//! Files read from a tree, and places in them.
//!
//! A [`Span`] is a half-open byte range; a [`Place`] is a span together with the
//! file it belongs to, so that evidence can outlive the host it came from.
//! Lines and columns are computed late, when a report needs them.

mod escape;
mod kind;
mod redact;
mod size;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub use escape::{escape, escape_path};
pub use kind::FileKind;
pub use redact::redact_line;
pub use size::size;

/// A file's bytes, as read from a tree.
pub struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    line_starts: OnceLock<Vec<usize>>,
}

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just after the last byte; never below `start`.
    pub end: usize,
}

/// A line and column, both 1-based; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line number, from 1.
    pub line: usize,
    /// Column in characters (bytes where the line is not UTF-8), from 1.
    pub column: usize,
}

/// A range of bytes in a named file.
#[derive(Clone)]
pub struct Place {
    /// The file.
    pub file: Arc<File>,
    /// Where in it.
    pub span: Span,
}

impl File {
    /// Wraps `bytes` read from `path`, an absolute path inside the tree.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            bytes: bytes.into(),
            line_starts: OnceLock::new(),
        })
    }

    /// The absolute path inside the tree.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of `span`; empty where the span lies outside the file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start..span.end).unwrap_or(&[])
    }

    /// Offsets at which lines begin; always at least one.
    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            let newlines = self.bytes.iter().enumerate();
            let after = newlines.filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1);
            std::iter::once(0).chain(after).collect()
        })
    }

    /// Where `offset` is; offsets beyond the end count as the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.bytes.len());
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= offset);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        let before = self.bytes.get(start..offset).unwrap_or(&[]);
        let column = std::str::from_utf8(before).map_or(before.len(), |s| s.chars().count());
        Position {
            line,
            column: column + 1,
        }
    }

    /// The span of a 1-based line, without its newline; empty past the end.
    #[must_use]
    pub fn line_span(&self, line: usize) -> Span {
        let starts = self.line_starts();
        let end_of_file = Span::new(self.bytes.len(), self.bytes.len());
        let Some(start) = line.checked_sub(1).and_then(|i| starts.get(i)).copied() else {
            return end_of_file;
        };
        let end = match starts.get(line) {
            Some(next) => next - 1,
            None => self.bytes.len(),
        };
        Span::new(start, end)
    }

    /// How many lines there are, counting an unterminated last one.
    #[must_use]
    pub fn line_count(&self) -> usize {
        let starts = self.line_starts().len();
        if self.bytes.last() == Some(&b'\n') || self.bytes.is_empty() {
            starts - 1
        } else {
            starts
        }
    }

    /// A place in this file.
    #[must_use]
    pub fn place(self: &Arc<Self>, span: Span) -> Place {
        Place {
            file: Arc::clone(self),
            span,
        }
    }

    /// Every line with its span (without the newline), in order.
    pub fn lines(&self) -> impl Iterator<Item = (Span, &[u8])> {
        (1..=self.line_count()).map(|line| {
            let span = self.line_span(line);
            (span, self.slice(span))
        })
    }
}

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.bytes == other.bytes
    }
}

impl Eq for File {}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} B)", self.path.display(), self.bytes.len())
    }
}

impl Span {
    /// The range from `start` to just before `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: if end < start { start } else { end },
        }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Whether nothing lies in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl Place {
    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Line and column of the first byte.
    #[must_use]
    pub fn start(&self) -> Position {
        self.file.position(self.span.start)
    }

    /// Line and column just after the last byte.
    #[must_use]
    pub fn end(&self) -> Position {
        self.file.position(self.span.end)
    }

    /// The bytes at this place.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.file.slice(self.span)
    }

    /// The bytes as text, control characters escaped.
    #[must_use]
    pub fn text(&self) -> String {
        escape(self.bytes())
    }
}

impl fmt::Display for Place {
    /// `path:line:column`, as editors take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start();
        let path = escape_path(self.path());
        write!(f, "{path}:{}:{}", start.line, start.column)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path() && self.span == other.span
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.path(), self.span).cmp(&(other.path(), other.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_one_based_and_count_characters() {
        let file = File::new("/x", "ab\n\u{e4}\u{f6}c\n");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(3), Position { line: 2, column: 1 });
        assert_eq!(file.position(7), Position { line: 2, column: 3 });
        assert_eq!(file.position(99), Position { line: 3, column: 1 });
    }

    #[test]
    fn lines_end_before_their_newline_and_an_unterminated_last_line_counts() {
        let file = File::new("/x", "a\n\nlast");
        let lines: Vec<&[u8]> = file.lines().map(|(_, line)| line).collect();
        assert_eq!(lines, [&b"a"[..], b"", b"last"]);
        assert_eq!(File::new("/x", "").line_count(), 0);
        assert_eq!(File::new("/x", "\n").line_count(), 1);
    }

    #[test]
    fn a_place_prints_as_an_editor_takes_it() {
        let file = File::new("/etc/crontab", "one\ntwo three\n");
        let place = file.place(Span::new(8, 13));
        assert_eq!(place.to_string(), "/etc/crontab:2:5");
        assert_eq!(place.text(), "three");
    }

    #[test]
    fn a_span_outside_the_file_is_empty_text() {
        let file = File::new("/x", "ab");
        assert_eq!(file.slice(Span::new(1, 9)), b"");
        assert_eq!(file.line_span(9), Span::new(2, 2));
    }
}
