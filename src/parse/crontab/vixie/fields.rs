//! The five time fields as Debian cron (3.0pl1-162) and cronie (1.7) read them
//! (`entry.c`: `get_list`, `get_range`, `get_number`).
//!
//! Both descend from one program and disagree on nearly every odd input, so
//! each has its own functions; what they share is the number reader's idea of
//! a number.

use super::super::CRONIE_BUFFER;
use super::super::cursor::{Byte, Cursor};
use super::super::fields::{Field, Values};
use crate::text::Span;

/// A field as read, whether or not the daemon accepted it.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// What it selects; day-of-week still has 7.
    pub(super) values: Values,
    /// Things worth saying about it.
    pub(super) oddities: Vec<Oddity>,
}

/// Something in a field that is accepted and does not do what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The range is written backwards.
    Reversed,
    /// The rest of the field, from this offset, is skipped.
    Garbage(usize),
    /// The step is larger than the range.
    Step(i32),
    /// A random value is drawn when the table is loaded.
    Random,
}

/// The largest value a daemon of this family takes: Sunday is 7 as well.
fn high(field: Field) -> i32 {
    match field {
        Field::DayOfWeek => 7,
        Field::Minute | Field::Hour | Field::DayOfMonth | Field::Month => i32::from(field.high()),
    }
}

fn low(field: Field) -> i32 {
    i32::from(field.low())
}

/// Adds `value` if the field has it.
fn add(values: &mut Values, field: Field, value: i32) -> bool {
    let fits = (low(field)..=high(field)).contains(&value);
    if let (true, Ok(value)) = (fits, u8::try_from(value)) {
        values.insert(value);
    }
    fits
}

/// `strtol` narrowed to `int`: saturates at 64 bits, then keeps the low 32.
fn strtol(digits: &[u8]) -> i32 {
    let mut value = 0i64;
    for digit in digits {
        value = value
            .saturating_mul(10)
            .saturating_add(i64::from(digit.wrapping_sub(b'0')));
    }
    narrow(value)
}

/// A C `long` stored in an `int`.
pub(in super::super) fn narrow(value: i64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// The position of a name in the field's list, counted from the field's low end.
fn named(field: Field, word: &[u8]) -> Option<i32> {
    let at = field
        .names()
        .iter()
        .position(|name| word.eq_ignore_ascii_case(name.as_bytes()))?;
    i32::try_from(at).ok().map(|at| at + low(field))
}

/// Debian passes characters through `char`: byte 255 is its end of file.
fn debian_char(byte: Byte) -> Byte {
    byte.filter(|b| *b != 0xff)
}

/// Reads one list, of which `byte` is the first byte. Returns the first byte of
/// what follows, `None` where Debian cron rejects the table.
pub(super) fn debian_list(
    cursor: &mut Cursor,
    mut byte: Byte,
    field: Field,
    scan: &mut Scan,
) -> Byte {
    loop {
        byte = debian_char(debian_range(cursor, byte, field, scan));
        if byte != Some(b',') {
            break;
        }
        byte = cursor.next();
    }
    if !matches!(byte, None | Some(b' ' | b'\t' | b'\n')) {
        scan.oddities
            .push(Oddity::Garbage(cursor.at.saturating_sub(1)));
    }
    let byte = cursor.skip_word(byte);
    debian_char(cursor.skip_blanks(byte))
}

fn debian_range(cursor: &mut Cursor, byte: Byte, field: Field, scan: &mut Scan) -> Byte {
    let (first, last, mut byte) = if byte == Some(b'*') {
        (low(field), high(field), cursor.next())
    } else {
        let (first, byte) = debian_number(cursor, byte, Some(field))?;
        match byte {
            Some(b'-') => {
                let byte = cursor.next();
                let (last, byte) = debian_number(cursor, byte, Some(field))?;
                (first, last, byte)
            }
            // A step wants a range.
            Some(b'/') => return None,
            byte => return byte.filter(|_| add(&mut scan.values, field, first)),
        }
    };
    let mut step = 1;
    if byte == Some(b'/') {
        byte = cursor.next();
        (step, byte) = debian_number(cursor, byte, None)?;
        if step <= 0 {
            return None;
        }
    }
    let bounds = low(field)..=high(field);
    if !bounds.contains(&first) || !bounds.contains(&last) {
        return None;
    }
    fill(scan, field, first, last, step).then_some(byte)?
}

/// A run of letters and digits as a number, and the byte behind it.
fn debian_number(cursor: &mut Cursor, mut byte: Byte, field: Option<Field>) -> Option<(i32, Byte)> {
    let start = cursor.at.saturating_sub(usize::from(byte.is_some()));
    let mut length = 0;
    while byte.is_some_and(|b| b.is_ascii_alphanumeric()) {
        length += 1;
        if length >= 1000 {
            return None;
        }
        byte = cursor.next();
    }
    let byte = Some(debian_char(byte)?);
    let word = cursor.slice(Span::new(start, start + length));
    if let Some(number) = field.and_then(|field| named(field, word)) {
        return Some((number, byte));
    }
    let digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    digits.then(|| (strtol(word), byte))
}

/// Adds `first..=last` by `step`; false where a value does not fit the field.
fn fill(scan: &mut Scan, field: Field, first: i32, last: i32, step: i32) -> bool {
    if first > last {
        scan.oddities.push(Oddity::Reversed);
    } else if step > 1 && step > last - first {
        scan.oddities.push(Oddity::Step(step));
    }
    let mut value = first;
    while value <= last {
        if !add(&mut scan.values, field, value) {
            return false;
        }
        value = value.saturating_add(step);
    }
    true
}

/// Reads one list from the cursor on. Returns the first byte of what follows,
/// `None` where cronie rejects the line.
pub(super) fn cronie_list(cursor: &mut Cursor, field: Field, scan: &mut Scan) -> Byte {
    loop {
        match cronie_range(cursor, field, scan)? {
            b',' => {}
            byte => return cursor.skip_blanks(Some(byte)),
        }
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b' ' | b',')
}

/// One range up to and with the separator behind it.
fn cronie_range(cursor: &mut Cursor, field: Field, scan: &mut Scan) -> Byte {
    let (first, last, byte) = match cursor.next()? {
        b'*' => (low(field), high(field), cursor.next()?),
        b'~' => return cronie_random(cursor, low(field), field, scan),
        byte => {
            cursor.back(Some(byte));
            let first = cronie_number(cursor, Some(field))?;
            match cursor.next()? {
                b'-' => {
                    let last = cronie_number(cursor, Some(field))?;
                    let byte = cursor.next()?;
                    // `Sat-Sun` and `6-0` end on the other Sunday, without a step; 1.7.2
                    // and older refuse them.
                    let wraps = byte != b'/' && first > last && last == 0;
                    (first, if wraps { 7 } else { last }, byte)
                }
                b'~' => return cronie_random(cursor, first, field, scan),
                byte if is_separator(byte) => (first, first, byte),
                _ => return None,
            }
        }
    };
    let (step, byte) = if byte == b'/' {
        let step = cronie_number(cursor, None)?;
        (step, cursor.next()?)
    } else {
        (1, byte)
    };
    // A negative step (an overflown number) leaves the field at once.
    let sound = is_separator(byte) && step != 0 && (step > 0 || first > last);
    if sound && fill(scan, field, first, last, step.max(1)) {
        return Some(byte);
    }
    cursor.back(Some(byte));
    None
}

/// `first~last`, where `first` and `~` are read.
fn cronie_random(cursor: &mut Cursor, first: i32, field: Field, scan: &mut Scan) -> Byte {
    let byte = cursor.next()?;
    let (last, byte) = if is_separator(byte) {
        (high(field), byte)
    } else {
        cursor.back(Some(byte));
        let last = cronie_number(cursor, Some(field))?;
        if first > last {
            return None;
        }
        (last, cursor.next()?)
    };
    if first > last || !is_separator(byte) {
        return None;
    }
    scan.oddities.push(Oddity::Random);
    // Out of range values are drawn too, and then the line is rejected.
    let (from, to) = (first.max(low(field)), last.min(high(field)));
    (from..=to).for_each(|value| {
        add(&mut scan.values, field, value);
    });
    (from <= to).then_some(byte)
}

/// A run of letters and digits as a number; the byte behind it stays unread.
fn cronie_number(cursor: &mut Cursor, field: Option<Field>) -> Option<i32> {
    let start = cursor.at;
    let mut length = 0;
    let mut byte = cursor.next();
    while byte.is_some_and(|b| b.is_ascii_alphanumeric()) {
        length += 1;
        if length >= CRONIE_BUFFER {
            return None;
        }
        byte = cursor.next();
    }
    cursor.back(byte);
    let word = cursor.slice(Span::new(start, start + length));
    if word.is_empty() {
        return None;
    }
    if word.iter().all(u8::is_ascii_digit) {
        return Some(strtol(word));
    }
    field.and_then(|field| named(field, word))
}
