//! `verify-address-lost`: an address of before is gone.

use std::net::IpAddr;

use super::{before, was, whole};
use crate::fact::Stop;
use crate::facts::network::live;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct AddressLost;

impl Rule for AddressLost {
    fn id(&self) -> &'static str {
        "verify-address-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (all(host)?, all(before)?);
        if then.is_empty() {
            return Err(Stop::NotApplicable(
                "the box had no address but those of the loop",
            ));
        }
        let mut out = Findings::new();
        for (address, interface, place) in then {
            if now.iter().any(|(other, _, _)| *other == address) || is_passing(&interface) {
                continue;
            }
            let on_it: Vec<String> = now
                .iter()
                .filter(|(other, own, _)| *own == interface && other.is_ipv4() == address.is_ipv4())
                .map(|(other, _, _)| other.to_string())
                .collect();
            // The server gives what it likes.
            if !on_it.is_empty() && standing::leased(before, address) {
                continue;
            }
            let name = escape(interface.as_bytes());
            let message = if interface.is_empty() {
                format!("the address {address} is gone")
            } else {
                format!("the address {address} of {name} is gone")
            };
            let subject = format!("{name} {address}");
            let finding = Finding::new(self.id(), subject, message, was(&place, "it was there"));
            let text = if on_it.is_empty() {
                "the interface has none of its family now, or is not there".to_owned()
            } else {
                format!("it has {} now", on_it.join(", "))
            };
            out.push(finding.with(Evidence::computed(text)));
        }
        Ok(out)
    }
}

/// The addresses of a host, IPv4 and the lasting ones of IPv6, each with its interface.
fn all(host: &Host) -> Result<Vec<(IpAddr, String, Place)>, Stop> {
    let mut found = Vec::new();
    let addresses = live::addresses(host.tree());
    for live in addresses.require()?.into_iter().flatten() {
        // Of IPv6 only what lasts is compared, which is read below.
        if live.address.is_ipv4() {
            let interface = live.interface.clone().unwrap_or_else(String::new);
            found.push((live.address, interface, live.place.clone()));
        }
    }
    for (address, interface, place) in whole(standing::addresses6(host))? {
        found.push((IpAddr::V6(address), interface, place));
    }
    Ok(found)
}

/// Interfaces that something makes for what it starts: containers, guests, clusters.
pub(super) fn is_passing(interface: &str) -> bool {
    let starts = [
        "veth", "docker", "br-", "virbr", "vnet", "tap", "cni", "flannel", "cali", "lxc",
    ];
    starts.iter().any(|start| interface.starts_with(start))
}
