//! Names that changed between two states of one host: what keepalived's configuration
//! calls otherwise than it did.

use std::net::IpAddr;

use super::Host;
use super::failover::{Failover, Handling};
use super::services::{command_of, services_with, unit_file};
use crate::fact::Fact;
use crate::parse::keepalived::{Family, Instance, SyncGroup, Text};
use crate::shell::{Action, Effect, Value};
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
    /// A service that hooks start or stop.
    Unit,
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
            Self::Unit => "unit ",
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

/// The services that hooks of now name, that the base had, and that are there under
/// another name with the same command.
#[must_use]
pub fn units(base: &Host, now: &Host, hooks: &Failover) -> Vec<Rename> {
    let mut renames: Vec<Rename> = Vec::new();
    let handled = hooks.calls.iter().filter_map(|call| match &call.handling {
        Handling::Handled(effects) => Some(effects),
        _ => None,
    });
    for effect in handled.flatten() {
        for word in unit_words(effect) {
            let Ok(word) = std::str::from_utf8(word) else {
                continue;
            };
            let name = if word.contains('.') {
                word.to_owned()
            } else {
                format!("{word}.service")
            };
            let gone = matches!(unit_file(now.tree(), &name), Fact::Absent(_));
            if !gone || renames.iter().any(|known| known.old == word.as_bytes()) {
                continue;
            }
            let Some(command) = command_of(base.tree(), &name) else {
                continue;
            };
            let heirs = services_with(now.tree(), &command).into_iter();
            let heirs = heirs.filter(|heir| command_of(base.tree(), heir).is_none());
            let new: Vec<Text> = heirs
                .map(|heir| Text {
                    value: heir.into_bytes(),
                    place: effect.place.clone(),
                })
                .collect();
            let old = Text {
                value: word.as_bytes().to_vec(),
                place: effect.place.clone(),
            };
            renames.extend(rename(Kind::Unit, &old, new.iter()));
        }
    }
    renames
}

/// The units that a program is told to start, stop or load again.
fn unit_words(effect: &Effect) -> Vec<&[u8]> {
    let Action::Run { argv, .. } = &effect.action else {
        return Vec::new();
    };
    let words: Vec<&[u8]> = argv.iter().filter_map(Value::bytes).collect();
    let base = |word: &[u8]| word.rsplit(|b| *b == b'/').next() == Some(b"systemctl");
    let mut rest = match words.split_first() {
        Some((first, rest)) if base(first) => rest.iter().filter(|word| !word.starts_with(b"-")),
        _ => return Vec::new(),
    };
    let verbs: [&[u8]; 6] = [
        b"start",
        b"stop",
        b"restart",
        b"reload",
        b"try-restart",
        b"reload-or-restart",
    ];
    match rest.next() {
        Some(verb) if verbs.contains(verb) => rest.copied().collect(),
        _ => Vec::new(),
    }
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
