//! `fleet-router-id-clash`: two sets of routers with one number on one network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{evidence, members, name};
use crate::fleet::Router;
use crate::parse::keepalived::Family;
use crate::rules::{Cx, Examined, Finding, FleetRule, Level, Together};

pub(in crate::rules) struct RouterIdClash;

/// What routers with one number share: family, prefix length, network, number.
type Wire = (Family, u8, u128, u8);

/// The networks that a router's addresses are in, where their length says so.
fn networks(router: &Router) -> BTreeSet<(u128, u8)> {
    let of = |address: IpAddr, prefix: u8| match address {
        IpAddr::V4(ip) if (8..=30).contains(&prefix) => {
            let bits = u32::from(ip) >> (32 - u32::from(prefix));
            Some((u128::from(bits), prefix))
        }
        IpAddr::V6(ip) if (32..=126).contains(&prefix) && !ip.is_unicast_link_local() => {
            Some((u128::from(ip) >> (128 - u32::from(prefix)), prefix))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    };
    let addresses = router.instance.virtual_addresses.iter();
    let written = addresses.filter(|a| a.has_prefix);
    written.filter_map(|a| of(a.address, a.prefix)).collect()
}

impl FleetRule for RouterIdClash {
    fn id(&self) -> &'static str {
        "fleet-router-id-clash"
    }

    fn check(&self, hosts: &[Examined], _cx: &Cx<'_>) -> Together {
        let otherwise = "it has no VRRP by multicast";
        let mut out = Together::new(otherwise);
        let members = members(hosts);
        let mut by_network: BTreeMap<Wire, Vec<(usize, &Router)>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            for router in member.iter().flat_map(|member| &member.routers.items) {
                let Some(id) = &router.instance.virtual_router_id else {
                    continue;
                };
                if router.instance.unicast.is_some() {
                    continue;
                }
                out.judged.insert(index);
                for (network, prefix) in networks(router) {
                    let key = (router.family, prefix, network, id.value);
                    by_network.entry(key).or_default().push((index, router));
                }
            }
        }
        // What could not be read of a host has a number only where another host hears it;
        // that it could not be read is said by the rules about the host itself.
        for (index, member) in members.iter().enumerate() {
            if !out.judged.iter().any(|other| *other != index) {
                continue;
            }
            let gaps = member.iter().flat_map(|member| &member.routers.gaps);
            out.open
                .extend(gaps.map(|unknown| (index, unknown.clone())));
        }
        let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
        for ((_, _, _, id), routers) in &by_network {
            let Some((one, first)) = routers.first() else {
                continue;
            };
            let strangers = routers
                .iter()
                .filter(|(host, router)| host != one && !router.shares_with(first));
            for (other, second) in strangers {
                if !told.insert((*one, *other)) {
                    continue;
                }
                let (left, right) = (name(hosts, *one), name(hosts, *other));
                let message = format!(
                    "{left} and {right} use virtual_router_id {id} on one network \
                     for different addresses"
                );
                let shared_mac =
                    first.instance.use_vmac.is_some() || second.instance.use_vmac.is_some();
                for (at, own, peer, its) in
                    [(*one, first, *other, second), (*other, second, *one, first)]
                {
                    let label = |router: &Router| {
                        let texts: Vec<String> = router
                            .addresses
                            .iter()
                            .take(3)
                            .map(ToString::to_string)
                            .collect();
                        format!("for {}", texts.join(" "))
                    };
                    let here = evidence(hosts, at, at, &own.place(), &label(own));
                    let there = evidence(hosts, at, peer, &its.place(), &label(its));
                    let mut finding =
                        Finding::new(self.id(), id.to_string(), message.clone(), here).with(there);
                    if !shared_mac {
                        finding = finding.at_most(Level::Note);
                    }
                    out.list.push((at, finding));
                }
            }
        }
        out
    }
}
