//! `job-probe-unlimited`: a job asks the network and would wait for ever for an answer.

use jiff::SignedDuration;

use super::super::target::name;
use super::jobs::{self, Live};
use super::probe::{Probe, probe};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::systemd::{Dep, Ix, LoadState, ServiceType, Step, Systemd, Unit};
use crate::facts::triggers::{call_of_job, call_of_run, evaluated};
use crate::parse::crontab::Daemon;
use crate::parse::unit::{TimeSpan, UnitType};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct ProbeUnlimited;

/// What runs less often watches nothing.
const OFTEN: SignedDuration = SignedDuration::from_hours(1);

impl Rule for ProbeUnlimited {
    fn id(&self) -> &'static str {
        "job-probe-unlimited"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::schedules(host)?;
        let mut out = Findings::new();
        let cron = host.cron();
        for live in jobs::live(cron) {
            if host.tree().deadline().passed() {
                break;
            }
            out.judged += 1;
            if let Some(found) = of_job(self.id(), host, live) {
                report(host, live.table.file.path(), found, &mut out);
            }
        }
        super::incomplete(&cron.tables, &mut out);
        if let Fact::Known(boot) = host.systemd() {
            of_timers(self.id(), host, boot, &mut out);
        }
        Ok(out)
    }
}

fn of_job(id: &'static str, host: &Host, live: Live<'_>) -> Option<Finding> {
    let starts = live.starts(host, 2);
    let [first, second] = starts.as_slice() else {
        return None;
    };
    let every = second.duration_since(*first);
    if every > OFTEN || is_packaged(host, live.table.file.path()) {
        return None;
    }
    let call = call_of_job(live.table, live.daemon, live.reading, live.job);
    let outcome = evaluated(host, &call);
    let line = live.table.file.place(live.job.line);
    let found = probe(host, &outcome, &[&line])?;
    // Which daemon starts a job again while it still runs.
    let then = match live.daemon {
        Daemon::Debian | Daemon::Debian187 | Daemon::Cronie | Daemon::Bcron => {
            format!("cron starts another one {}", each(every))
        }
        // crond.c and dcron's job.c: "process already running"; a unit that runs is not
        // started by its timer.
        Daemon::Busybox | Daemon::Dcron | Daemon::SystemdCron1 | Daemon::SystemdCron2 => {
            "it is not started again".to_owned()
        }
    };
    let message = format!(
        "{} waits for {} without a limit: while it hangs, {then}",
        live.line(),
        found.name
    );
    let finding = Finding::new(id, live.subject(), message, said(&found));
    let schedule = live.table.file.place(live.job.schedule_span);
    let finding = finding.with(Evidence::span(schedule, "starts it"));
    Some(if found.decides {
        finding
    } else {
        finding.at_most(Level::Note)
    })
}

fn said(found: &Probe) -> Evidence {
    Evidence::span(found.place.clone(), found.why)
}

/// `every minute`.
fn each(every: SignedDuration) -> String {
    match every.as_mins() {
        1 => "every minute".to_owned(),
        minutes => format!("every {minutes} minutes"),
    }
}

/// Oneshot services of timers have no limit of their own, and a timer does not start
/// what is still starting (systemd.service(5), systemd.timer(5)).
fn of_timers(id: &'static str, host: &Host, boot: &Systemd, out: &mut Findings) {
    let starts = boot.plan.transaction.iter().flat_map(|t| &t.starts);
    for ix in starts {
        let Some(timer) = boot.plan.units.get(*ix) else {
            continue;
        };
        let loaded = matches!(timer.state, LoadState::Loaded);
        if timer.kind != UnitType::Timer || !loaded || boot.skipped.contains(ix) {
            continue;
        }
        out.judged += 1;
        for service in timer.of(Dep::Triggers) {
            let unit = boot.plan.units.get(service);
            let path = unit.and_then(|unit| unit.path.as_deref());
            if let (Some(path), Some(found)) = (path, of_service(id, host, boot, *ix, service)) {
                report(host, path, found, out);
            }
        }
    }
}

/// What a package brings is its maintainer's: where that cannot be told, it stays open.
fn report(host: &Host, path: &std::path::Path, found: Finding, out: &mut Findings) {
    match host.owner(path) {
        Fact::Unknown(unknown) => out.open.push(unknown),
        Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {
            out.push(found);
        }
    }
}

fn of_service(id: &'static str, host: &Host, boot: &Systemd, timer: Ix, ix: Ix) -> Option<Finding> {
    let unit = boot.plan.units.get(ix)?;
    if !is_unlimited(unit)
        || unit
            .path
            .as_deref()
            .is_none_or(|path| is_packaged(host, path))
    {
        return None;
    }
    for step in [
        Step::Condition,
        Step::StartPre,
        Step::Start,
        Step::StartPost,
    ] {
        for run in unit.settings.service.step(step) {
            let outcome = evaluated(host, &call_of_run(unit, run));
            let Some(found) = probe(host, &outcome, &[&run.place]) else {
                continue;
            };
            let place = if found.place.path().is_absolute() {
                found.place.clone()
            } else {
                run.place.clone()
            };
            let (service, timer) = (name(boot, ix), name(boot, timer));
            let message = format!(
                "{service} waits for {} without a limit: once it hangs, {timer} never starts \
                 it again",
                found.name
            );
            let evidence = Evidence::span(place, found.why);
            let limit = "a oneshot service may take for ever: TimeoutStartSec= is not set";
            let finding = Finding::new(id, service, message, evidence);
            return Some(finding.with(Evidence::computed(limit)));
        }
    }
    None
}

fn is_unlimited(unit: &Unit) -> bool {
    let service = &unit.settings.service;
    matches!(unit.state, LoadState::Loaded)
        && unit.kind == UnitType::Service
        && service.effective() == ServiceType::Oneshot
        && service.start_limit() == TimeSpan::Infinite
        && unit.settings.job_running_timeout.is_none()
        && unit.settings.job_timeout.is_none()
}

/// What a distribution ships is the distribution's affair.
fn is_packaged(host: &Host, path: &std::path::Path) -> bool {
    matches!(host.owner(path), Fact::Known(_) | Fact::Broken(_))
}
