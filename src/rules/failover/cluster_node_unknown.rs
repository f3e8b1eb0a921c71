//! `failover-cluster-node-unknown`: corosync does not find this box in its list of nodes.

use std::net::IpAddr;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::corosync::Node;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::has::{Has, has};

pub(in crate::rules) struct ClusterNodeUnknown;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether a name of the list is this host's (corosync 3.1.7 `exec/totemconfig.c`,
/// `nodelist_byname`): the host's, whole or with parts cut off its end, or its first
/// part and that of the list's.
fn is_name(host: &str, listed: &str) -> bool {
    let first = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let longer = host
        .strip_prefix(listed)
        .is_some_and(|rest| rest.starts_with('.'));
    host == listed || longer || first(host) == first(listed)
}

/// Names and addresses of the list.
fn listed(nodes: &[Node]) -> Vec<String> {
    let names = nodes.iter().flat_map(|node| [&node.name, &node.address]);
    names.flatten().map(|word| text(&word.value)).collect()
}

/// The address that /etc/hosts gives a name.
fn looked_up(host: &Host, name: &str, out: &mut Findings) -> Option<IpAddr> {
    let file = match host.tree().read(Path::new("/etc/hosts")) {
        Fact::Known(file) => file,
        other => {
            out.gap(&other);
            return None;
        }
    };
    file.lines().find_map(|(_, line)| {
        let line = text(line);
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word == name).then_some(address)
    })
}

impl Rule for ClusterNodeUnknown {
    fn id(&self) -> &'static str {
        "failover-cluster-node-unknown"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (conf, nodes) = super::cluster::nodes(host)?;
        let mut out = Findings::new();
        let name = match host.hostname() {
            Fact::Known(name) => name,
            other => {
                out.gap(&other);
                return out.or_not_applicable("the name of the host is not known");
            }
        };
        out.judged = 1;
        if listed(&nodes).iter().any(|word| is_name(&name, word)) {
            return Ok(out);
        }
        for node in &nodes {
            let Some(address) = &node.address else {
                return Ok(out);
            };
            let word = text(&address.value);
            let address = match word.parse() {
                Ok(address) => Some(address),
                Err(_) => looked_up(host, &word, &mut out),
            };
            // A name that only a server resolves may be this box.
            let Some(address) = address else {
                return Ok(out);
            };
            if has(host, address, &mut out) != Has::No {
                return Ok(out);
            }
        }
        let Some(place) = conf.section("nodelist") else {
            return Ok(out);
        };
        let shown = escape(name.as_bytes());
        let message = format!("corosync does not start: its list has no node {shown}");
        let at = Evidence::span(
            place.clone(),
            "neither by name nor by an address of this box",
        );
        let finding = Finding::new(self.id(), shown, message, at);
        let names = nodes
            .iter()
            .filter_map(|node| node.name.as_ref().or(node.address.as_ref()));
        let listed = names.map(|n| Evidence::span(n.place.clone(), "another node"));
        out.push(
            finding
                .with_all(listed.take(4))
                .confidence(Confidence::Likely),
        );
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_corosync_compares_them() {
        for (host, listed) in [
            ("n1", "n1"),
            ("n1.example.org", "n1.example"),
            ("n1.example.org", "n1"),
            ("n1", "n1.example.org"),
        ] {
            assert!(is_name(host, listed), "{host} {listed}");
        }
        assert!(!is_name("n1", "n10") && !is_name("n10", "n1"));
    }
}
