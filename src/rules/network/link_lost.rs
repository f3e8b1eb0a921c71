//! `network-link-lost`: a VLAN, bridge or bond that carries addresses is made by nothing.

use super::lost;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::{Link, addresses, links};
use crate::facts::network::plan::said_by;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct LinkLost;

/// Kinds that people make, and what they are called.
const KINDS: [(&str, &str); 5] = [
    ("vlan", "VLAN"),
    ("bridge", "bridge"),
    ("bond", "bond"),
    ("team", "team"),
    ("vrf", "VRF"),
];

/// Names that programs give their bridges.
const PROGRAMS: [&str; 15] = [
    "docker", "br-", "virbr", "lxcbr", "lxdbr", "incusbr", "podman", "cni", "cbr", "kube",
    "flannel", "cali", "fwbr", "nerdctl", "waydroid",
];

impl Rule for LinkLost {
    fn id(&self) -> &'static str {
        "network-link-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let found = links(host.tree());
        let found = found.require()?;
        let made = |link: &Link| kind(link).is_some();
        let Some(found) = found.filter(|found| found.iter().any(made)) else {
            return Err(Stop::NotApplicable(
                "no interface was made of others by hand",
            ));
        };
        let addresses = addresses(host.tree());
        let addresses = addresses.require()?.map_or(&[][..], Vec::as_slice);
        let (plan, _) = lost::followed(host)?;
        if lost::runs_script(plan) {
            return Err(Stop::NotApplicable("a script sets up the network too"));
        }
        let mut out = Findings::new();
        for link in found {
            let Some(kind) = kind(link) else { continue };
            let of = |name: Option<&str>| name == Some(link.name.as_str());
            let own = addresses.iter().find(|a| of(a.interface.as_deref()));
            let hardware = |port: &&Link| port.kind.is_none() && of(port.port_of.as_deref());
            let port = found.iter().find(hardware);
            // Without addresses and ports of hardware nobody on the outside misses it.
            if (own.is_none() && port.is_none()) || !link.up {
                continue;
            }
            out.judged += 1;
            if plan.makes(&link.name) || said_by(host, &[&link.name]).is_some() {
                continue;
            }
            let name = escape(link.name.as_bytes());
            let what = match (own, port) {
                (Some(address), _) => format!("which has {}", address.address),
                (None, Some(port)) => format!("whose port is {}", escape(port.name.as_bytes())),
                (None, None) => continue,
            };
            let message = format!("the {kind} {name}, {what}, is lost at boot: no file makes it");
            let evidence = Evidence::span(link.place.clone(), "the kernel has it now");
            out.push(Finding::new(self.id(), name, message, evidence));
        }
        Ok(out)
    }
}

/// What an interface is called that people make; none for others.
fn kind(link: &Link) -> Option<&'static str> {
    let kind = KINDS
        .iter()
        .find(|(kind, _)| link.kind.as_deref() == Some(kind));
    let program = PROGRAMS.iter().any(|prefix| link.name.starts_with(prefix));
    kind.map(|(_, shown)| *shown).filter(|_| !program)
}
