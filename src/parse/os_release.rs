//! os-release(5): shell-compatible assignments.

use std::collections::BTreeMap;

use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{is_not, take};
use nom::character::complete::char;
use nom::combinator::{map, value};
use nom::multi::fold_many0;
use nom::sequence::{delimited, preceded};

/// The assignments of an os-release file; a later one wins, as when a shell
/// sources it. Lines that are no assignment are skipped, as readers of the file do.
#[must_use]
pub fn parse(bytes: &[u8]) -> BTreeMap<String, String> {
    let lines = bytes.split(|b| *b == b'\n');
    lines.filter_map(assignment).collect()
}

fn assignment(line: &[u8]) -> Option<(String, String)> {
    let line = line.trim_ascii();
    let equals = line.iter().position(|b| *b == b'=')?;
    let (name, rest) = line.split_at(equals);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    if name.is_empty() || !name.iter().all(is_name) {
        return None;
    }
    let text = unquote(rest.get(1..).unwrap_or(&[]));
    let name = String::from_utf8_lossy(name).into_owned();
    Some((name, String::from_utf8_lossy(&text).into_owned()))
}

type Parsed<'a, T> = nom::IResult<&'a [u8], T>;

/// The value with shell quotes and backslashes taken away, up to the first blank.
fn unquote(input: &[u8]) -> Vec<u8> {
    let escaped = |input| preceded(char('\\'), take(1_usize)).parse(input);
    let inside = |input| -> Parsed<'_, Vec<u8>> {
        let part = alt((escaped, is_not("\"\\")));
        fold_many0(part, Vec::new, append).parse(input)
    };
    let double = delimited(char('"'), inside, char('"'));
    let single = delimited(
        char('\''),
        map(
            alt((
                is_not("'"),
                value(&b""[..], nom::combinator::peek(char('\''))),
            )),
            <[u8]>::to_vec,
        ),
        char('\''),
    );
    let plain = map(alt((escaped, is_not(" \t\\\"'"))), <[u8]>::to_vec);
    let piece = alt((double, single, plain));
    let mut whole = fold_many0(piece, Vec::new, |mut out: Vec<u8>, piece| {
        out.extend(piece);
        out
    });
    let result: Parsed<'_, Vec<u8>> = whole.parse(input);
    match result {
        Ok((_, text)) => text,
        // fold_many0 fails only on a parser that eats nothing, which none of these is.
        Err(_) => input.to_vec(),
    }
}

fn append(mut out: Vec<u8>, part: &[u8]) -> Vec<u8> {
    out.extend(part);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_those_of_a_shell() {
        let file = b"# c\nID=debian\nPRETTY_NAME=\"A \\\"B\\\" 12\"\nX='a b'\nE=''\nbad line\n\
            TWO=\"a\"'b'c\nOPEN=\"cut\n=x\n";
        let found = parse(file);
        let get = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(get("ID"), Some("debian"));
        assert_eq!(get("PRETTY_NAME"), Some("A \"B\" 12"));
        assert_eq!(get("X"), Some("a b"));
        assert_eq!(get("E"), Some(""));
        assert_eq!(get("TWO"), Some("abc"));
        assert_eq!(get("OPEN"), Some(""));
        assert_eq!(found.len(), 6);
    }

    #[test]
    fn any_bytes_are_read_to_the_end() {
        for bytes in [
            &b"\xff=\xfe"[..],
            b"A=\\",
            b"A='",
            b"A=\"\\",
            b"=",
            b"A==\"'",
        ] {
            assert!(parse(bytes).len() <= 1);
        }
    }
}
