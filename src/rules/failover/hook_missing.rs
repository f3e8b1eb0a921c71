//! `failover-hook-missing`: keepalived would call a program that is not there.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct HookMissing;

impl Rule for HookMissing {
    fn id(&self) -> &'static str {
        "failover-hook-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        for (path, call) in super::programs(failover) {
            let Fact::Absent(looked) = &call.program else {
                out.gap(&call.program);
                continue;
            };
            let shown = escape_path(path);
            let owner = super::called(call.subject, &call.name);
            let message = format!("the hook of {owner} does not exist: {shown}");
            let place = call.command.place.clone();
            let label = "keepalived logs one line and goes on without it";
            let finding = Finding::new(self.id(), shown, message, Evidence::span(place, label));
            out.push(finding.with(Evidence::from(looked)));
        }
        Ok(out)
    }
}
