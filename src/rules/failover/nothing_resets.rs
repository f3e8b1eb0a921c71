//! `failover-nothing-resets`: a box that holds addresses, and that nothing resets when it
//! hangs.

use crate::fact::Stop;
use crate::facts::triggers::resets;
use crate::facts::{Boots, Host};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct NothingResets;

impl Rule for NothingResets {
    fn id(&self) -> &'static str {
        "failover-nothing-resets"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        if !matches!(host.boots(), Boots::Yes(_)) {
            host.must_start()?;
            return Err(Stop::NotApplicable("its host would reset it"));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let Some(instance) = failover.config.instances.first() else {
            return Err(Stop::NotApplicable("keepalived has no VRRP instance"));
        };
        out.judged = 1;
        let resets = resets(host);
        if !resets.items.is_empty() {
            return Ok(out);
        }
        out.open.extend(resets.gaps);
        if out.open.is_empty() {
            let message = "nothing resets this box when it hangs with the addresses";
            let label = "its peer takes over, and this box still answers for them";
            let at = Evidence::span(instance.header.clone(), label);
            let without = "no RuntimeWatchdogSec= and no watchdog daemon";
            let name = escape(&instance.name.value);
            out.push(Finding::new(self.id(), name, message, at).with(Evidence::computed(without)));
        }
        Ok(out)
    }
}
