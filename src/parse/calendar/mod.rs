//! Calendar expressions of `OnCalendar=` (systemd 252 to 257
//! `src/shared/calendarspec.c`; systemd.time(7)).
//!
//! | expression | what |
//! |---|---|
//! | `Fri..Mon` | refused: a range of weekdays goes on in one week |
//! | `22..6:00`, `24:00` | refused |
//! | `5..7/9` | 5: a step that leads out of its range counts for nothing |
//! | `Mon *-*-1..7` | weekday *and* date |
//! | `*-*~3` | counted from the end of the month |
//! | `*:0/70` | refused: a step is no longer than its field |
//! | `12:00 CET` | only the half of the year in which the zone is called so |
//! | `anually` | taken, as a misspelling of old |

mod print;
mod words;

use crate::text::Span;

/// Components of one field at most (`CALENDARSPEC_COMPONENTS_MAX`, counted from 0).
const MOST: usize = 241;

/// The years in which something elapses.
pub const YEARS: std::ops::RangeInclusive<i64> = 1970..=2199;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;

/// A value, a range, or a value and its repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// The first value.
    pub start: i64,
    /// The last value of a range; -1 where there is none.
    pub stop: i64,
    /// The step; 0 where nothing is repeated.
    pub repeat: i64,
}

impl Component {
    const fn one(value: i64) -> Self {
        Self {
            start: value,
            stop: -1,
            repeat: 0,
        }
    }
}

/// The zone an expression is reckoned in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// That of the machine.
    Local,
    /// That of the machine, while it is called so: its daylight saving time or not.
    LocalIf {
        /// Whether it is daylight saving time that counts.
        dst: bool,
        /// Its abbreviation.
        name: String,
    },
    /// Coordinated universal time.
    Utc,
    /// One by name, such as `Europe/Berlin`.
    Zone(String),
}

/// An expression, normalised. An empty list of components is any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Bit 0 is Monday; `None` is any day.
    pub weekdays: Option<u8>,
    /// Years.
    pub year: Vec<Component>,
    /// Months, 1 to 12.
    pub month: Vec<Component>,
    /// Days, 1 to 31.
    pub day: Vec<Component>,
    /// Days are counted from the end of the month, the last being 1.
    pub end_of_month: bool,
    /// Hours.
    pub hour: Vec<Component>,
    /// Minutes.
    pub minute: Vec<Component>,
    /// Microseconds of the minute.
    pub microsecond: Vec<Component>,
    /// The zone.
    pub zone: In,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarError {
    /// A phrase: "a number is missing".
    pub why: &'static str,
    /// Where in the text.
    pub at: Span,
}

/// What a machine knows of zones.
#[derive(Clone, Copy)]
pub struct Zones<'a> {
    /// How its own zone is called outside and in daylight saving time (`tzname`).
    pub local: [&'a str; 2],
    /// Whether there is a zone of that name.
    pub is_zone: &'a dyn Fn(&str) -> bool,
}

impl Calendar {
    const fn any() -> Self {
        Self {
            weekdays: None,
            year: Vec::new(),
            month: Vec::new(),
            day: Vec::new(),
            end_of_month: false,
            hour: Vec::new(),
            minute: Vec::new(),
            microsecond: Vec::new(),
            zone: In::Local,
        }
    }

    /// At this moment of any minute, with what else is set.
    fn at(mut self, fields: [&[i64]; 4]) -> Self {
        let list = |values: &[i64]| values.iter().map(|v| Component::one(*v)).collect();
        let [month, day, hour, minute] = fields;
        self.month = list(month);
        self.day = list(day);
        self.hour = list(hour);
        self.minute = list(minute);
        self.microsecond = list(&[0]);
        self
    }
}

/// Reads an expression; the text has no blanks around it.
///
/// # Errors
/// Where systemd refuses it; the line it stands in is then as if it were not there.
pub fn parse(text: &str, zones: Zones<'_>) -> Result<Calendar, CalendarError> {
    let (rest, zone) = split_zone(text, zones);
    let error = |why| CalendarError {
        why,
        at: Span::new(0, rest.len()),
    };
    if rest.is_empty() {
        return Err(error("there is nothing but a time zone"));
    }
    let mut calendar = match shorthand(rest) {
        Some(calendar) => calendar,
        None => words::read(rest)?,
    };
    if calendar.zone == In::Local {
        calendar.zone = zone;
    }
    normalise(&mut calendar);
    valid(&calendar).map_err(error)?;
    Ok(calendar)
}

fn ends_with_ignoring_case<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let cut = text.len().checked_sub(end.len())?;
    let (front, tail) = text.split_at_checked(cut)?;
    tail.eq_ignore_ascii_case(end).then_some(front)
}

/// Cuts off the zone at the end.
fn split_zone<'a>(text: &'a str, zones: Zones<'_>) -> (&'a str, In) {
    if let Some(front) = ends_with_ignoring_case(text, " UTC") {
        return (front, In::Utc);
    }
    for (dst, name) in [false, true].into_iter().zip(zones.local) {
        let front = ends_with_ignoring_case(text, name);
        let front = front.and_then(|front| front.strip_suffix(' '));
        if let Some(front) = front.filter(|_| !name.is_empty()) {
            let name = name.to_owned();
            return (front, In::LocalIf { dst, name });
        }
    }
    if let Some((front, last)) = text.rsplit_once(' ')
        && (zones.is_zone)(last)
    {
        return (front, In::Zone(last.to_owned()));
    }
    (text, In::Local)
}

fn shorthand(text: &str) -> Option<Calendar> {
    let any = Calendar::any();
    Some(match text.to_ascii_lowercase().as_str() {
        "minutely" => any.at([&[], &[], &[], &[]]),
        "hourly" => any.at([&[], &[], &[], &[0]]),
        "daily" => any.at([&[], &[], &[0], &[0]]),
        "monthly" => any.at([&[], &[1], &[0], &[0]]),
        "annually" | "yearly" | "anually" => any.at([&[1], &[1], &[0], &[0]]),
        "weekly" => {
            let mut weekly = any.at([&[], &[], &[0], &[0]]);
            weekly.weekdays = Some(1);
            weekly
        }
        "quarterly" => any.at([&[1, 4, 7, 10], &[1], &[0], &[0]]),
        "biannually" | "bi-annually" | "semiannually" | "semi-annually" => {
            any.at([&[1, 7], &[1], &[0], &[0]])
        }
        _ => return None,
    })
}

fn normalise(calendar: &mut Calendar) {
    calendar.weekdays = calendar.weekdays.filter(|days| (1..127).contains(days));
    if calendar.day.is_empty() {
        calendar.end_of_month = false;
    }
    for component in &mut calendar.year {
        component.start = whole_year(component.start);
        component.stop = whole_year(component.stop);
    }
    for list in [
        &mut calendar.year,
        &mut calendar.month,
        &mut calendar.day,
        &mut calendar.hour,
        &mut calendar.minute,
        &mut calendar.microsecond,
    ] {
        for part in list.iter_mut() {
            let range = part.stop > part.start && part.repeat > 0;
            if part.start == part.stop || (range && part.start + part.repeat > part.stop) {
                // A step that leads out of its range, or a range of one value.
                *part = Component::one(part.start);
            } else if range {
                part.stop -= (part.stop - part.start) % part.repeat;
            }
        }
        list.sort_unstable();
        list.dedup();
    }
}

/// A year of two digits: 1970 to 2069.
const fn whole_year(year: i64) -> i64 {
    match year {
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

fn valid(calendar: &Calendar) -> Result<(), &'static str> {
    let last_day = if calendar.end_of_month { 28 } else { 31 };
    let (first_year, last_year) = (*YEARS.start(), *YEARS.end());
    let backwards = calendar.end_of_month;
    for (list, from, to, backwards, why) in [
        (
            &calendar.year,
            first_year,
            last_year,
            false,
            "a year is out of range",
        ),
        (&calendar.month, 1, 12, false, "a month is out of range"),
        (
            &calendar.day,
            1,
            last_day,
            backwards,
            "a day is out of range",
        ),
        (&calendar.hour, 0, 23, false, "an hour is out of range"),
        (&calendar.minute, 0, 59, false, "a minute is out of range"),
        (
            &calendar.microsecond,
            0,
            60 * SECOND - 1,
            false,
            "a second is out of range",
        ),
    ] {
        let fits = |part: &Component| {
            let first = (from..=to).contains(&part.start) && part.repeat <= to - from;
            let rest = if part.stop >= 0 {
                (from..=to).contains(&part.stop) && part.start + part.repeat <= part.stop
            } else if backwards {
                part.start - part.repeat >= from
            } else {
                part.start + part.repeat <= to
            };
            first && rest
        };
        if !list.iter().all(fits) {
            return Err(why);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
