//! `failover-address-also-static`: a virtual address that the box raises by itself too.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::own::own;

pub(in crate::rules) struct AddressAlsoStatic;

impl Rule for AddressAlsoStatic {
    fn id(&self) -> &'static str {
        "failover-address-also-static"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let own = own(host, &mut out);
        for instance in &failover.config.instances {
            // An owner of the address has it by itself, as the protocol knows it.
            if instance.start_priority() == 255 {
                continue;
            }
            let all = instance.virtual_addresses.iter();
            for address in all.chain(&instance.excluded) {
                out.judged += 1;
                let Some(other) = own.iter().find(|own| own.address == address.address) else {
                    continue;
                };
                let (shown, name) = (escape(&address.text.value), escape(&instance.name.value));
                let by = other.by;
                let message = format!("{shown} of instance {name} is raised by {by} at boot too");
                let label = "kept whatever the state: after a failover two boxes have it";
                let at = Evidence::span(other.place.clone(), label);
                let moves = Evidence::span(address.text.place.clone(), "moves with the instance");
                out.push(Finding::new(self.id(), shown, message, at).with(moves));
            }
        }
        out.or_not_applicable("no instance has an address that moves")
    }
}
