//! What takes this box down by itself: cron jobs, timers and other schedules, followed
//! to their effects.

mod anacron;
mod at;
mod beside;
mod cloud_init;
mod command;
mod cron;
mod dnf;
mod event;
mod fcron;
mod handlers;
mod keys;
mod next;
mod panic;
mod parts;
mod pending;
mod scripts;
mod started;
mod timers;
mod transient;
mod unattended;
mod units;
mod updates;
mod watchdog;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Host;
use super::cron::Table;
use super::systemd::{Run, Unit};
use super::world::TreeWorld;
use crate::fact::Listing;
use crate::parse::crontab::{Crontab, Daemon, Job};
use crate::shell::power::{Delay, Down, Kind};
use crate::shell::{Call, Effect, Limits, Outcome, evaluate};
use crate::text::{Place, escape};
use crate::time::{Zone, relative};
pub use beside::{Beside, What};
use command::{Fall, Judged, guard_in, judge, matters};
pub use handlers::udev_rules;
pub use watchdog::NAME as WATCHDOG;

/// Something that takes the box down by itself.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// What it does.
    pub action: Kind,
    /// What starts it.
    pub starter: Starter,
    /// How much later than the time it names it may be, by chance.
    pub spread: SignedDuration,
    /// When.
    pub when: When,
    /// The times after the next one, soonest first, as far as it is looked ahead; empty
    /// where only the next one is known.
    pub later: Vec<Timestamp>,
    /// The schedule as written, such as `15 3 * * *`.
    pub schedule: String,
    /// What starts it, and as whom: `cron, as root`.
    pub by: String,
    /// The line that asks for it.
    pub place: Place,
    /// The schedule's own place in it.
    pub schedule_place: Place,
    /// The command's own place in it.
    pub command_place: Place,
    /// Where the power command stands, when that is elsewhere, outermost first.
    pub via: Vec<Place>,
    /// What it depends on, as written; nothing where it always happens.
    pub conditions: Vec<String>,
    /// The guard in front of it.
    pub guard: Option<String>,
    /// Whether the time is certain: one daemon, a known zone.
    pub certain: bool,
}

/// What starts a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starter {
    /// The cron daemon.
    Cron,
    /// A timer of systemd, by its name.
    Timer(String),
    /// Anything else.
    Other {
        /// Its name in a sentence: `at`, `the watchdog`.
        name: String,
        /// One of its kind: `an at job`.
        noun: &'static str,
    },
}

impl Starter {
    /// Its name in a sentence.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Cron => "cron".to_owned(),
            Self::Timer(name) | Self::Other { name, .. } => escape(name.as_bytes()),
        }
    }

    /// One of its kind.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Cron => "a cron job",
            Self::Timer(_) => "a timer",
            Self::Other { noun, .. } => noun,
        }
    }
}

/// When a trigger fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time next, then again.
    At(Timestamp),
    /// At every boot.
    Boot,
    /// Once, soon after the next boot, and why.
    NextBoot(String),
    /// So long after every boot.
    AfterBoot(SignedDuration),
    /// When something happens, named as in `when the 1-minute load passes 24`.
    On(String),
    /// Never, and why: it would if that were mended.
    Never(String),
}

impl Trigger {
    /// The next time, where there is one.
    #[must_use]
    pub const fn next_at(&self) -> Option<Timestamp> {
        match self.when {
            When::At(at) => Some(at),
            When::Boot | When::NextBoot(_) | When::AfterBoot(_) | When::On(_) | When::Never(_) => {
                None
            }
        }
    }

    /// The times at which it fires no later than `until`, soonest first, as far as they
    /// are known.
    pub fn times(&self, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let all = self.next_at().into_iter().chain(self.later.iter().copied());
        all.filter(move |at| *at <= until)
    }

    /// Whether there is a command that a guard could stand in front of: an order that
    /// waits, or an option of a program, has none.
    #[must_use]
    pub fn has_command(&self) -> bool {
        match &self.starter {
            Starter::Cron | Starter::Timer(_) => true,
            Starter::Other { name, .. } => {
                let options = ["a pending shutdown", "unattended-upgrades", "cloud-init"];
                !updates::NAMES.contains(&name.as_str()) && !options.contains(&name.as_str())
            }
        }
    }

    /// Whether what is said of it was only read in the source of what does it.
    #[must_use]
    pub fn is_preview(&self) -> bool {
        let name = match &self.starter {
            Starter::Other { name, .. } => name.as_str(),
            Starter::Cron | Starter::Timer(_) => return false,
        };
        name == fcron::NAME || updates::NAMES.contains(&name)
    }

    /// The latest such time, where chance decides.
    #[must_use]
    pub fn latest_at(&self) -> Option<Timestamp> {
        let next = self.next_at().filter(|_| !self.spread.is_zero())?;
        Some(next.checked_add(self.spread).unwrap_or(Timestamp::MAX))
    }

    /// How much later it may be, in words; nothing where it is not.
    #[must_use]
    pub fn spread_words(&self) -> String {
        if self.spread.is_zero() {
            return String::new();
        }
        format!(", or up to {} later", span_words(self.spread))
    }

    /// When it fires, in words.
    #[must_use]
    pub fn when_words(&self) -> String {
        match &self.when {
            When::At(_) => self.schedule.clone(),
            When::Boot => "at every boot".to_owned(),
            When::NextBoot(why) => format!("once, soon after the next boot: {why}"),
            When::AfterBoot(delay) => format!("{} after every boot", span_words(*delay)),
            When::On(event) => event.clone(),
            When::Never(why) => format!("never: {why}"),
        }
    }

    /// The absolute and the relative time, as people read them.
    #[must_use]
    pub fn when_shown(&self, zone: &Zone, now: Timestamp) -> String {
        match self.next_at() {
            Some(at) => format!("{}, {}", zone.show(at), relative(now, at)),
            None => self.when_words(),
        }
    }
}

/// A length of time as people read it.
fn span_words(span: SignedDuration) -> String {
    let start = Timestamp::UNIX_EPOCH;
    let end = start.checked_add(span).unwrap_or(Timestamp::MAX);
    let words = relative(start, end);
    words.strip_prefix("in ").unwrap_or(&words).to_owned()
}

/// The word for how a box goes down.
#[must_use]
pub const fn action_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Reboot => "reboot",
        Kind::SoftReboot => "soft-reboot",
        Kind::Kexec => "kexec",
        Kind::PowerOff => "power-off",
        Kind::Halt => "halt",
        Kind::Crash => "crash",
    }
}

/// How far ahead a next time is looked for: a leap day and a weekday meet within
/// 28 years, cron's own tables repeat in less.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366 * 8);

/// How many times after the next one are kept, and how far ahead: hosts that go down
/// together do so within a few weeks or, by what is written, never.
const FURTHER: usize = 40;
const FURTHER_AHEAD: SignedDuration = SignedDuration::from_hours(24 * 35);

/// The times after the first, which `next` gives for the one before; `first` is when
/// the schedule starts, not when the box goes down.
fn further(
    now: Timestamp,
    first: Timestamp,
    mut next: impl FnMut(Timestamp, Timestamp) -> Option<Timestamp>,
) -> Vec<Timestamp> {
    let until = now.checked_add(FURTHER_AHEAD).unwrap_or(Timestamp::MAX);
    let mut at = first;
    let following = std::iter::from_fn(|| {
        at = next(at, until).filter(|then| *then > at && *then <= until)?;
        Some(at)
    });
    following.take(FURTHER).collect()
}

/// What takes a host down by itself.
#[derive(Clone, Debug)]
pub struct Triggers {
    /// Those with a next time first, in its order.
    pub list: Listing<Trigger>,
    /// How many jobs were decided, whatever the answer.
    pub decided: usize,
    /// How many timers the next boot starts; none where no systemd starts it.
    pub timers: Option<usize>,
    /// What takes it down when something happens, and has a rule of its own or none.
    pub beside: Vec<Beside>,
}

/// The call that `daemon` makes for a job of a table.
#[must_use]
pub fn call_of_job(table: &Table, daemon: Daemon, reading: &Crontab, job: &Job) -> Call {
    cron::call(table, daemon, reading, job)
}

/// The zone that a table of `daemon` asks for with this value; cronie takes a name that it
/// does not know for UTC, systemd-cron passes over it.
#[must_use]
pub fn job_zone(host: &Host, daemon: Daemon, value: &[u8]) -> Option<Zone> {
    cron::job_zone(host, daemon, value)
}

/// The call that systemd makes for a command of a service.
#[must_use]
pub fn call_of_run(unit: &Unit, run: &Run) -> Call {
    timers::call(unit, run)
}

/// What a call comes to in the tree of `host`.
#[must_use]
pub fn evaluated(host: &Host, call: &Call) -> Outcome {
    evaluate(call, &TreeWorld::new(host.tree()), &Limits::default())
}

/// The bare name of a program that a cron job calls and that its `PATH` does not lead
/// to; nothing where something in between may search elsewhere.
#[must_use]
pub fn unfound_name<'a>(call: &Call, effect: &'a Effect) -> Option<&'a [u8]> {
    cron::unfound_name(call, effect)
}

/// When a cron job that never runs would next run, were it mended: read without its
/// mistake, a range that is written backwards as one over the end.
#[must_use]
pub fn intended(host: &Host, trigger: &Trigger) -> Option<Timestamp> {
    cron::intended(host, trigger)
}

/// What makes the hardware reset the box when it hangs, with what could not be read of it.
#[must_use]
pub fn resets(host: &Host) -> Listing<Place> {
    let mut read = Listing::new();
    let watchdogs = watchdog::read(host, &mut read, &mut Vec::new());
    let mut found = Listing::new();
    found.items.extend(watchdogs.resets);
    found.gaps = read.gaps;
    found
}

/// The triggers of `host`.
pub(super) fn read(host: &Host) -> Triggers {
    let mut decided = 0;
    let mut list = Listing::new();
    cron::read(host, &mut decided, &mut list);
    fcron::read(host, &mut decided, &mut list);
    parts::read(host, &mut decided, &mut list);
    anacron::read(host, &mut decided, &mut list);
    let timers = timers::read(host, &mut decided, &mut list);
    transient::of_part(host, &mut decided, &mut list);
    at::read(host, &mut decided, &mut list);
    pending::read(host, &mut decided, &mut list);
    transient::read(host, &mut decided, &mut list);
    unattended::read(host, &mut decided, &mut list);
    dnf::read(host, &mut decided, &mut list);
    updates::read(host, &mut decided, &mut list);
    units::read(host, &mut list);
    scripts::read(host, &mut list);
    handlers::read(host, &mut list);
    let beside = beside::read(host, &mut list);
    // Each open question once, however many jobs ask it.
    let mut seen = BTreeSet::new();
    list.gaps.retain(|gap| seen.insert(gap.to_string()));
    list.items.sort_by(|a, b| key(a).cmp(&key(b)));
    Triggers {
        list,
        decided,
        timers,
        beside,
    }
}

fn key(trigger: &Trigger) -> (u8, Option<Timestamp>, &Place) {
    let rank = match trigger.when {
        When::At(_) => 0,
        When::Boot | When::NextBoot(_) | When::AfterBoot(_) => 1,
        When::On(_) => 2,
        When::Never(_) => 3,
    };
    (rank, trigger.next_at(), &trigger.place)
}

/// The moment the box goes down: after what the job sleeps, and after the delay the
/// command names.
fn delayed(start: Timestamp, down: &Down, slept: u64, zone: &Zone) -> Timestamp {
    if let Delay::At { hour, minute } = down.delay {
        return clock_time(start, slept, (hour, minute), zone);
    }
    let minutes = match down.delay {
        Delay::Minutes(minutes) => minutes,
        Delay::Now | Delay::At { .. } | Delay::Unknown => 0,
    };
    let seconds = minutes.saturating_mul(60).saturating_add(slept);
    let delay = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    start.checked_add(delay).unwrap_or(start)
}

/// The next `hour:minute` of the box's own clock (shutdown(8): a time that is past
/// today is tomorrow's).
fn clock_time(start: Timestamp, slept: u64, at: (u8, u8), zone: &Zone) -> Timestamp {
    let slept = SignedDuration::from_secs(i64::try_from(slept).unwrap_or(i64::MAX));
    let asked = start.checked_add(slept).unwrap_or(start);
    let (hour, minute) = (i8::try_from(at.0), i8::try_from(at.1));
    let (Ok(hour), Ok(minute)) = (hour, minute) else {
        return asked;
    };
    let today = zone.at(asked).date();
    let days = [Ok(today), today.tomorrow()];
    let times = days.into_iter().flatten().filter_map(|day| {
        let moment = day.at(hour, minute, 0, 0).to_zoned(zone.tz().clone());
        moment.ok().map(|moment| moment.timestamp())
    });
    times.filter(|time| *time > asked).min().unwrap_or(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_time_is_the_next_one_on_the_boxs_own_clock() {
        let berlin = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let cases = [
            ("2026-11-22T12:00:00Z", 0, (23, 0), "2026-11-22T22:00:00Z"),
            ("2026-11-22T12:00:00Z", 0, (13, 0), "2026-11-23T12:00:00Z"),
            ("2026-11-22T22:30:00Z", 0, (0, 5), "2026-11-22T23:05:00Z"),
            ("2026-11-22T21:59:30Z", 60, (23, 0), "2026-11-23T22:00:00Z"),
        ];
        for (start, slept, at, expected) in cases {
            let start: Timestamp = start.parse().unwrap();
            let found = clock_time(start, slept, at, &berlin);
            assert_eq!(found.to_string(), expected, "{start} {at:?}");
        }
    }
}
