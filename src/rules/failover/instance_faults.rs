//! Faults of whole instances for which keepalived ends at start: what no single line
//! shows.
//!
//! Seen with keepalived 1.3.2, 2.0.10 and 2.1.5 to 2.4.3: one such instance ends the
//! VRRP process, and no instance runs.

use crate::parse::keepalived::{Config, Family, Instance, Version};
use crate::rules::Evidence;

/// From here on two instances may not share a number; before, both ran. Tried with
/// 1.2.19 and 1.3.2.
const UNIQUE: Version = Version::new(1, 3, 0);

/// The faults, in the order of the instances.
pub(super) fn instance_faults(config: &Config) -> Vec<Evidence> {
    let mut faults = Vec::new();
    for (index, instance) in config.instances.iter().enumerate() {
        let header = instance.header.clone();
        if instance.virtual_router_id.is_none() {
            let label = "has no valid virtual_router_id";
            faults.push(Evidence::span(header.clone(), label));
        }
        let default = config.globals.default_interface.is_some();
        let unicast = !instance.unicast_peers.is_empty() && instance.unicast_src_ip.is_some();
        if instance.interface.is_none() && !default && !unicast {
            faults.push(Evidence::span(header, "has no interface"));
        }
        if config.version < UNIQUE {
            continue;
        }
        let earlier = config.instances.iter().take(index);
        let same = earlier
            .filter_map(|other| Some((number(config, other)?, other)))
            .find(|(key, _)| Some(*key) == number(config, instance));
        if let (Some((_, other)), Some(id)) = (same, &instance.virtual_router_id) {
            let label = "the same number on the same interface again";
            faults.push(Evidence::span(id.place.clone(), label));
            if let Some(first) = &other.virtual_router_id {
                faults.push(Evidence::span(first.place.clone(), "first given here"));
            }
        }
    }
    faults
}

/// What must be unique among instances that speak by multicast on the interface
/// itself: family, interface and number.
fn number<'a>(config: &'a Config, instance: &'a Instance) -> Option<(Family, &'a [u8], u8)> {
    if instance.unicast.is_some() || instance.use_vmac.is_some() {
        return None;
    }
    let family = instance.family.as_ref().map_or(Family::V4, |f| f.family);
    let interface = instance.interface.as_ref();
    let interface = interface.or(config.globals.default_interface.as_ref())?;
    let id = instance.virtual_router_id.as_ref()?;
    Some((family, &interface.value, id.value))
}
