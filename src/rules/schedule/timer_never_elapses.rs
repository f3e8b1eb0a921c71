//! `timer-never-elapses`: a timer that the boot starts has a calendar time that never
//! comes, or that systemd does not take.

use std::collections::BTreeSet;

use super::super::target::{name, systemd};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{Ix, LoadState, Systemd, Unit};
use crate::parse::calendar::{self, In, Zones};
use crate::parse::unit::{self, UnitType};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::TreeKind;
use crate::text::Place;
use crate::time::calendar::{abbreviations, next};

pub(in crate::rules) struct TimerNeverElapses;

impl Rule for TimerNeverElapses {
    fn id(&self) -> &'static str {
        "timer-never-elapses"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = systemd(host)?;
        let mut out = Findings::new();
        out.open.extend(boot.open());
        for ix in timers(boot) {
            let Some(unit) = boot.plan.units.get(ix) else {
                continue;
            };
            out.judged += 1;
            out.list.extend(of_timer(self.id(), host, boot, ix, unit));
        }
        Ok(out)
    }
}

/// The timers that the boot starts.
fn timers(boot: &Systemd) -> BTreeSet<Ix> {
    let starts = boot.plan.transaction.iter().flat_map(|t| &t.starts);
    let is_timer = |ix: &&Ix| {
        let unit = boot.plan.units.get(**ix);
        let loaded = unit.is_some_and(|unit| {
            unit.kind == UnitType::Timer && matches!(unit.state, LoadState::Loaded)
        });
        loaded && !boot.skipped.contains(ix)
    };
    starts.filter(is_timer).copied().collect()
}

fn of_timer(id: &'static str, host: &Host, boot: &Systemd, ix: Ix, unit: &Unit) -> Option<Finding> {
    let mut dead: Vec<(Place, String)> = Vec::new();
    let mut alive = false;
    for time in &unit.settings.times {
        if time.key != "OnCalendar" {
            alive = true;
        } else if never(host, &time.text) {
            dead.push((time.place.clone(), "no date ever matches".to_owned()));
        } else {
            alive = true;
        }
    }
    dead.extend(refused(unit));
    let (place, why) = dead.first()?.clone();
    let shown = name(boot, ix);
    let message = if alive {
        format!("one of the times of {shown} never comes")
    } else {
        format!("{shown} never elapses: no time of it ever comes")
    };
    let mut finding = Finding::new(id, shown, message, Evidence::span(place, why));
    for (place, why) in dead.into_iter().skip(1).take(3) {
        finding = finding.with(Evidence::span(place, why));
    }
    Some(if alive {
        finding.at_most(Level::Note)
    } else {
        finding
    })
}

/// Whether an expression that parses matches no moment from now on.
fn never(host: &Host, text: &str) -> bool {
    let own = host.zone();
    let names = abbreviations(own.tz(), host.now());
    let [standard, summer] = &names;
    let partial = host.tree().coverage().kind == TreeKind::Partial;
    let is_zone = |name: &str| host.zone_called(name).is_some() || (partial && name.contains('/'));
    let zones = Zones {
        local: [standard, summer],
        is_zone: &is_zone,
    };
    let Ok(parsed) = calendar::parse(text, zones) else {
        return false;
    };
    let zone = match &parsed.zone {
        In::Zone(name) => host.zone_called(name),
        In::Local | In::LocalIf { .. } | In::Utc => None,
    };
    if zone.is_none() && matches!(parsed.zone, In::Zone(_)) {
        return false;
    }
    let zone = zone.as_ref().unwrap_or(own);
    // A day in a time zone's breadth may decide where the zone is only assumed.
    let day = jiff::SignedDuration::from_hours(48);
    let from = host.now().checked_sub(day).unwrap_or(host.now());
    next(&parsed, zone.tz(), from).is_none()
}

/// Calendar times that systemd passes over, with its reason.
fn refused(unit: &Unit) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    let files = unit.fragment.iter().chain(&unit.drop_ins);
    for file in files {
        for line in unit::parse(file, None).section("Timer") {
            if line.key != "OnCalendar" {
                continue;
            }
            let text = line.value.text();
            if text.is_empty() {
                // It takes back what stands above it.
                found.clear();
                continue;
            }
            let zones = Zones {
                local: ["UTC", "UTC"],
                is_zone: &|name| name.starts_with(|c: char| c.is_ascii_uppercase() || c == '+'),
            };
            if text.contains('%') {
                continue;
            }
            if let Err(error) = calendar::parse(&text, zones) {
                let place = file.place(line.value.span());
                found.push((place, format!("systemd does not take it: {}", error.why)));
            }
        }
    }
    found
}
