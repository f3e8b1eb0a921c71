//! `verify-target-not-reached`: the boot did not get to its target.

use super::{before, still_coming, was};
use crate::fact::{Fact, Stop};
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct TargetNotReached;

impl Rule for TargetNotReached {
    fn id(&self) -> &'static str {
        "verify-target-not-reached"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (standing::units(host), standing::units(before));
        let (Some(now), Some(then)) = (now.require()?, then.require()?) else {
            return Err(Stop::NotApplicable("systemd does not run"));
        };
        let name = match before.systemd() {
            Fact::Known(boot) => boot.anchor().map(|unit| unit.id.clone()),
            _ => None,
        };
        let was_up = |name: &String| then.iter().find(|unit| unit.name == *name && unit.is_up());
        let Some(target) = name.as_ref().and_then(was_up) else {
            return Err(Stop::NotApplicable(
                "the target was not reached before either",
            ));
        };
        let mut out = Findings::new();
        let found = now.iter().find(|unit| unit.name == target.name);
        match found {
            Some(unit) if unit.is_up() => {}
            Some(unit) if unit.is_coming() => out.open.push(still_coming(&unit.name)),
            Some(_) | None => {
                let name = &target.name;
                let message = format!("the boot did not get to {name}");
                let evidence = match found {
                    Some(unit) => Evidence::span(unit.place.clone(), "its state now"),
                    None => Evidence::computed("systemd has not loaded it"),
                };
                let finding = Finding::new(self.id(), name.clone(), message, evidence);
                out.push(finding.with(was(&target.place, "reached")));
            }
        }
        Ok(out)
    }
}
