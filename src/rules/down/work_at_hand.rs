//! `down-work-at-hand`: a backup, a repair or a rebuild is at work.

use super::super::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Weight, jobs, rebuilds};
use crate::text::escape;

pub(in crate::rules) struct WorkAtHand;

impl Rule for WorkAtHand {
    fn id(&self) -> &'static str {
        "down-work-at-hand"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = super::everyone(host)?;
        for job in jobs(host) {
            let shown = job.process.shown();
            let name = String::from_utf8_lossy(&job.process.name).into_owned();
            let evidence = Evidence::span(job.process.place("Name"), "runs now");
            out.push(match job.weight {
                Weight::Surgery => {
                    let message = format!("{shown} changes a disk and would be cut off half-way");
                    Finding::new(self.id(), name, message, evidence).impact(&[Impact::DataLoss])
                }
                Weight::Work => {
                    let message = format!("{shown} is at work and would be cut off");
                    Finding::new(self.id(), name, message, evidence).at_most(Level::Note)
                }
            });
        }
        let rebuilds = rebuilds(host);
        out.open.extend(rebuilds.gaps);
        for rebuild in rebuilds.items {
            let (array, what) = (
                escape(rebuild.array.as_bytes()),
                escape(rebuild.what.as_bytes()),
            );
            let done = escape(rebuild.done.as_bytes());
            let message = format!("{array}: its {what} is at {done} and goes on after the boot");
            let evidence = Evidence::span(rebuild.place, "at work");
            let finding = Finding::new(self.id(), array, message, evidence);
            // A reshape moves the data itself; the others only copy.
            out.push(if rebuild.what == "reshape" {
                finding.impact(&[Impact::DataLoss])
            } else {
                finding.at_most(Level::Note)
            });
        }
        Ok(out)
    }
}
