//! Tables as systemd-cron turns them into timers: 1.15 (Debian 12; a generator in
//! Python) and 2.5 (Debian 13; one in C++), `systemd-crontab-generator`.
//!
//! | line | 1.15 | 2.5 |
//! |---|---|---|
//! | `0 3 * * 5-7`, `0 3 * * 5L`, `0 3 * * 1#2` | every day | Fri to Sun; the last Friday; refused |
//! | `0 0 1 Nov *` | October: the list of its months lacks one | refused, as all names |
//! | `0,75 * * * *` | minute 0 | refused |
//! | `0 3 L * *` | refused | the last day of the month |
//! | `0 3 13 * 5` | both must match | both must match |
//! | `@weekly` | Monday | Monday |
//! | `CRON_TZ=`, `TZ=` | for the job only | the zone of the schedule |

mod python;
mod second;

use super::command::Percent;
use super::fields::{Field, Never, Values};
use super::problem::{Effect, ProblemKind};
use super::{Assignment, Crontab, Job, Schedule, TableKind, lines};
use crate::text::{File, Span, escape};

/// Which of the two generators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// A field as a generator understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// `*`.
    Every,
    /// These values.
    Values(Values),
    /// `L` in the days, and the days for `5L` in the weekdays (2.5).
    LastDay,
    LastWeek,
    /// Nothing that it understands.
    Bad,
}

/// Settings above a line that change its timer.
#[derive(Clone, Copy, Debug, Default)]
struct Settings {
    delay: u32,
    start_hour: u32,
    random_delay: u16,
    cron_tz: Option<usize>,
    tz: Option<usize>,
}

/// Reads a table as the generator does.
pub(super) fn parse(file: &File, kind: TableKind, version: Version) -> Crontab {
    let mut table = Crontab::default();
    let bytes = file.bytes();
    let mut settings = Settings::default();
    for line in lines::stripped(bytes) {
        let text = lines::of(bytes, line);
        if text.first() == Some(&b'#') {
            continue;
        }
        if let Some((name, value)) = assignment(text, version) {
            let index = table.assignments.len();
            set(&mut settings, &name, &value, index, version);
            table.assignments.push(Assignment {
                name,
                value,
                span: line,
            });
            continue;
        }
        job(&mut table, bytes, line, kind, version, settings);
    }
    table
}

/// `NAME = value` with a name of letters, digits and `_`; quotes are cut off both ends.
fn assignment(line: &[u8], version: Version) -> Option<(Vec<u8>, Vec<u8>)> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let length = line.iter().take_while(|b| is_name(b)).count();
    let (name, rest) = line.split_at(length);
    let mut value = rest
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let strips: &[u8] = match version {
        Version::One => b"'\"",
        Version::Two => b"'\" ",
    };
    for strip in strips {
        while let Some(rest) = value.strip_prefix(&[*strip]) {
            value = rest;
        }
        while let Some(rest) = value.strip_suffix(&[*strip]) {
            value = rest;
        }
    }
    (length > 0).then(|| (name.to_vec(), value.to_vec()))
}

fn set(settings: &mut Settings, name: &[u8], value: &[u8], index: usize, version: Version) {
    let number = |text: &[u8]| {
        let text = std::str::from_utf8(text).ok()?;
        text.trim().parse::<u32>().ok()
    };
    match name {
        b"DELAY" => settings.delay = number(value).unwrap_or(settings.delay),
        b"START_HOURS_RANGE" => {
            let first = value.split(|b| *b == b'-').next().unwrap_or(value);
            settings.start_hour = number(first).unwrap_or(settings.start_hour);
        }
        b"RANDOM_DELAY" => {
            let minutes = number(value).and_then(|n| u16::try_from(n).ok());
            settings.random_delay = minutes.unwrap_or(settings.random_delay);
        }
        b"TZ" if version == Version::Two => settings.tz = Some(index),
        b"CRON_TZ" if version == Version::Two => settings.cron_tz = Some(index),
        _ => {}
    }
}

fn job(
    table: &mut Crontab,
    bytes: &[u8],
    line: Span,
    kind: TableKind,
    version: Version,
    settings: Settings,
) {
    let system = kind == TableKind::System;
    let at_word = bytes.get(line.start) == Some(&b'@');
    let fields = if at_word { 1 } else { 5 };
    let most = fields + usize::from(system) + 1;
    let words = lines::words(bytes, line, most);
    if words.len() < most {
        let message = "the line has too few words to be a job: systemd-cron makes no timer of it";
        let kind = ProblemKind::TooFewWords;
        table.report(line, kind, Effect::LineIgnored, message.into());
        return;
    }
    let mut spans = words.iter().copied();
    let mut next = || spans.next().unwrap_or(line);
    let (schedule, schedule_span, field_spans) = if at_word {
        let word = next();
        let schedule = at(table, bytes, word, version, settings);
        (schedule, word, None)
    } else {
        let five = [(); 5].map(|()| next());
        let [first, .., last] = five;
        let schedule = timespec(table, bytes, five, version);
        (schedule, first.to(last), Some(five))
    };
    let user = system.then(&mut next);
    let rest = next();
    let percent = match version {
        Version::One => Percent::Literal,
        Version::Two => Percent::Cut,
    };
    // 1.15 takes one minute for none.
    let delay = match (version, settings.random_delay) {
        (Version::One, 1) => 0,
        (_, delay) => delay,
    };
    table.jobs.push(Job {
        line,
        schedule,
        schedule_span,
        field_spans,
        user: user.map(|span| (lines::of(bytes, span).to_vec(), span)),
        command: lines::joined(bytes, rest, percent),
        assignments_above: table.assignments.len(),
        // `TZ` comes behind `CRON_TZ` in the generator's map, and wins.
        cron_tz: settings.tz.or(settings.cron_tz),
        random_delay_minutes: delay,
    });
}

/// The timer of an `@word`.
fn at(
    table: &mut Crontab,
    bytes: &[u8],
    word: Span,
    version: Version,
    settings: Settings,
) -> Schedule {
    let text = String::from_utf8_lossy(lines::of(bytes, word)).into_owned();
    let period = text.trim_start_matches('@').to_ascii_lowercase();
    let period = match (&period[..], version) {
        ("annually" | "anually" | "365", Version::Two) | ("annually" | "anually", _) => "yearly",
        ("biannually" | "bi-annually" | "semiannually", _) => "semi-annually",
        ("1", Version::Two) => "daily",
        ("7", Version::Two) => "weekly",
        ("30" | "31", Version::Two) => "monthly",
        ("boot", Version::Two) => "reboot",
        (other, _) => other,
    };
    let (hour, delay) = (settings.start_hour, settings.delay);
    let plain = hour == 0 && delay == 0;
    Schedule::Calendar(match period {
        "reboot" => return Schedule::Reboot,
        "minutely" => "minutely".to_owned(),
        "hourly" if delay == 0 => "hourly".to_owned(),
        "hourly" => format!("*-*-* *:{delay}:0"),
        "midnight" if delay == 0 => "daily".to_owned(),
        "midnight" => format!("*-*-* 0:{delay}:0"),
        "daily" | "weekly" | "monthly" | "quarterly" | "semi-annually" | "yearly" if plain => {
            period.to_owned()
        }
        "daily" => format!("*-*-* {hour}:{delay}:0"),
        "weekly" => format!("Mon *-*-* {hour}:{delay}:0"),
        "monthly" => format!("*-*-1 {hour}:{delay}:0"),
        "quarterly" => format!("*-1,4,7,10-1 {hour}:{delay}:0"),
        "semi-annually" => format!("*-1,7-1 {hour}:{delay}:0"),
        "yearly" => format!("*-1-1 {hour}:{delay}:0"),
        number => match number.parse::<u32>() {
            // Made for anacrontab.
            Ok(days) if days > 31 => {
                let months = days.saturating_add(15) / 30;
                format!("*-1/{months}-1 {hour}:{delay}:0")
            }
            Ok(days) => format!("*-*-1/{days} {hour}:{delay}:0"),
            Err(_) => {
                let message = format!(
                    "`{}` is no known time: systemd does not take the timer",
                    escape(lines::of(bytes, word))
                );
                table.report(word, ProblemKind::BadMacro, Effect::LineIgnored, message);
                return Schedule::Never(Never::Rejected);
            }
        },
    })
}

/// The timer of five fields.
fn timespec(table: &mut Crontab, bytes: &[u8], spans: [Span; 5], version: Version) -> Schedule {
    let texts = spans.map(|span| lines::of(bytes, span));
    let parts = match version {
        Version::One => python::fields(texts),
        Version::Two => second::fields(texts),
    };
    for ((part, field), span) in parts.into_iter().zip(Field::ALL).zip(spans) {
        if part != Part::Bad {
            continue;
        }
        let text = escape(lines::of(bytes, span));
        let kind = ProblemKind::BadField(field);
        if field == Field::DayOfWeek && version == Version::One {
            let message = format!(
                "`{text}` is no {field}: systemd-cron logs it and starts the job every day"
            );
            table.report(span, kind, Effect::RunsAnyway, message);
            continue;
        }
        let message = format!("`{text}` is no {field}: systemd-cron makes no timer of the line");
        table.report(span, kind, Effect::LineIgnored, message);
        return Schedule::Never(Never::Rejected);
    }
    let [minute, hour, dom, month, dow] = parts;
    let days = match dow {
        Part::Values(set) => {
            let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
            let named = (0u8..).zip(names).filter(|(day, _)| set.contains(*day));
            let named: Vec<&str> = named.map(|(_, name)| name).collect();
            format!("{} ", named.join(","))
        }
        _ => String::new(),
    };
    let date = match dom {
        Part::LastDay => "~1".to_owned(),
        Part::LastWeek => "~7/1".to_owned(),
        part => format!("-{}", list(part)),
    };
    let (month, hour, minute) = (list(month), list(hour), list(minute));
    Schedule::Calendar(format!("{days}*-{month}{date} {hour}:{minute}:00"))
}

/// `*`, or the values one by one.
fn list(part: Part) -> String {
    match part {
        Part::Values(set) => {
            let texts: Vec<String> = set.iter().map(|value| value.to_string()).collect();
            texts.join(",")
        }
        _ => "*".to_owned(),
    }
}
