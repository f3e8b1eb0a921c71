//! `network-address-lost`: an interface has an address that nothing on disk sets.

use super::lost;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::addresses;
use crate::facts::network::plan::{Sets, said_by};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
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
        let (plan, links) = lost::followed(host)?;
        if lost::runs_script(plan) {
            return Err(Stop::NotApplicable("a script sets up the network too"));
        }
        let mut out = Findings::new();
        for live in found {
            let Some(interface) = &live.interface else {
                continue;
            };
            let link = lost::link(&links, interface);
            let parts = lost::owned(plan, &link);
            // Other interfaces are made by other programs: bridges of containers, tunnels.
            let Some(part) = parts.first() else {
                continue;
            };
            out.judged += 1;
            if lost::may_do_more(plan, &link) || lost::sets_address(plan, live.address) {
                continue;
            }
            let lends = parts.iter().any(|part| part.dynamic);
            // An IPv6 address that is lent comes from a router, whoever owns the interface.
            let lent = live.lent != Some(false);
            if (lends || live.address.is_ipv6()) && lent {
                continue;
            }
            // A client that does not say for how long: it gives one address.
            let others = found
                .iter()
                .any(|other| other.interface == live.interface && other.lent == Some(true));
            if lends && live.address.is_ipv4() && !others {
                continue;
            }
            let text = live.address.to_string();
            if said_by(host, &[&text]).is_some() {
                continue;
            }
            let name = escape(interface.as_bytes());
            let message = format!("the address {text} of {name} is lost at boot: no file sets it");
            let evidence = Evidence::span(live.place.clone(), "the kernel has it now");
            let finding = Finding::new(self.id(), format!("{name} {text}"), message, evidence);
            let finding = if lost::is_proven(&parts) {
                finding
            } else {
                finding.confidence(Confidence::Possible)
            };
            let own = part.sets.iter().find_map(|sets| match sets {
                Sets::Address(address, _) => Some(address),
                _ => None,
            });
            let label = match own {
                Some(own) => format!("sets {own}"),
                None => format!("{} sets it up", part.owner),
            };
            out.push(match &part.place {
                Some(place) => finding.with(Evidence::span(place.clone(), label)),
                None => finding,
            });
        }
        Ok(out)
    }
}
