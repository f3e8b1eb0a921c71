//! `fleet-routers-disagree`: two routers of one address that do not hear each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{evidence, members, name};
use crate::fleet::{Difference, Router};
use crate::rules::{Cx, Examined, Finding, FleetRule, Together};

pub(in crate::rules) struct RoutersDisagree;

impl FleetRule for RoutersDisagree {
    fn id(&self) -> &'static str {
        "fleet-routers-disagree"
    }

    fn check(&self, hosts: &[Examined], _cx: &Cx<'_>) -> Together {
        let otherwise = "it shares no VRRP address with another host of this run";
        let mut out = Together::new(otherwise);
        let members = members(hosts);
        let mut of_address: BTreeMap<IpAddr, Vec<(usize, &Router)>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            for router in member.iter().flat_map(|member| &member.routers.items) {
                for address in &router.addresses {
                    of_address
                        .entry(*address)
                        .or_default()
                        .push((index, router));
                }
            }
        }
        let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (address, routers) in &of_address {
            let here: BTreeSet<usize> = routers.iter().map(|(host, _)| *host).collect();
            // An address of a private net is used again at other sites: where some of
            // its routers agree, the others are taken to be elsewhere. Two that have an
            // address of their own in common are on different wires for certain.
            let [(one, first), (other, second)] = routers.as_slice() else {
                if here.len() > 1 {
                    out.judged.extend(here);
                }
                continue;
            };
            if one == other {
                continue;
            }
            out.judged.extend(here);
            for index in [*one, *other] {
                let member = members.get(index).copied().flatten();
                let open = member.into_iter().flat_map(|member| &member.routers.gaps);
                out.open
                    .extend(open.map(|unknown| (index, unknown.clone())));
            }
            let own = |index: usize| members.get(index).copied().flatten();
            let elsewhere = own(*one).zip(own(*other)).is_some_and(|(a, b)| {
                a.addresses
                    .iter()
                    .any(|address| b.addresses.contains(address))
            });
            let Some(difference) = first.difference(second).filter(|_| !elsewhere) else {
                continue;
            };
            if !told.insert((*one, *other)) {
                continue;
            }
            let Difference {
                what,
                first: a,
                second: b,
            } = difference;
            let (left, right) = (name(hosts, *one), name(hosts, *other));
            let message = format!(
                "{left} and {right} both hold {address} and differ in {what}: \
                 neither hears the other, and both become master"
            );
            for at in [*one, *other] {
                let mut sides = [(*one, &a), (*other, &b)];
                sides.sort_by_key(|(host, _)| *host != at);
                let [own, its] = sides.map(|(host, (text, place))| {
                    let label = format!("{what}: {text}");
                    evidence(hosts, at, host, place, &label)
                });
                let finding = Finding::new(self.id(), address.to_string(), message.clone(), own);
                out.list.push((at, finding.with(its)));
            }
        }
        out
    }
}
