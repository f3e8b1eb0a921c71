//! `network-address-lost`: an interface has an address that nothing on disk sets.

use std::net::IpAddr;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::addresses;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct AddressLost;

impl Rule for AddressLost {
    fn id(&self) -> &'static str {
        "network-address-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let found = addresses(host.tree());
        let found = found.require()?;
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return Err(Stop::NotApplicable(
                "the kernel has no address but those of the loop",
            ));
        };
        let (ifupdown, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        if super::has_router(host) || !interfaces.mapped.is_empty() {
            return Err(Stop::NotApplicable(
                "a program that sets addresses is started",
            ));
        }
        super::alone(host)?;
        let raised = ifupdown.raised();
        let mut out = Findings::new();
        for live in found {
            let Some(interface) = &live.interface else {
                continue;
            };
            // Other interfaces are made by other programs: bridges of containers, tunnels.
            let of: Vec<_> = raised
                .iter()
                .filter(|stanza| stanza.name == *interface)
                .collect();
            let Some(stanza) = of.first() else {
                continue;
            };
            let text = live.address.to_string();
            let sets = |name: &str| {
                let mut stanzas = interfaces.stanzas.iter();
                stanzas.any(|stanza| {
                    let mut commands = stanza.commands(name);
                    commands.any(|(line, _)| line.contains(&text) || super::is_script(line))
                })
            };
            let known = interfaces.stanzas.iter().any(|stanza| {
                let label = stanza.name.split(':').next().unwrap_or(&stanza.name);
                let own = stanza.address().map(|(address, _)| address);
                label == interface
                    && (own == Some(IpAddr::V4(live.address))
                        || !matches!(stanza.method, "static" | "manual"))
                    && interfaces.raises(&stanza.name)
            });
            if known || sets("pre-up") || sets("up") {
                continue;
            }
            let name = escape(interface.as_bytes());
            let message = format!("the address {text} of {name} is lost at boot: no file sets it");
            let evidence = Evidence::span(live.place.clone(), "the kernel has it now");
            let finding = Finding::new(self.id(), format!("{name} {text}"), message, evidence);
            let label = match stanza.address() {
                Some((own, _)) => format!("sets {own}"),
                None => "sets another one".to_owned(),
            };
            out.push(finding.with(Evidence::span(stanza.place.clone(), label)));
        }
        Ok(out)
    }
}
