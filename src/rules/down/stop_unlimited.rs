//! `down-stop-unlimited`: systemd waits without an end for a service to stop.

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::running::{Process, must_run, serving, stuck, unit};
use crate::facts::services::unit_file;
use crate::parse::unit::{TimeSpan, parse};
use crate::text::escape;

pub(in crate::rules) struct StopUnlimited;

impl Rule for StopUnlimited {
    fn id(&self) -> &'static str {
        "down-stop-unlimited"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        host.must_start()?;
        let boot = host.systemd().require()?;
        let Some(boot) = boot else {
            return Err(Stop::NotApplicable("the next init is not systemd"));
        };
        let serving = serving(host);
        let mut out = Findings::new();
        out.open.extend(serving.gaps);
        // One that a signal stopped is woken, and one that a debugger holds is let go as the
        // debugger is told to end (systemd 252 `src/core/unit.c`, `unit_kill_context`).
        let stuck = stuck(host);
        let kept: Vec<(String, &Process)> = stuck
            .iter()
            .filter_map(|process| Some((unit(host, process.pid)?, *process)))
            .collect();
        let until = until(host);
        for service in serving.items {
            let found = boot.plan.units.find(&service.unit);
            let Some(found) = found.and_then(|ix| boot.plan.units.get(ix)) else {
                continue;
            };
            out.judged += 1;
            let Some((TimeSpan::Infinite, place)) = &found.settings.service.timeout_stop else {
                continue;
            };
            let shown = escape(service.unit.as_bytes());
            let why = kept.iter().find(|(unit, _)| *unit == service.unit);
            let message = match why {
                Some((_, process)) => format!(
                    "{} of {shown} hangs in the kernel, and systemd waits for its end {until}",
                    process.shown()
                ),
                None => format!("systemd waits for {shown} to end {until}"),
            };
            let evidence = Evidence::span(place.clone(), "it is not killed before");
            let finding = Finding::new(self.id(), shown, message, evidence);
            out.push(match why {
                Some((_, process)) => finding.with(Evidence::span(
                    process.place("State"),
                    "the same wait on two looks",
                )),
                None => finding.at_most(Level::Note),
            });
        }
        out.or_not_applicable("no service runs that systemd started")
    }
}

/// How long the shutdown as a whole may take: systemd's own reboot.target has a limit, and
/// the box goes down by force behind it (systemd 252 `units/reboot.target`).
fn until(host: &Host) -> String {
    let limit = || {
        let Fact::Known(found) = unit_file(host.tree(), "reboot.target") else {
            return None;
        };
        let Fact::Known(file) = host.tree().read(&found.path) else {
            return None;
        };
        let unit = parse(&file, None);
        let value = |key: &str| {
            let lines = unit.section("Unit").filter(|line| line.key == key);
            lines.last().map(|line| line.value.text().into_owned())
        };
        value("JobTimeoutAction").filter(|action| action.starts_with("reboot"))?;
        value("JobTimeoutSec")
    };
    match limit() {
        Some(limit) => format!(
            "until the job of reboot.target runs out, after {}",
            escape(limit.as_bytes())
        ),
        None => "for ever".to_owned(),
    }
}
