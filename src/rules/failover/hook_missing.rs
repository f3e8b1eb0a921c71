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
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = super::judged_calls(failover);
        if failover.calls.is_empty() {
            return Err(Stop::NotApplicable("keepalived calls no hooks"));
        }
        let mut seen = Vec::new();
        for call in &failover.calls {
            let Some(path) = &call.path else { continue };
            if seen.contains(path) {
                continue;
            }
            seen.push(path.clone());
            let looked = match &call.program {
                Fact::Absent(looked) => looked,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown.clone());
                    continue;
                }
                Fact::NotCovered(why) => {
                    out.uncovered.push(why.clone());
                    continue;
                }
                Fact::Known(_) | Fact::Broken(_) => continue,
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
