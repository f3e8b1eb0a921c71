//! Words of a statement (`apt-pkg/contrib/strutl.cc`).

use super::lines::is_space;

/// A word with the rest behind it.
type Word<'a> = (Vec<u8>, &'a [u8]);

/// A word in which quotes are taken away and `%41` is a byte (`ParseQuoteWord`).
pub(super) fn quote_word(text: &[u8]) -> Option<Word<'_>> {
    let mut at = text.iter().position(|b| *b != b' ')?;
    while let Some(byte) = text.get(at).filter(|b| !is_space(**b)) {
        let close = |from: usize, mark: u8| {
            let rest = text.get(from..)?;
            Some(from + rest.iter().position(|b| *b == mark)?)
        };
        if *byte == b'"' {
            at = close(at + 1, b'"')?;
        }
        if text.get(at) == Some(&b'[') {
            at = close(at + 1, b']')?;
        }
        at += 1;
    }
    let mut out = Vec::new();
    let mut word = text.get(..at).unwrap_or(&[]);
    while let Some((byte, rest)) = word.split_first() {
        let hex = |at: usize| {
            let digit = char::from(*rest.get(at)?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        if *byte == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
        {
            // A byte of nought ends no string here.
            out.push(high * 16 + low);
            word = rest.get(2..).unwrap_or(&[]);
            continue;
        }
        if *byte != b'"' {
            out.push(*byte);
        }
        word = rest;
    }
    let rest = text.get(at..).unwrap_or(&[]);
    let blanks = rest
        .iter()
        .position(|b| !is_space(*b))
        .unwrap_or(rest.len());
    Some((out, rest.get(blanks..).unwrap_or(&[])))
}

/// Strings in quotes up to the end, as in C with blanks between them kept as one
/// (`ParseCWord`).
pub(super) fn c_word(text: &[u8]) -> Option<Word<'_>> {
    let mut at = text.iter().position(|b| *b != b' ')?;
    let mut out = Vec::new();
    while let Some(byte) = text.get(at) {
        if *byte == b'"' {
            let rest = text.get(at + 1..).unwrap_or(&[]);
            let end = rest.iter().position(|b| *b == b'"')?;
            out.extend_from_slice(rest.get(..end).unwrap_or(&[]));
            at += end + 2;
            continue;
        }
        if !is_space(*byte) {
            return None;
        }
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        if !before.is_some_and(|b| is_space(*b)) {
            out.push(b' ');
        }
        at += 1;
    }
    Some((out, &[]))
}

/// The number at the start of a text, and where it ends (`strtol` with base 0).
pub(super) fn integer(text: &[u8]) -> Option<(i64, usize)> {
    let blanks = text.iter().position(|b| !is_space(*b))?;
    let (sign, mut at) = match text.get(blanks) {
        Some(b'-') => (-1, blanks + 1),
        Some(b'+') => (1, blanks + 1),
        _ => (1, blanks),
    };
    let hex = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    let base = match (text.get(at), text.get(at + 1)) {
        (Some(b'0'), Some(b'x' | b'X')) if hex(at + 2) => {
            at += 2;
            16
        }
        (Some(b'0'), _) => 8,
        _ => 10,
    };
    let start = at;
    let mut value: i64 = 0;
    while let Some(digit) = text.get(at).and_then(|b| char::from(*b).to_digit(base)) {
        value = value
            .saturating_mul(i64::from(base))
            .saturating_add(i64::from(digit));
        at += 1;
    }
    (at > start).then_some((value * sign, at))
}
