//! `failover-address-held`: the box holds an address of its pair, so that going down is a
//! failover.

use crate::fact::{Fact, Stop};
use crate::facts::network::live;
use crate::facts::{Host, running, standing};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{Place, escape};

pub(in crate::rules) struct AddressHeld;

impl Rule for AddressHeld {
    fn id(&self) -> &'static str {
        "failover-address-held"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        running::must_run(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let mut held: Vec<(String, Place)> = Vec::new();
        match live::addresses(host.tree()) {
            Fact::Known(list) => {
                held.extend(list.into_iter().map(|a| (a.address.to_string(), a.place)));
            }
            other => out.gap(&other),
        }
        let six = standing::addresses6(host);
        out.open.extend(six.gaps);
        held.extend(
            six.items
                .into_iter()
                .map(|(a, _, place)| (a.to_string(), place)),
        );
        for instance in &failover.config.instances {
            out.judged += 1;
            let mut addresses = instance.virtual_addresses.iter().chain(&instance.excluded);
            let found = addresses.find_map(|virtual_one| {
                let text = virtual_one.address.to_string();
                let own = held.iter().find(|(address, _)| *address == text);
                own.map(|(address, place)| (address, place, &virtual_one.text.place))
            });
            let Some((address, place, line)) = found else {
                continue;
            };
            let name = escape(&instance.name.value);
            let message = format!(
                "this box holds {address} of instance {name}: when it goes down, another has to take over"
            );
            let finding = Finding::new(
                self.id(),
                name,
                message,
                Evidence::span(place.clone(), "it is here now"),
            );
            out.push(finding.with(Evidence::span(line.clone(), "moves with the instance")));
        }
        out.or_not_applicable("keepalived has no instance")
    }
}
