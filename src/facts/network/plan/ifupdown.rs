//! What ifupdown will do, in any of its kinds.

use super::{Part, Plan, Selector, Sets, is_followed, not_followed};
use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::network::Ifupdown;
use crate::parse::interfaces::Stanza;

const OWNER: &str = "ifupdown";

pub(super) fn read(_host: &Host, ifupdown: &Ifupdown, plan: &mut Plan) {
    let interfaces = match &ifupdown.interfaces {
        Fact::Known(interfaces) => interfaces,
        Fact::Unknown(unknown) => {
            plan.open.push(unknown.clone());
            return;
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return,
    };
    plan.open.extend(interfaces.open.iter().cloned());
    if interfaces.is_refused() {
        if !is_followed(ifupdown.reader) {
            plan.unknown = Some("an ifupdown with a grammar of its own");
        }
        return;
    }
    if let (false, Some(stanza)) = (interfaces.mapped.is_empty(), interfaces.stanzas.first()) {
        let text = "a mapping chooses the stanza";
        plan.open.push(not_followed(stanza.place.clone(), text));
    }
    for stanza in &interfaces.stanzas {
        if stanza.name == "lo" || !interfaces.raises(&stanza.name) {
            continue;
        }
        plan.parts.push(part(stanza));
        plan.made.extend(ports(stanza));
    }
}

fn part(stanza: &Stanza) -> Part {
    // `eth0:1` is a label of eth0.
    let name = stanza.name.split(':').next().unwrap_or(&stanza.name);
    let mut part = Part::new(OWNER, Selector::named(name), Some(stanza.place.clone()));
    part.name = Some(name.to_owned());
    part.tried = true;
    part.owns = stanza.method != "manual";
    part.dynamic = !matches!(
        stanza.method,
        "static" | "manual" | "loopback" | "tunnel" | "v4tunnel"
    ) && stanza.family != "inet6";
    if stanza.method == "static" {
        if let (Some((address, _)), Some(option)) = (stanza.address(), stanza.get("address")) {
            part.sets.push(Sets::Address(address, option.place.clone()));
        }
        // Addresses of the same stanza that are added to.
        for option in stanza.options.iter().filter(|o| o.name == "address") {
            let more = option.value.lines().filter_map(super::address);
            let sets = |address| Sets::Address(address, option.place.clone());
            part.sets.extend(more.map(sets));
        }
    }
    if let Some((gateway, _)) = stanza.gateway() {
        part.sets.push(Sets::Default(Some(gateway)));
    }
    for name in ["pre-up", "up"] {
        for (command, _) in stanza.commands(name) {
            part.sets.push(Sets::Command(command.to_owned()));
        }
    }
    part
}

/// Interfaces that a stanza makes on the way: what it is built on.
fn ports(stanza: &Stanza) -> Vec<String> {
    let of = [
        "vlan-raw-device",
        "vlan_raw_device",
        "bridge_ports",
        "bridge-ports",
        "bond-slaves",
    ];
    let options = stanza
        .options
        .iter()
        .filter(|o| of.contains(&o.name.as_str()));
    let words = options.flat_map(|option| option.value.split_whitespace());
    words.map(str::to_owned).collect()
}
