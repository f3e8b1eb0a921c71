//! Units that a script starts: `systemctl start X`, `service X start`. What X runs, the
//! script runs.

use std::path::Path;

use super::command::{Judged, NESTED, judge as judge_call};
use super::timers::{call, conditions, has_systemd, placed, plan_of, runs, told_from};
use crate::facts::Host;
use crate::facts::services::UNIT_DIRS;
use crate::facts::systemd::{LoadState, Unit};
use crate::parse::crontab::Daemon;
use crate::parse::unit::UnitType;
use crate::shell::{Action, Effect, Scope};

/// The units that an effect starts, by their whole names.
pub(super) fn units(effect: &Effect) -> Vec<String> {
    let Action::Run { argv, .. } = &effect.action else {
        return Vec::new();
    };
    if effect.scope != Scope::Here {
        return Vec::new();
    }
    let words = argv
        .iter()
        .map(|word| word.bytes().map(std::str::from_utf8));
    let words: Option<Vec<&str>> = words.map(|word| word?.ok()).collect();
    let Some((program, rest)) = words.as_deref().and_then(<[&str]>::split_first) else {
        return Vec::new();
    };
    let starts = |verb: &str| matches!(verb, "start" | "restart" | "reload-or-restart");
    match program.rsplit('/').next().unwrap_or(program) {
        "systemctl" => {
            let elsewhere = |word: &&str| {
                let options = ["-H", "-M", "--host", "--machine", "--user"];
                options.iter().any(|option| word.starts_with(option))
            };
            let mut operands = rest.iter().filter(|word| !word.starts_with('-'));
            if rest.iter().any(elsewhere) || !operands.next().is_some_and(|verb| starts(verb)) {
                return Vec::new();
            }
            operands.map(|name| whole_name(name)).collect()
        }
        "service" | "invoke-rc.d" => match rest {
            [name, verb, ..] if starts(verb) => vec![whole_name(name)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A name without a suffix is a service's (systemctl(1)).
fn whole_name(name: &str) -> String {
    if UnitType::of(name).is_some() {
        name.to_owned()
    } else {
        format!("{name}.service")
    }
}

/// What starting a service comes to.
pub(super) fn judge(host: &Host, name: &str, daemon: Daemon, depth: usize) -> Judged {
    let is_service = UnitType::of(name) == Some(UnitType::Service);
    if depth >= NESTED || !is_service || !has_systemd(host) || is_stock(host, name) {
        return Judged::Not;
    }
    let plan = plan_of(host, name, false);
    let Some(unit) = plan.units.get(plan.first) else {
        return Judged::Not;
    };
    match &unit.state {
        LoadState::Loaded => of_unit(host, unit, daemon, depth),
        LoadState::Unknown(unknown) => Judged::Open(vec![unknown.clone()]),
        LoadState::NotCovered(why) => Judged::NotCovered(why.clone()),
        _ => Judged::Not,
    }
}

/// Whether a unit is a package's as it came, or is not there: most that scripts restart.
fn is_stock(host: &Host, name: &str) -> bool {
    let template = name
        .split_once('@')
        .map(|(stem, _)| format!("{stem}@.service"));
    let names: Vec<&str> = std::iter::once(name).chain(template.as_deref()).collect();
    let there = |path: &Path| !matches!(host.resolve(path), crate::fact::Fact::Absent(_));
    for dir in UNIT_DIRS {
        let dir = Path::new(dir);
        for name in &names {
            if there(&dir.join(format!("{name}.d"))) {
                return false;
            }
            let path = dir.join(name);
            if there(&path) {
                return host.is_shipped(&path);
            }
        }
    }
    true
}

fn of_unit(host: &Host, unit: &Unit, daemon: Daemon, depth: usize) -> Judged {
    let needs: Vec<String> = conditions(unit).collect();
    let mut open = Vec::new();
    for run in runs(unit) {
        match judge_call(host, &call(unit, run), daemon, depth + 1) {
            Judged::Not => {}
            Judged::Down(fall) => {
                let mut told = told_from(fall, run, needs);
                // Of a job the last step is the place, and the unit is one on the way.
                if let Some(last) = told.via.pop() {
                    told.place = last;
                }
                return Judged::Down(told);
            }
            Judged::Open(more) => open.extend(more.into_iter().map(|one| placed(one, run))),
            not_covered @ Judged::NotCovered(_) => return not_covered,
        }
    }
    if open.is_empty() {
        Judged::Not
    } else {
        Judged::Open(open)
    }
}
