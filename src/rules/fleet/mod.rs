//! Rules about several hosts at once.

mod need_same_window;
mod pair_same_window;
mod quorum_same_window;
mod role_differs;
mod role_same_window;
mod role_single_holder;
mod router_id_clash;
mod routers_disagree;
mod same_minute;
mod spans;
mod window;

pub(super) use need_same_window::NeedSameWindow;
pub(super) use pair_same_window::PairSameWindow;
pub(super) use quorum_same_window::QuorumSameWindow;
pub(super) use role_differs::RoleDiffers;
pub(super) use role_same_window::RoleSameWindow;
pub(super) use role_single_holder::RoleSingleHolder;
pub(super) use router_id_clash::RouterIdClash;
pub(super) use routers_disagree::RoutersDisagree;
pub(super) use same_minute::SameMinute;

use super::{Evidence, Examined};
use crate::fleet::Member;
use crate::text::{Place, escape};

/// What each host is to the others.
fn members(hosts: &[Examined]) -> Vec<Option<&Member>> {
    hosts.iter().map(|host| host.member.as_deref()).collect()
}

/// A host's name, for people.
fn name(hosts: &[Examined], index: usize) -> String {
    hosts
        .get(index)
        .map_or_else(String::new, |host| escape(host.name.as_bytes()))
}

/// The names of hosts, `a, b and 3 more`.
fn names(hosts: &[Examined], indices: &[usize]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = indices
        .iter()
        .take(SHOWN)
        .map(|at| name(hosts, *at))
        .collect();
    match indices.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A place as evidence at `at`: in another host's tree it is named in words, as a report
/// shows the files of one host.
fn evidence(hosts: &[Examined], at: usize, of: usize, place: &Place, label: &str) -> Evidence {
    if at == of {
        return Evidence::span(place.clone(), label);
    }
    let position = place.start();
    let path = crate::text::escape_path(place.path());
    let name = name(hosts, of);
    Evidence::computed(format!("{name}: {path}:{}: {label}", position.line))
}
