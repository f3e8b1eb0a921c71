//! `failover-peers-missing`: an instance that does not hear its peers.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{Family, Instance, Spanned, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct PeersMissing;

/// The family of an instance.
fn family(instance: &Instance) -> Family {
    instance.family.as_ref().map_or(Family::V4, |f| f.family)
}

/// Whether a peer is the instance itself.
fn itself(instance: &Instance, peer: &Spanned<std::net::IpAddr>) -> bool {
    let own = instance.unicast_src_ip.as_ref();
    own.is_some_and(|own| own.value == peer.value)
}

impl Rule for PeersMissing {
    fn id(&self) -> &'static str {
        "failover-peers-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let complete = config.open.is_empty() && failover.uncovered.is_empty();
        for instance in &config.instances {
            let Some(unicast) = &instance.unicast else {
                continue;
            };
            out.judged += 1;
            let name = escape(&instance.name.value);
            let peers = &instance.unicast_peers;
            let of_family = |p: &&Spanned<_>| Family::of(p.value) == family(instance);
            let alive: Vec<_> = peers.iter().filter(of_family).collect();
            let others = alive.iter().filter(|p| !itself(instance, p)).count();
            let (message, at) = if alive.is_empty() {
                if !complete || config.version < Version::EXEC_HOOKS {
                    continue;
                }
                let stops = b"unicast_fault_no_peer".as_slice();
                if instance.settings.iter().any(|s| s.keyword.value == stops) {
                    continue;
                }
                let message = format!(
                    "instance {name} asks for unicast and has no peer: it speaks by multicast"
                );
                (
                    message,
                    Evidence::span(unicast.clone(), "no unicast_peer that it can use"),
                )
            } else if others == 0 && complete {
                let message = format!("instance {name} has no peer but itself");
                let place = alive.first().map_or(unicast, |p| &p.place).clone();
                (message, Evidence::span(place, "its own unicast_src_ip"))
            } else if let Some(first) = peers.iter().find(|p| !of_family(p)) {
                let message = format!("instance {name} leaves out a peer of the other family");
                let label = "ignored: not the instance's family";
                (message, Evidence::span(first.place.clone(), label))
            } else {
                continue;
            };
            let mut finding = Finding::new(self.id(), name, message, at);
            let dropped = peers.iter().filter(|p| !of_family(p) && !alive.is_empty());
            let dropped = dropped.skip(usize::from(others > 0)).take(3);
            let label = "ignored: not the instance's family";
            finding = finding.with_all(dropped.map(|p| Evidence::span(p.place.clone(), label)));
            finding = super::by_version(failover, finding);
            out.push(finding);
        }
        out.or_not_applicable("no instance asks for unicast")
    }
}
