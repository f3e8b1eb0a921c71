//! `failover-cluster-left-aside`: a cluster, or a node, that was taken out of service and
//! not put back.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::cib::is_true;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::cluster::{is_here, pacemaker};

pub(in crate::rules) struct ClusterLeftAside;

/// Options of the cluster under which it starts nothing, with the value that does it.
const OPTIONS: [(&[&str], bool, &str); 3] = [
    (
        &["maintenance-mode"],
        true,
        "the cluster is in maintenance: after a reboot it starts nothing and takes nothing over",
    ),
    (
        &["stop-all-resources", "stop_all_resources"],
        true,
        "the cluster is told to stop every resource: after a reboot it starts none",
    ),
    (
        &["is-managed-default", "is_managed_default"],
        false,
        "the cluster manages no resource unless told so: after a reboot it starts none",
    ),
];

impl Rule for ClusterLeftAside {
    fn id(&self) -> &'static str {
        "failover-cluster-left-aside"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cib = pacemaker(host)?;
        let mut out = Findings::new();
        out.judged = 1;
        for (names, wanted, message) in OPTIONS {
            let Some(pair) = cib.option(names) else {
                continue;
            };
            if is_true(&pair.value) == wanted {
                let at = Evidence::span(pair.place.clone(), "stays so until it is taken back");
                out.push(Finding::new(
                    self.id(),
                    escape(pair.name.as_bytes()),
                    message,
                    at,
                ));
            }
        }
        let here = host.hostname();
        if let Fact::Unknown(unknown) = &here {
            out.open.push(unknown.clone());
        }
        for member in &cib.members {
            let aside = member.attributes.iter().find(|pair| {
                matches!(pair.name.as_str(), "standby" | "maintenance") && is_true(&pair.value)
            });
            let Some(pair) = aside else { continue };
            let name = escape(member.name.as_bytes());
            let state = escape(pair.name.as_bytes());
            let own = matches!(&here, Fact::Known(here) if is_here(here, &member.name));
            let message = if own {
                format!("{name}, this node, is in {state}: the cluster starts nothing here")
            } else {
                format!("{name} is in {state}: it takes nothing over when this node reboots")
            };
            let at = Evidence::span(pair.place.clone(), "stays so until it is taken back");
            out.push(Finding::new(self.id(), name, message, at));
        }
        Ok(out)
    }
}
