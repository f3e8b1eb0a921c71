//! Timers that `systemd-run` made and that only the running system has, and those of a
//! part of a root.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::timers::{of_timer, plan_of};
use super::{Trigger, When};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::parse::unit::{self, TimeSpan, UnitType};
use crate::source::TreeKind;

/// Where systemd keeps them (systemd.unit(5)).
const DIR: &str = "/run/systemd/transient";

/// What asks systemd itself.
const ASK: &str = "at a time that only systemd knows: systemctl list-timers";

/// Timers that are looked at.
const MOST: usize = 200;

/// Adds the transient timers.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    if host.tree().coverage().kind != TreeKind::Live {
        return;
    }
    let entries = out.take_gaps(host.tree().entries(Path::new(DIR)));
    let names = entries.iter().filter_map(|path| path.file_name()?.to_str());
    let timers: Vec<&str> = names
        .filter(|name| UnitType::of(name) == Some(UnitType::Timer))
        .collect();
    if timers.len() > MOST {
        let doubt = Doubt::Limit(format!("more than {MOST} timers"));
        out.gaps.push(Unknown::new(DIR, doubt));
    }
    for name in timers.into_iter().take(MOST) {
        if host.tree().deadline().passed() {
            out.gaps.push(Unknown::new(DIR, Doubt::Deadline));
            return;
        }
        let before = (out.gaps.len(), out.uncovered.len());
        of_name(host, name, out);
        *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
    }
}

/// Where a site enables timers.
const WANTS: &str = "/etc/systemd/system/timers.target.wants";

/// Adds the timers that a part of a root enables. What is around them, up to the target
/// that starts them, is not in it.
pub(super) fn of_part(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let there = matches!(host.resolve(Path::new(WANTS)), Fact::Known(_));
    if host.tree().coverage().kind != TreeKind::Partial || !there {
        return;
    }
    let entries = out.take_gaps(host.tree().entries(Path::new(WANTS)));
    let names = entries.iter().filter_map(|path| path.file_name()?.to_str());
    let timers = names.filter(|name| UnitType::of(name) == Some(UnitType::Timer));
    for name in timers.take(MOST) {
        let plan = plan_of(host, name, false);
        let before = (out.gaps.len(), out.uncovered.len());
        if let Some(timer) = plan.units.get(plan.first).filter(|unit| unit.id == name) {
            of_timer(host, &plan, timer, out);
        }
        *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
    }
}

fn of_name(host: &Host, name: &str, out: &mut Listing<Trigger>) {
    let plan = plan_of(host, name, true);
    let Some(timer) = plan.units.get(plan.first).filter(|unit| unit.id == name) else {
        return;
    };
    let mut found = Listing::new();
    of_timer(host, &plan, timer, &mut found);
    let made = timer.path.as_deref().map(|path| host.tree().resolve(path));
    let made = match made {
        Some(Fact::Known(found)) => Timestamp::from_second(found.meta.mtime).ok(),
        _ => None,
    };
    for mut trigger in out.take_gaps(found) {
        if let Some((key, text)) = trigger.schedule.split_once('=')
            && key != "OnCalendar"
            && !matches!(trigger.when, When::On(_) | When::Never(_))
        {
            // The file is written as the timer is started.
            let start = made.filter(|_| key == "OnActiveSec");
            trigger.when = match start.and_then(|start| after(start, text)) {
                Some(at) if at >= host.now() => When::At(at),
                _ => When::On(ASK.to_owned()),
            };
        }
        out.items.push(trigger);
    }
}

/// The moment so long after another.
fn after(start: Timestamp, span: &str) -> Option<Timestamp> {
    let TimeSpan::For(span) = unit::parse_span(span)? else {
        return None;
    };
    start.checked_add(SignedDuration::try_from(span).ok()?).ok()
}
