//! The five time fields as busybox crond 1.37 reads them (`crond.c`,
//! `ParseField` and `FixDayDow`).

use super::super::fields::{DayRule, Field, Fields, Values};
use super::super::vixie::narrow;

/// The five arrays of a line in the order they lie in memory. A value below a
/// field's range writes into the array before it, so they are one.
pub(super) struct Memory {
    cells: [bool; 7 + 12 + 24 + 32 + 60],
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            cells: [false; 7 + 12 + 24 + 32 + 60],
        }
    }
}

/// Where an array begins, its length, and what is added to a number in it.
const fn layout(field: Field) -> (i32, i32, i64) {
    match field {
        Field::DayOfWeek => (0, 7, 0),
        Field::Month => (7, 12, -1),
        Field::Hour => (19, 24, 0),
        Field::DayOfMonth => (43, 32, 0),
        Field::Minute => (75, 60, 0),
    }
}

impl Memory {
    /// Reads the five fields; the second value says which of them failed.
    pub(super) fn line(mut self, texts: [&[u8]; 5]) -> (Fields, [bool; 5]) {
        let [minute, hour, dom, month, dow] = texts;
        let failed = [
            !self.field(Field::Minute, minute),
            !self.field(Field::Hour, hour),
            !self.field(Field::DayOfMonth, dom),
            !self.field(Field::Month, month),
            !self.field(Field::DayOfWeek, dow),
        ];
        let full = |set: Values, low, high| set == Values::range(low, high);
        let month = self.values(Field::Month).iter().map(|m| m + 1).collect();
        let (mut dom, mut dow) = (
            self.values(Field::DayOfMonth),
            self.values(Field::DayOfWeek),
        );
        // Day 0 counts: `1-31` is not every day, `*` is.
        let (every_date, every_weekday) = (full(dom, 0, 31), full(dow, 0, 6));
        if every_date != every_weekday {
            if every_weekday {
                dow = Values::default();
            } else {
                dom = Values::default();
            }
        }
        dom.remove(0);
        let starred = |text: &[u8]| text.first() == Some(&b'*');
        let fields = Fields {
            minute: self.values(Field::Minute),
            hour: self.values(Field::Hour),
            dom,
            month,
            dow,
            days: DayRule::Either,
            dom_star: every_date,
            dow_star: every_weekday,
            wildcard: starred(minute) || starred(hour),
            random: false,
        };
        (fields, failed)
    }

    fn values(&self, field: Field) -> Values {
        let (base, length, _) = layout(field);
        let cells = self.cells.iter().skip(usize::try_from(base).unwrap_or(0));
        let cells = cells.take(usize::try_from(length).unwrap_or(0));
        let set = (0u8..).zip(cells).filter(|(_, on)| **on);
        set.map(|(value, _)| value).collect()
    }

    fn set(&mut self, field: Field, value: i32) {
        let (base, length, _) = layout(field);
        let cell = usize::try_from(base + value % length).ok();
        if let Some(cell) = cell.and_then(|at| self.cells.get_mut(at)) {
            *cell = true;
        }
    }

    /// Reads one field; false after a parse error, what was read before it stays.
    fn field(&mut self, field: Field, text: &[u8]) -> bool {
        let mut rest = text;
        loop {
            let Some((first, last)) = Self::bounds(field, &mut rest) else {
                return false;
            };
            let mut step = 1;
            if let Some(after) = rest.strip_prefix(b"/") {
                (step, rest) = number(after);
            }
            if !self.fill(field, first, last, step) {
                return false;
            }
            match rest.strip_prefix(b",") {
                Some(after) => rest = after,
                None => return rest.is_empty(),
            }
        }
    }

    /// One value or range. -1 stands for "not read yet", and a number that
    /// comes out negative is taken for that as well.
    fn bounds(field: Field, rest: &mut &[u8]) -> Option<(i32, i32)> {
        let (_, length, offset) = layout(field);
        let (mut first, mut last) = (-1, -1);
        loop {
            if let Some(after) = rest.strip_prefix(b"*") {
                (first, last) = (0, length - 1);
                *rest = after;
            } else {
                let (value, after) = if rest.first().is_some_and(u8::is_ascii_digit) {
                    let (value, after) = wide_number(rest);
                    (narrow(value.saturating_add(offset)), after)
                } else {
                    named(field, rest)?
                };
                *(if first < 0 { &mut first } else { &mut last }) = value;
                *rest = after;
            }
            match rest.strip_prefix(b"-") {
                Some(after) if last < 0 => *rest = after,
                _ => return Some((first, if last < 0 { first } else { last })),
            }
        }
    }

    /// Sets every `step`-th cell from `first` round to `last`; false when `last`
    /// is not met, as with a value beyond the array.
    fn fill(&mut self, field: Field, first: i32, last: i32, step: i32) -> bool {
        let (_, length, _) = layout(field);
        let mut at = first.saturating_sub(1);
        let mut wait = 1i32;
        for _ in 1..1024 {
            at = at.saturating_add(1) % length;
            wait = wait.wrapping_sub(1);
            if wait == 0 {
                self.set(field, at);
                wait = step;
            }
            if at == last {
                return true;
            }
        }
        // The daemon fills once more before it gives up.
        at = at.saturating_add(1) % length;
        if wait.wrapping_sub(1) == 0 {
            self.set(field, at);
        }
        false
    }
}

/// `strtol` on digits, saturating at 64 bits.
fn wide_number(text: &[u8]) -> (i64, &[u8]) {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let value = digits.iter().fold(0i64, |sum, digit| {
        let digit = i64::from(digit.wrapping_sub(b'0'));
        sum.saturating_mul(10).saturating_add(digit)
    });
    (value, rest)
}

/// `strtol` with blanks and a sign, narrowed to `int`; 0 where there is no
/// number, and then nothing is consumed.
pub(in super::super) fn number(text: &[u8]) -> (i32, &[u8]) {
    let trimmed = text.trim_ascii_start();
    let (minus, digits) = match trimmed.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, trimmed),
    };
    if !digits.first().is_some_and(u8::is_ascii_digit) {
        return (0, text);
    }
    let (value, rest) = wide_number(digits);
    let value = if minus { value.saturating_neg() } else { value };
    (narrow(value), rest)
}

/// Three letters of a name; the value is an index, from 0.
fn named(field: Field, text: &[u8]) -> Option<(i32, &[u8])> {
    let (word, rest) = text.split_at_checked(3)?;
    let at = field
        .names()
        .iter()
        .position(|name| word.eq_ignore_ascii_case(name.as_bytes()))?;
    Some((i32::try_from(at).ok()?, rest))
}
