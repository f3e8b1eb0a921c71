//! The syntax of `${...}`.

use super::source::Source;
use super::syntax::{Operation, Parameter, Word};
use super::word::{DEPTH, here_document, word};

pub(super) fn name_length(bytes: &[u8]) -> usize {
    let first = bytes
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    if !first {
        return 0;
    }
    bytes
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .count()
}

/// The `}` that ends an expansion which began before `start`.
pub(super) fn closing_brace(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut open = 0_usize;
    let mut single = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' => single = !single,
            _ if single => {}
            b'\\' => at += 1,
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open += 1;
                at += 1;
            }
            b'}' if open == 0 => return at,
            b'}' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    // an apostrophe inside double quotes opens nothing
    let rest = bytes.get(start..).unwrap_or(&[]);
    let plain = rest.iter().position(|b| *b == b'}');
    plain.map_or(bytes.len(), |end| start + end)
}

/// Reads the inside of `${...}`.
pub(super) fn parameter(inside: &Source, quoted: bool, depth: usize) -> Parameter {
    let bytes = inside.bytes();
    let other = |name: &[u8]| Parameter {
        name: name.to_vec(),
        subscript: None,
        operation: Operation::Other,
    };
    if depth > DEPTH {
        return other(bytes);
    }
    let mut at = 0;
    let mut prefix = None;
    // `${#}` and `${#-x}` are about `$#`, `${#x}` is a length
    if bytes.first() == Some(&b'#')
        && bytes.len() > 1
        && !matches!(
            bytes.get(1),
            Some(b'-' | b':' | b'=' | b'+' | b'%' | b'/' | b'^' | b',')
        )
    {
        prefix = Some(b'#');
        at = 1;
    } else if bytes.first() == Some(&b'!') && bytes.len() > 1 {
        prefix = Some(b'!');
        at = 1;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    let length = match rest.first() {
        Some(b) if b.is_ascii_digit() => rest.iter().take_while(|b| b.is_ascii_digit()).count(),
        Some(b) if b"@*#?-$!".contains(b) => 1,
        _ => name_length(rest),
    };
    if length == 0 {
        return other(bytes);
    }
    let name = rest.get(..length).unwrap_or(&[]).to_vec();
    at += length;
    let mut subscript = None;
    if bytes.get(at) == Some(&b'[') {
        let tail = bytes.get(at..).unwrap_or(&[]);
        let Some(end) = tail.iter().position(|b| *b == b']') else {
            return other(&name);
        };
        subscript = Some(word(&inside.slice(at + 1, at + end), depth));
        at += end + 1;
    }
    let rest = inside.slice(at, bytes.len());
    let operation = match prefix {
        Some(b'#') if rest.bytes().is_empty() => Operation::Length,
        Some(b'!') if rest.bytes().is_empty() && subscript.is_some() => Operation::Keys,
        Some(b'!') if rest.bytes().is_empty() => Operation::Indirect,
        Some(_) => Operation::Other,
        None => operation(&rest, quoted, depth),
    };
    Parameter {
        name,
        subscript,
        operation,
    }
}

fn operation(rest: &Source, quoted: bool, depth: usize) -> Operation {
    let bytes = rest.bytes();
    let length = bytes.len();
    // Inside double quotes an apostrophe is a plain character for `-=+?`, but
    // still quotes in patterns.
    let text = |from: usize| {
        let part = rest.slice(from, length);
        if quoted {
            here_document_in_quotes(&part, depth)
        } else {
            word(&part, depth)
        }
    };
    let pattern = |from: usize, to: usize| word(&rest.slice(from, to), depth);
    match (bytes.first(), bytes.get(1)) {
        (None, _) => Operation::Value,
        (Some(kind @ (b'-' | b'=' | b'+' | b'?')), _) => Operation::Default {
            colon: false,
            kind: *kind,
            word: text(1),
        },
        (Some(b':'), Some(kind @ (b'-' | b'=' | b'+' | b'?'))) => Operation::Default {
            colon: true,
            kind: *kind,
            word: text(2),
        },
        (Some(b':'), _) => {
            let number = |from, to| here_document(&rest.slice(from, to), depth);
            let tail = bytes.get(1..).unwrap_or(&[]);
            match tail.iter().position(|b| *b == b':') {
                Some(colon) => Operation::Substring {
                    offset: number(1, colon + 1),
                    length: Some(number(colon + 2, length)),
                },
                None => Operation::Substring {
                    offset: number(1, length),
                    length: None,
                },
            }
        }
        (Some(mark @ (b'#' | b'%')), next) => {
            let longest = next == Some(mark);
            Operation::Trim {
                suffix: *mark == b'%',
                longest,
                pattern: pattern(if longest { 2 } else { 1 }, length),
            }
        }
        (Some(b'/'), next) => {
            let all = next == Some(&b'/');
            let anchor = next.filter(|b| matches!(b, b'#' | b'%')).copied();
            let from = if all || anchor.is_some() { 2 } else { 1 };
            let cut = slash(bytes, from);
            Operation::Replace {
                all,
                anchor,
                pattern: pattern(from, cut.unwrap_or(length)),
                replacement: pattern(cut.map_or(length, |cut| cut + 1), length),
            }
        }
        (Some(mark @ (b'^' | b',')), next) => {
            let all = next == Some(mark);
            if length > if all { 2 } else { 1 } {
                return Operation::Other;
            }
            Operation::Case {
                upper: *mark == b'^',
                all,
            }
        }
        _ => Operation::Other,
    }
}

/// A word inside `"${x-...}"`: a double quote in it toggles nothing that
/// matters here, an apostrophe is itself.
fn here_document_in_quotes(source: &Source, depth: usize) -> Word {
    if source.bytes().contains(&b'"') {
        return word(source, depth);
    }
    let mut read = here_document(source, depth);
    for part in &mut read.parts {
        part.quoted = true;
    }
    read
}

/// The slash that ends a pattern: not escaped, not in quotes or braces.
fn slash(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut quote = None;
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' => at += 1,
            b'\'' | b'"' if quote == Some(byte) => quote = None,
            b'\'' | b'"' if quote.is_none() => quote = Some(byte),
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'/' if quote.is_none() && depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
