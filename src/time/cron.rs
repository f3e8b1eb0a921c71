//! When a cron line fires next.
//!
//! The `cron` package finds the matching minutes. It is fed explicit lists only
//! and reckons in civil time that is labelled UTC; what a jump of the clock does
//! to a job is each daemon's own rule, read from its main loop.

mod bcron;
mod near;

use std::cell::{OnceCell, RefCell};

use chrono::{DateTime, Utc};
use cron::Schedule;
use jiff::{Timestamp, Zoned, civil, tz::TimeZone};

use super::{Zone, calendar};
use crate::parse::calendar::Zones;
use crate::parse::crontab::{Daemon, DayRule, Field, Fields, Schedule as Line, Values};
use near::near;

/// Nothing is looked for before this: the package knows no year before 1970.
const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;

/// What besides the schedule decides when a job starts.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// The daemon.
    pub daemon: Daemon,
    /// The zone the daemon runs in.
    pub zone: &'a Zone,
    /// The zone of the job's `CRON_TZ`, for cronie and systemd-cron.
    pub job_zone: Option<&'a Zone>,
}

/// One start of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When, in the zone that the schedule is written in.
    pub at: Zoned,
    /// What a jump of the clock has to do with it.
    pub jump: Option<Jump>,
}

/// What a jump of the clock does to a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The scheduled time does not exist that day; the job starts after the gap.
    Gap {
        /// The scheduled time.
        meant: civil::DateTime,
    },
    /// The scheduled time exists twice; this is the first.
    First,
    /// The scheduled time exists twice; this is the second.
    Second,
}

/// The first start of a line after `after` and no later than `until`, whatever its
/// daemon reckons with; nothing for what no clock starts.
#[must_use]
pub fn next_start(
    line: &Line,
    timing: Timing<'_>,
    after: Timestamp,
    until: Timestamp,
) -> Option<Timestamp> {
    let zone = timing.job_zone.unwrap_or(timing.zone).tz();
    let found = match line {
        Line::At(fields) if timing.daemon == Daemon::Bcron => {
            let second = bcron::next(fields, zone, after.as_second())?;
            Timestamp::from_second(second).ok()
        }
        Line::At(fields) => {
            let found = next(fields, timing, after, until);
            found.map(|occurrence| occurrence.at.timestamp())
        }
        Line::Calendar(expression) => {
            let [standard, summer] = &calendar::abbreviations(zone, after);
            let zones = Zones {
                local: [standard, summer],
                is_zone: &|_| false,
            };
            let parsed = crate::parse::calendar::parse(expression, zones).ok()?;
            calendar::next(&parsed, zone, after)
        }
        Line::Every(_) | Line::Reboot | Line::Never(_) => None,
    };
    found.filter(|then| *then <= until)
}

/// The first start after `after` and no later than `until`.
#[must_use]
pub fn next(
    fields: &Fields,
    timing: Timing<'_>,
    after: Timestamp,
    until: Timestamp,
) -> Option<Occurrence> {
    occurrences(fields, timing, after, until).next()
}

/// The starts after `after` and no later than `until`, in order; none lies
/// before 1970 or after 2100.
///
/// A random schedule yields every start that it may draw.
#[must_use]
pub fn occurrences(
    fields: &Fields,
    timing: Timing<'_>,
    after: Timestamp,
    until: Timestamp,
) -> Occurrences {
    let zone = timing.job_zone.unwrap_or(timing.zone).tz();
    let rule = match timing.daemon {
        Daemon::Debian | Daemon::Debian187 | Daemon::Cronie if timing.job_zone.is_some() => {
            Rule::EveryMinute
        }
        Daemon::Debian | Daemon::Debian187 | Daemon::Cronie if fields.wildcard => Rule::Wildcard,
        Daemon::Debian | Daemon::Debian187 => Rule::Fixed {
            longest_overlap: 180,
        },
        Daemon::Cronie => Rule::Fixed {
            longest_overlap: 181,
        },
        Daemon::Busybox | Daemon::Dcron => Rule::EveryMinute,
        // Timers have an expression of their own; what is asked here are plain fields.
        Daemon::SystemdCron1 | Daemon::SystemdCron2 | Daemon::Bcron => Rule::EveryMinute,
    };
    let skips = timing.job_zone.is_some() && !fields.wildcard;
    let after = after.max(EARLIEST);
    let stretch = Stretch::remembered(zone, after);
    let mut floor = after.as_second() + stretch.offset;
    if let Some(seen) = stretch.seen
        && rule.once(seen - (stretch.start + stretch.offset))
    {
        floor = floor.max(seen - 1);
    }
    Occurrences {
        minutes: Minutes::new(fields),
        zone: zone.clone(),
        rule,
        overlaps_skipped: skips.then(|| timing.zone.tz().clone()),
        until: until.as_second(),
        stretch,
        floor,
        last: None,
    }
}

/// The starts of a job; see [`occurrences`].
#[derive(Debug)]
pub struct Occurrences {
    minutes: Minutes,
    zone: TimeZone,
    rule: Rule,
    /// cronie: fixed jobs in a zone of their own miss the second pass of an
    /// overlap of the daemon's zone.
    overlaps_skipped: Option<TimeZone>,
    until: i64,
    stretch: Stretch,
    /// The civil second after which to look.
    floor: i64,
    last: Option<i64>,
}

/// A stretch of time without a jump.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Its first second.
    start: i64,
    /// Seconds east of UTC.
    offset: i64,
    /// Where an overlap began it: the civil second up to which times were had.
    seen: Option<i64>,
    /// The first second of the next stretch and its offset.
    next: Option<(i64, i64)>,
}

/// What a jump does to a job. Overlaps are counted in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Each minute of local time is looked at when it comes: what a gap skips is
    /// skipped, what an overlap repeats is repeated (busybox 1.37 `crond.c`, and
    /// cronie's jobs with `CRON_TZ`).
    EveryMinute,
    /// Like that, except that a jump of up to five minutes is caught up (Debian
    /// cron 3.0pl1-162 and cronie 1.7, `cron.c`).
    Wildcard,
    /// Skipped minutes are caught up after the gap, repeated ones are not run
    /// again, both for jumps of up to three hours.
    Fixed {
        /// Longer overlaps run everything again.
        longest_overlap: i64,
    },
}

impl Rule {
    /// Whether what a gap of `seconds` skips is run after it.
    const fn catches_up(self, seconds: i64) -> bool {
        // The loop compares the minutes before and after: one more than the gap.
        let jump = seconds / 60 + 1;
        match self {
            Self::EveryMinute => false,
            Self::Wildcard => jump <= 5,
            Self::Fixed { .. } => jump <= 180,
        }
    }

    /// Whether what an overlap of `seconds` repeats is run once only.
    const fn once(self, seconds: i64) -> bool {
        match self {
            Self::EveryMinute | Self::Wildcard => false,
            Self::Fixed { longest_overlap } => seconds / 60 <= longest_overlap,
        }
    }
}

thread_local! {
    /// The stretch that was asked for last: of all jobs of a host it is the same one.
    static LAST: RefCell<Option<(TimeZone, Timestamp, Stretch)>> = const { RefCell::new(None) };
}

impl Stretch {
    /// The stretch that holds `then`, looked up once for many jobs.
    fn remembered(zone: &TimeZone, then: Timestamp) -> Self {
        LAST.with_borrow_mut(|last| match last {
            Some((known, at, stretch)) if *at == then && known == zone => *stretch,
            _ => {
                let stretch = Self::at(zone, then);
                *last = Some((zone.clone(), then, stretch));
                stretch
            }
        })
    }

    /// The stretch that holds `then`.
    fn at(zone: &TimeZone, then: Timestamp) -> Self {
        let offset = i64::from(zone.to_offset(then).seconds());
        // What a jump repeats lies within a day of it: one that is further back, as
        // nearly all are, needs no search.
        let day = jiff::SignedDuration::from_hours(49);
        let recent = then.checked_sub(day).map_or(true, |before| {
            i64::from(zone.to_offset(before).seconds()) != offset
        });
        let mut stretch = Self {
            start: i64::MIN,
            offset,
            seen: None,
            next: following(zone, then),
        };
        if !recent {
            return stretch;
        }
        let Some((start, before)) = preceding(zone, then) else {
            return stretch;
        };
        stretch.start = start;
        stretch.seen = (before > offset).then_some(start + before);
        stretch
    }
}

/// The first jump after `then` and the offset behind it.
fn following(zone: &TimeZone, then: Timestamp) -> Option<(i64, i64)> {
    let jump = zone.following(then).next()?;
    Some((
        jump.timestamp().as_second(),
        i64::from(jump.offset().seconds()),
    ))
}

/// The last jump at or before `then` and the offset before it.
fn preceding(zone: &TimeZone, then: Timestamp) -> Option<(i64, i64)> {
    let just_after = Timestamp::from_second(then.as_second() + 1).ok()?;
    let start = zone.preceding(just_after).next()?.timestamp().as_second();
    let before = zone.to_offset(Timestamp::from_second(start - 1).ok()?);
    Some((start, i64::from(before.seconds())))
}

impl Iterator for Occurrences {
    type Item = Occurrence;

    fn next(&mut self) -> Option<Occurrence> {
        loop {
            let minute = self.minutes.after(self.floor)?;
            let end = self
                .stretch
                .next
                .map(|(start, _)| start + self.stretch.offset);
            let found = if end.is_none_or(|end| minute < end) {
                self.floor = minute;
                Some((minute - self.stretch.offset, self.overlap(minute)))
            } else {
                self.cross(minute)?
            };
            let Some((at, jump)) = found else {
                continue;
            };
            if at > self.until {
                return None;
            }
            if self.last == Some(at) || self.is_skipped(at) {
                continue;
            }
            self.last = Some(at);
            let at = Timestamp::from_second(at).ok()?;
            return Some(Occurrence {
                at: at.to_zoned(self.zone.clone()),
                jump,
            });
        }
    }
}

impl Occurrences {
    /// Goes on to the next stretch, `minute` being the next match. Yields what is
    /// caught up there, `None` beyond the horizon.
    #[allow(
        clippy::option_option,
        reason = "end, or a step with or without a start"
    )]
    fn cross(&mut self, minute: i64) -> Option<Option<(i64, Option<Jump>)>> {
        let (start, offset) = self.stretch.next?;
        if start > self.until {
            return None;
        }
        let end = start + self.stretch.offset;
        let resumed = start + offset;
        let then = Timestamp::from_second(start).ok()?;
        self.stretch = Stretch {
            start,
            offset,
            seen: (end > resumed).then_some(end),
            next: following(&self.zone, then),
        };
        if end > resumed && self.rule.once(end - resumed) {
            self.floor = end - 1;
            return Some(None);
        }
        self.floor = resumed - 1;
        let missed = minute < resumed && self.rule.catches_up(resumed - end);
        Some(missed.then(|| {
            let meant = Timestamp::from_second(minute).ok();
            let meant = meant.map(|meant| TimeZone::UTC.to_datetime(meant));
            (start, meant.map(|meant| Jump::Gap { meant }))
        }))
    }

    /// Whether the civil second `minute` of this stretch exists twice.
    fn overlap(&self, minute: i64) -> Option<Jump> {
        if self.stretch.seen.is_some_and(|seen| minute < seen) {
            return Some(Jump::Second);
        }
        let repeated = self.stretch.next.map(|(start, offset)| start + offset);
        repeated.filter(|from| minute >= *from).map(|_| Jump::First)
    }

    fn is_skipped(&self, at: i64) -> bool {
        let Some(zone) = &self.overlaps_skipped else {
            return false;
        };
        let Ok(then) = Timestamp::from_second(at) else {
            return false;
        };
        let stretch = Stretch::at(zone, then);
        let longest = Rule::Fixed {
            longest_overlap: 181,
        };
        stretch.seen.is_some_and(|seen| {
            at + stretch.offset < seen && longest.once(seen - (stretch.start + stretch.offset))
        })
    }
}

/// The matching minutes of civil time, as seconds since 1970 labelled UTC.
#[derive(Clone, Debug)]
struct Minutes {
    fields: Fields,
    /// Made where nothing is near.
    schedules: OnceCell<Vec<Schedule>>,
}

impl Minutes {
    fn new(fields: &Fields) -> Self {
        Self {
            fields: fields.clone(),
            schedules: OnceCell::new(),
        }
    }

    fn schedules(fields: &Fields) -> Vec<Schedule> {
        let every_date = Field::DayOfMonth.all();
        let every_weekday = Field::DayOfWeek.all();
        let days = match fields.days {
            DayRule::Both => vec![(fields.dom, fields.dow)],
            DayRule::Either => vec![(fields.dom, every_weekday), (every_date, fields.dow)],
        };
        let schedules = days.into_iter().filter_map(|(dom, dow)| {
            let minute = list(Field::Minute, fields.minute)?;
            let hour = list(Field::Hour, fields.hour)?;
            let dom = list(Field::DayOfMonth, dom)?;
            let month = list(Field::Month, fields.month)?;
            let dow = list(Field::DayOfWeek, dow)?;
            let text = format!("0 {minute} {hour} {dom} {month} {dow}");
            text.parse().ok()
        });
        schedules.collect()
    }

    /// The first match strictly after `second`.
    fn after(&self, second: i64) -> Option<i64> {
        near(&self.fields, second).or_else(|| self.far(second))
    }

    /// The same from the package.
    fn far(&self, second: i64) -> Option<i64> {
        let schedules = self.schedules.get_or_init(|| Self::schedules(&self.fields));
        let after: DateTime<Utc> = DateTime::from_timestamp(second.max(-1), 0)?;
        let next = |schedule: &Schedule| schedule.after(&after).next();
        schedules
            .iter()
            .filter_map(next)
            .map(|t| t.timestamp())
            .min()
    }
}

/// `values` as the package takes them: `*` or an explicit list, Sunday being 1;
/// `None` for the empty set, which it cannot express.
fn list(field: Field, values: Values) -> Option<String> {
    let shift = u8::from(field == Field::DayOfWeek);
    let all = field.all();
    let kept: Vec<u8> = values.iter().filter(|v| all.contains(*v)).collect();
    if kept.is_empty() {
        return None;
    }
    if all.iter().all(|v| values.contains(v)) {
        return Some("*".to_owned());
    }
    let texts: Vec<String> = kept.iter().map(|v| (v + shift).to_string()).collect();
    Some(texts.join(","))
}

#[cfg(test)]
mod tests;
