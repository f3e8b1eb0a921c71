//! `verify-hostname-changed`: the box has another name.

use super::{before, was};
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct HostnameChanged;

impl Rule for HostnameChanged {
    fn id(&self) -> &'static str {
        "verify-hostname-changed"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (standing::name(host), standing::name(before));
        let (Some((now, place)), Some((then, earlier))) = (now.require()?, then.require()?) else {
            return Err(Stop::NotApplicable("the kernel has no name for the box"));
        };
        let mut out = Findings::new();
        if now != then {
            let (shown, old) = (escape(now.as_bytes()), escape(then.as_bytes()));
            let message = format!("the box calls itself {shown}; it was {old}");
            let evidence = Evidence::span(place.clone(), "the name of now");
            let finding = Finding::new(self.id(), "hostname", message, evidence);
            out.push(finding.with(was(earlier, "the name")));
        }
        Ok(out)
    }
}
