//! Rules about what takes the box down by itself, and about crontabs.

mod account_expired;
mod boot_loop;
mod carriage_return;
mod clock_change;
mod command_missing;
mod daemon_off;
mod days_surprising;
mod environment_misread;
mod file_ignored;
mod jobs;
mod line_ignored;
mod needs_network;
mod part_ignored;
mod percent_misread;
mod probe;
mod probe_unlimited;
mod read_twice;
mod reboots_broken_box;
mod scheduled_reboot;
mod stays_dead;
mod timer_never_elapses;
mod unguarded;

pub(super) use account_expired::AccountExpired;
pub(super) use boot_loop::BootLoop;
pub(super) use carriage_return::CarriageReturn;
pub(super) use clock_change::ClockChange;
pub(super) use command_missing::CommandMissing;
pub(super) use daemon_off::DaemonOff;
pub(super) use days_surprising::DaysSurprising;
pub(super) use environment_misread::EnvironmentMisread;
pub(super) use file_ignored::FileIgnored;
pub(super) use line_ignored::LineIgnored;
pub(super) use needs_network::NeedsNetwork;
pub(super) use part_ignored::PartIgnored;
pub(super) use percent_misread::PercentMisread;
pub(super) use probe_unlimited::ProbeUnlimited;
pub(super) use read_twice::ReadTwice;
pub(super) use reboots_broken_box::RebootsBrokenBox;
pub(super) use scheduled_reboot::ScheduledReboot;
pub(super) use stays_dead::StaysDead;
pub(super) use timer_never_elapses::TimerNeverElapses;
pub(super) use unguarded::Unguarded;

use jiff::Timestamp;

use super::chain::{LinkState, Summary};
use super::{Evidence, Findings};
use crate::fact::{Listing, Stop};
use crate::facts::Host;
use crate::facts::cron::Cron;
use crate::facts::triggers::{Trigger, action_word};
use crate::text::escape;
use crate::time::relative;

/// The cron side of a host that has one.
fn cron(host: &Host) -> Result<&Cron, Stop> {
    let cron = host.cron();
    if cron.daemons.is_empty() {
        cron.tables.complete()?;
        return Err(Stop::NotApplicable("no cron daemon is installed"));
    }
    Ok(cron)
}

/// Whether something of a host acts by itself: cron, timers of systemd, or whatever
/// else takes this box down.
fn schedules(host: &Host) -> Result<(), Stop> {
    let triggers = host.triggers();
    let found = !triggers.list.items.is_empty() || !triggers.list.gaps.is_empty();
    if triggers.timers.is_some() || found {
        return Ok(());
    }
    cron(host).map(|_| ())
}

/// Notes what kept the list from being whole.
fn incomplete<T>(listing: &Listing<T>, out: &mut Findings) {
    if let Err(stop) = listing.complete() {
        out.stop(stop);
    }
}

/// That the question does not arise, unless the init that decides it cannot be read.
fn not_applicable(host: &Host, why: &'static str) -> Stop {
    match host.must_start() {
        Err(stop @ Stop::Undecided(_)) => stop,
        Ok(()) | Err(_) => Stop::NotApplicable(why),
    }
}

/// Notes what of the triggers' files below these paths could not be read.
fn gaps_below(host: &Host, dirs: &[&str], out: &mut Findings) {
    let gaps = host.triggers().list.gaps.iter();
    // What lies above them hides them as well.
    let is_below = |path: &std::path::Path| {
        let above = |dir: &&str| std::path::Path::new(dir).starts_with(path);
        let path = path.to_string_lossy();
        dirs.iter().any(|dir| path.starts_with(dir) || above(dir))
    };
    let gaps: Vec<_> = gaps.filter(|gap| is_below(&gap.path)).cloned().collect();
    if !gaps.is_empty() {
        out.stop(Stop::Undecided(gaps));
    }
}

/// `reboots this box`.
pub(super) fn verb(trigger: &Trigger) -> &'static str {
    use crate::shell::power::Kind;
    match trigger.action {
        Kind::Reboot | Kind::SoftReboot | Kind::Kexec => "reboots",
        Kind::PowerOff => "powers off",
        Kind::Halt => "halts",
        Kind::Crash => "crashes",
    }
}

/// `in 5 h 35 min`, or `in 5 h 35 min (zone not known)`.
pub(super) fn when_relative(host: &Host, trigger: &Trigger, at: Timestamp) -> String {
    let text = relative(host.now(), at);
    if host.zone().is_assumed() && !trigger.certain {
        format!("{text} (time zone not known)")
    } else {
        text
    }
}

/// The line, the way to the command, the conditions.
pub(super) fn evidence(host: &Host, trigger: &Trigger) -> Vec<Evidence> {
    let label = match trigger.next_at() {
        Some(at) => format!("next {}{}", host.zone().show(at), trigger.spread_words()),
        None => trigger.when_words(),
    };
    let mut evidence = vec![Evidence::span(trigger.schedule_place.clone(), label)];
    for place in &trigger.via {
        evidence.push(Evidence::span(place.clone(), "leads to it"));
    }
    if !trigger.conditions.is_empty() {
        let conditions: Vec<String> = trigger
            .conditions
            .iter()
            .map(|c| escape(c.as_bytes()))
            .collect();
        evidence.push(Evidence::computed(format!(
            "only if {}",
            conditions.join(" && ")
        )));
    }
    evidence
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let listing = &host.triggers().list;
    let next = listing
        .items
        .iter()
        .find_map(|t| t.next_at().map(|at| (at, t)));
    if let Some((at, trigger)) = next {
        let word = action_word(trigger.action);
        let condition = if trigger.conditions.is_empty() {
            ""
        } else {
            " (conditional)"
        };
        let when = format!("{}, {}", host.zone().show(at), relative(host.now(), at));
        let word = if word == "reboot" { "" } else { word };
        let text = format!("{word}{condition} {when}");
        return Summary::new(LinkState::Ok, text.trim_start().to_owned());
    }
    if let Some(gap) = listing.gaps.first() {
        return Summary::new(LinkState::Unknown, gap.to_string());
    }
    let cron = host.cron();
    let timers = host.triggers().timers;
    if cron.daemons.is_empty() && timers.is_none() {
        if let Some(why) = listing.uncovered.first() {
            return Summary::new(LinkState::NotCovered, why.to_string());
        }
        return Summary::new(LinkState::None, "no cron daemon is installed");
    }
    let tables = cron.tables.items.len();
    let decided = host.triggers().decided;
    let plural = if tables == 1 { "" } else { "s" };
    match listing.uncovered.first() {
        Some(why) if decided == 0 => Summary::new(LinkState::NotCovered, why.to_string()),
        Some(_) => {
            let text = format!(
                "none of the {decided} jobs judged in {tables} crontab{plural}; the rest is \
                 outside this tree"
            );
            Summary::new(LinkState::None, text)
        }
        None => {
            let timers = timers.map(|count| {
                let plural = if count == 1 { "" } else { "s" };
                format!("{count} timer{plural}")
            });
            let looked = match (cron.daemons.is_empty(), timers) {
                (true, Some(timers)) => format!("{timers}; no cron daemon is installed"),
                (_, Some(timers)) => format!("{tables} crontab{plural} and {timers}"),
                (_, None) => format!("{tables} crontab{plural}"),
            };
            let text = format!("none in {looked}");
            Summary::new(LinkState::None, text)
        }
    }
}
