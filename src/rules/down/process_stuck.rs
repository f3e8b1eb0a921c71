//! `down-process-stuck`: a process waits in the kernel for what does not come.

use super::super::{Cx, Evidence, Finding, Findings, Impact, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{stuck, unit};

pub(in crate::rules) struct ProcessStuck;

impl Rule for ProcessStuck {
    fn id(&self) -> &'static str {
        "down-process-stuck"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = super::everyone(host)?;
        for process in stuck(host) {
            let of = match unit(host, process.pid) {
                Some(unit) => format!(" of {unit}"),
                None => String::new(),
            };
            let message = format!(
                "{}{of} hangs in the kernel and will not end when the shutdown tells it to",
                process.shown()
            );
            let evidence = Evidence::span(process.place("State"), "the same wait on two looks");
            let name = String::from_utf8_lossy(&process.name).into_owned();
            let finding = Finding::new(self.id(), name, message, evidence);
            out.push(finding.impact(&[Impact::Delay, Impact::DataLoss]));
        }
        Ok(out)
    }
}
