//! `failover-cluster-quorum-lost`: of two nodes none goes on alone.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::cluster::cib;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ClusterQuorumLost;

/// Settings under which one of two nodes may keep the quorum (votequorum(5)).
const SETTINGS: [&str; 4] = [
    "two_node",
    "auto_tie_breaker",
    "last_man_standing",
    "expected_votes",
];

impl Rule for ClusterQuorumLost {
    fn id(&self) -> &'static str {
        "failover-cluster-quorum-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (conf, nodes) = super::cluster::nodes(host)?;
        let provider = conf.get("quorum", "provider");
        let votes = provider.is_some_and(|p| p.value == b"corosync_votequorum");
        if nodes.len() != 2 || !votes {
            return Err(Stop::NotApplicable("corosync does not count two votes"));
        }
        let mut out = Findings::new();
        out.judged = 1;
        let set = |key: &str| conf.get("quorum", key).is_some_and(|v| v.value != b"0");
        let uneven = nodes.iter().any(|node| node.votes.is_some());
        if SETTINGS.iter().any(|key| set(key)) || uneven || conf.section("quorum.device").is_some()
        {
            return Ok(out);
        }
        let Some(place) = conf.section("quorum") else {
            return Ok(out);
        };
        let message = "when this node reboots the other one loses the quorum and stops too";
        let at = Evidence::span(
            place.clone(),
            "two nodes, one vote each, without two_node: 1",
        );
        let mut finding = Finding::new(self.id(), "quorum", message, at);
        match cib(host) {
            Fact::Known(cib) => {
                let policy = cib.option(&["no-quorum-policy", "no_quorum_policy"]);
                match policy.map(|pair| pair.value.as_str()) {
                    Some("ignore") => return Ok(out),
                    _ if cib.ruled => return Ok(out),
                    _ => {}
                }
                if let Some(pair) = policy {
                    let label = "what it does without a quorum";
                    finding = finding.with(Evidence::span(pair.place.clone(), label));
                }
            }
            // Another manager, or none yet, has a policy of its own.
            Fact::Absent(_) => return Ok(out),
            other => {
                out.stop(other.require().err().unwrap_or(Stop::NotApplicable("")));
                return Ok(out);
            }
        }
        out.push(finding);
        Ok(out)
    }
}
