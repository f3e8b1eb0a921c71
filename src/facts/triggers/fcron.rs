//! Jobs of fcron (3.4), which keeps tables of its own: what users wrote is beside what
//! it compiled of it, in `NAME.orig`; `systab` is the system's.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::command::Fall;
use super::event::{Handler, at_boot, fall, is_enabled, names, optional, shell};
use super::{AHEAD, Starter, Trigger, When, delayed};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::parse::crontab::{Daemon, Fields};
use crate::parse::fcrontab::{self, Entry};
use crate::shell::Source;
use crate::text::{Place, Span, escape};
use crate::time::cron::{Timing, next};

/// Its name in a sentence.
pub(super) const NAME: &str = "fcron";

const SPOOL: &str = "/var/spool/fcron";

pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    if !matches!(
        host.resolve(Path::new("/usr/sbin/fcron")),
        Fact::Known(_) | Fact::Unknown(_)
    ) {
        return;
    }
    let off = !is_enabled(host, &[NAME]);
    for path in names(host, SPOOL, out) {
        if path.extension().is_none_or(|end| end != "orig") {
            continue;
        }
        let Some(file) = optional(host, &path, out) else {
            continue;
        };
        let owner = path.file_stem().map(|stem| stem.to_string_lossy());
        let owner = owner.as_deref().filter(|owner| *owner != "systab");
        for entry in fcrontab::parse(&file) {
            if host.tree().deadline().passed() {
                out.gaps.push(Unknown::new(&path, Doubt::Deadline));
                return;
            }
            let before = (out.gaps.len(), out.uncovered.len());
            of_entry(host, &entry, owner.unwrap_or("root"), off, out);
            *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
        }
    }
}

fn of_entry(host: &Host, entry: &Entry, owner: &str, off: bool, out: &mut Listing<Trigger>) {
    let (user, command) = inline_user(host, &entry.command);
    let user = user.or(entry.run_as.clone());
    let user = user.unwrap_or_else(|| owner.to_owned());
    let mut handler = Handler::new(NAME, "a job of fcron", "", entry.place.clone());
    handler.starter = Starter::Other {
        name: NAME.to_owned(),
        noun: "a job of fcron",
    };
    handler.by = format!("fcron, as {}", escape(user.as_bytes()));
    let call = shell(Source::part(&command));
    let Some(found) = fall(host, &call, &entry.place, out) else {
        return;
    };
    handler.command = command;
    let starts = entry.at_start || entry.when == fcrontab::When::Start;
    if starts && !off {
        handler.when = at_boot(host, &found);
        out.items.push(trigger(&handler, entry, again(&found)));
        if entry.when == fcrontab::When::Start {
            return;
        }
    }
    handler.when = if off {
        When::Never("fcron is not enabled at boot".to_owned())
    } else {
        when(host, entry, &found)
    };
    out.items.push(trigger(&handler, entry, found));
}

fn trigger(handler: &Handler, entry: &Entry, found: Fall) -> Trigger {
    let mut trigger = handler.trigger(found);
    trigger.schedule = escape(entry.schedule.bytes().trim_ascii());
    trigger.schedule_place = entry.schedule.clone();
    trigger.certain = false;
    trigger
}

/// The same way down once more.
fn again(found: &Fall) -> Fall {
    Fall {
        down: found.down.clone(),
        place: found.place.clone(),
        via: found.via.clone(),
        conditions: found.conditions.clone(),
        guard: found.guard.clone(),
        slept: found.slept,
    }
}

/// The first word of a command where it is a user, and the rest.
fn inline_user(host: &Host, command: &Place) -> (Option<String>, Place) {
    let bytes = command.bytes();
    let is_part = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-' || **b == b'_';
    let len = bytes.iter().take_while(is_part).count();
    let (name, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
    let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let known = match host.accounts() {
        Fact::Known(accounts) => accounts.uid(name).is_some(),
        _ => false,
    };
    if !known || blanks == 0 {
        return (None, command.clone());
    }
    let span = Span::new(command.span.start + len + blanks, command.span.end);
    let name = String::from_utf8_lossy(name).into_owned();
    (Some(name), command.file.place(span))
}

fn when(host: &Host, entry: &Entry, found: &Fall) -> When {
    match &entry.when {
        fcrontab::When::Times(fields, every) => match next_time(host, entry, fields) {
            None => When::Never("the schedule matches no date".to_owned()),
            Some(at) if *every == 1 => When::At(delayed(at, &found.down, found.slept, host.zone())),
            Some(_) => When::On(format!("at every {every}th of its times")),
        },
        fcrontab::When::Once(fields) => match next_time(host, entry, fields) {
            None => When::Never("the schedule matches no date".to_owned()),
            Some(at) => {
                let at = host.zone().show(at);
                When::On(format!("once in each of its intervals, from {at}"))
            }
        },
        fcrontab::When::Every(seconds) => {
            let span = i64::try_from(*seconds).unwrap_or(i64::MAX);
            let span = super::span_words(SignedDuration::from_secs(span));
            When::On(format!("{span} after its last run, while fcron runs"))
        }
        fcrontab::When::Start => When::Boot,
    }
}

/// Jumps of the clock as Vixie cron has them: fcron's own are not tried.
fn next_time(host: &Host, entry: &Entry, fields: &Fields) -> Option<Timestamp> {
    let own = entry.zone.as_ref().and_then(|zone| host.zone_called(zone));
    let timing = Timing {
        daemon: Daemon::Debian,
        zone: own.as_ref().unwrap_or(host.zone()),
        job_zone: None,
    };
    let until = host.now().checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let found = next(fields, timing, host.now(), until)?;
    Some(found.at.timestamp())
}
