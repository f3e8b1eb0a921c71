//! What the rules about things of now that no file makes again have in common.

use std::net::IpAddr;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::State;
use crate::facts::network::live::{Link, links};
use crate::facts::network::plan::{Covers, Part, Plan, Sets};
use crate::text::{File, Span};

/// Who makes routes and rules that live and die with it.
const DAEMONS: [&str; 14] = [
    "kernel",
    "ra",
    "zebra",
    "bird",
    "babel",
    "bgp",
    "isis",
    "ospf",
    "rip",
    "eigrp",
    "keepalived",
    "xorp",
    "gated",
    "redirect",
];

/// The plan of a box on which every program that sets up the network is followed, and the
/// interfaces that it has now.
pub(super) fn followed(host: &Host) -> Result<(&Plan, Vec<Link>), Stop> {
    let links = match links(host.tree()) {
        Fact::Known(links) => links,
        Fact::Absent(_) => Vec::new(),
        other => {
            other.require()?;
            Vec::new()
        }
    };
    let plan = host.network_plan();
    if plan.unknown.is_some() {
        return Err(Stop::NotApplicable(
            "a program is started whose doing is not followed",
        ));
    }
    if !plan.open.is_empty() {
        return Err(Stop::Undecided(plan.open.clone()));
    }
    let netboot = matches!(host.root(), Fact::Known(root) if root.last("ip").is_some());
    if netboot {
        return Err(Stop::NotApplicable("the kernel is told an address"));
    }
    let network = host.network();
    let starts = |state: &State| matches!(state, State::Starts(_));
    let any = starts(&network.ifupdown.state) || network.managers.iter().any(|m| starts(&m.state));
    if plan.parts.is_empty() && !any {
        return Err(Stop::NotApplicable("nothing sets up an interface"));
    }
    Ok((plan, links))
}

/// The interface of that name; one of which nothing but that is known.
pub(super) fn link(links: &[Link], name: &str) -> Link {
    let found = links.iter().find(|link| link.name == name);
    found.cloned().unwrap_or_else(|| Link {
        name: name.to_owned(),
        up: true,
        ether: true,
        kind: None,
        port_of: None,
        mac: None,
        permanent: None,
        place: File::new("/netlink/links", "").place(Span::new(0, 0)),
    })
}

/// Whether a daemon made it.
pub(super) fn by_daemon(protocol: Option<&str>) -> bool {
    protocol.is_some_and(|by| DAEMONS.contains(&by) || by.parse::<u8>().is_ok())
}

/// Whether an interface is made by a program for its own: tunnels, pairs of containers.
pub(super) fn is_passing(link: &Link, plan: &Plan) -> bool {
    let ours = matches!(
        link.kind.as_deref(),
        None | Some("vlan" | "bridge" | "bond" | "team" | "veth" | "dummy")
    );
    !ours && !plan.makes(&link.name)
}

/// The parts that are meant for an interface, if any surely is.
pub(super) fn owned<'a>(plan: &'a Plan, link: &Link) -> Vec<&'a Part> {
    let of = plan.of(link);
    of.into_iter()
        .filter(|(part, covers)| *covers != Covers::No && part.owns)
        .map(|(part, _)| part)
        .collect()
}

/// Whether each of the parts is of a program whose doing was held against this reading.
pub(super) fn is_proven(parts: &[&Part]) -> bool {
    !parts.is_empty() && parts.iter().all(|part| part.tried)
}

/// Whether one of the parts is only perhaps meant, or may do what is not known.
pub(super) fn may_do_more(plan: &Plan, link: &Link) -> bool {
    let of = plan.of(link);
    of.iter()
        .any(|(part, covers)| *covers == Covers::Perhaps || part.open)
}

/// Whether a command of a part is a script of the site's own: it may do anything.
pub(super) fn runs_script(plan: &Plan) -> bool {
    let sets = plan.parts.iter().flat_map(|part| &part.sets);
    let mut commands = sets.filter_map(|sets| match sets {
        Sets::Command(text) => Some(text),
        _ => None,
    });
    commands.any(|command| super::is_script(command))
}

/// Whether an address is set by some part.
pub(super) fn sets_address(plan: &Plan, address: IpAddr) -> bool {
    let is_it = |sets: &Sets| matches!(sets, Sets::Address(own, _) if *own == address);
    plan.parts.iter().any(|part| part.sets.iter().any(is_it)) || plan.says(&[&address.to_string()])
}
