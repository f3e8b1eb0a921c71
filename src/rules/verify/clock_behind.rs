//! `verify-clock-behind`: the clock stands before the snapshot.

use super::before;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ClockBehind;

impl Rule for ClockBehind {
    fn id(&self) -> &'static str {
        "verify-clock-behind"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (host.now(), before.now());
        let mut out = Findings::new();
        if now < then {
            let zone = host.zone();
            let (shown, earlier) = (zone.show(now), zone.show(then));
            let message = format!("the clock stands at {shown}, before the snapshot was taken");
            let evidence = Evidence::computed(format!("the snapshot is of {earlier}"));
            out.push(Finding::new(self.id(), "clock", message, evidence));
        }
        Ok(out)
    }
}
