//! `down-process-held`: a process is stopped, by a debugger or by a signal.

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Held, held};

pub(in crate::rules) struct ProcessHeld;

impl Rule for ProcessHeld {
    fn id(&self) -> &'static str {
        "down-process-held"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = super::everyone(host)?;
        for (process, how, unit) in held(host) {
            let of = unit
                .as_ref()
                .map_or_else(String::new, |unit| format!(" of {unit}"));
            let is_service = unit.is_some_and(|unit| unit.ends_with(".service"));
            let (what, field) = match how {
                Held::Traced(tracer) => (format!("is held by {tracer}"), "TracerPid"),
                Held::Stopped => ("is stopped by a signal".to_owned(), "State"),
            };
            let message = format!(
                "{}{of} {what}: it serves nobody, and the shutdown waits for it",
                process.shown()
            );
            let name = String::from_utf8_lossy(&process.name).into_owned();
            let evidence = Evidence::span(process.place(field), "as the kernel shows it");
            let finding = Finding::new(self.id(), name, message, evidence);
            // A job somebody put aside at a terminal is their own affair.
            out.push(if is_service {
                finding
            } else {
                finding.at_most(Level::Note)
            });
        }
        Ok(out)
    }
}
