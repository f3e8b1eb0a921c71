//! `access-listen-address-not-there`: sshd is to listen on addresses that the box does not
//! have when it starts.

use std::net::IpAddr;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::access::Starts;
use crate::facts::network::State;
use crate::facts::systemd::Dep;
use crate::parse::interfaces::Interfaces;
use crate::parse::sshd_config::Listens;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct ListenAddressNotThere;

impl Rule for ListenAddressNotThere {
    fn id(&self) -> &'static str {
        "access-listen-address-not-there"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        let config = super::config(sshd)?;
        let Starts::Service(service) = &sshd.starts else {
            return Err(Stop::NotApplicable("a socket listens for sshd"));
        };
        let listens = config.addresses(&host.tree());
        // One that can be bound is enough for sshd to go on.
        if listens.is_empty() || listens.iter().any(always_there) || binds_anything(host)? {
            return Err(Stop::NotApplicable(
                "sshd listens on addresses that are there",
            ));
        }
        let mut out = Findings::new();
        let network = host.network();
        let words: Vec<&str> = listens.iter().map(|listen| listen.host.as_str()).collect();
        let words = escape(words.join(" and ").as_bytes());
        let Some(first) = listens.first() else {
            return Ok(out);
        };
        let finding = |message: String| {
            let evidence = Evidence::span(first.place.clone(), "sshd is to listen here");
            Finding::new(self.id(), words.clone(), message, evidence)
        };
        let alone = crate::rules::network::alone(host);
        if let Err(stop @ (Stop::Undecided(_) | Stop::NotCovered(_))) = alone {
            return Err(stop);
        }
        let interfaces = match crate::rules::network::running(host) {
            Ok((_, found)) => Some(found),
            Err(stop @ (Stop::Undecided(_) | Stop::NotCovered(_))) => return Err(stop),
            Err(Stop::NotApplicable(_)) => None,
        };
        if let (Ok(()), Some(interfaces)) = (&alone, interfaces) {
            if interfaces.is_refused() {
                return Err(Stop::NotApplicable("ifup refuses its file"));
            }
            if listens
                .iter()
                .all(|listen| has(interfaces, &listen.host) == Some(false))
            {
                let message =
                    format!("sshd cannot listen and ends: no interface gets {words} at boot");
                out.push(super::weighed(host, finding(message)));
                return Ok(out);
            }
        }
        // Whether something waits for the address.
        let hotplugged = interfaces.is_some_and(|interfaces| {
            listens
                .iter()
                .all(|listen| only_hotplugged(interfaces, &listen.host))
        });
        let mut managers = network.others();
        let manager = managers.find(|manager| matches!(manager.state, State::Starts(_)));
        if waits(host, service) || (!hotplugged && manager.is_none()) {
            return Ok(out);
        }
        let by = manager.map_or("udev", |manager| manager.name.as_str());
        let message = format!(
            "sshd may start before {words} is there, and does not try again: {} does not wait for it",
            escape(service.as_bytes())
        );
        let text = format!("the address is set by {by}, which nothing waits for");
        let finding = finding(message).with(Evidence::computed(text));
        out.push(super::weighed(
            host,
            finding.confidence(Confidence::Possible),
        ));
        Ok(out)
    }
}

/// An address that every box has, or a name.
fn always_there(listen: &Listens) -> bool {
    match listen.host.parse::<IpAddr>() {
        Ok(address) => address.is_unspecified() || address.is_loopback(),
        Err(_) => true,
    }
}

/// Whether the kernel is told to let programs listen on addresses that are not there.
fn binds_anything(host: &Host) -> Result<bool, Stop> {
    let mut paths = vec![Path::new("/etc/sysctl.conf").to_path_buf()];
    for dir in ["/etc/sysctl.d", "/usr/lib/sysctl.d"] {
        let found = host.tree().entries(Path::new(dir));
        if !found.gaps.is_empty() {
            return Err(Stop::Undecided(found.gaps));
        }
        paths.extend(found.items);
    }
    for path in paths {
        if let Fact::Known(file) = host.tree().read(&path) {
            let mut lines = file.bytes().split(|b| *b == b'\n');
            let word = b"ip_nonlocal_bind";
            let sets = |line: &[u8]| {
                let line = line.trim_ascii_start();
                !line.starts_with(b"#") && line.windows(word.len()).any(|window| window == word)
            };
            if lines.any(sets) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether ifup sets an address; nothing where a client or script may.
fn has(interfaces: &Interfaces, text: &str) -> Option<bool> {
    let address: IpAddr = text.parse().ok()?;
    for stanza in interfaces
        .stanzas
        .iter()
        .filter(|s| interfaces.raises(&s.name))
    {
        if !matches!(stanza.method, "static" | "loopback" | "manual") {
            return None;
        }
        if stanza.address().is_some_and(|(own, _)| own == address) {
            return Some(true);
        }
        for name in ["pre-up", "up"] {
            let mut commands = stanza.commands(name);
            if commands
                .any(|(line, _)| line.contains(text) || crate::rules::network::is_script(line))
            {
                return None;
            }
        }
    }
    Some(false)
}

/// Whether an address belongs to interfaces that only udev raises.
fn only_hotplugged(interfaces: &Interfaces, text: &str) -> bool {
    let Ok(address) = text.parse::<IpAddr>() else {
        return false;
    };
    let of = |class: &str, name: &str| {
        interfaces
            .raised
            .iter()
            .any(|raised| raised.class == class && raised.name == name)
    };
    let mut stanzas = interfaces.stanzas.iter();
    stanzas.any(|stanza| {
        let own = stanza.address().is_some_and(|(own, _)| own == address);
        own && of("hotplug", &stanza.name) && !of("auto", &stanza.name)
    })
}

/// Whether sshd's unit comes after the network is online; scripts come after it anyway.
fn waits(host: &Host, service: &str) -> bool {
    let Fact::Known(boot) = host.systemd() else {
        return true;
    };
    let units = &boot.plan.units;
    let online = units.find("network-online.target");
    let unit = units.find(service).and_then(|ix| units.get(ix));
    match (unit, online) {
        (Some(unit), Some(online)) => unit.deps.contains_key(&(Dep::After, online)),
        _ => false,
    }
}
