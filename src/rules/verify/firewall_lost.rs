//! `verify-firewall-lost`: packets were filtered, and are not.

use super::{before, was, whole};
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct FirewallLost;

impl Rule for FirewallLost {
    fn id(&self) -> &'static str {
        "verify-firewall-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let then = whole(standing::firewall(before))?;
        let now = whole(standing::firewall(host))?;
        if then.is_empty() {
            return Err(Stop::NotApplicable("no packets were filtered"));
        }
        let mut out = Findings::new();
        // Said with its unit.
        let said = super::unit_lost::lost(host, before).is_ok_and(|(lost, _)| {
            let names = [
                "nftables",
                "iptables",
                "netfilter",
                "firewalld",
                "ufw",
                "shorewall",
            ];
            let is_one = |name: &str| names.iter().any(|part| name.contains(part));
            lost.iter().any(|lost| is_one(&lost.unit.name))
        });
        for (table, place) in then {
            if said || now.iter().any(|(other, _)| *other == table) {
                continue;
            }
            let shown = escape(table.as_bytes());
            let message = if table == "nftables" {
                "nftables has no rules any more".to_owned()
            } else {
                format!("the tables of iptables for {shown} are gone")
            };
            out.push(Finding::new(
                self.id(),
                shown,
                message,
                was(&place, "in use"),
            ));
        }
        Ok(out)
    }
}
