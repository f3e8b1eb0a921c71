//! `failover-address-also-static`: a virtual address that the box raises by itself too.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::{File, Place, Span, escape};

pub(in crate::rules) struct AddressAlsoStatic;

/// An address in another program's hands.
struct Own {
    address: IpAddr,
    by: &'static str,
    place: Place,
}

/// Files of a manager, by the directory and the end of their names.
const FILES: [(&str, &str, &str); 4] = [
    ("/etc/systemd/network", ".network", "systemd-networkd"),
    ("/run/systemd/network", ".network", "systemd-networkd"),
    (
        "/etc/NetworkManager/system-connections",
        ".nmconnection",
        "NetworkManager",
    ),
    ("/etc/sysconfig/network-scripts", "", "network-scripts"),
];

/// The address of a `key=value` line, of keys that give one (systemd.network(5),
/// nm-settings-keyfile(5), and `IPADDR` of the old network scripts).
fn address(line: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(line).ok()?;
    let (key, value) = text.split_once('=')?;
    let key = key.trim();
    let numbered = |start: &str| {
        let rest = key.strip_prefix(start);
        rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if key != "Address" && key != "IPV6ADDR" && !numbered("address") && !numbered("IPADDR") {
        return None;
    }
    let value = value.trim().trim_matches(['"', '\'']);
    value.split(['/', ',']).next()?.trim().parse().ok()
}

/// Whether a file speaks of the loop or of an interface without a wire, where an address
/// answers nobody.
fn is_aside(file: &File) -> bool {
    let named = |line: &[u8]| {
        let text = String::from_utf8_lossy(line).into_owned();
        let Some((key, value)) = text.split_once('=') else {
            return false;
        };
        let name = matches!(key.trim(), "Name" | "interface-name" | "DEVICE" | "type");
        let value = value.trim().trim_matches('"');
        name && (value == "lo" || value.starts_with("lo:") || value.starts_with("dummy"))
    };
    file.lines().any(|(_, line)| named(line))
}

fn of_file(file: &Arc<File>, by: &'static str, found: &mut Vec<Own>) {
    if is_aside(file) {
        return;
    }
    for (span, line) in file.lines() {
        if let Some(address) = address(line.trim_ascii()) {
            let end = span.start + line.trim_ascii_end().len();
            let place = file.place(Span::new(span.start, end));
            found.push(Own { address, by, place });
        }
    }
}

/// The addresses that the boot's own managers give to interfaces.
fn own(host: &Host, out: &mut Findings) -> Vec<Own> {
    let mut found = Vec::new();
    let network = host.network();
    match &network.ifupdown.interfaces {
        Fact::Known(read) => out.open.extend(read.open.iter().cloned()),
        other => out.gap(other),
    }
    for stanza in network.ifupdown.raised() {
        if stanza.name.starts_with("dummy") {
            continue;
        }
        if let (Some((address, _)), Some(option)) = (stanza.address(), stanza.get("address")) {
            found.push(Own {
                address,
                by: "ifup",
                place: option.place.clone(),
            });
        }
    }
    for (dir, end, by) in FILES {
        let reads = |name: &str| name == by || end.is_empty() && name == "NetworkManager";
        if !network.others().any(|manager| reads(&manager.name)) {
            continue;
        }
        let entries = host.tree().entries(Path::new(dir));
        out.open.extend(entries.gaps);
        let text = |path: &Path| path.to_string_lossy().into_owned();
        for path in entries
            .items
            .iter()
            .filter(|path| text(path).ends_with(end))
        {
            match host.tree().read(path) {
                Fact::Known(file) => of_file(&file, by, &mut found),
                other => out.gap(&other),
            }
        }
    }
    found
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_give_an_address_are_told_from_those_that_name_one() {
        for line in [
            "Address=192.0.2.1/24",
            "address1=192.0.2.1/24,192.0.2.254",
            "IPADDR=192.0.2.1",
            "IPADDR0=\"192.0.2.1\"",
            "Address = 192.0.2.1",
        ] {
            assert_eq!(address(line.as_bytes()), "192.0.2.1".parse().ok(), "{line}");
        }
        for line in [
            "Gateway=192.0.2.1",
            "DNS=192.0.2.1",
            "addresses=192.0.2.1",
            "Address=",
        ] {
            assert_eq!(address(line.as_bytes()), None, "{line}");
        }
    }
}
