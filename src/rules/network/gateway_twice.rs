//! `network-gateway-twice`: the kernel refuses the second default route, and ifup gives
//! the interface up.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::interfaces::Stanza;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct GatewayTwice;

impl Rule for GatewayTwice {
    fn id(&self) -> &'static str {
        "network-gateway-twice"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (_, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        let mut out = Findings::new();
        // In the order in which ifup raises them.
        let auto = interfaces
            .raised
            .iter()
            .filter(|raised| raised.class == "auto");
        let stanzas = auto.flat_map(|raised| interfaces.of(&raised.name));
        let with_gateway = stanzas.filter(|stanza| {
            stanza.family == "inet" && stanza.method == "static" && stanza.gateway().is_some()
        });
        let mut before: Vec<&Stanza> = Vec::new();
        for stanza in with_gateway {
            let same = before.iter().find(|other| metric(other) == metric(stanza));
            if let (Some(first), Some((_, place))) = (same, stanza.gateway()) {
                let name = escape(stanza.name.as_bytes());
                let message = format!(
                    "ifup gives {name} up half-way: {} has set a default route before",
                    escape(first.name.as_bytes())
                );
                let evidence = Evidence::span(place.clone(), "the kernel refuses this one");
                let mut finding = Finding::new(self.id(), name, message, evidence);
                if let Some((_, place)) = first.gateway() {
                    finding = finding.with(Evidence::span(place.clone(), "is set first"));
                }
                out.push(finding);
            }
            before.push(stanza);
        }
        Ok(out)
    }
}

fn metric(stanza: &Stanza) -> Option<&str> {
    stanza.get("metric").map(|option| option.value.trim())
}
