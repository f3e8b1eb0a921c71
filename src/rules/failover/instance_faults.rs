//! Faults of whole instances for which keepalived ends at start: what no single line
//! shows (keepalived `vrrp/vrrp.c`, `chk_min_cfg`, `vrrp_complete_instance` and
//! `check_vrid_conflicts`, release by release).
//!
//! Seen with keepalived 1.3.2, 2.0.10 and 2.1.5 to 2.4.3: one such instance ends the
//! VRRP process, and no instance runs.

use std::net::IpAddr;

use crate::parse::keepalived::{Config, Family, Instance, Version};
use crate::rules::Evidence;

/// From here on two instances may not share a number; before, both ran. Tried with
/// 1.2.19 and 1.3.2.
const UNIQUE: Version = Version::new(1, 3, 0);

/// From here on an instance of version 3, of IPv6 or in strict mode needs an address.
const NEEDS_ADDRESS: Version = Version::new(1, 2, 20);

/// From here on unicast and multicast have numbers of their own, and unicast can do
/// without an interface.
const UNICAST: Version = Version::new(2, 1, 0);

/// From here on unicast with other peers, and multicast to other groups, is apart. Until
/// [`NO_INTERFACE`] an interface is needed again, as it looks for peers too early.
const PEERS: Version = Version::new(2, 2, 5);

/// From here on asking for unicast is enough to do without an interface.
const NO_INTERFACE: Version = Version::new(2, 2, 8);

/// From here on strict mode refuses unicast again.
const STRICT: Version = Version::new(2, 4, 0);

/// The faults, in the order of the instances.
pub(super) fn instance_faults(config: &Config) -> Vec<Evidence> {
    instance_faults_of(config, config.version)
}

/// What the faults would be with another version.
pub(super) fn instance_faults_of(config: &Config, version: Version) -> Vec<Evidence> {
    let mut faults = Vec::new();
    for (index, instance) in config.instances.iter().enumerate() {
        let header = || instance.header.clone();
        if instance.virtual_router_id.is_none() {
            faults.push(Evidence::span(header(), "has no valid virtual_router_id"));
        }
        if let Some(label) = interface_fault(version, instance) {
            faults.push(Evidence::span(header(), label));
        }
        if let Some(label) = address_fault(config, version, instance) {
            faults.push(Evidence::span(header(), label));
        }
        let strict = is_strict(config, instance) && !instance.unicast_peers.is_empty();
        let refuses = (NEEDS_ADDRESS..PEERS).contains(&version) || version >= STRICT;
        if strict && refuses && instance.interface.is_some() {
            faults.push(Evidence::span(header(), "strict mode, and unicast_peer"));
        }
        if version < UNIQUE {
            continue;
        }
        let earlier = config.instances.iter().take(index);
        let mut same = earlier.filter(|other| conflict(version, other, instance));
        if let (Some(other), Some(id)) = (same.next(), &instance.virtual_router_id) {
            let label = "the same number on the same interface again";
            faults.push(Evidence::span(id.place.clone(), label));
            if let Some(first) = &other.virtual_router_id {
                faults.push(Evidence::span(first.place.clone(), "first given here"));
            }
        }
    }
    faults
}

/// `default_interface` is no help: it is for addresses and routes alone.
fn interface_fault(version: Version, instance: &Instance) -> Option<&'static str> {
    if instance.interface.is_some() {
        return None;
    }
    let needed = version < UNICAST || (PEERS..NO_INTERFACE).contains(&version);
    let unicast = if version >= NO_INTERFACE {
        instance.unicast.is_some()
    } else {
        !instance.unicast_peers.is_empty()
    };
    let source = instance.unicast_src_ip.as_ref();
    let source = source.or(instance.mcast_src_ip.as_ref());
    match source.map(|s| s.value) {
        _ if needed || !unicast => Some("has no interface"),
        None => Some("has neither interface nor unicast_src_ip"),
        Some(IpAddr::V6(address)) if address.is_unicast_link_local() => {
            Some("has no interface, and a source that is local to the link")
        }
        Some(_) => None,
    }
}

/// No virtual address is left, and one is needed.
fn address_fault(config: &Config, installed: Version, instance: &Instance) -> Option<&'static str> {
    let all = instance.virtual_addresses.len();
    let left = all - instance.dropped_addresses().count();
    let allowed = b"no_virtual_ipaddress".as_slice();
    let allowed = instance.settings.iter().any(|s| s.keyword.value == allowed);
    if left > 0 || allowed || installed < NEEDS_ADDRESS {
        return None;
    }
    let global = config.globals.vrrp_version.as_ref().map_or(2, |v| v.value);
    let six = family(instance) == Family::V6;
    let own = instance.version.as_ref().map(|v| v.value);
    let version = own.unwrap_or(if six { 3 } else { global });
    let six = six && installed < NO_INTERFACE;
    if version == 3 || six || is_strict(config, instance) {
        let none = "has no virtual address, which VRRP version 3 and strict mode need";
        let dropped = "has no virtual address of its family, and needs one";
        return Some(if all == 0 { none } else { dropped });
    }
    None
}

fn is_strict(config: &Config, instance: &Instance) -> bool {
    let own = instance.strict_mode.as_ref().map(|s| s.value);
    own.unwrap_or(config.globals.vrrp_strict.is_some())
}

fn family(instance: &Instance) -> Family {
    instance.family.as_ref().map_or(Family::V4, |f| f.family)
}

/// Whether both have one number where it must be their own.
fn conflict(version: Version, a: &Instance, b: &Instance) -> bool {
    let id = |i: &Instance| i.virtual_router_id.as_ref().map(|id| id.value);
    if id(a).is_none() || id(a) != id(b) || family(a) != family(b) {
        return false;
    }
    let interface = |i: &Instance| i.interface.as_ref().map(|text| text.value.clone());
    let apart = interface(a) != interface(b);
    if version < UNICAST {
        return !apart;
    }
    let unicast = |i: &Instance| !i.unicast_peers.is_empty();
    if unicast(a) != unicast(b) {
        return false;
    }
    if !unicast(a) {
        let group = |i: &Instance| i.mcast_dst_ip.as_ref().map(|g| g.value);
        return !apart && (version < PEERS || group(a) == group(b));
    }
    let source = |i: &Instance| i.unicast_src_ip.as_ref().map(|s| s.value);
    let both = interface(a).is_some() && interface(b).is_some();
    if both && apart || source(a) != source(b) {
        return false;
    }
    let peer = |value: IpAddr| b.unicast_peers.iter().any(|p| p.value == value);
    version < PEERS || a.unicast_peers.iter().any(|p| peer(p.value))
}
