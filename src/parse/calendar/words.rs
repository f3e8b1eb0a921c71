//! The words of an expression: weekdays, date, time.

use jiff::{Timestamp, tz::TimeZone};

use super::{Calendar, CalendarError, Component, In, MOST, SECOND};
use crate::text::Span;

/// Weekdays as they are tried.
const DAYS: [(&str, u8); 14] = [
    ("Monday", 0),
    ("Mon", 0),
    ("Tuesday", 1),
    ("Tue", 1),
    ("Wednesday", 2),
    ("Wed", 2),
    ("Thursday", 3),
    ("Thu", 3),
    ("Friday", 4),
    ("Fri", 4),
    ("Saturday", 5),
    ("Sat", 5),
    ("Sunday", 6),
    ("Sun", 6),
];

/// Where the text is read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, CalendarError>;

/// Reads weekdays, date and time.
pub(super) fn read(text: &str) -> Read<Calendar> {
    let mut calendar = Calendar::any();
    let mut cursor = Cursor {
        text: text.as_bytes(),
        at: 0,
    };
    cursor.weekdays(&mut calendar)?;
    if !cursor.date(&mut calendar)? {
        cursor.time(&mut calendar)?;
    }
    if cursor.peek(0).is_some() {
        return Err(cursor.error("something stands behind the expression"));
    }
    Ok(calendar)
}

impl Cursor<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        // A NUL ends the text for systemd, and cannot stand in a unit file.
        self.text.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }

    fn error(&self, why: &'static str) -> CalendarError {
        let end = (self.at + 1).min(self.text.len());
        CalendarError {
            why,
            at: Span::new(self.at.min(end), end),
        }
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().iter().take_while(|b| **b == b' ').count();
    }

    fn weekdays(&mut self, calendar: &mut Calendar) -> Read<()> {
        let mut range: Option<u8> = None;
        let mut days = 0u8;
        let mut first = true;
        loop {
            let known = DAYS.iter().find(|(name, _)| {
                let own = self.rest().get(..name.len());
                own.is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
            });
            let Some((name, day)) = known else {
                return if first {
                    Ok(())
                } else {
                    Err(self.error("a weekday is missing"))
                };
            };
            let behind = self.peek(name.len());
            if !matches!(behind, None | Some(b'-' | b'.' | b',' | b' ')) {
                return Err(self.error("this is no weekday"));
            }
            let from = range.unwrap_or(*day);
            if from > *day {
                return Err(self.error("a range of weekdays goes backwards"));
            }
            for day in from..=*day {
                days |= 1 << day;
            }
            calendar.weekdays = Some(days);
            self.at += name.len();
            match self.peek(0) {
                None => return Ok(()),
                Some(b' ') => {
                    self.skip_spaces();
                    return Ok(());
                }
                Some(b'.') if range.is_none() && self.peek(1) == Some(b'.') => {
                    range = Some(*day);
                    self.at += 2;
                }
                Some(b'-') if range.is_none() => {
                    range = Some(*day);
                    self.at += 1;
                }
                Some(b',') => {
                    range = None;
                    self.at += 1;
                }
                Some(_) => return Err(self.error("a range of weekdays has two ends")),
            }
            if matches!(self.peek(0), None | Some(b' ')) {
                if range.is_some() {
                    return Err(self.error("a range of weekdays has no end"));
                }
                self.skip_spaces();
                return Ok(());
            }
            first = false;
        }
    }

    /// Digits as a number; more than fits is refused.
    fn number(&mut self) -> Read<i64> {
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit());
        let (mut value, mut count) = (0i64, 0);
        for digit in digits {
            let digit = i64::from(digit - b'0');
            value = value.saturating_mul(10).saturating_add(digit);
            count += 1;
        }
        if count == 0 {
            return Err(self.error("a number is missing"));
        }
        self.at += count;
        Ok(value)
    }

    /// A number, of seconds with their fraction as microseconds
    /// (`parse_component_decimal`).
    fn decimal(&mut self, seconds: bool) -> Read<i64> {
        let begin = *self;
        let mut value = self.number()?;
        if seconds {
            value = value.saturating_mul(SECOND);
            if self.peek(0) == Some(b'.') && self.peek(1) != Some(b'.') {
                self.at += 1;
                value = value.saturating_add(self.fraction()?);
            }
        }
        if value > i64::from(i32::MAX) {
            return Err(begin.error("a number is too large"));
        }
        Ok(value)
    }

    /// Six digits behind the point, the seventh rounded (`parse_fractional_part_u`).
    fn fraction(&mut self) -> Read<i64> {
        let digits = self.rest().to_vec();
        let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.error("a digit is missing"));
        }
        let digit = |at: usize| match digits.get(at) {
            Some(byte) if at < count => i64::from(byte - b'0'),
            _ => 0,
        };
        let micros = (0..6).fold(0, |value, at| value * 10 + digit(at));
        self.at += count;
        Ok(micros + i64::from(digit(6) >= 5))
    }

    /// The components of one field (`parse_chain`).
    fn field(&mut self, seconds: bool) -> Read<Vec<Component>> {
        if self.peek(0) == Some(b'*') {
            self.at += 1;
            let each_second = Component {
                start: 0,
                stop: -1,
                repeat: SECOND,
            };
            return Ok(if seconds {
                vec![each_second]
            } else {
                Vec::new()
            });
        }
        let mut list = Vec::new();
        loop {
            if list.len() >= MOST {
                return Err(self.error("the list is too long"));
            }
            let start = self.decimal(seconds)?;
            let (mut stop, mut repeat) = (-1, 0);
            if self.rest().starts_with(b"..") {
                self.at += 2;
                stop = self.decimal(seconds)?;
                repeat = if seconds { SECOND } else { 1 };
            }
            let stepped = self.peek(0) == Some(b'/');
            if stepped {
                self.at += 1;
                let begin = *self;
                repeat = self.decimal(seconds)?;
                if repeat == 0 {
                    return Err(begin.error("a step of nothing"));
                }
            }
            if !matches!(self.peek(0), None | Some(b' ' | b',' | b'-' | b'~' | b':')) {
                return Err(self.error("this cannot stand behind a number"));
            }
            // A range of seconds without a step is one of whole seconds.
            if seconds && stop >= 0 && !stepped && start + SECOND > stop {
                return Err(self.error("a range of seconds is too short"));
            }
            list.push(Component {
                start,
                stop,
                repeat,
            });
            if self.peek(0) != Some(b',') {
                return Ok(list);
            }
            self.at += 1;
        }
    }

    /// The date; whether no time may follow.
    fn date(&mut self, calendar: &mut Calendar) -> Read<bool> {
        let mut cursor = *self;
        match cursor.peek(0) {
            None => return Ok(false),
            Some(b'@') => {
                self.at += 1;
                self.since_1970(calendar)?;
                return Ok(true);
            }
            Some(_) => {}
        }
        let first = cursor.field(false)?;
        // That was an hour.
        if matches!(cursor.peek(0), None | Some(b':')) {
            return Ok(false);
        }
        let mut backwards = cursor.dash()?;
        let second = cursor.field(false)?;
        let (year, month, day) = if matches!(cursor.peek(0), None | Some(b' ')) {
            (Vec::new(), first, second)
        } else {
            if backwards {
                return Err(cursor.error("only days are counted from the end"));
            }
            backwards = cursor.dash()?;
            let third = cursor.field(false)?;
            if !matches!(cursor.peek(0), None | Some(b' ')) {
                return Err(cursor.error("this cannot stand behind a date"));
            }
            (first, second, third)
        };
        cursor.skip_spaces();
        *self = cursor;
        calendar.year = year;
        calendar.month = month;
        calendar.day = day;
        calendar.end_of_month = backwards;
        Ok(false)
    }

    /// `-`, or `~` for days from the end.
    fn dash(&mut self) -> Read<bool> {
        let backwards = match self.peek(0) {
            Some(b'~') => true,
            Some(b'-') => false,
            _ => return Err(self.error("a dash is missing")),
        };
        self.at += 1;
        Ok(backwards)
    }

    /// `@` and seconds: one moment.
    fn since_1970(&mut self, calendar: &mut Calendar) -> Read<()> {
        let blank = |b: &&u8| matches!(**b, b' ' | 9..=13);
        self.at += self.rest().iter().take_while(blank).count();
        self.at += usize::from(self.peek(0) == Some(b'+'));
        let begin = *self;
        let value = self.number()?;
        let then = Timestamp::from_second(value)
            .map_err(|_| begin.error("the moment is too far away"))?
            .to_zoned(TimeZone::UTC);
        let one = |value: i8| vec![Component::one(i64::from(value))];
        calendar.year = vec![Component::one(i64::from(then.year()))];
        calendar.month = one(then.month());
        calendar.day = one(then.day());
        calendar.hour = one(then.hour());
        calendar.minute = one(then.minute());
        calendar.microsecond = vec![Component::one(i64::from(then.second()) * SECOND)];
        calendar.zone = In::Utc;
        Ok(())
    }

    fn time(&mut self, calendar: &mut Calendar) -> Read<()> {
        let zero = || vec![Component::one(0)];
        if self.peek(0).is_none() {
            calendar.hour = zero();
            calendar.minute = zero();
            calendar.microsecond = zero();
            return Ok(());
        }
        calendar.hour = self.field(false)?;
        self.colon()?;
        calendar.minute = self.field(false)?;
        calendar.microsecond = if self.peek(0).is_none() {
            zero()
        } else {
            self.colon()?;
            self.field(true)?
        };
        Ok(())
    }

    fn colon(&mut self) -> Read<()> {
        if self.peek(0) != Some(b':') {
            return Err(self.error("a colon is missing"));
        }
        self.at += 1;
        Ok(())
    }
}
