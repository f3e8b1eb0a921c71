//! `network-default-route-missing`: addresses are set, and no way out of their networks.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct DefaultRouteMissing;

impl Rule for DefaultRouteMissing {
    fn id(&self) -> &'static str {
        "network-default-route-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (ifupdown, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        let raised = ifupdown.raised();
        let Some(first) = raised.first() else {
            return Err(Stop::NotApplicable(
                "ifupdown raises no interface with an address",
            ));
        };
        let raised_all = interfaces
            .stanzas
            .iter()
            .filter(|s| interfaces.raises(&s.name));
        let mut out = Findings::new();
        if raised_all.into_iter().any(super::may_set_default) || !interfaces.mapped.is_empty() {
            return Ok(out);
        }
        if super::has_router(host) {
            return Err(Stop::NotApplicable("a program that sets routes is started"));
        }
        super::alone(host)?;
        let name = escape(first.name.as_bytes());
        let message =
            format!("no default route is set at boot: {name} has an address and no gateway");
        let evidence = Evidence::span(first.place.clone(), "has no gateway line");
        out.push(Finding::new(self.id(), "default", message, evidence));
        Ok(out)
    }
}
