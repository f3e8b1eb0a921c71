//! Lines and words of the daemons that split a line at blanks before they look at it.

use super::command::{Command, Percent, Traced};
use crate::text::Span;

/// C's `isspace`, and Python's for ASCII.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// The lines of a table that hold something, blanks at both ends cut; comments too.
pub(super) fn stripped(bytes: &[u8]) -> Vec<Span> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in bytes.split(|b| *b == b'\n') {
        let begin = line.iter().take_while(|b| is_space(**b)).count();
        let end = line
            .iter()
            .rposition(|b| !is_space(*b))
            .map_or(0, |p| p + 1);
        if begin < end {
            lines.push(Span::new(at + begin, at + end));
        }
        at += line.len() + 1;
    }
    lines
}

/// The words of a line, at most `most`, the last being the rest.
pub(super) fn words(bytes: &[u8], line: Span, most: usize) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = line.start;
    while at < line.end && found.len() < most {
        let rest = bytes.get(at..line.end).unwrap_or(&[]);
        let length = if found.len() + 1 == most {
            rest.len()
        } else {
            rest.iter().position(|b| is_space(*b)).unwrap_or(rest.len())
        };
        found.push(Span::new(at, at + length));
        let rest = rest.get(length..).unwrap_or(&[]);
        at += length + rest.iter().take_while(|b| is_space(**b)).count();
    }
    found
}

/// The bytes of a span.
pub(super) fn of(bytes: &[u8], span: Span) -> &[u8] {
    bytes.get(span.start..span.end).unwrap_or(&[])
}

/// The rest of a line as a command, as it stands there.
pub(super) fn command(bytes: &[u8], rest: Span, percent: Percent) -> Command {
    Command::new(Traced::copy(of(bytes, rest), rest), percent, rest.start)
}

/// The words of the rest of a line as a command, one blank between them.
pub(super) fn joined(bytes: &[u8], rest: Span, percent: Percent) -> Command {
    let mut text = Traced::default();
    for word in words(bytes, rest, usize::MAX) {
        if !text.bytes.is_empty() {
            text.push(b' ', word.start.saturating_sub(1));
        }
        for (byte, at) in of(bytes, word).iter().zip(word.start..) {
            text.push(*byte, at);
        }
    }
    Command::new(text, percent, rest.start)
}
