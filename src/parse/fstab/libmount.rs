//! fstab as libmount reads it (util-linux 2.38, `libmount/src/tab_parse.c`).

use std::sync::Arc;

use super::{Decoded, Entry, bytes, is_blank, number, options, split, to_int};
use crate::text::{File, Span};

pub(super) fn entries(file: &Arc<File>) -> Vec<Entry> {
    let lines = file.lines();
    lines
        .filter_map(|(span, line)| entry(file, span, line))
        .collect()
}

fn entry(file: &Arc<File>, span: Span, line: &[u8]) -> Option<Entry> {
    let line = visible(line, span.end == file.bytes().len())?;
    let spans = split(line, span.start);
    let first = spans.first()?;
    if file.slice(*first).starts_with(b"#") {
        return None;
    }
    let field = |index: usize| {
        spans
            .get(index)
            .map(|span| decode(file.slice(*span), span.start))
    };
    let (source, target, kind) = (field(0)?, field(1)?, field(2)?);
    let option_text = field(3).unwrap_or_else(Decoded::new);
    let (freq, passno) = numbers(line).ok()?;
    Some(Entry {
        source: bytes(&source),
        target: bytes(&target),
        kind: bytes(&kind),
        options: options::split_quoted(file, &option_text),
        option_text: bytes(&option_text),
        freq,
        passno,
        fields: spans.iter().take(6).map(|span| file.place(*span)).collect(),
        place: file.place(Span::new(span.start, span.start + line.len())),
    })
}

/// What the parser sees of a line: without a final CR, and nothing where a NUL hides
/// the newline; in an unterminated last line it sees what stands before the NUL.
fn visible(line: &[u8], unterminated: bool) -> Option<&[u8]> {
    let line = match line.iter().position(|b| *b == 0) {
        Some(_) if !unterminated => return None,
        Some(nul) => line.get(..nul)?,
        None => line,
    };
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Which of the fields 4 and 5 (from 0) makes the parser refuse a line, if one does.
pub(super) fn bad_number(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    numbers(line).err()
}

/// The two numbers of a line, or the index of the field that is none.
fn numbers(line: &[u8]) -> Result<(i32, i32), usize> {
    let Some(start) = split(line, 0).get(4).map(|span| span.start) else {
        return Ok((0, 0));
    };
    let rest = line.get(start..).unwrap_or(&[]);
    let (freq, rest) = next(rest).map_err(|()| 4_usize)?;
    if rest.is_empty() {
        return Ok((freq, 0));
    }
    let (passno, _) = next(rest).map_err(|()| 5_usize)?;
    Ok((freq, passno))
}

/// A number that is followed by a blank or nothing, and what follows without blanks.
/// One too large for a long is only refused when something follows it.
fn next(text: &[u8]) -> Result<(i32, &[u8]), ()> {
    let (value, fits, rest) = number(text).ok_or(())?;
    let separated = rest.first().is_none_or(|b| is_blank(*b));
    if !(rest.is_empty() || separated && fits) {
        return Err(());
    }
    let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
    Ok((to_int(value), rest.get(blanks..).unwrap_or(&[])))
}

/// Any three octal digits behind a backslash.
fn decode(field: &[u8], start: usize) -> Decoded {
    let mut out = Decoded::with_capacity(field.len());
    let mut at = 0;
    while let Some(rest) = field.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, byte) = match *rest {
            [b'\\', a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                // Three digits reach 511; a char keeps the low eight bits.
                let value = (a & 3) << 6 | (b & 7) << 3 | (c & 7);
                (4, value)
            }
            [byte, ..] => (1, byte),
            [] => break,
        };
        out.push((byte, start + at));
        at += length;
    }
    // A decoded NUL ends the C string.
    if let Some(end) = out.iter().position(|(byte, _)| *byte == 0) {
        out.truncate(end);
    }
    out
}
