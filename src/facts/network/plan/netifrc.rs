//! What netifrc will do for the interface of one of its services (netifrc 0.7
//! `init.d/net.lo.in`, `net/iproute2.sh`, `net/vlan.sh`): without `config_eth0` it asks a
//! DHCP server; what `fallback_eth0` says comes where that fails.

use std::path::Path;

use super::{Part, Plan, Selector, Sets, address, is_everything, networkmanager};
use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::assignments::{last, parse};

pub(super) fn read(host: &Host, service: &str, plan: &mut Plan) {
    let name = service.strip_prefix("net.").unwrap_or(service);
    let path = Path::new("/etc/conf.d/net");
    let variables = match host.tree().read(path) {
        Fact::Known(file) => parse(&file),
        Fact::Unknown(unknown) => {
            plan.open.push(unknown);
            return;
        }
        _ => Vec::new(),
    };
    // Characters that no variable has become `_`.
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let own: String = name.chars().map(plain).collect();
    let value = |kind: &str| last(&variables, &format!("{kind}_{own}"));
    let place = value("config").map(|variable| variable.place.clone());
    let mut part = Part::new("netifrc", Selector::named(name), place);
    part.name = Some(name.to_owned());
    part.open = variables.iter().any(|variable| variable.open);
    // Functions of the site's own: preup, postup.
    if let Fact::Known(file) = host.tree().read(path) {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let is_function = |line: &str| line.contains("up()") || line.contains("up ()");
        if text.lines().any(is_function) {
            part.sets.push(Sets::Command(text));
        }
    }
    match value("config") {
        None => part.dynamic = true,
        Some(config) => {
            for word in config.value.split_whitespace() {
                match address(word) {
                    Some(address) => {
                        let place = config.place.clone();
                        part.sets.push(Sets::Address(address, place));
                    }
                    None => {
                        part.dynamic |= matches!(word, "dhcp" | "dhcpcd" | "udhcpc" | "dhclient");
                    }
                }
            }
        }
    }
    if let Some(config) = value("fallback") {
        let words = config.value.split_whitespace().filter_map(address);
        let sets = |address| Sets::Address(address, config.place.clone());
        part.sets.extend(words.map(sets));
    }
    for routes in [value("routes"), value("fallback_routes")] {
        for line in routes.iter().flat_map(|routes| routes.value.lines()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let via = words.iter().position(|word| matches!(*word, "via" | "gw"));
            if words.iter().any(|word| is_everything(word)) {
                let gateway = via
                    .and_then(|at| words.get(at + 1))
                    .and_then(|w| address(w));
                part.sets.push(Sets::Default(gateway));
            }
        }
    }
    if let Some(rules) = value("rules") {
        let lines = rules.value.lines().filter(|line| !line.trim().is_empty());
        part.sets.extend(lines.map(networkmanager::rule));
    }
    if let Some(vlans) = value("vlans") {
        let ids = vlans.value.split_whitespace();
        plan.made.extend(ids.map(|id| {
            let own = last(&variables, &format!("{own}_vlan{id}_name"));
            let named = own.or_else(|| last(&variables, &format!("vlan{id}_name")));
            named.map_or_else(|| format!("{name}.{id}"), |named| named.value.clone())
        }));
    }
    plan.parts.push(part);
}
