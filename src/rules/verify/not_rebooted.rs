//! `verify-not-rebooted`: the box is still in the boot of the snapshot.

use super::was;
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct NotRebooted;

impl Rule for NotRebooted {
    fn id(&self) -> &'static str {
        "verify-not-rebooted"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let Some(before) = cx.base else {
            return Err(Stop::NotApplicable("there is nothing to compare with"));
        };
        let (now, then) = (standing::boot(host), standing::boot(before));
        let (Some((now, place)), Some((then, earlier))) = (now.require()?, then.require()?) else {
            return Err(Stop::NotApplicable("the kernel does not name its boots"));
        };
        let mut out = Findings::new();
        if now == then {
            let message = "this box has not rebooted since the snapshot was taken";
            let evidence = Evidence::span(place.clone(), "the boot of now");
            let finding = Finding::new(self.id(), "boot", message, evidence);
            out.push(finding.with(was(earlier, "the same")));
        }
        Ok(out)
    }
}
