//! Jobs of anacron: run once so many days have passed since the date in their stamp, at
//! the next start of anacron.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::command::judge;
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::anacrontab::{AnacronJob, Anacrontab, Period, parse};
use crate::parse::crontab::Daemon;
use crate::shell::{Call, Dialect, Program, Source, Value};
use crate::text::{File, escape};

/// When anacron itself is started: at this minute of these hours.
struct Start {
    minute: i8,
    first: i8,
    last: i8,
    /// How much later by chance.
    spread: i64,
    by: &'static str,
}

/// Debian's anacron.timer and /etc/cron.d/anacron.
const DEBIAN: Start = Start {
    minute: 30,
    first: 7,
    last: 23,
    spread: 5,
    by: "anacron, as root",
};

/// cronie's /etc/cron.d/0hourly and the script that it runs.
const CRONIE: Start = Start {
    minute: 1,
    first: 0,
    last: 23,
    spread: 0,
    by: "anacron by way of cron, as root",
};

/// Adds the triggers of `/etc/anacrontab`.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let program = host.resolve(Path::new("/usr/sbin/anacron"));
    if matches!(program, Fact::Absent(_) | Fact::NotCovered(_)) {
        return;
    }
    let Some(file) = out.take(host.tree().read(Path::new("/etc/anacrontab"))) else {
        return;
    };
    let table = parse(&file);
    let start = starter(host);
    let debian = !is_there(host, "/etc/cron.hourly/0anacron");
    for job in &table.jobs {
        let before = (out.gaps.len(), out.uncovered.len());
        let call = call(&file, &table, job);
        let daemon = host.cron().daemons.first().copied();
        let fall = judge(host, &call, daemon.unwrap_or(Daemon::Debian), 0).fall(host, out);
        *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
        let Some(fall) = fall else { continue };
        let mut via = fall.via;
        via.push(fall.place);
        via.retain(|place| place.path() != file.path());
        let settings = if debian {
            Settings::default()
        } else {
            Settings::of(&table, job)
        };
        let when = match &start {
            None => When::Never("nothing starts anacron".to_owned()),
            Some(start) => match next(host, job, debian, start, &settings) {
                Some(at) => When::At(delayed(at, &fall.down, fall.slept, host.zone())),
                None => When::Never("no start of anacron is in its hours".to_owned()),
            },
        };
        let spread = start.as_ref().map_or(0, |start| start.spread) + settings.random_delay;
        out.items.push(Trigger {
            later: Vec::new(),
            action: fall.down.kind,
            starter: Starter::Other {
                name: "anacron".to_owned(),
                noun: "an anacron job",
            },
            spread: SignedDuration::from_mins(spread),
            when,
            schedule: escape(file.slice(job.schedule_span)),
            by: start
                .as_ref()
                .map_or(DEBIAN.by, |start| start.by)
                .to_owned(),
            place: file.place(job.line),
            schedule_place: file.place(job.schedule_span),
            command_place: file.place(job.command),
            via,
            conditions: fall.conditions,
            guard: fall.guard,
            // Which day is measured with Debian's, the rest of cronie's is read only.
            certain: debian && !host.zone().is_assumed(),
        });
    }
}

/// What starts anacron, where something does.
fn starter(host: &Host) -> Option<Start> {
    let enabled = host.enabled();
    let named = |name: &str| enabled.items.iter().any(|e| e.name == name);
    if named("anacron.timer") || named("anacron") {
        return Some(DEBIAN);
    }
    if host.cron().enabled != Fact::Known(true) {
        return None;
    }
    if is_there(host, "/etc/cron.hourly/0anacron") {
        return Some(CRONIE);
    }
    // Debian's line steps back where systemd runs.
    let systemd = host.init_kind() == Some(crate::facts::init::InitKind::Systemd);
    (!systemd && is_there(host, "/etc/cron.d/anacron")).then_some(DEBIAN)
}

fn is_there(host: &Host, path: &str) -> bool {
    matches!(host.resolve(Path::new(path)), Fact::Known(_))
}

/// cronie's settings of a table; to Debian's anacron they are plain variables.
#[derive(Default)]
struct Settings {
    hours: Option<(i8, i8)>,
    preferred: Option<i8>,
    random_delay: i64,
}

impl Settings {
    /// Those of the whole table: they are read before any job is looked at. The random
    /// delay counts for the lines below it.
    fn of(table: &Anacrontab, job: &AnacronJob) -> Self {
        let mut found = Self::default();
        for (index, (name, value)) in table.assignments.iter().enumerate() {
            let text = String::from_utf8_lossy(value).into_owned();
            if name.starts_with(b"START_HOURS_RANGE") {
                let both = text.split_once('-');
                let both = both.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                found.hours = both.filter(|(a, b): &(i8, i8)| a <= b).or(found.hours);
            } else if name.starts_with(b"RANDOM_DELAY") && index < job.assignments_above {
                found.random_delay = text.parse().unwrap_or(found.random_delay);
            } else if name.starts_with(b"PREFERRED_HOUR") {
                found.preferred = text.parse().ok().or(found.preferred);
            }
        }
        found
    }
}

/// When the job starts next, without what chance adds.
fn next(
    host: &Host,
    job: &AnacronJob,
    debian: bool,
    start: &Start,
    settings: &Settings,
) -> Option<Timestamp> {
    let zone = host.zone();
    let now = host.now();
    let today = zone.at(now).date();
    let period = match job.period {
        Period::Named(_) if debian => Period::Days(0),
        Period::Named(days) => Period::Days(days),
        other => other,
    };
    let mut day = match stamp(host, &job.id) {
        // A stamp of the future is taken for a clock that went wrong.
        Some(stamp) if stamp <= today => due(stamp, period).max(today),
        _ => today,
    };
    for _ in 0..3 {
        for hour in start.first..=start.last {
            let at = day.at(hour, start.minute, 0, 0);
            let Ok(at) = at.to_zoned(zone.tz().clone()) else {
                continue;
            };
            let Ok(then) = at
                .timestamp()
                .checked_add(SignedDuration::from_mins(i64::from(job.delay)))
            else {
                continue;
            };
            let hour = zone.at(then).hour();
            let in_range = settings.hours.is_none_or(|(a, b)| a <= hour && hour < b);
            let preferred = settings.preferred.is_none_or(|wanted| wanted == hour);
            if at.timestamp() > now && in_range && preferred {
                return Some(then);
            }
        }
        day = day.tomorrow().ok()?;
    }
    None
}

/// The date in a stamp.
fn stamp(host: &Host, id: &[u8]) -> Option<Date> {
    let name = std::ffi::OsStr::from_bytes(id);
    let path = Path::new("/var/spool/anacron").join(name);
    let Fact::Known(file) = host.tree().read(&path) else {
        return None;
    };
    let digits = std::str::from_utf8(file.bytes().get(..8)?).ok()?;
    let part = |range| digits.get(range).and_then(|text: &str| text.parse().ok());
    let month = part(4..6).and_then(|month: i16| i8::try_from(month).ok())?;
    let day = part(6..8).and_then(|day: i16| i8::try_from(day).ok())?;
    Date::new(part(0..4)?, month, day).ok()
}

fn due(stamp: Date, period: Period) -> Date {
    let span = match period {
        Period::Days(days) | Period::Named(days) => i64::from(days).min(36_500).days(),
        Period::Month => return a_month_later(stamp),
        Period::Year => i64::from(stamp.days_in_year()).days(),
    };
    stamp.checked_add(span).unwrap_or(Date::MAX)
}

/// The first day that is as far away as the month before it is long, or as its own is.
fn a_month_later(stamp: Date) -> Date {
    let last = 31;
    for days in 28..last {
        let Ok(day) = stamp.checked_add(i64::from(days).days()) else {
            break;
        };
        let before = day.first_of_month().yesterday();
        let before = before.map_or(last, Date::days_in_month);
        if days >= before || days == day.days_in_month() {
            return day;
        }
    }
    stamp
        .checked_add(i64::from(last).days())
        .unwrap_or(Date::MAX)
}

/// The call anacron makes for a job.
fn call(file: &Arc<File>, table: &Anacrontab, job: &AnacronJob) -> Call {
    let mut env: BTreeMap<Vec<u8>, Value> = BTreeMap::new();
    env.insert(b"PATH".to_vec(), Value::known(*b"/usr/bin:/bin"));
    for (name, value) in table.assignments.iter().take(job.assignments_above) {
        env.insert(name.clone(), Value::known(value.clone()));
    }
    let text = file.slice(job.command).to_vec();
    let offsets = (job.command.start..job.command.end).collect();
    Call {
        program: Program::Command(Source::mapped(file, text, offsets)),
        args: Vec::new(),
        env,
        cwd: Value::known(*b"/"),
        stdin: None,
        dialect: Dialect::Sh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    /// What anacron 2.3-36 started on 26 November 2026, by the stamp of all its jobs.
    #[test]
    fn jobs_are_due_when_debians_anacron_starts_them() {
        let table = "START_HOURS_RANGE=3-4\n1 5 d :\n7 10 w :\n@monthly 15 m :\n@daily 1 dd :\n\
                     @weekly 2 ww :\n@yearly 3 y :\n3 4 x :\n";
        for (date, started) in [
            ("20261120", "d dd ww x"),
            ("20261027", "d w m dd ww x"),
            ("20261126", "dd ww"),
        ] {
            let mut source = MemSource::new();
            source.file("/etc/inittab", "id:2:initdefault:\n");
            for id in ["d", "w", "m", "dd", "ww", "y", "x"] {
                source.file(format!("/var/spool/anacron/{id}"), format!("{date}\n"));
            }
            let tree = Tree::for_tests(source, Coverage::full(true));
            let now: Timestamp = "2026-11-26T07:29:00Z".parse().unwrap();
            let host = Host::new(tree, now, Given::default());
            let table = parse(&File::new("/etc/anacrontab", table));
            let settings = Settings::default();
            let due = table.jobs.iter().filter(|job| {
                let next = next(&host, job, true, &DEBIAN, &settings).unwrap();
                let delay = SignedDuration::from_mins(i64::from(job.delay) + 1);
                next == now + delay
            });
            let names: Vec<String> = due.map(|job| escape(&job.id)).collect();
            assert_eq!(names.join(" "), started, "{date}");
        }
    }
}
