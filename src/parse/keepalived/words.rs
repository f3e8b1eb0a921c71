//! Words, quotes and the two ways keepalived splits a line: plain words for
//! most keywords, and a shell-like split for those whose value is a command.

use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while, take_while_m_n, take_while1};
use nom::combinator::{map, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::mapped::{Mapped, is_space};
use super::version::Dialect;
use crate::text::Span;

/// A word of a logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// Where it is in the file, quotes included.
    pub(super) span: Span,
}

/// A line split into words.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    /// Where a quote opens that never closes; the words before it stand.
    pub(super) unmatched: Option<Span>,
}

impl Word {
    pub(super) fn is(&self, text: &[u8]) -> bool {
        self.text == text
    }
}

fn space(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while(is_space).parse(input)
}

/// `"..."`: ends at the next quote, without escapes.
fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    delimited(tag("\""), take_while(|b| b != b'"'), tag("\"")).parse(input)
}

/// Anything up to a blank or a quote.
fn bare(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|b| !is_space(b) && b != b'"').parse(input)
}

/// Splits a line into plain words (`alloc_strvec`): blanks separate, `"` opens
/// a word that ends at the next `"`, and ends an unquoted one. Single quotes are
/// ordinary characters. Up to 1.2.19 a quoted word has its blanks collapsed.
pub(super) fn words(line: &Mapped, dialect: Dialect) -> Words {
    let bytes = line.bytes();
    let mut found = Words::default();
    let mut rest = bytes;
    while let Ok((after, _)) = space(rest) {
        if after.is_empty() {
            break;
        }
        let start = bytes.len() - after.len();
        let Ok((next, text)) = alt((quoted, bare)).parse(after) else {
            found.unmatched = Some(line.span(start..bytes.len()));
            break;
        };
        let end = bytes.len() - next.len();
        let is_quoted = after.first() == Some(&b'"');
        let text = if is_quoted && !dialect.quotes_are_words() {
            let parts: Vec<&[u8]> = text
                .split(|b| is_space(*b))
                .filter(|part| !part.is_empty())
                .collect();
            parts.join(&b' ')
        } else {
            text.to_vec()
        };
        found.words.push(Word {
            text,
            span: line.span(start..end),
        });
        rest = next;
    }
    found
}

/// Why a command cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandFault {
    /// The quote that never closes.
    UnmatchedQuote(Span),
    /// A backslash with nothing behind it.
    TrailingBackslash(Span),
}

/// One word of a command, each byte with its place, and whether any part of it
/// stood in quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandWord {
    pub(super) text: Mapped,
    pub(super) quoted: bool,
}

/// How a command line is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// `\n`, `\x41`, `\101`, `\cA` become the byte; hexadecimal takes any number
    /// of digits (up to 2.3.1).
    All,
    /// The same with at most two hexadecimal digits.
    Two,
    /// A backslash and its byte stay, for a later split.
    Keep,
}

/// A piece of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Bytes that mean themselves.
    Text(&'a [u8]),
    /// A backslash sequence that means this byte.
    Byte(u8),
}

fn octal(input: &[u8]) -> IResult<&[u8], u8> {
    map(
        take_while_m_n(1, 3, |b: u8| matches!(b, b'0'..=b'7')),
        |digits: &[u8]| {
            let digits = digits.iter().map(|d| d - b'0');
            digits.fold(0_u8, |sum, d| sum.wrapping_mul(8).wrapping_add(d))
        },
    )
    .parse(input)
}

fn hexadecimal(most: usize) -> impl Fn(&[u8]) -> IResult<&[u8], u8> {
    move |input| {
        let digits = take_while_m_n(1, most, |b: u8| b.is_ascii_hexdigit());
        let sum = |digits: &[u8]| {
            let digits = digits.iter().map(|d| match d {
                b'0'..=b'9' => d - b'0',
                _ => (d | 0x20) - b'a' + 10,
            });
            digits.fold(0_u8, |sum, d| sum.wrapping_mul(16).wrapping_add(d))
        };
        map(preceded(tag("x"), digits), sum).parse(input)
    }
}

fn named(input: &[u8]) -> IResult<&[u8], u8> {
    alt((
        value(0x07, tag("a")),
        value(0x08, tag("b")),
        value(0x1b, tag("E")),
        value(0x0c, tag("f")),
        value(b'\n', tag("n")),
        value(b'\r', tag("r")),
        value(b'\t', tag("t")),
        value(0x0b, tag("v")),
    ))
    .parse(input)
}

fn control(input: &[u8]) -> IResult<&[u8], u8> {
    let byte = map(take(1_usize), |b: &[u8]| b.first().unwrap_or(&0) & 0x1f);
    preceded(tag("c"), byte).parse(input)
}

fn any_byte(input: &[u8]) -> IResult<&[u8], u8> {
    map(take(1_usize), |b: &[u8]| b.first().copied().unwrap_or(0)).parse(input)
}

/// A backslash and what belongs to it.
fn escape(input: &[u8], escapes: Escapes) -> IResult<&[u8], Piece<'_>> {
    if escapes == Escapes::Keep {
        return map(take(2_usize), Piece::Text).parse(input);
    }
    let most = if escapes == Escapes::All {
        usize::MAX
    } else {
        2
    };
    let meaning = alt((hexadecimal(most), control, octal, named, any_byte));
    map(preceded(tag("\\"), meaning), Piece::Byte).parse(input)
}

/// Splits a command the way `alloc_strvec_quoted_escaped` does: `'`, `"` and
/// backslashes work, and parts that touch make one word.
pub(super) fn command_words(
    line: &Mapped,
    escapes: Escapes,
) -> Result<Vec<CommandWord>, CommandFault> {
    let bytes = line.bytes();
    let mut found = Vec::new();
    let mut word: Option<CommandWord> = None;
    let mut quote: Option<(u8, usize)> = None;
    let mut rest = bytes;
    while let Some(byte) = rest.first().copied() {
        let at = bytes.len() - rest.len();
        match (quote, byte) {
            (None, byte) if is_space(byte) => {
                found.extend(word.take());
                rest = space(rest).map_or(&[], |(rest, _)| rest);
            }
            (_, b'\\') => {
                let Ok((next, piece)) = escape(rest, escapes) else {
                    return Err(CommandFault::TrailingBackslash(line.span(at..at + 1)));
                };
                let range = at..bytes.len() - next.len();
                let word = word.get_or_insert_default();
                match piece {
                    Piece::Text(_) => word.text.append(&line.sub(range)),
                    Piece::Byte(byte) => word.text.push(byte, line.span(range)),
                }
                rest = next;
            }
            (Some((open, _)), byte) if byte == open => {
                quote = None;
                rest = rest.get(1..).unwrap_or(&[]);
            }
            (None, b'"' | b'\'') => {
                quote = Some((byte, at));
                word.get_or_insert_default().quoted = true;
                rest = rest.get(1..).unwrap_or(&[]);
            }
            (quote, _) => {
                let stops = |b: u8| match quote {
                    Some((open, _)) => b == open || b == b'\\',
                    None => is_space(b) || matches!(b, b'"' | b'\'' | b'\\'),
                };
                let plain = rest.iter().position(|b| stops(*b)).unwrap_or(rest.len());
                let word = word.get_or_insert_default();
                word.text.append(&line.sub(at..at + plain));
                rest = rest.get(plain..).unwrap_or(&[]);
            }
        }
    }
    // A quote that is the very last byte is not missed by anybody.
    if let Some((_, at)) = quote.filter(|(_, at)| at + 1 < bytes.len()) {
        return Err(CommandFault::UnmatchedQuote(line.span(at..bytes.len())));
    }
    found.extend(word);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::version::Version;
    use super::*;

    fn plain(text: &str, version: Version) -> (Vec<String>, bool) {
        let found = words(&Mapped::from_file(text.as_bytes(), 0), Dialect { version });
        let words = found.words.iter();
        let words = words.map(|w| String::from_utf8_lossy(&w.text).into_owned());
        (words.collect(), found.unmatched.is_some())
    }

    fn split(text: &str, escapes: Escapes) -> Result<Vec<String>, CommandFault> {
        let words = command_words(&Mapped::from_file(text.as_bytes(), 0), escapes)?;
        let words = words.iter();
        let text = words.map(|w| String::from_utf8_lossy(w.text.bytes()).into_owned());
        Ok(text.collect())
    }

    #[test]
    fn a_double_quote_opens_a_word_and_ends_one() {
        let cases: [(&str, &[&str], bool); 8] = [
            ("a b\tc", &["a", "b", "c"], false),
            ("notify \"/x y\" root", &["notify", "/x y", "root"], false),
            ("a\"b c\"", &["a", "b c"], false),
            ("\"a\"b", &["a", "b"], false),
            ("x 'a b'", &["x", "'a", "b'"], false),
            ("x \"\"", &["x", ""], false),
            ("x \"open", &["x"], true),
            ("", &[], false),
        ];
        for (text, expected, unmatched) in cases {
            let expected = expected.iter().map(ToString::to_string).collect();
            assert_eq!(
                plain(text, Version::CURRENT),
                (expected, unmatched),
                "{text}"
            );
        }
    }

    #[test]
    fn up_to_1_2_19_blanks_in_quotes_collapse() {
        let old = Version::new(1, 2, 13);
        assert_eq!(plain("x \"a   b\"", old).0, ["x", "a b"]);
        assert_eq!(plain("x \"a   b\"", Version::CURRENT).0, ["x", "a   b"]);
    }

    #[test]
    fn a_word_knows_its_place_with_its_quotes() {
        let found = words(
            &Mapped::from_file(b"notify \"/x y\"", 100),
            Dialect {
                version: Version::CURRENT,
            },
        );
        assert_eq!(found.words[1].span, Span::new(107, 113));
    }

    #[test]
    fn command_parts_that_touch_make_one_word() {
        let cases: [(&str, &[&str]); 9] = [
            ("x\"a b\"", &["xa b"]),
            ("'a b'\"c d\"e", &["a bc de"]),
            ("a 'b \"c\" d'", &["a", "b \"c\" d"]),
            ("a \\ b", &["a", " b"]),
            ("\\x41\\102\\n\\cA", &["AB\n\u{1}"]),
            ("a\\\"b", &["a\"b"]),
            ("'it\\'s'", &["it's"]),
            ("a ''", &["a", ""]),
            ("  ", &[]),
        ];
        for (text, expected) in cases {
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(split(text, Escapes::All), Ok(expected), "{text}");
        }
    }

    #[test]
    fn hexadecimal_took_any_number_of_digits_up_to_2_3_1() {
        assert_eq!(split("\\x4142", Escapes::All), Ok(vec!["B".into()]));
        assert_eq!(split("\\x4142", Escapes::Two), Ok(vec!["A42".into()]));
        assert_eq!(split("\\xg", Escapes::Two), Ok(vec!["xg".into()]));
    }

    #[test]
    fn the_first_split_of_a_hook_keeps_escapes_since_2_3_2() {
        let kept = split("\"a \\\"b\\\" \\n\"", Escapes::Keep);
        assert_eq!(kept, Ok(vec!["a \\\"b\\\" \\n".into()]));
        let twice = split("\"a \\\"b\\\"\"", Escapes::All);
        assert_eq!(twice, Ok(vec!["a \"b\"".into()]));
    }

    #[test]
    fn an_open_quote_and_a_last_backslash_are_faults_but_a_last_quote_is_not() {
        assert_eq!(
            split("a b\"", Escapes::All),
            Ok(vec!["a".into(), "b".into()])
        );
        assert_eq!(
            split("a 'b", Escapes::All),
            Err(CommandFault::UnmatchedQuote(Span::new(2, 4)))
        );
        for escapes in [Escapes::All, Escapes::Two, Escapes::Keep] {
            assert_eq!(
                split("a \\", escapes),
                Err(CommandFault::TrailingBackslash(Span::new(2, 3)))
            );
        }
    }

    #[test]
    fn a_word_of_a_command_knows_whether_it_was_quoted() {
        let line = Mapped::from_file(b"a 'b' c", 0);
        let words = command_words(&line, Escapes::All).unwrap();
        let quoted: Vec<bool> = words.iter().map(|w| w.quoted).collect();
        assert_eq!(quoted, [false, true, false]);
    }
}
