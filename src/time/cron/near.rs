//! The next matching minute, found on the sets of values themselves.
//!
//! Making a schedule of the package costs more than reading the whole table, and
//! nearly every line comes up within a few days.

use jiff::civil::Date;

use crate::parse::crontab::{DayRule, Fields, Values};

const DAY: i64 = 86_400;

/// How many years ahead are looked at, so that a leap day and a weekday may meet once.
const YEARS: i16 = 8;

/// The last year that the package knows.
const LAST: i16 = 2100;

/// The first match strictly after `second`, counted from 1970 in civil time; nothing
/// where none is near.
pub(super) fn near(fields: &Fields, second: i64) -> Option<i64> {
    let minute = second.max(-1).div_euclid(60) + 1;
    let (mut day, rest) = (minute.div_euclid(1440), minute.rem_euclid(1440));
    let (hour, minute) = (small(rest / 60)?, small(rest % 60)?);
    let epoch = jiff::civil::date(1970, 1, 1);
    let mut date: Date = epoch
        .checked_add(jiff::SignedDuration::from_hours(day.checked_mul(24)?))
        .ok()?;
    let last = date.year().saturating_add(YEARS).min(LAST);
    // What is left of the first day.
    if fits(fields, date, day)
        && let Some(time) = time_from(fields, hour, minute)
    {
        return Some(day * DAY + time);
    }
    let time = time_from(fields, 0, 0)?;
    loop {
        let month = value(date.month());
        if fields.month.contains(month) {
            date = date.tomorrow().ok()?;
            day += 1;
        } else {
            let days = i64::from(date.days_in_month() - date.day()) + 1;
            date = date.last_of_month().tomorrow().ok()?;
            day += days;
        }
        if date.year() > last {
            return None;
        }
        if fits(fields, date, day) {
            return Some(day * DAY + time);
        }
    }
}

/// Whether a day is one of the line's.
fn fits(fields: &Fields, date: Date, day: i64) -> bool {
    // 1970 began on a Thursday.
    let weekday = small((day + 4).rem_euclid(7)).unwrap_or(u8::MAX);
    let (dom, dow) = (
        fields.dom.contains(value(date.day())),
        fields.dow.contains(weekday),
    );
    let fits = match fields.days {
        DayRule::Both => dom && dow,
        DayRule::Either => dom || dow,
    };
    fits && fields.month.contains(value(date.month()))
}

/// The first time of a day from `hour:minute` on, in seconds.
fn time_from(fields: &Fields, hour: u8, minute: u8) -> Option<i64> {
    let at = |hour: u8, minute: u8| i64::from(hour) * 3600 + i64::from(minute) * 60;
    if fields.hour.contains(hour)
        && let Some(minute) = first(fields.minute, minute, 59)
    {
        return Some(at(hour, minute));
    }
    let hour = first(fields.hour, hour + 1, 23)?;
    Some(at(hour, first(fields.minute, 0, 59)?))
}

fn first(values: Values, from: u8, to: u8) -> Option<u8> {
    values.from(from).filter(|value| *value <= to)
}

fn small(value: i64) -> Option<u8> {
    u8::try_from(value).ok()
}

/// A day or a month, which is never negative.
fn value(value: i8) -> u8 {
    value.unsigned_abs()
}
