//! `verify-route-lost`: a route of before is gone.

use super::address_lost::is_passing;
use super::{before, was, whole};
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct RouteLost;

impl Rule for RouteLost {
    fn id(&self) -> &'static str {
        "verify-route-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let now = whole(standing::all_routes(host))?;
        let then = whole(standing::all_routes(before))?;
        if then.is_empty() {
            return Err(Stop::NotApplicable("no route led through a gateway"));
        }
        let addresses = crate::facts::network::live::addresses(before.tree());
        let addresses = addresses.require()?;
        let mut out = Findings::new();
        for route in then {
            let same_way = |other: &&standing::Route| {
                other.to == route.to && other.via.is_ipv4() == route.via.is_ipv4()
            };
            let others: Vec<&standing::Route> = now.iter().filter(same_way).collect();
            let same = others
                .iter()
                .any(|other| other.via == route.via && other.interface == route.interface);
            if same || is_passing(&route.interface) {
                continue;
            }
            // The server that gives the address gives the gateway.
            let mut own = addresses.into_iter().flatten();
            let leased = own.any(|address| {
                address.interface.as_deref() == Some(route.interface.as_str())
                    && standing::leased(before, address.address)
            });
            let on_it = others
                .iter()
                .any(|other| other.interface == route.interface);
            if leased && on_it {
                continue;
            }
            let name = escape(route.interface.as_bytes());
            let (to, via) = (&route.to, route.via);
            let to = if to == "default" {
                "the default route".to_owned()
            } else {
                format!("the route to {to}")
            };
            let message = match others.first() {
                Some(other) => format!(
                    "{to} leads through {} on {} in the place of {via} on {name}",
                    other.via,
                    escape(other.interface.as_bytes())
                ),
                None => format!("{to} through {via} on {name} is gone"),
            };
            let subject = format!("{} via {via} {name}", route.to);
            let finding = Finding::new(
                self.id(),
                subject,
                message,
                was(&route.place, "it was there"),
            );
            out.push(match others.first() {
                Some(other) => finding.with(Evidence::span(other.place.clone(), "the one of now")),
                None => finding,
            });
        }
        Ok(out)
    }
}
