//! `failover-nothing-tracked`: an instance that only the death of the whole host moves.

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::trackers::trackers;

pub(in crate::rules) struct NothingTracked;

impl Rule for NothingTracked {
    fn id(&self) -> &'static str {
        "failover-nothing-tracked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        if config.instances.is_empty() {
            return Err(Stop::NotApplicable("keepalived has no VRRP instance"));
        }
        out.judged = config.instances.len();
        // What is tracked may stand in a file that could not be read.
        if !(config.open.is_empty() && failover.uncovered.is_empty()) {
            return Ok(out);
        }
        let alone = config.instances.iter().filter(|instance| {
            let found = trackers(config, instance);
            found.scripts.is_empty() && found.processes.is_empty() && !found.others
        });
        let alone: Vec<_> = alone.collect();
        let Some(first) = alone.first() else {
            return Ok(out);
        };
        let name = escape(&first.name.value);
        let message = match alone.len() {
            1 => format!("instance {name} tracks nothing but its own interface"),
            n => format!("{n} instances track nothing but their own interface"),
        };
        let label = "no track_script, track_process, track_interface or track_file";
        let at = Evidence::span(first.header.clone(), label);
        let others = alone.iter().skip(1).take(5);
        let others = others.map(|i| Evidence::span(i.header.clone(), "nor here"));
        out.push(Finding::new(self.id(), name, message, at).with_all(others));
        Ok(out)
    }
}
