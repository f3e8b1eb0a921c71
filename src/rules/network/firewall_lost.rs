//! `network-firewall-lost`: packets are filtered now, and nothing filters them after the
//! boot.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::filters::{live, loader};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct FirewallLost;

impl Rule for FirewallLost {
    fn id(&self) -> &'static str {
        "network-firewall-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let filters = live(host);
        if filters.items.is_empty() {
            filters.complete()?;
            return Err(Stop::NotApplicable("nothing filters packets"));
        }
        let enabled = host.enabled();
        if !enabled.gaps.is_empty() {
            return Err(Stop::Undecided(enabled.gaps.clone()));
        }
        let mut out = Findings::new();
        out.judged = filters.items.len();
        let Some(first) = filters.items.first() else {
            return Ok(out);
        };
        if loader(host).is_some() {
            return Ok(out);
        }
        let rules: u32 = filters.items.iter().map(|filter| filter.rules).sum();
        let plural = if rules == 1 { "" } else { "s" };
        let message = format!(
            "{rules} rule{plural} for packets hold now, and nothing that the boot starts loads any"
        );
        let label = if first.drops {
            "drops what no rule decides on"
        } else {
            "has rules"
        };
        let mut finding = Finding::new(
            self.id(),
            escape(first.name.as_bytes()),
            message,
            Evidence::span(first.place.clone(), label),
        );
        finding = finding.with_all(
            filters
                .items
                .iter()
                .skip(1)
                .take(2)
                .map(|filter| Evidence::span(filter.place.clone(), "as well")),
        );
        out.push(finding);
        Ok(out)
    }
}
