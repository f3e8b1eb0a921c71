//! Hosts of which some must stay up: VRRP routers of one address, the voters of a
//! quorum, the holders of a role.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Directory, Member};
use crate::text::Place;

/// What binds the hosts of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKind {
    /// They hold an address in turn.
    Pair,
    /// They vote.
    Quorum,
    /// Policy gives them one role.
    Role,
}

/// A host in a group.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Its index among the hosts.
    pub host: usize,
    /// Where that is written.
    pub place: Option<Place>,
    /// The higher, the more it is the one that works: the priority of a router.
    pub rank: u8,
}

/// Hosts of which some must stay up.
#[derive(Clone, Debug)]
pub struct Group {
    /// What binds them.
    pub kind: GroupKind,
    /// Its name, for people, as in `gw (10.0.0.1)`.
    pub name: String,
    /// The hosts of the run that are in it, by index.
    pub seats: Vec<Seat>,
    /// How many it has, with those that are not in this run.
    pub size: usize,
    /// How many may be down at once.
    pub may_be_down: usize,
    /// Whether the ranks say which of them works.
    pub ranked: bool,
}

impl GroupKind {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Quorum => "quorum",
            Self::Role => "role",
        }
    }

    /// The groups of this kind among hosts, by name.
    #[must_use]
    pub fn groups(self, members: &[Option<&Member>]) -> Vec<Group> {
        match self {
            Self::Pair => pairs(members),
            Self::Quorum => quorums(members),
            Self::Role => roles(members),
        }
    }
}

/// The groups among hosts, in the order of their kinds and names.
#[must_use]
pub fn groups(members: &[Option<&Member>]) -> Vec<Group> {
    let kinds = [GroupKind::Pair, GroupKind::Quorum, GroupKind::Role];
    kinds.iter().flat_map(|kind| kind.groups(members)).collect()
}

/// By host, the hosts that go down with it: its guests.
#[must_use]
pub fn taken_down(members: &[Option<&Member>]) -> Vec<Vec<usize>> {
    let directory = Directory::of(members);
    let of = |member: Option<&Member>| {
        let guests = member.into_iter().flat_map(|member| &member.guests.items);
        let found = guests.filter_map(|(name, _)| directory.called(name));
        let found: BTreeSet<usize> = found.collect();
        found.into_iter().collect()
    };
    members.iter().copied().map(of).collect()
}

/// Routers that hold an address and hear each other by one number.
fn pairs(members: &[Option<&Member>]) -> Vec<Group> {
    let mut by_key: BTreeMap<(IpAddr, u8), Vec<(Seat, String)>> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        for router in member.iter().flat_map(|member| &member.routers.items) {
            let Some(id) = &router.instance.virtual_router_id else {
                continue;
            };
            for address in &router.addresses {
                let seat = Seat {
                    host: index,
                    place: Some(router.place()),
                    rank: router.priority(),
                };
                let seats = by_key.entry((*address, id.value)).or_default();
                seats.push((seat, router.name()));
            }
        }
    }
    // Several addresses of the same hosts are one group.
    let mut found: BTreeMap<Vec<usize>, Group> = BTreeMap::new();
    for ((address, _), seats) in by_key {
        let hosts: BTreeSet<usize> = seats.iter().map(|(seat, _)| seat.host).collect();
        if hosts.len() < 2 {
            continue;
        }
        let hosts: Vec<usize> = hosts.into_iter().collect();
        let ranks = |seats: &[Seat]| -> BTreeMap<usize, u8> {
            seats.iter().map(|seat| (seat.host, seat.rank)).collect()
        };
        let name = seats.first().map_or("", |(_, name)| name).to_owned();
        let mut seats: Vec<Seat> = seats.into_iter().map(|(seat, _)| seat).collect();
        seats.dedup_by_key(|seat| seat.host);
        if let Some(known) = found.get_mut(&hosts) {
            // Where each works for another address, none is the standby.
            known.ranked &= order(&ranks(&known.seats)) == order(&ranks(&seats));
            continue;
        }
        let size = hosts.len();
        found.insert(
            hosts,
            Group {
                kind: GroupKind::Pair,
                name: format!("{name} ({address})"),
                seats,
                size,
                may_be_down: size - 1,
                ranked: true,
            },
        );
    }
    let mut out: Vec<Group> = found.into_values().collect();
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

/// Hosts from the lowest rank to the highest.
fn order(ranks: &BTreeMap<usize, u8>) -> Vec<usize> {
    let mut hosts: Vec<(u8, usize)> = ranks.iter().map(|(host, rank)| (*rank, *host)).collect();
    hosts.sort_unstable();
    hosts.into_iter().map(|(_, host)| host).collect()
}

/// Voters that name each other, of one program.
fn quorums(members: &[Option<&Member>]) -> Vec<Group> {
    let directory = Directory::of(members);
    // By program and host, the group of it: the smallest index in it.
    let mut group_of: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let root = |group_of: &BTreeMap<(&str, usize), usize>, program, host: usize| {
        let mut at = host;
        while let Some(next) = group_of.get(&(program, at)).filter(|next| **next != at) {
            at = *next;
        }
        at
    };
    let of = |index: usize| {
        let member = members.get(index).copied().flatten();
        member.into_iter().flat_map(|member| &member.quorums.items)
    };
    for index in 0..members.len() {
        for (program, _) in of(index) {
            group_of.entry((program, index)).or_insert(index);
        }
    }
    for index in 0..members.len() {
        for (program, quorum) in of(index) {
            for other in quorum
                .voters
                .iter()
                .filter_map(|voter| directory.find(voter))
            {
                if !group_of.contains_key(&(*program, other)) {
                    continue;
                }
                let (a, b) = (
                    root(&group_of, program, index),
                    root(&group_of, program, other),
                );
                group_of.insert((program, a.max(b)), a.min(b));
            }
        }
    }
    let mut found: BTreeMap<(&str, usize), Group> = BTreeMap::new();
    let mut spare: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    for index in 0..members.len() {
        for (program, quorum) in of(index) {
            let key = (*program, root(&group_of, program, index));
            // It counts itself, whether it is named or not.
            let named = quorum
                .voters
                .iter()
                .any(|voter| directory.find(voter) == Some(index));
            let size = quorum.voters.len() + usize::from(!named);
            let size = quorum.size.unwrap_or(0).max(size);
            let group = found.entry(key).or_insert_with(|| Group {
                kind: GroupKind::Quorum,
                name: match &quorum.name {
                    Some(name) => {
                        format!("{program} {}", crate::text::escape(name.as_bytes()))
                    }
                    None => (*program).to_owned(),
                },
                seats: Vec::new(),
                size: 0,
                may_be_down: 0,
                ranked: false,
            });
            group.size = group.size.max(size);
            if let Some(own) = quorum.spare {
                let least = spare.entry(key).or_insert(own);
                *least = own.min(*least);
            }
            if group.seats.iter().all(|seat| seat.host != index) {
                group.seats.push(Seat {
                    host: index,
                    place: Some(quorum.place.clone()),
                    rank: 0,
                });
            }
        }
    }
    for (key, group) in &mut found {
        group.size = group.size.max(group.seats.len());
        let below_half = (group.size - 1) / 2;
        group.may_be_down = spare.get(key).copied().unwrap_or(below_half);
    }
    let mut out: Vec<Group> = found.into_values().collect();
    // One that votes alone is no group.
    out.retain(|group| group.size > 1);
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

/// The holders of each role of the policy.
fn roles(members: &[Option<&Member>]) -> Vec<Group> {
    let mut found: BTreeMap<&str, (usize, Vec<Seat>)> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        for role in member.iter().flat_map(|member| &member.roles) {
            let (_, seats) = found
                .entry(&role.name)
                .or_insert((role.at_least, Vec::new()));
            seats.push(Seat {
                host: index,
                place: role.place.clone(),
                rank: 0,
            });
        }
    }
    let group = |(name, (at_least, seats)): (&str, (usize, Vec<Seat>))| Group {
        kind: GroupKind::Role,
        name: crate::text::escape(name.as_bytes()),
        size: seats.len(),
        may_be_down: seats.len().saturating_sub(at_least),
        seats,
        ranked: false,
    };
    found.into_iter().map(group).collect()
}
