//! What each program that sets up interfaces will do at the next boot, in one form for
//! all of them, so that what the kernel has now can be held against it.

mod ifcfg;
mod ifupdown;
mod netifrc;
mod netplan;
mod networkd;
mod networkmanager;
#[cfg(test)]
mod said;
mod scripts;

use std::net::IpAddr;

use super::live::Link;
use super::managers::State;
use super::{Network, Reader};
use crate::fact::{Doubt, Unknown};
use crate::facts::Host;
use crate::facts::services::bare_names;
use crate::source::Glob;
use crate::text::Place;

/// Whether something is meant for an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covers {
    /// It is not.
    No,
    /// It may be.
    Perhaps,
    /// It is.
    Yes,
}

/// Which interfaces are meant.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Patterns of names, one of which must fit; with `!` in front of the first, none
    /// may. Empty for any name.
    pub names: Vec<String>,
    /// Hardware addresses, one of which must be its own; empty for any.
    pub macs: Vec<String>,
    /// Hardware addresses that an interface must have been made with; empty for any.
    pub permanent: Vec<String>,
    /// Only what is an Ethernet of its own: hardware, or the end of a pair.
    pub ethernet: bool,
    /// Only hardware.
    pub hardware: bool,
    /// Whether more is asked that is not known here.
    pub more: bool,
}

impl Selector {
    /// The interface of that name.
    pub(super) fn named(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
            ..Self::default()
        }
    }

    /// Whether an interface is meant.
    #[must_use]
    pub fn covers(&self, link: &Link) -> Covers {
        let fits = |pattern: &String| {
            let pattern = pattern.trim_start_matches('!');
            Glob::parse(pattern).is_some_and(|glob| glob.is_match(link.name.as_bytes()))
        };
        if let Some(first) = self.names.first() {
            let wanted = !first.starts_with('!');
            if self.names.iter().any(fits) != wanted {
                return Covers::No;
            }
        }
        if !self.macs.is_empty() {
            match &link.mac {
                Some(mac) if self.macs.iter().any(|own| own.eq_ignore_ascii_case(mac)) => {}
                Some(_) => return Covers::No,
                None => return Covers::Perhaps,
            }
        }
        if !self.permanent.is_empty() {
            let own = |mac: &String| self.permanent.iter().any(|p| p.eq_ignore_ascii_case(mac));
            match (&link.permanent, &link.kind) {
                (Some(mac), _) if own(mac) => {}
                (Some(_), _) | (None, Some(_)) => return Covers::No,
                // An older kernel does not tell.
                (None, None) => return Covers::Perhaps,
            }
        }
        if self.hardware && link.kind.is_some() {
            return Covers::No;
        }
        let of_its_own = matches!(link.kind.as_deref(), None | Some("veth"));
        if self.ethernet && !(link.ether && of_its_own) {
            return Covers::No;
        }
        if self.more {
            Covers::Perhaps
        } else {
            Covers::Yes
        }
    }
}

/// One thing that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sets {
    /// An address, with the line that gives it.
    Address(IpAddr, Place),
    /// A default route; without a gateway it leads into the interface itself.
    Default(Option<IpAddr>),
    /// A policy rule, by its words.
    Rule {
        /// Where packets come from.
        from: Option<String>,
        /// Where they go.
        to: Option<String>,
        /// The table.
        table: Option<String>,
    },
    /// A command, of which only its text is known.
    Command(String),
}

/// What one program will do with some interfaces.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
#[derive(Clone, Debug)]
pub struct Part {
    /// The program.
    pub owner: &'static str,
    /// The interfaces.
    pub selector: Selector,
    /// The name that it makes or raises, where it has one.
    pub name: Option<String>,
    /// Where it says so.
    pub place: Option<Place>,
    /// Whether a DHCP client or the like gives it IPv4 addresses and routes.
    pub dynamic: bool,
    /// Whether it may do more than is known: a script, a pattern.
    pub open: bool,
    /// Whether it takes the interface for its own, and does not only name it.
    pub owns: bool,
    /// Whether it comes in only where nothing else of its program does.
    pub fallback: bool,
    /// Whether what its program does was held against this reading.
    pub tried: bool,
    /// Whether it is for an interface without a wire, where an address answers nobody.
    pub aside: bool,
    /// What is set.
    pub sets: Vec<Sets>,
}

impl Part {
    /// What a program does with the interfaces of a selector, so far nothing.
    pub(super) const fn new(owner: &'static str, selector: Selector, place: Option<Place>) -> Self {
        Self {
            owner,
            selector,
            name: None,
            place,
            dynamic: false,
            open: false,
            owns: true,
            fallback: false,
            tried: false,
            aside: false,
            sets: Vec::new(),
        }
    }
}

/// What all of them will do.
#[derive(Debug)]
pub struct Plan {
    /// What each does, in the order in which its program looks.
    pub parts: Vec<Part>,
    /// Interfaces that are made: VLANs, bridges, bonds.
    pub made: Vec<String>,
    /// Patterns of interfaces that `NetworkManager` leaves alone.
    pub(super) left_alone: Vec<String>,
    /// A program that is started and not followed.
    pub unknown: Option<&'static str>,
    /// What could not be read.
    pub open: Vec<Unknown>,
}

impl Plan {
    /// Nothing that anybody does.
    const EMPTY: Self = Self {
        parts: Vec::new(),
        made: Vec::new(),
        left_alone: Vec::new(),
        unknown: None,
        open: Vec::new(),
    };
}

/// Programs of clouds and clusters that set addresses, routes and rules by themselves.
const AGENTS: [&str; 16] = [
    "google-guest-agent",
    "google-guest-agent-manager",
    "google-network-daemon",
    "google-startup-scripts",
    "policy-routes",
    "refresh-policy-routes",
    "ec2-net-utils",
    "oci-utils",
    "ocid",
    "hcloud-network",
    "kubelet",
    "k3s",
    "k3s-agent",
    "rke2-server",
    "rke2-agent",
    "cilium",
];

/// Reads what each program that the boot starts will do.
pub(super) fn read(host: &Host, network: &Network) -> Plan {
    let mut plan = Plan::EMPTY;
    match &network.ifupdown.state {
        State::Starts(_) => ifupdown::read(host, &network.ifupdown, &mut plan),
        State::Unknown(open) => plan.open.extend(open.iter().cloned()),
        State::NotModelled => plan.unknown = Some("an init that is not followed"),
        State::No => {}
    }
    let mut cloud = false;
    for manager in &network.managers {
        match &manager.state {
            State::Starts(_) => {}
            State::Unknown(open) => {
                plan.open.extend(open.iter().cloned());
                continue;
            }
            State::No | State::NotModelled => continue,
        }
        cloud |= manager.name == "cloud-init";
        follow(host, &manager.name, &mut plan);
    }
    netplan::read(host, &mut plan);
    // Before the first boot is through, what it writes is not there yet.
    if cloud && plan.parts.is_empty() {
        plan.unknown = Some("cloud-init, which has written nothing yet");
    }
    if bare_names(host).any(|name| AGENTS.contains(&name)) {
        plan.unknown = Some("a program of the cloud or the cluster");
    }
    plan
}

/// Adds what one program but ifupdown will do.
fn follow(host: &Host, manager: &str, plan: &mut Plan) {
    match manager {
        "systemd-networkd" => networkd::read(host, plan),
        "NetworkManager" => networkmanager::read(host, plan),
        "network-scripts" => ifcfg::read(host, "network-scripts", plan),
        "cloud-init" => {}
        "dhcpcd" => {
            let everything = Selector {
                ethernet: true,
                ..Selector::default()
            };
            let mut part = Part::new("dhcpcd", everything, None);
            // It leaves alone what dhcpcd.conf says, and gives what stands there.
            (part.dynamic, part.open) = (true, true);
            plan.parts.push(part);
        }
        name if name.starts_with("net.") => netifrc::read(host, name, plan),
        _ => plan.unknown = Some("a program that is not followed"),
    }
}

/// What the files of systemd-networkd say, whether the boot starts it or not.
#[must_use]
pub fn of_networkd(host: &Host) -> Plan {
    let mut plan = Plan::EMPTY;
    networkd::read(host, &mut plan);
    plan
}

/// What the files of each program say, of those that the boot starts or that it cannot be
/// told of: a part of a root does not tell what starts.
#[must_use]
pub fn written(host: &Host) -> Plan {
    let mut plan = Plan::EMPTY;
    let network = host.network();
    ifupdown::read(host, &network.ifupdown, &mut plan);
    for manager in network.others() {
        follow(host, &manager.name, &mut plan);
    }
    netplan::read(host, &mut plan);
    plan
}

impl Part {
    /// Whether it is for the loop or for an interface without a wire.
    fn is_aside(&self) -> bool {
        let mut names = self.selector.names.iter().chain(&self.name);
        self.aside || names.any(|name| name == "lo" || name.starts_with("dummy"))
    }
}

impl Plan {
    /// The addresses that interfaces with a wire are given: by whom, and where that is
    /// written.
    pub fn addresses(&self) -> impl Iterator<Item = (IpAddr, &'static str, &Place)> {
        let parts = self.parts.iter();
        let owned = parts.filter(|part| part.owns && !part.is_aside());
        owned.flat_map(|part| {
            part.sets.iter().filter_map(|sets| match sets {
                Sets::Address(address, place) => Some((*address, part.owner, place)),
                Sets::Default(_) | Sets::Rule { .. } | Sets::Command(_) => None,
            })
        })
    }

    /// What is done with an interface; of each program only what it decides for.
    #[must_use]
    pub fn of<'a>(&'a self, link: &Link) -> Vec<(&'a Part, Covers)> {
        let mut found: Vec<(&Part, Covers)> = Vec::new();
        let sure = |found: &[(&Part, Covers)], owner: &str| {
            let mut of = found.iter().filter(|(part, _)| part.owner == owner);
            of.any(|(_, covers)| *covers == Covers::Yes)
        };
        let alone = |pattern: &String| {
            Glob::parse(pattern).is_some_and(|glob| glob.is_match(link.name.as_bytes()))
        };
        for part in &self.parts {
            let covers = part.selector.covers(link);
            if covers == Covers::No {
                continue;
            }
            // networkd takes the first file that fits; a profile comes before none.
            let first = part.owner == networkd::OWNER || part.fallback;
            if first && sure(&found, part.owner) {
                continue;
            }
            if part.owner == networkmanager::OWNER && self.left_alone.iter().any(alone) {
                continue;
            }
            found.push((part, covers));
        }
        found
    }

    /// Whether an interface of that name is made or raised by something.
    #[must_use]
    pub fn makes(&self, name: &str) -> bool {
        self.made.iter().any(|made| made == name)
            || self
                .parts
                .iter()
                .any(|part| part.name.as_deref() == Some(name))
    }

    /// Whether some command says these words.
    #[must_use]
    pub fn says(&self, words: &[&str]) -> bool {
        let sets = self.parts.iter().flat_map(|part| &part.sets);
        let mut commands = sets.filter_map(|sets| match sets {
            Sets::Command(text) => Some(text),
            _ => None,
        });
        commands.any(|text| {
            words
                .iter()
                .all(|word| scripts::has_word(text.as_bytes(), word))
        })
    }
}

/// The script or the file of another program that says all of these words.
#[must_use]
pub fn said_by(host: &Host, words: &[&str]) -> Option<std::path::PathBuf> {
    scripts::find(host, words)
}

/// A file whose own program would not take it as it stands.
pub(super) fn not_followed(place: Place, text: &str) -> Unknown {
    Unknown::at(place, Doubt::CannotModel(text.to_owned()))
}

/// Whether this ifupdown's grammar is followed to the letter.
pub(super) fn is_followed(reader: Reader) -> bool {
    reader == Reader::Ifupdown
}

/// `192.0.2.1/24` or `192.0.2.1`.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.trim().split('/').next()?.trim().parse().ok()
}

/// Whether a target is everything.
pub(super) fn is_everything(text: &str) -> bool {
    matches!(
        text.trim(),
        "default" | "0.0.0.0/0" | "::/0" | "0/0" | "0.0.0.0"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::File;

    pub(super) fn link(name: &str, kind: Option<&str>) -> Link {
        Link {
            name: name.to_owned(),
            up: true,
            ether: true,
            kind: kind.map(str::to_owned),
            port_of: None,
            mac: Some("02:00:00:00:00:01".to_owned()),
            permanent: kind.is_none().then(|| "02:00:00:00:00:01".to_owned()),
            place: File::new("/netlink/links", "x").place(crate::text::Span::new(0, 1)),
        }
    }

    #[test]
    fn a_selector_takes_what_all_its_parts_take() {
        let mut selector = Selector::named("e*");
        assert_eq!(selector.covers(&link("eth0", None)), Covers::Yes);
        assert_eq!(selector.covers(&link("br0", None)), Covers::No);
        selector.macs = vec!["02:00:00:00:00:02".to_owned()];
        assert_eq!(selector.covers(&link("eth0", None)), Covers::No);
        selector.macs = vec!["02:00:00:00:00:01".to_owned()];
        selector.ethernet = true;
        assert_eq!(selector.covers(&link("eth0", Some("vlan"))), Covers::No);
        assert_eq!(
            Selector::named("!eth*").covers(&link("eth0", None)),
            Covers::No
        );
        assert_eq!(
            Selector::named("!eth*").covers(&link("br0", None)),
            Covers::Yes
        );
    }
}
