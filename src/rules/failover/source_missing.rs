//! `failover-source-missing`: an instance that speaks from an address which the box does
//! not have.

use std::net::IpAddr;

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{Config, Version};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::has::{Has, has};

pub(in crate::rules) struct SourceMissing;

/// From here on it goes to FAULT where it cannot listen.
const FAULTS: Version = Version::new(2, 1, 0);

/// From here on it listens on an address that is not there yet (`IP_FREEBIND`).
const FREE: Version = Version::new(2, 3, 3);

/// Whether keepalived sets an address by itself, in an instance or a static block.
fn by_keepalived(config: &Config, address: IpAddr) -> bool {
    let moves = config.instances.iter().any(|instance| {
        let mut all = instance.virtual_addresses.iter().chain(&instance.excluded);
        all.any(|other| other.address == address)
    });
    let text = address.to_string();
    let mut words = config
        .static_blocks
        .iter()
        .flat_map(|block| block.lines.iter().flatten());
    moves || words.any(|word| word.value.starts_with(text.as_bytes()))
}

impl Rule for SourceMissing {
    fn id(&self) -> &'static str {
        "failover-source-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        if config
            .settings
            .iter()
            .any(|s| s.keyword.value == b"net_namespace")
        {
            return Err(Stop::NotApplicable(
                "keepalived runs in a namespace of its own",
            ));
        }
        for instance in &config.instances {
            let source = instance.unicast_src_ip.as_ref();
            let Some(source) = source.filter(|_| !instance.unicast_peers.is_empty()) else {
                continue;
            };
            let address = source.value;
            let link_local = matches!(address, IpAddr::V6(six) if six.is_unicast_link_local());
            out.judged += 1;
            if link_local || by_keepalived(config, address) {
                continue;
            }
            if has(host, address, &mut out) != Has::No {
                continue;
            }
            let name = escape(&instance.name.value);
            let (what, label) = if (FAULTS..FREE).contains(&config.version) {
                (
                    format!("instance {name} goes to FAULT at its start and stays there"),
                    "it cannot listen on an address that is not there",
                )
            } else {
                (
                    format!("instance {name} does not hear its peers"),
                    "what they send to it does not come here",
                )
            };
            let message = format!("{what}: nothing gives this box {address}");
            let at = Evidence::span(source.place.clone(), label);
            let finding = Finding::new(self.id(), name, message, at);
            let finding = finding.confidence(Confidence::Likely);
            out.push(finding);
        }
        out.or_not_applicable("no instance has a source address for unicast")
    }
}
