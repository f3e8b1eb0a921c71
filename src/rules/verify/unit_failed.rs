//! `verify-unit-failed`: a unit failed in this boot that had not before.

use super::{before, was};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::standing::units;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct UnitFailed;

impl Rule for UnitFailed {
    fn id(&self) -> &'static str {
        "verify-unit-failed"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (units(host).require()?, units(before).require()?);
        let (Some(now), Some(then)) = (now, then) else {
            return Err(Stop::NotApplicable("systemd does not run"));
        };
        let mut out = Findings::new();
        for unit in now.iter().filter(|unit| unit.active == "failed") {
            let earlier = then.iter().find(|other| other.name == unit.name);
            // One that was up is lost, which another rule says; a mount, too.
            let known = earlier.is_some_and(|other| other.is_up() || other.active == "failed");
            if known {
                continue;
            }
            let message = format!("{} failed in this boot", unit.name);
            let evidence = Evidence::span(unit.place.clone(), "its state now");
            let mut finding = Finding::new(self.id(), unit.name.clone(), message, evidence);
            if let Some(earlier) = earlier {
                finding = finding.with(was(&earlier.place, "had not"));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
