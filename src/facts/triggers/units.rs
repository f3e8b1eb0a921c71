//! Services that the next boot starts and that take the box down, and units whose
//! failure does (systemd 252 `src/core/unit.c`, `unit_notify`; `src/core/job.c`,
//! `job_dispatch_timer`; `src/core/emergency-action.c`).

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::event::{Handler, at_boot};
use super::timers::{action_of, at_once, conditions, ends, kind_of, line_of, of_commands};
use super::{Fall, Starter, Trigger, When};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::shipped::is_vendors;
use crate::facts::systemd::{Dep, Fate, Ix, LoadState, ServiceType, Systemd, Unit};
use crate::parse::unit::{self, TimeSpan, UnitType};
use crate::text::escape;

/// Adds what the units of the next boot do; nothing where systemd does not start it.
pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    // What could not be looked at is told with the timers.
    let Fact::Known(boot) = host.systemd() else {
        return;
    };
    let Some(transaction) = &boot.plan.transaction else {
        return;
    };
    for ix in &transaction.starts {
        let Some(unit) = boot.plan.units.get(*ix) else {
            continue;
        };
        if host.tree().deadline().passed() {
            out.gaps.push(Unknown::new(&unit.id, Doubt::Deadline));
            return;
        }
        let runs = !boot.skipped.contains(ix) && matches!(unit.state, LoadState::Loaded);
        let fate = boot.course.fates.get(ix);
        if !runs
            || matches!(
                fate,
                Some(Fate::LeftOut(_) | Fate::Waits(_) | Fate::Skipped)
            )
        {
            continue;
        }
        if unit.kind == UnitType::Service && !is_stock(unit) {
            of_boot(host, boot, *ix, unit, out);
        }
        of_failure(host, boot, unit, out);
    }
}

/// Where a site keeps scripts of its own.
const SITES: [&str; 6] = ["/etc", "/home", "/opt", "/root", "/srv", "/usr/local"];

/// Whether a service and all that it names come from packages.
fn is_stock(unit: &Unit) -> bool {
    let fragment = unit.fragment.as_ref().map(|file| file.path());
    let mut files = fragment
        .into_iter()
        .chain(unit.drop_ins.iter().map(|f| f.path()));
    let generated = unit.origin.is_some() || unit.fragment.is_none();
    let from_packages = generated || files.all(is_vendors);
    let mut runs = unit.settings.service.runs.iter();
    let path = |word: &[u8]| Path::new(std::ffi::OsStr::from_bytes(word)).to_path_buf();
    let is_sites = |word: &Vec<u8>| SITES.iter().any(|dir| path(word).starts_with(dir));
    let of_site = runs.any(|run| {
        let program = path(&run.command.path);
        let is_own = program.is_absolute() && !is_vendors(&program);
        is_own || run.command.arguments.iter().any(is_sites)
    });
    from_packages && !of_site
}

fn handler(unit: &Unit, when: When, fall: &Fall) -> Handler {
    let id = escape(unit.id.as_bytes());
    let user = unit.settings.exec.user.as_ref();
    let user = user.map_or("root", |(name, _)| name.as_str());
    Handler {
        starter: Starter::Other {
            name: unit.id.clone(),
            noun: "a unit",
        },
        when,
        by: format!("{id}, as {}", escape(user.as_bytes())),
        place: fall.place.clone(),
        command: fall.place.clone(),
    }
}

/// What acts on the failure of a unit.
fn systemd() -> Starter {
    Starter::Other {
        name: "systemd".to_owned(),
        noun: "a unit",
    }
}

/// A service that every boot starts.
fn of_boot(host: &Host, boot: &Systemd, ix: Ix, unit: &Unit, out: &mut Listing<Trigger>) {
    // What holds goes on to hold; what asks that something is not there may be a guard
    // that the unit itself puts there.
    let holds = boot.runs.contains(&ix);
    let listed = unit.settings.conditions.iter();
    let kept: Vec<bool> = listed
        .map(|c| !holds || c.negate || c.kind == "FirstBoot")
        .collect();
    let needs = conditions(unit).zip(kept).filter(|(_, kept)| *kept);
    let mut needs: Vec<String> = needs.map(|(words, _)| words).collect();
    let by_commands = of_commands(host, unit, &mut needs, out);
    let fall = by_commands.or_else(|| {
        let (kind, place) = action_of(unit, "SuccessAction").filter(|_| ends(unit))?;
        Some(at_once(kind, place, needs))
    });
    let Some(fall) = fall else { return };
    // A start script of the distribution that does so when a file system is broken.
    // What does it decides, not the unit that starts it: rc-local.service is shipped too,
    // and runs a script of the site.
    let own = fall.via.last().unwrap_or(&fall.place).path();
    if !fall.conditions.is_empty() && host.is_shipped(own) && !own.ends_with("rc.local") {
        return;
    }
    let lasts = !ends(unit) && unit.settings.service.effective() != ServiceType::Oneshot;
    let when = if lasts && !fall.conditions.is_empty() {
        When::On(format!("while {} runs", escape(unit.id.as_bytes())))
    } else {
        at_boot(host, &fall)
    };
    let mut trigger = handler(unit, when, &fall).trigger(fall);
    "at boot".clone_into(&mut trigger.schedule);
    out.items.push(trigger);
}

/// What a unit's failure and its like do.
fn of_failure(host: &Host, boot: &Systemd, unit: &Unit, out: &mut Listing<Trigger>) {
    let id = escape(unit.id.as_bytes());
    let is_limited = |limit: Option<TimeSpan>| matches!(limit, Some(TimeSpan::For(_)));
    let settings = &unit.settings;
    let timed = is_limited(settings.job_timeout) || is_limited(settings.job_running_timeout);
    let events = [
        ("FailureAction", true, format!("when {id} fails")),
        ("SuccessAction", !ends(unit), format!("when {id} ends")),
        (
            "JobTimeoutAction",
            timed,
            format!("when the start of {id} takes too long"),
        ),
        (
            "StartLimitAction",
            has_start_limit(unit),
            format!("when {id} is started too often"),
        ),
    ];
    for (key, happens, event) in events {
        let Some((kind, place)) = action_of(unit, key).filter(|_| happens) else {
            continue;
        };
        if is_vendors(place.path()) {
            continue;
        }
        let fall = at_once(kind, place, Vec::new());
        let mut handler = handler(unit, When::On(event), &fall);
        handler.starter = systemd();
        out.items.push(handler.trigger(fall));
    }
    let on = [
        (Dep::OnFailure, format!("when {id} fails")),
        (Dep::OnSuccess, format!("when {id} ends")),
    ];
    for (dep, event) in on {
        for (other, cause) in unit.because(dep) {
            let Some(other) = boot.plan.units.get(other) else {
                continue;
            };
            let line = line_of(cause).filter(|place| !is_vendors(place.path()));
            let (Some(line), true) = (line, matches!(other.state, LoadState::Loaded)) else {
                continue;
            };
            let by_name = other.names.iter().find_map(|name| kind_of(name));
            let mut needs = conditions(other).collect();
            let fall = match by_name {
                Some(kind) => Some(at_once(kind, line.clone(), needs)),
                None if other.kind == UnitType::Service => {
                    of_commands(host, other, &mut needs, out)
                }
                None => None,
            };
            let Some(fall) = fall else { continue };
            let mut handler = handler(unit, When::On(event.clone()), &fall);
            handler.starter = systemd();
            handler.place = line.clone();
            handler.command = line;
            out.items.push(handler.trigger(fall));
        }
    }
}

/// Whether starting a unit again and again is counted (systemd.unit(5),
/// `StartLimitIntervalSec=` and `StartLimitBurst=`).
fn has_start_limit(unit: &Unit) -> bool {
    let mut counts = [true, true];
    for file in unit.fragment.iter().chain(&unit.drop_ins) {
        for line in unit::parse(file, None).assignments {
            let at = match line.key.as_str() {
                "StartLimitIntervalSec" | "StartLimitInterval" => 0,
                "StartLimitBurst" => 1,
                _ => continue,
            };
            let text = line.value.text();
            let zero = match unit::parse_span(&text) {
                Some(TimeSpan::For(span)) => span.is_zero(),
                Some(TimeSpan::Infinite) | None => false,
            };
            if let Some(slot) = counts.get_mut(at) {
                *slot = !zero;
            }
        }
    }
    counts.into_iter().all(|counts| counts)
}
