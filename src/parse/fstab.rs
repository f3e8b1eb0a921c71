//! fstab(5), by the two libraries that read it.
//!
//! systemd, busybox and OpenRC call getmntent(3) (glibc 2.36, `misc/mntent_r.c`);
//! mount(8), swapon(8), fsck(8) and findmnt(8) use libmount (util-linux 2.38,
//! `libmount/src/tab_parse.c`, `lib/mangle.c`). One line can be a mount for one and
//! nothing for the other:
//!
//! | line | getmntent | libmount |
//! |---|---|---|
//! | fewer than three fields | an entry with empty fields | ignored |
//! | fifth or sixth field is no number | taken as 0 | ignored |
//! | ends in CR | CR belongs to the last field; numbers do not mind | CR dropped |
//! | longer than 4094 bytes | cut after 4095 | whole |
//! | NUL byte | line ends there, and the next one is lost | ignored |
//! | `\040 \011 \012 \134 \\` | decoded | decoded, but for `\\` |
//! | other `\NNN` | as it stands | decoded |
//! | `,` inside `"` | splits options | does not |
//! | byte order mark | part of the first field | the same |
//! | `#` behind a field | no comment | the same |

mod getmntent;
mod libmount;
pub(super) mod options;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use options::Opt;

use crate::text::{File, Place, Span};

/// Which library reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// getmntent(3): systemd's generators, busybox, OpenRC.
    Getmntent,
    /// libmount: mount(8), swapon(8), fsck(8), findmnt(8).
    Libmount,
}

/// One line of fstab, as one reader takes it. Fields that are not there are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is mounted: a device, a tag such as `UUID=...`, a server's path, a word.
    pub source: Vec<u8>,
    /// Where; `none` or a path of no meaning for swap.
    pub target: Vec<u8>,
    /// File system type, or a list of them.
    pub kind: Vec<u8>,
    /// The options, split.
    pub options: Vec<Opt>,
    /// The options as one text, escapes undone.
    pub option_text: Vec<u8>,
    /// For dump(8).
    pub freq: i32,
    /// The order of fsck(8): 0 never.
    pub passno: i32,
    /// Where each field stands in the file, as far as there are any.
    pub fields: Vec<Place>,
    /// The line, without its newline.
    pub place: Place,
}

/// A line that a reader ignores, or takes differently than it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, or the line.
    pub place: Place,
    /// What is wrong with it.
    pub trouble: Trouble,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// One field only: nobody gets a mount out of it.
    OneField,
    /// Two fields: libmount ignores the line, systemd mounts with a guessed type.
    NoType,
    /// The fifth field is no number: libmount ignores the line.
    BadFreq,
    /// The sixth field is no number: libmount ignores the line.
    BadPassno,
    /// More than six fields: likely a blank that should be `\040`.
    ExtraFields,
    /// A carriage return that getmntent takes as part of the last field.
    CarriageReturn,
    /// The file begins with a byte order mark, which becomes part of the first field.
    ByteOrderMark,
    /// getmntent sees only the first 4095 bytes.
    CutOff,
    /// A NUL byte: libmount ignores the line, getmntent loses the next one too.
    Nul,
}

impl Trouble {
    /// What the readers do with the line.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::OneField => "has one field only: every reader ignores it",
            Self::NoType => "has no type: mount and fsck ignore the line, systemd guesses",
            Self::BadFreq => "the fifth field is no number: mount and fsck ignore the line",
            Self::BadPassno => "the sixth field is no number: mount and fsck ignore the line",
            Self::ExtraFields => "has more than six fields: a blank in a name is written \\040",
            Self::CarriageReturn => "ends in a carriage return, which belongs to the last field",
            Self::ByteOrderMark => {
                "begins with a byte order mark, which belongs to the first field"
            }
            Self::CutOff => "is longer than 4094 bytes: systemd sees the first 4095",
            Self::Nul => "has a NUL byte: mount ignores the line, systemd loses the next one",
        }
    }
}

/// The entries as getmntent(3) gives them.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Entry> {
    entries(file, Reader::Getmntent)
}

/// The entries as one reader gives them.
#[must_use]
pub fn entries(file: &Arc<File>, reader: Reader) -> Vec<Entry> {
    match reader {
        Reader::Getmntent => getmntent::entries(file),
        Reader::Libmount => libmount::entries(file),
    }
}

/// What a reader ignores, or takes differently than it looks, in the order of the file.
#[must_use]
pub fn problems(file: &Arc<File>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (span, line) in file.lines() {
        let mut complain = |span: Span, trouble| {
            let place = file.place(span);
            problems.push(Problem { place, trouble });
        };
        let fields = split(line, span.start);
        let Some(first) = fields.first().copied() else {
            continue;
        };
        let mark = file.slice(first).starts_with(b"\xef\xbb\xbf");
        if mark && span.start == 0 {
            complain(
                Span::new(first.start, first.start + 3),
                Trouble::ByteOrderMark,
            );
        }
        if file.slice(first).starts_with(b"#") {
            continue;
        }
        // The mark before a comment has made a line of it already.
        let comment = mark && file.slice(first).starts_with(b"\xef\xbb\xbf#");
        if line.contains(&0) {
            complain(span, Trouble::Nul);
            continue;
        }
        if line.len() >= getmntent::BUFFER - 1 {
            complain(span, Trouble::CutOff);
        }
        if comment {
            continue;
        }
        match fields.len() {
            1 => complain(first, Trouble::OneField),
            2 => complain(span, Trouble::NoType),
            _ => {}
        }
        match libmount::bad_number(line) {
            Some(4) => complain(field(&fields, 4, span), Trouble::BadFreq),
            Some(_) => complain(field(&fields, 5, span), Trouble::BadPassno),
            None => {}
        }
        let seventh = fields.get(6).copied();
        if let Some(seventh) = seventh.filter(|s| !file.slice(*s).starts_with(b"#")) {
            complain(seventh, Trouble::ExtraFields);
        }
        let last = field(&fields, fields.len() - 1, span);
        if fields.len() <= 4 && file.slice(last).ends_with(b"\r") {
            complain(last, Trouble::CarriageReturn);
        }
    }
    problems
}

fn field(fields: &[Span], index: usize, line: Span) -> Span {
    fields.get(index).copied().unwrap_or(line)
}

/// The spans of what stands between blanks and tabs, in a line that starts at `start`.
fn split(line: &[u8], start: usize) -> Vec<Span> {
    let mut fields = Vec::new();
    let mut at = 0;
    for field in line.split(|b| is_blank(*b)) {
        if !field.is_empty() {
            fields.push(Span::new(start + at, start + at + field.len()));
        }
        at += field.len() + 1;
    }
    fields
}

/// The only two characters that separate fields.
const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A field without its escapes, each byte with the offset it was read from.
type Decoded = Vec<(u8, usize)>;

/// The bytes alone.
fn bytes(decoded: &[(u8, usize)]) -> Vec<u8> {
    decoded.iter().map(|(byte, _)| *byte).collect()
}

/// A number as strtol(3) reads it: blanks, a sign, digits, the rest; `None` without a
/// digit. The second part says whether it fits a long.
fn number(text: &[u8]) -> Option<(i64, bool, &[u8])> {
    let blanks = text
        .iter()
        .take_while(|b| b.is_ascii_whitespace() || **b == 0x0b);
    let text = text.get(blanks.count()..)?;
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    if digits.is_empty() {
        return None;
    }
    let mut fits = true;
    let value = digits.iter().fold(0_i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        let shifted = value.checked_mul(10);
        let next = shifted.and_then(|v| {
            if negative {
                v.checked_sub(digit)
            } else {
                v.checked_add(digit)
            }
        });
        next.unwrap_or_else(|| {
            fits = false;
            if negative { i64::MIN } else { i64::MAX }
        })
    });
    Some((value, fits, rest))
}

/// What is left of a long in an int, as both C libraries store it.
fn to_int(value: i64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
