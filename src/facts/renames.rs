//! Names that changed between two states of one host: what keepalived's configuration
//! calls otherwise than it did.

use std::net::IpAddr;

use super::failover::Failover;
use crate::parse::keepalived::{Family, Instance, SyncGroup, Text};
use crate::text::Place;

/// A name of the base that is gone, with what it is called now.
#[derive(Clone, Debug)]
pub struct Rename {
    /// What is called so.
    pub kind: Kind,
    /// The name it had.
    pub old: Vec<u8>,
    /// Where it stood, in the base.
    pub was: Place,
    /// The names it has; several where it was split.
    pub new: Vec<Text>,
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A `vrrp_instance`.
    Instance,
    /// A `vrrp_sync_group`.
    Group,
    /// A network interface an instance is bound to.
    Interface,
    /// A virtual address.
    Address,
}

impl Kind {
    /// What stands before the name in a sentence; instances need nothing.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "",
            Self::Group => "group ",
            Self::Interface => "interface ",
            Self::Address => "address ",
        }
    }
}

/// The names that changed between `base` and `now`, instances first.
///
/// An instance is the same under another name where it has the number and the interface
/// of before, which is how keepalived itself tells since 1.3.0 (commit aaea8a4c), or one
/// of its addresses; else where one is gone and one has come.
#[must_use]
pub fn renames(base: &Failover, now: &Failover) -> Vec<Rename> {
    let (before, after) = (&base.config.instances, &now.config.instances);
    let has = |list: &[Instance], name: &[u8]| list.iter().any(|i| i.name.value == name);
    let gone: Vec<&Instance> = before
        .iter()
        .filter(|old| !has(after, &old.name.value))
        .collect();
    let come: Vec<&Instance> = after
        .iter()
        .filter(|new| !has(before, &new.name.value))
        .collect();
    let mut renames = Vec::new();
    for old in &gone {
        let mut new: Vec<&Instance> = come.iter().copied().filter(|n| same(old, n)).collect();
        if new.is_empty() && gone.len() == 1 && come.len() == 1 {
            new.clone_from(&come);
        }
        renames.extend(rename(
            Kind::Instance,
            &old.name,
            new.iter().map(|i| &i.name),
        ));
    }
    renames.extend(groups(base, now, &renames));
    // The instance as it is now, under whatever name.
    let heirs = |old: &Instance| -> Vec<&Instance> {
        let renamed = renames.iter().find(|r| r.old == old.name.value);
        let heirs = after.iter().filter(|new| {
            let heir = |r: &Rename| r.new.iter().any(|name| name.value == new.name.value);
            new.name.value == old.name.value || renamed.is_some_and(heir)
        });
        heirs.collect()
    };
    let mut bound = Vec::new();
    for old in before {
        let heirs = heirs(old);
        bound.extend(interface(old, &heirs, after));
        bound.extend(addresses(old, &heirs, after));
    }
    bound.dedup_by(|a, b| a.old == b.old);
    renames.extend(bound);
    renames
}

fn rename<'a>(kind: Kind, old: &Text, new: impl Iterator<Item = &'a Text>) -> Option<Rename> {
    let new: Vec<Text> = new.cloned().collect();
    (!new.is_empty()).then(|| Rename {
        kind,
        old: old.value.clone(),
        was: old.place.clone(),
        new,
    })
}

/// Whether one instance is the other under another name.
fn same(old: &Instance, new: &Instance) -> bool {
    let number = |i: &Instance| i.virtual_router_id.as_ref().map(|id| id.value);
    let interface = |i: &Instance| i.interface.as_ref().map(|name| name.value.clone());
    let numbered =
        number(old).is_some() && number(old) == number(new) && interface(old) == interface(new);
    let addresses = own(old);
    numbered || own(new).iter().any(|address| addresses.contains(address))
}

/// The virtual addresses of an instance.
fn own(instance: &Instance) -> Vec<IpAddr> {
    let all = instance.virtual_addresses.iter().chain(&instance.excluded);
    all.map(|address| address.address).collect()
}

/// Groups that have the members of before, renamed or not, under another name.
fn groups(base: &Failover, now: &Failover, instances: &[Rename]) -> Vec<Rename> {
    let (before, after) = (&base.config.groups, &now.config.groups);
    let has = |list: &[SyncGroup], name: &[u8]| list.iter().any(|g| g.name.value == name);
    let gone = before.iter().filter(|old| !has(after, &old.name.value));
    let heirs = |old: &SyncGroup| {
        let mut names: Vec<Vec<u8>> = old.members.iter().map(|m| m.value.clone()).collect();
        for rename in instances
            .iter()
            .filter(|r| names.contains(&r.old))
            .collect::<Vec<_>>()
        {
            names.extend(rename.new.iter().map(|name| name.value.clone()));
        }
        let come = after.iter().filter(|new| !has(before, &new.name.value));
        let come = come.filter(|new| new.members.iter().any(|m| names.contains(&m.value)));
        come.map(|new| new.name.clone()).collect::<Vec<Text>>()
    };
    gone.filter_map(|old| rename(Kind::Group, &old.name, heirs(old).iter()))
        .collect()
}

/// An interface that an instance left, where no other instance is on it.
fn interface(old: &Instance, heirs: &[&Instance], after: &[Instance]) -> Option<Rename> {
    let left = old.interface.as_ref()?;
    let on = |i: &Instance| i.interface.as_ref().is_some_and(|n| n.value == left.value);
    if after.iter().any(on) {
        return None;
    }
    let mut new: Vec<&Text> = heirs.iter().filter_map(|i| i.interface.as_ref()).collect();
    new.dedup_by(|a, b| a.value == b.value);
    rename(Kind::Interface, left, new.into_iter())
}

/// The virtual address that took another's place: one of a family is gone, and others of
/// the family have come.
fn addresses(old: &Instance, heirs: &[&Instance], after: &[Instance]) -> Vec<Rename> {
    let mut renames = Vec::new();
    for family in [Family::V4, Family::V6] {
        let of = |list: &[&Instance]| -> Vec<(IpAddr, Text)> {
            let all = list.iter();
            let all = all.flat_map(|i| i.virtual_addresses.iter().chain(&i.excluded));
            let all = all.filter(|a| Family::of(a.address) == family);
            all.map(|a| (a.address, a.text.clone())).collect()
        };
        let (was, is) = (of(&[old]), of(heirs));
        let all: Vec<&Instance> = after.iter().collect();
        let everywhere = of(&all);
        let gone = was
            .iter()
            .filter(|(a, _)| !everywhere.iter().any(|(b, _)| a == b));
        let gone: Vec<_> = gone.collect();
        let come = is.iter().filter(|(a, _)| !was.iter().any(|(b, _)| a == b));
        let plain = |address: &IpAddr, text: &Text| Text {
            value: address.to_string().into_bytes(),
            place: text.place.clone(),
        };
        let come: Vec<Text> = come.map(|(a, text)| plain(a, text)).collect();
        if let [(address, text)] = gone.as_slice() {
            renames.extend(rename(Kind::Address, &plain(address, text), come.iter()));
        }
    }
    renames
}
