//! Rules about what sets up the network.

mod address_lost;
mod command_missing;
mod default_route_lost;
mod default_route_missing;
mod dhcp_client_missing;
mod firewall_lost;
mod gateway_twice;
mod interface_incomplete;
mod interface_not_raised;
mod interface_unowned;
mod interfaces_refused;
mod keyfile_ignored;
mod link_lost;
mod lost;
mod not_started;
mod resolver_missing;
mod router_interface_missing;
mod rule_lost;
mod two_owners;

pub(super) use address_lost::AddressLost;
pub(super) use command_missing::CommandMissing;
pub(super) use default_route_lost::DefaultRouteLost;
pub(super) use default_route_missing::DefaultRouteMissing;
pub(super) use dhcp_client_missing::DhcpClientMissing;
pub(super) use firewall_lost::FirewallLost;
pub(super) use gateway_twice::GatewayTwice;
pub(super) use interface_incomplete::InterfaceIncomplete;
pub(super) use interface_not_raised::InterfaceNotRaised;
pub(super) use interface_unowned::InterfaceUnowned;
pub(super) use interfaces_refused::InterfacesRefused;
pub(super) use keyfile_ignored::KeyfileIgnored;
pub(super) use link_lost::LinkLost;
pub(super) use not_started::NotStarted;
pub(super) use resolver_missing::ResolverMissing;
pub(super) use router_interface_missing::RouterInterfaceMissing;
pub(super) use rule_lost::RuleLost;
pub(super) use two_owners::TwoOwners;

use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::network::{Ifupdown, Reader, State, sets_up};
use crate::facts::services::bare_names;
use crate::facts::{Host, undecided};
use crate::parse::interfaces::{Interfaces, Stanza};
use crate::text::escape;

/// Programs that set routes by themselves, as units and scripts call them.
const ROUTERS: [&str; 12] = [
    "bird",
    "bird6",
    "frr",
    "quagga",
    "zebra",
    "keepalived",
    "exabgp",
    "gobgpd",
    "openvpn",
    "strongswan",
    "wg-quick",
    "pppd",
];

/// ifupdown of a host on which it has something to do.
fn ifupdown(host: &Host) -> Result<(&Ifupdown, &Interfaces), Stop> {
    host.must_start()?;
    let ifupdown = &host.network().ifupdown;
    let interfaces = ifupdown.interfaces.require()?;
    let interfaces =
        interfaces.ok_or(Stop::NotApplicable("there is no /etc/network/interfaces"))?;
    if !interfaces.open.is_empty() {
        return Err(Stop::Undecided(interfaces.open.clone()));
    }
    match interfaces.uncovered.first() {
        Some(why) => Err(Stop::NotCovered(why.clone())),
        None => Ok((ifupdown, interfaces)),
    }
}

/// ifupdown of a host whose boot starts it, and which reads its file as Debian's does.
pub(super) fn running(host: &Host) -> Result<(&Ifupdown, &Interfaces), Stop> {
    let (ifupdown, interfaces) = ifupdown(host)?;
    if ifupdown.reader == Reader::Other {
        if let Fact::Unknown(unknown) = host.packages() {
            return Err(undecided(unknown.clone()));
        }
        return Err(Stop::NotApplicable(
            "another program than Debian's ifupdown reads the file",
        ));
    }
    match &ifupdown.state {
        State::Starts(_) => Ok((ifupdown, interfaces)),
        State::No => Err(Stop::NotApplicable("nothing starts ifupdown")),
        State::Unknown(open) => Err(Stop::Undecided(open.clone())),
        State::NotModelled => Err(Stop::NotApplicable("what this init starts is not followed")),
    }
}

/// Another manager that the boot starts: it may set up what ifupdown does not.
pub(super) fn alone(host: &Host) -> Result<(), Stop> {
    for manager in host.network().others() {
        match &manager.state {
            State::Unknown(open) => return Err(Stop::Undecided(open.clone())),
            State::Starts(_) => return Err(Stop::NotApplicable("another manager is started too")),
            State::No | State::NotModelled => {}
        }
    }
    let netboot = matches!(host.root(), Fact::Known(root) if root.last("ip").is_some());
    if netboot {
        return Err(Stop::NotApplicable("the kernel is told an address"));
    }
    Ok(())
}

/// The programs that set routes by themselves and are enabled.
fn routers(host: &Host) -> impl Iterator<Item = &str> {
    bare_names(host).filter(|name| ROUTERS.contains(name))
}

/// Whether a program that sets routes by itself is enabled.
fn has_router(host: &Host) -> bool {
    routers(host).next().is_some()
}

/// Whether one is enabled whose files say nothing about what it sets.
fn has_silent_router(host: &Host) -> bool {
    // keepalived's files name what it sets, and are looked at.
    routers(host).any(|name| name != "keepalived")
}

/// Whether a command sets a default route.
fn sets_default(command: &str) -> bool {
    let routes = command.contains("route") || command.contains("ip r ");
    routes && (command.contains("default") || command.contains("0.0.0.0"))
}

/// Whether a stanza sets a default route by itself, or leaves it to a program that may.
fn may_set_default(stanza: &Stanza) -> bool {
    let by_command = ["pre-up", "up"].iter().any(|name| {
        // A script may do anything.
        let mut commands = stanza.commands(name);
        commands.any(|(command, _)| sets_default(command) || is_script(command))
    });
    let dynamic = !matches!(
        stanza.method,
        "static" | "manual" | "loopback" | "tunnel" | "v4tunnel"
    );
    dynamic || stanza.get("gateway").is_some() || by_command
}

pub(super) fn is_script(command: &str) -> bool {
    let word = command.split_whitespace().next().unwrap_or("");
    let name = word.rsplit('/').next().unwrap_or(word);
    !matches!(
        name,
        "ip" | "route"
            | "ifconfig"
            | "true"
            | ":"
            | "echo"
            | "sysctl"
            | "ethtool"
            | "iptables"
            | "ip6tables"
            | "iptables-restore"
            | "nft"
            | "logger"
            | "sleep"
            | "modprobe"
            | "brctl"
            | "bridge"
            | "tc"
            | "iwconfig"
            | "mii-tool"
            | "vconfig"
            | "ifenslave"
    )
}

/// `eth0 by ifupdown, dhcp`.
fn shown(stanza: &Stanza) -> String {
    let name = escape(stanza.name.as_bytes());
    match (stanza.method, stanza.address()) {
        ("static", Some((address, length))) => format!("{name} by ifupdown, {address}/{length}"),
        (method, _) => format!("{name} by ifupdown, {method}"),
    }
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let network = host.network();
    let mut words: Vec<String> = Vec::new();
    let starts = matches!(network.ifupdown.state, State::Starts(_));
    match &network.ifupdown.interfaces {
        Fact::Known(interfaces) if starts => {
            let raised = network.ifupdown.raised();
            words.extend(raised.iter().take(3).map(|stanza| shown(stanza)));
            if raised.len() > 3 {
                words.push(format!("{} more", raised.len() - 3));
            }
            let refused = interfaces.is_refused();
            if refused && words.is_empty() {
                words.push("ifupdown refuses its file".to_owned());
            }
        }
        Fact::Unknown(unknown) if starts => {
            return Summary::new(LinkState::Unknown, unknown.to_string());
        }
        Fact::Known(_)
        | Fact::Absent(_)
        | Fact::Broken(_)
        | Fact::Unknown(_)
        | Fact::NotCovered(_) => {}
    }
    for manager in network.others() {
        if let State::Starts(by) = &manager.state {
            let by = escape(by.as_bytes());
            let name = escape(manager.name.as_bytes());
            words.push(if by == name {
                name
            } else {
                format!("{name} by {by}")
            });
        }
    }
    if !words.is_empty() {
        return Summary::new(LinkState::Ok, words.join("; "));
    }
    let open = network.others().find_map(|manager| match &manager.state {
        State::Unknown(open) => open.first(),
        State::Starts(_) | State::No | State::NotModelled => None,
    });
    if let Some(open) = open {
        return Summary::new(LinkState::Unknown, open.to_string());
    }
    let configured = matches!(&network.ifupdown.interfaces, Fact::Known(interfaces)
        if interfaces.stanzas.iter().any(sets_up));
    let text = match (&network.ifupdown.state, configured) {
        (State::NotModelled, _) => "by services that cannot be modelled",
        (State::Starts(_), _) => "ifupdown raises lo alone",
        (_, true) => "ifupdown has interfaces to set up, and nothing starts it",
        (_, false) => "nothing sets up an interface",
    };
    Summary::new(LinkState::None, text)
}
