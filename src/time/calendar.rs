//! When a calendar expression of systemd elapses next (systemd 252 to 257
//! `src/shared/calendarspec.c`, `calendar_spec_next_usec`).
//!
//! The answer depends on how the C library turns local time into a moment, so that is
//! followed too (glibc 2.36 `mktime.c`): a time that a jump of the clock skips becomes
//! one behind it, which systemd takes for another day's; of a time that exists twice
//! the pass counts that the reckoning comes from.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::parse::calendar::{Calendar, Component, In, SECOND, YEARS};

/// Steps of the search at most (`MAX_CALENDAR_ITERATIONS`).
const STEPS: usize = 1000;

/// The first moment after `after` at which `calendar` elapses; none where it does not
/// any more. `zone` is the machine's own, or the one the expression names.
#[must_use]
pub fn next(calendar: &Calendar, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let zone = match calendar.zone {
        In::Utc => &TimeZone::UTC,
        In::Local | In::LocalIf { .. } | In::Zone(_) => zone,
    };
    let found = search(calendar, zone, after)?;
    // With a zone by its abbreviation the search can go back by an hour.
    let later = (1..4).filter_map(|hours| {
        let from = after.checked_add(SignedDuration::from_hours(hours)).ok()?;
        search(calendar, zone, from)
    });
    std::iter::once(found)
        .chain(later)
        .find(|found| *found > after)
}

fn search(calendar: &Calendar, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let micros = after.as_microsecond().max(0).checked_add(1)?;
    let mut search = Search {
        calendar,
        clock: Clock { zone, offset: 0 },
        micros: micros % SECOND,
    };
    let start = search.clock.broken_down(micros / SECOND)?;
    let mut found = search.find(start)?;
    let second = search.clock.moment(&mut found)?;
    let micros = second.checked_mul(SECOND)?.checked_add(search.micros)?;
    Timestamp::from_microsecond(micros).ok()
}

/// How the machine's zone is called outside and in daylight saving time: the two
/// abbreviations that its rules of today have (`tzname`).
#[must_use]
pub fn abbreviations(zone: &TimeZone, now: Timestamp) -> [String; 2] {
    let mut names = [None, None];
    let moments = zone.following(now).take(4).map(|jump| jump.timestamp());
    let moments: Vec<Timestamp> = std::iter::once(now).chain(moments).collect();
    for moment in moments {
        let info = zone.to_offset_info(moment);
        let slot = names.get_mut(usize::from(info.dst().is_dst()));
        if let Some(slot @ None) = slot {
            *slot = Some(info.abbreviation().to_owned());
        }
    }
    names.map(|name| name.unwrap_or_else(String::new))
}

/// A time in parts, as `struct tm` has it; the parts may lie outside their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    year: i64,
    /// 0 to 11.
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Whether it is meant in daylight saving time.
    dst: Option<bool>,
}

/// Days before the first of January 1970 are negative.
fn days(year: i64, month: i64) -> Option<i64> {
    let year = i16::try_from(year.checked_add(month.div_euclid(12))?).ok()?;
    let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let date = civil::Date::new(year, month, 1).ok()?;
    let moment = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(moment.as_second() / 86_400)
}

impl Parts {
    /// Seconds since 1970, were it UTC; the second is left out.
    fn minutes_as_seconds(&self) -> Option<i64> {
        let days = days(self.year, self.month)?.checked_add(self.day - 1)?;
        Some(((days * 24 + self.hour) * 60 + self.minute) * 60)
    }

    fn from_civil(second: i64, dst: bool) -> Option<Self> {
        let civil = TimeZone::UTC.to_datetime(Timestamp::from_second(second).ok()?);
        Some(Self {
            year: i64::from(civil.year()),
            month: i64::from(civil.month()) - 1,
            day: i64::from(civil.day()),
            hour: i64::from(civil.hour()),
            minute: i64::from(civil.minute()),
            second: i64::from(civil.second()),
            dst: Some(dst),
        })
    }
}

/// The C library's view of one zone.
struct Clock<'a> {
    zone: &'a TimeZone,
    /// Seconds east of UTC that the last answer had: where the next guess begins.
    offset: i64,
}

impl Clock<'_> {
    fn offset_at(&self, second: i64) -> Option<(i64, bool)> {
        let info = self
            .zone
            .to_offset_info(Timestamp::from_second(second).ok()?);
        Some((i64::from(info.offset().seconds()), info.dst().is_dst()))
    }

    /// `localtime`.
    fn broken_down(&self, second: i64) -> Option<Parts> {
        let (offset, dst) = self.offset_at(second)?;
        Parts::from_civil(second + offset, dst)
    }

    /// `mktime`: the moment, and the parts brought into their range.
    fn moment(&mut self, parts: &mut Parts) -> Option<i64> {
        let within = parts.second.clamp(0, 59);
        let local = parts.minutes_as_seconds()?.checked_add(within)?;
        let moment = self.resolve(local, parts.dst)?;
        self.offset = local - moment;
        let moment = moment + (parts.second - within);
        *parts = self.broken_down(moment)?;
        (moment >= 0).then_some(moment)
    }

    fn resolve(&self, local: i64, meant: Option<bool>) -> Option<i64> {
        let first = local - self.offset;
        let (mut at, mut last, mut before) = (first, first, first);
        let mut was_dst = false;
        for _ in 0..6 {
            let (offset, is_dst) = self.offset_at(at)?;
            let guess = local - offset;
            if guess == at {
                return match meant {
                    Some(meant) if meant != is_dst => self.as_meant(at, local, meant),
                    _ => Some(at),
                };
            }
            // Skipped by a jump of the clock: it goes to and fro.
            let settles = match meant {
                None => !was_dst || is_dst,
                Some(meant) => meant != is_dst,
            };
            if at == before && at != last && settles {
                return Some(at);
            }
            (before, last, at) = (last, at, guess);
            was_dst = is_dst;
        }
        None
    }

    /// The offset of the nearest time with the daylight saving time that is meant.
    fn as_meant(&self, at: i64, local: i64, meant: bool) -> Option<i64> {
        const STRIDE: i64 = 601_200;
        const BOUND: i64 = 536_454_000 / 2 + STRIDE;
        let mut distance = STRIDE;
        while distance < BOUND {
            for near in [at - distance, at + distance] {
                if let Some((offset, is_dst)) = self.offset_at(near)
                    && is_dst == meant
                {
                    return Some(local - offset);
                }
            }
            distance += STRIDE;
        }
        None
    }
}

/// What a step of the search came to.
enum Bounds {
    /// The time exists as it is.
    Fits,
    /// It was another, later one, which it now is.
    Moved,
    /// It lies outside.
    Out,
}

struct Search<'a> {
    calendar: &'a Calendar,
    clock: Clock<'a>,
    /// Microseconds of the second.
    micros: i64,
}

impl Search<'_> {
    fn find(&mut self, start: Parts) -> Option<Parts> {
        let calendar = self.calendar;
        let meant = match calendar.zone {
            In::LocalIf { dst, .. } => Some(dst),
            In::Local | In::Utc | In::Zone(_) => None,
        };
        let mut at = start;
        for _ in 0..STEPS {
            let mut normal = at;
            if self.clock.moment(&mut normal).is_some() {
                at = normal;
            }
            at.dst = meant;
            if matching(&calendar.year, at.year)? != at.year {
                at.year = matching(&calendar.year, at.year)?;
                self.reset(&mut at, Part::Month);
            }
            let Bounds::Fits = self.bounds(&mut at) else {
                return None;
            };
            let month = matching(&calendar.month, at.month + 1).map(|month| month - 1);
            if !self.settle(&mut at, Part::Month, month) {
                continue;
            }
            let day = self.matching_day(&at);
            if !self.settle(&mut at, Part::Day, day) {
                continue;
            }
            if !self.is_weekday(&at) {
                at.day += 1;
                self.reset(&mut at, Part::Hour);
                continue;
            }
            let hour = matching(&calendar.hour, at.hour);
            if !self.settle(&mut at, Part::Hour, hour) {
                continue;
            }
            let minute = matching(&calendar.minute, at.minute);
            if !self.settle(&mut at, Part::Minute, minute) {
                continue;
            }
            let micros = at.second * SECOND + self.micros;
            let found = matching(&calendar.microsecond, micros);
            let second = found.map(|found| {
                self.micros = found % SECOND;
                found / SECOND
            });
            if self.settle(&mut at, Part::Second, second) {
                return Some(at);
            }
        }
        None
    }

    /// Takes over what was found for one part: whether the search goes on with the
    /// next part, or from the top.
    fn settle(&mut self, at: &mut Parts, part: Part, found: Option<i64>) -> bool {
        if let Some(found) = found {
            let slot = part.of(at);
            let changed = *slot != found;
            *slot = found;
            if changed && let Some(next) = part.next() {
                self.reset(at, next);
            }
            match self.bounds(at) {
                Bounds::Fits => return true,
                Bounds::Moved => return false,
                Bounds::Out => {}
            }
        }
        *part.greater().of(at) += 1;
        self.reset(at, part);
        false
    }

    /// Sets a part and all smaller ones to their first value.
    fn reset(&mut self, at: &mut Parts, from: Part) {
        let mut part = Some(from);
        while let Some(this) = part {
            *this.of(at) = i64::from(this == Part::Day);
            part = this.next();
        }
        self.micros = 0;
    }

    /// Whether a time exists (`tm_within_bounds`).
    fn bounds(&mut self, at: &mut Parts) -> Bounds {
        if at.year > *YEARS.end() {
            return Bounds::Out;
        }
        let mut normal = *at;
        if self.clock.moment(&mut normal).is_none() {
            return Bounds::Out;
        }
        let order = [
            (normal.year.cmp(&at.year), Some(Part::Month)),
            (normal.month.cmp(&at.month), Some(Part::Day)),
            (normal.day.cmp(&at.day), Some(Part::Hour)),
            (normal.hour.cmp(&at.hour), Some(Part::Minute)),
            (normal.minute.cmp(&at.minute), Some(Part::Second)),
            (normal.second.cmp(&at.second), None),
        ];
        let Some((order, smaller)) = order.into_iter().find(|(order, _)| order.is_ne()) else {
            return Bounds::Fits;
        };
        if order.is_lt() {
            return Bounds::Out;
        }
        if let Some(part) = smaller {
            *part.of(&mut normal) = i64::from(part == Part::Day);
        }
        *at = normal;
        Bounds::Moved
    }

    fn is_weekday(&mut self, at: &Parts) -> bool {
        let Some(days) = self.calendar.weekdays else {
            return true;
        };
        let mut normal = *at;
        if self.clock.moment(&mut normal).is_none() {
            return false;
        }
        let Some(first) = self::days(normal.year, normal.month) else {
            return false;
        };
        // The first day of 1970 was a Thursday.
        let weekday = (first + normal.day - 1 + 3).rem_euclid(7);
        days >> weekday & 1 == 1
    }

    fn matching_day(&mut self, at: &Parts) -> Option<i64> {
        if !self.calendar.end_of_month {
            return matching(&self.calendar.day, at.day);
        }
        let list = self.calendar.day.iter().map(|part| {
            let start = self.nth_last_day(at, part.start);
            let stop = self.nth_last_day(at, part.stop);
            let (start, stop) = if stop > 0 {
                (stop, start)
            } else {
                (start, stop)
            };
            Component {
                start,
                stop,
                repeat: part.repeat,
            }
        });
        let list: Vec<Component> = list.collect();
        matching(&list, at.day)
    }

    /// The date of the `day`th last day; -1 where the month has none.
    fn nth_last_day(&mut self, at: &Parts, day: i64) -> i64 {
        let mut end = *at;
        end.month += 1;
        end.day = 1 - day;
        match self.clock.moment(&mut end) {
            Some(_) if end.month == at.month => end.day,
            _ => -1,
        }
    }
}

/// One part of a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Part {
    const fn of(self, at: &mut Parts) -> &mut i64 {
        match self {
            Self::Year => &mut at.year,
            Self::Month => &mut at.month,
            Self::Day => &mut at.day,
            Self::Hour => &mut at.hour,
            Self::Minute => &mut at.minute,
            Self::Second => &mut at.second,
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Year => Some(Self::Month),
            Self::Month => Some(Self::Day),
            Self::Day => Some(Self::Hour),
            Self::Hour => Some(Self::Minute),
            Self::Minute => Some(Self::Second),
            Self::Second => None,
        }
    }

    const fn greater(self) -> Self {
        match self {
            Self::Year | Self::Month => Self::Year,
            Self::Day => Self::Month,
            Self::Hour => Self::Day,
            Self::Minute => Self::Hour,
            Self::Second => Self::Minute,
        }
    }
}

/// The earliest value of a field that is no less than `value`.
fn matching(list: &[Component], value: i64) -> Option<i64> {
    if list.is_empty() {
        return Some(value);
    }
    let mut best: Option<i64> = None;
    for part in list {
        if part.start >= value {
            best = Some(best.map_or(part.start, |best| best.min(part.start)));
        } else if part.repeat > 0 {
            let gap = value - part.start;
            let steps = (gap + part.repeat - 1) / part.repeat;
            let next = part.start + part.repeat * steps;
            let within = part.stop < 0 || next <= part.stop;
            if within && best.is_none_or(|best| next < best) {
                best = Some(next);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::calendar::{Zones, parse};

    fn elapses(text: &str, after: &str, times: usize) -> Vec<String> {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let names = abbreviations(&berlin, at);
        let zones = Zones {
            local: [&names[0], &names[1]],
            is_zone: &|_| false,
        };
        let calendar = parse(text, zones).unwrap();
        let mut found = Vec::new();
        while let Some(next) = next(&calendar, &berlin, at).filter(|_| found.len() < times) {
            found.push(next.to_string());
            at = next;
        }
        found
    }

    #[test]
    fn a_time_that_the_clock_skips_waits_for_the_next_day() {
        let found = elapses("02:30", "2027-03-27T12:00:00Z", 2);
        assert_eq!(found, ["2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_time_that_exists_twice_elapses_once() {
        let found = elapses("02:30", "2027-10-30T12:00:00Z", 2);
        assert_eq!(found, ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]);
    }

    #[test]
    fn what_never_comes_ends_the_search() {
        assert!(elapses("*-02-30", "2027-01-01T00:00:00Z", 1).is_empty());
        assert!(elapses("2020-01-01", "2027-01-01T00:00:00Z", 1).is_empty());
    }
}
