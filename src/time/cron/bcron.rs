//! When bcron (0.11, `timespec-next.c`) starts a job: a search in local time that goes
//! forward by months, days, hours and minutes, and on its way decides what happens where
//! the clock jumps.

use jiff::{Timestamp, tz::TimeZone};

use crate::parse::crontab::Fields;

/// The daemon gives up after ten years.
const AHEAD: i64 = 10 * 366 * 86_400;

/// A moment and the local time that the search takes it for.
#[derive(Clone, Copy, Debug)]
struct At {
    second: i64,
    month: u8,
    day: u8,
    length: u8,
    weekday: u8,
    hour: i64,
    minute: i64,
    sec: i64,
    dst: bool,
}

fn local(zone: &TimeZone, second: i64) -> Option<At> {
    let then = Timestamp::from_second(second).ok()?;
    let civil = zone.to_datetime(then);
    let small = |value: i8| u8::try_from(value).ok();
    Some(At {
        second,
        month: small(civil.month())?,
        day: small(civil.day())?,
        length: small(civil.date().days_in_month())?,
        weekday: small(civil.weekday().to_sunday_zero_offset())?,
        hour: i64::from(civil.hour()),
        minute: i64::from(civil.minute()),
        sec: i64::from(civil.second()),
        dst: zone.to_offset_info(then).dst().is_dst(),
    })
}

/// The first start after `after`.
pub(super) fn next(fields: &Fields, zone: &TimeZone, after: i64) -> Option<i64> {
    // The daemon plans from the minute behind the one that it is in.
    let mut at = local(zone, after.checked_add(60)?)?;
    at.second -= at.sec;
    at.sec = 0;
    let limit = at.second.checked_add(AHEAD)?;
    let once_a_day = fields.hour.iter().count() <= 1;
    while at.second < limit {
        let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
        at = if !fields.month.contains(at.month) {
            let days = i64::from(at.length) - (i64::from(at.day) - 1);
            midnight(zone, at.second + days * 86_400 - since_midnight(at))?
        } else if !fields.dom.contains(at.day) || !fields.dow.contains(at.weekday) {
            midnight(zone, at.second + 86_400 - since_midnight(at))?
        } else if !fields.hour.contains(small(at.hour)) {
            hour(zone, at, once_a_day)?
        } else if fields.minute.contains(small(at.minute)) {
            return Some(at.second);
        } else if at.minute < 59 {
            At {
                second: at.second + 60 - at.sec,
                minute: at.minute + 1,
                sec: 0,
                ..at
            }
        } else {
            let next = At {
                second: at.second + 60 - at.sec,
                minute: 60,
                sec: 0,
                ..at
            };
            hour(zone, next, once_a_day)?
        };
    }
    None
}

const fn since_midnight(at: At) -> i64 {
    at.hour * 3600 + at.minute * 60 + at.sec
}

/// Mends a midnight that a jump of the clock has moved; whole hours only.
fn midnight(zone: &TimeZone, mut second: i64) -> Option<At> {
    for _ in 0..4 {
        let at = local(zone, second)?;
        if at.hour > 12 {
            second += (24 - at.hour) * 3600;
            continue;
        }
        return Some(At {
            second: second - at.hour * 3600,
            hour: 0,
            ..at
        });
    }
    None
}

/// The next hour. A skipped one is gone through all the same; of a repeated one the
/// second is left out by jobs of one hour.
fn hour(zone: &TimeZone, at: At, once_a_day: bool) -> Option<At> {
    let mut second = at.second + 3600 - at.minute * 60 - at.sec;
    let mut found = local(zone, second)?;
    if found.hour > at.hour + 1 {
        found.hour = at.hour + 1;
        if at.dst {
            second -= 3600;
        }
        found.second = second;
    } else if once_a_day && found.hour == at.hour {
        return hour(zone, found, false);
    }
    Some(found)
}
