//! `verify-kernel-unexpected`: another kernel runs than was to be started.

use super::{before, was};
use crate::fact::Fact;
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct KernelUnexpected;

impl Rule for KernelUnexpected {
    fn id(&self) -> &'static str {
        "verify-kernel-unexpected"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (standing::kernel(host), standing::kernel(before));
        let (Some((now, place)), Some((then, earlier))) = (now.require()?, then.require()?) else {
            return Err(Stop::NotApplicable("the kernel does not say what it is"));
        };
        // What the loader was set to start, where that could be told.
        let planned = match before.release() {
            Fact::Known(release) => Some(String::from_utf8_lossy(&release).into_owned()),
            _ => None,
        };
        let mut out = Findings::new();
        let expected = planned.as_ref().unwrap_or(then);
        if now == expected {
            return Ok(out);
        }
        let message = match &planned {
            Some(planned) if planned != then => {
                format!("the kernel {now} runs; the loader was set to start {planned}")
            }
            Some(_) | None => format!("the kernel {now} runs in the place of {expected}"),
        };
        let evidence = Evidence::span(place.clone(), "runs now");
        let finding = Finding::new(self.id(), now.clone(), message, evidence);
        out.push(finding.with(was(earlier, "ran")));
        Ok(out)
    }
}
