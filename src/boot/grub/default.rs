//! Which entry of a menu GRUB's `default` selects.

use super::Dialect;

/// What GRUB's number reader makes of a text
/// (GRUB 2.06 `grub-core/kern/misc.c`, `grub_strtoull` with base 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// A number, and how many bytes of the text it took.
    Value(u64, usize),
    /// Not a single digit.
    None,
    /// Too large.
    Overflow,
}

/// Reads a number: blanks, then `0x` for hexadecimal, `0` and a digit up to 7 for
/// octal, else decimal; what follows is ignored. No sign is understood.
#[must_use]
pub fn number(text: &[u8]) -> Number {
    let blank = |b: &u8| matches!(b, b'\n' | b'\r' | b' ' | b'\t');
    let mut at = text.iter().take_while(|b| blank(b)).count();
    let digit_at = |at: usize| text.get(at).copied();
    let base: u64 = match (digit_at(at), digit_at(at + 1)) {
        (Some(b'0'), Some(b'x')) => {
            at += 2;
            16
        }
        (Some(b'0'), Some(b'0'..=b'7')) => 8,
        _ => 10,
    };
    let mut value: u64 = 0;
    let mut found = false;
    while let Some(byte) = digit_at(at) {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            b'a'..=b'z' => u64::from(byte - b'a') + 10,
            b'A'..=b'Z' => u64::from(byte - b'A') + 10,
            _ => break,
        };
        if digit >= base {
            break;
        }
        found = true;
        let next = value.checked_mul(base).and_then(|v| v.checked_add(digit));
        let Some(next) = next else {
            return Number::Overflow;
        };
        value = next;
        at += 1;
    }
    if found {
        Number::Value(value, at)
    } else {
        Number::None
    }
}

/// What an `int` is left with after an `unsigned long`.
pub(super) fn to_int(value: u64) -> i64 {
    let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0);
    i64::from(i32::from_ne_bytes(low.to_ne_bytes()))
}

/// Title and id of an entry, as the choice sees them.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The title.
    pub title: &'a [u8],
    /// The id; the title where there is none.
    pub id: &'a [u8],
}

/// How a default came to its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By number.
    Number(usize),
    /// By title or id.
    Name(usize),
    /// `default` is not set: the first entry.
    Unset,
    /// No entry has that number: the first entry.
    OutOfRange,
    /// No title or id matches: the first entry.
    Unmatched,
}

impl Choice {
    /// The entry's index.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Number(index) | Self::Name(index) => index,
            Self::Unset | Self::OutOfRange | Self::Unmatched => 0,
        }
    }
}

/// Selects an entry of one menu. GRUB 2.06 `grub-core/normal/menu.c`,
/// `get_entry_number` and `run_menu`: a text with a digit in front is a number, and
/// only what is none is compared with titles and ids. Red Hat's GRUB tries ids,
/// then titles, then numbers.
#[must_use]
pub fn choose(value: Option<&[u8]>, entries: &[Names<'_>], dialect: Dialect) -> Choice {
    let Some(value) = value else {
        return Choice::Unset;
    };
    match dialect {
        Dialect::Upstream => choose_upstream(value, entries),
        Dialect::RedHat => choose_red_hat(value, entries),
    }
}

fn in_range(value: u64, entries: &[Names<'_>]) -> Choice {
    match usize::try_from(to_int(value)) {
        Ok(index) if index < entries.len() => Choice::Number(index),
        _ => Choice::OutOfRange,
    }
}

fn choose_upstream(value: &[u8], entries: &[Names<'_>]) -> Choice {
    match number(value) {
        Number::Value(number, _) => in_range(number, entries),
        Number::Overflow => Choice::OutOfRange,
        Number::None => {
            let matches = |e: &Names<'_>| equal(e.title, value) || equal(e.id, value);
            let found = entries.iter().position(matches);
            found.map_or(Choice::Unmatched, Choice::Name)
        }
    }
}

fn choose_red_hat(value: &[u8], entries: &[Names<'_>]) -> Choice {
    let blank = |b: &u8| matches!(b, b'\n' | b'\r' | b' ' | b'\t');
    if !value.iter().any(blank)
        && let Some(index) = entries.iter().position(|e| equal(e.id, value))
    {
        return Choice::Name(index);
    }
    if let Some(index) = entries.iter().position(|e| equal(e.title, value)) {
        return Choice::Name(index);
    }
    match number(value) {
        // Anything after the number makes it none.
        Number::Value(number, end) if end == value.len() => in_range(number, entries),
        Number::Overflow => Choice::OutOfRange,
        Number::Value(..) | Number::None => Choice::Unmatched,
    }
}

/// Whether a name equals the first element of a path: `>` ends it, `>>` is a `>`
/// (`menuentry_eq`).
fn equal(name: &[u8], path: &[u8]) -> bool {
    let mut name = name.iter();
    let mut path = path.iter().peekable();
    loop {
        let byte = match path.next() {
            Some(b'>') => {
                if path.peek() == Some(&&b'>') {
                    path.next()
                } else {
                    return name.next().is_none();
                }
            }
            byte => byte,
        };
        match (name.next(), byte) {
            (None, None) => return true,
            (a, b) if a != b => return false,
            _ => {}
        }
    }
}

/// The default for the menu below: what stands after the first single `>`
/// (`grub_menu_execute_entry`). `None` where nothing follows.
#[must_use]
pub fn below(value: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        if *byte == b'>' {
            if value.get(at + 1) == Some(&b'>') {
                at += 2;
                continue;
            }
            return value.get(at + 1..).filter(|rest| !rest.is_empty());
        }
        at += 1;
    }
    None
}
