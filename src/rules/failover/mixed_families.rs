//! `failover-mixed-families`: one VRRP instance with addresses of both families.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{Family, FamilySource, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct MixedFamilies;

impl Rule for MixedFamilies {
    fn id(&self) -> &'static str {
        "failover-mixed-families"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = failover.config.instances.len();
        let config = &failover.config;
        let old = failover
            .version
            .is_some_and(|version| version < Version::ONE_FAMILY);
        for instance in &config.instances {
            let dropped: Vec<_> = instance.dropped_addresses().collect();
            let (Some(first), Some(hint)) = (dropped.first(), &instance.family) else {
                continue;
            };
            let name = escape(&instance.name.value);
            let family = match Family::of(first.address) {
                Family::V4 => "IPv4",
                Family::V6 => "IPv6",
            };
            let kept = match hint.family {
                Family::V4 => "IPv4",
                Family::V6 => "IPv6",
            };
            let message = match (dropped.len(), old) {
                (1, false) => {
                    format!("instance {name} mixes families: 1 {family} address is dropped")
                }
                (n, false) => {
                    format!("instance {name} mixes families: {n} {family} addresses are dropped")
                }
                (1, true) => {
                    format!("instance {name} mixes families: an upgrade drops 1 {family} address")
                }
                (n, true) => {
                    format!(
                        "instance {name} mixes families: an upgrade drops {n} {family} addresses"
                    )
                }
            };
            let fixed = match hint.source {
                FamilySource::VirtualAddress => format!("the first address makes it {kept}"),
                FamilySource::SourceAddress => format!("the source address makes it {kept}"),
                FamilySource::Peer => format!("this peer makes it {kept}"),
                FamilySource::MulticastDestination
                | FamilySource::NativeIpv6
                | FamilySource::IpVlan => format!("this makes it {kept}"),
            };
            let first_place = first.text.place.clone();
            let (label, as_well) = if old {
                ("a newer keepalived ignores this", "and this")
            } else {
                ("ignored: not the instance's family", "ignored as well")
            };
            let mut finding =
                Finding::new(self.id(), name, message, Evidence::span(first_place, label))
                    .with(Evidence::span(hint.place.clone(), fixed));
            finding = finding.with_all(
                dropped
                    .iter()
                    .skip(1)
                    .take(5)
                    .map(|address| Evidence::span(address.text.place.clone(), as_well)),
            );
            finding = finding.with(Evidence::computed(failover.version_from.clone()));
            if old {
                // 1.2.19 and older install both; from 1.2.20 on one is dropped.
                finding = finding.at_most(Level::Warn);
            } else {
                finding = super::by_version(failover, finding);
            }
            out.push(finding);
        }
        Ok(out)
    }
}
