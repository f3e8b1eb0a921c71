//! `failover-preempts-anyway`: `nopreempt` that keepalived takes back.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{State, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct PreemptsAnyway;

/// From here on the owner of the addresses has no `nopreempt`.
const OWNER: Version = Version::new(1, 3, 0);

impl Rule for PreemptsAnyway {
    fn id(&self) -> &'static str {
        "failover-preempts-anyway"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        for instance in &config.instances {
            let Some(nopreempt) = &instance.nopreempt else {
                continue;
            };
            out.judged += 1;
            let state = instance.state.as_ref();
            let master = state.filter(|state| state.value == State::Master);
            let owner = instance.priority.as_ref().filter(|p| p.value == 255);
            let (why, place) = match (master, owner) {
                (Some(state), _) => ("state MASTER", state.place.clone()),
                (None, Some(priority)) if config.version >= OWNER => {
                    ("priority 255", priority.place.clone())
                }
                _ => continue,
            };
            let name = escape(&instance.name.value);
            let message = format!(
                "instance {name} takes the addresses back after a reboot: {why} ends nopreempt"
            );
            let label = "of no effect at a start";
            let at = Evidence::span(nopreempt.clone(), label);
            let mut finding = Finding::new(self.id(), name, message, at)
                .with(Evidence::span(place, "because of this"));
            finding = super::by_version(failover, finding);
            out.push(finding);
        }
        out.or_not_applicable("no instance has nopreempt")
    }
}
