//! `cron-clock-change`: the next change of the clock leaves a job out, or starts it
//! twice.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::jobs::{self, Live};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::time::Zone;
use crate::time::cron::{Timing, next_start};

pub(in crate::rules) struct ClockChange;

/// How far ahead changes are looked for: a year has two, where there are any.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A job that starts more often on one day does not miss one of its starts.
const OFTEN: usize = 2;

impl Rule for ClockChange {
    fn id(&self) -> &'static str {
        "cron-clock-change"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for live in jobs::live(cron) {
            out.judged += 1;
            let Some(finding) = finding(self.id(), host, live, cx.horizon) else {
                continue;
            };
            // What a distribution starts by night it has thought about.
            match host.owner(live.table.file.path()) {
                Fact::Known(_) => {}
                Fact::Absent(_) | Fact::NotCovered(_) | Fact::Broken(_) => out.push(finding),
                other @ Fact::Unknown(_) => out.gap(&other),
            }
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

/// A day on which the clock is changed.
struct Change {
    date: Date,
    at: Timestamp,
    /// The clock as it went before.
    before: Zone,
}

/// What comes of a job on such a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    LeftOut,
    Twice,
}

fn finding(
    id: &'static str,
    host: &Host,
    live: Live<'_>,
    horizon: SignedDuration,
) -> Option<Finding> {
    let job_zone = live.job_zone(host);
    let zone = job_zone.as_ref().unwrap_or(host.zone());
    let found: Vec<(Change, Outcome)> = changes(zone, host.now())
        .into_iter()
        .filter_map(|change| {
            let outcome = outcome(&change, zone, live, job_zone.as_ref(), host)?;
            Some((change, outcome))
        })
        .collect();
    let (first, outcome) = found.first()?;
    let date = first.date.strftime("%a %Y-%m-%d");
    let words = match outcome {
        Outcome::LeftOut => "does not run",
        Outcome::Twice => "runs twice",
    };
    let daemon = live.daemon;
    let message = format!(
        "{} {words} on {date}, when the clock is changed, as {daemon} has it",
        live.line()
    );
    let place = live.table.file.place(live.job.schedule_span);
    let label = match outcome {
        Outcome::LeftOut => "does not exist that day",
        Outcome::Twice => "comes twice that day",
    };
    let mut finding = Finding::new(id, live.subject(), message, Evidence::span(place, label));
    for (change, outcome) in found.iter().skip(1) {
        let date = change.date.strftime("%a %Y-%m-%d");
        let words = match outcome {
            Outcome::LeftOut => "does not run",
            Outcome::Twice => "runs twice",
        };
        finding = finding.with(Evidence::computed(format!("it {words} on {date}")));
    }
    let soon = first.at.duration_since(host.now()) <= horizon;
    Some(finding.at_most(if soon { Level::Warn } else { Level::Note }))
}

/// The changes of the next year, soonest first.
fn changes(zone: &Zone, now: Timestamp) -> Vec<Change> {
    let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let jumps = zone.tz().following(now).take(4);
    let jumps = jumps.take_while(|jump| jump.timestamp() <= until);
    let changes = jumps.filter_map(|jump| {
        let at = jump.timestamp();
        let just = at.checked_sub(SignedDuration::from_secs(1)).ok()?;
        let before = zone.tz().to_offset(just);
        (before != jump.offset()).then(|| Change {
            date: before.to_datetime(at).date(),
            at,
            before: Zone::fixed(before),
        })
    });
    changes.take(2).collect()
}

fn outcome(
    change: &Change,
    zone: &Zone,
    live: Live<'_>,
    job_zone: Option<&Zone>,
    host: &Host,
) -> Option<Outcome> {
    // As the line reads, by a clock that nobody changes.
    let meant = count(
        change.date,
        &change.before,
        live,
        Timing {
            daemon: live.daemon,
            zone: &change.before,
            job_zone: None,
        },
    );
    if meant == 0 || meant > OFTEN {
        return None;
    }
    let timing = Timing {
        daemon: live.daemon,
        zone: host.zone(),
        job_zone,
    };
    match count(change.date, zone, live, timing) {
        0 => Some(Outcome::LeftOut),
        starts if starts == 2 * meant => Some(Outcome::Twice),
        _ => None,
    }
}

/// The starts on a day, where they are few.
fn count(date: Date, zone: &Zone, live: Live<'_>, timing: Timing<'_>) -> usize {
    let midnight = |date: Date| {
        let start = date.to_zoned(zone.tz().clone()).ok()?;
        Some(start.timestamp())
    };
    let bounds = midnight(date).zip(date.tomorrow().ok().and_then(midnight));
    let Some((from, until)) = bounds else {
        return 0;
    };
    let second = SignedDuration::from_secs(1);
    let mut at = from.checked_sub(second).unwrap_or(from);
    let until = until.checked_sub(second).unwrap_or(until);
    let starts = std::iter::from_fn(|| {
        at = next_start(&live.job.schedule, timing, at, until)?;
        Some(at)
    });
    starts.take(2 * OFTEN + 1).count()
}
