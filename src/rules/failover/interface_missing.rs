//! `failover-interface-missing`: keepalived ends where an interface it names is not there.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::names;
use crate::parse::keepalived::{Instance, Text, Version};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct InterfaceMissing;

/// From here on an interface that is not there ends the daemon.
const FATAL: Version = Version::new(1, 3, 0);

/// The interfaces that an instance needs; those that it makes itself are left out.
fn needed(instance: &Instance) -> Vec<&Text> {
    let mut all: Vec<&Text> = instance.interface.iter().collect();
    let tracked = instance.track_interfaces.iter();
    all.extend(tracked.map(|t| &t.name));
    let addresses = instance.virtual_addresses.iter().chain(&instance.excluded);
    all.extend(addresses.filter_map(|a| a.dev.as_ref()));
    if let Some(vmac) = &instance.use_vmac {
        let id = instance.virtual_router_id.as_ref().map_or(0, |id| id.value);
        let default = format!("vrrp.{id}").into_bytes();
        let own = |name: &Text| {
            name.value == default || vmac.words.iter().any(|word| word.value == name.value)
        };
        all.retain(|name| !own(name));
    }
    all
}

impl Rule for InterfaceMissing {
    fn id(&self) -> &'static str {
        "failover-interface-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        if config.instances.is_empty() {
            return Err(Stop::NotApplicable("keepalived has no VRRP instance"));
        }
        if config.globals.dynamic_interfaces.is_some() {
            return Err(Stop::NotApplicable("keepalived waits for its interfaces"));
        }
        let elsewhere = b"net_namespace".as_slice();
        if config.settings.iter().any(|s| s.keyword.value == elsewhere) {
            return Err(Stop::NotApplicable(
                "keepalived runs in a namespace of its own",
            ));
        }
        let running = names::running(host.tree());
        if let (true, Some(why)) = (running.gaps.is_empty(), running.uncovered.first()) {
            return Err(Stop::NotCovered(why.clone()));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        out.judged = config.instances.len();
        if !running.gaps.is_empty() {
            out.open.extend(running.gaps);
            return Ok(out);
        }
        let there = |name: &[u8]| running.items.iter().any(|known| known == name);
        let mut told: Vec<&[u8]> = Vec::new();
        for instance in &config.instances {
            for name in needed(instance) {
                if there(&name.value) || told.contains(&name.value.as_slice()) {
                    continue;
                }
                told.push(&name.value);
                let shown = escape(&name.value);
                let configured = names::is_configured(host.tree(), &name.value);
                let what = if configured {
                    "is not there now"
                } else {
                    "is not there, and nothing configures it"
                };
                let message = format!("keepalived ends at start: interface {shown} {what}");
                let at = Evidence::span(name.place.clone(), "no such interface");
                let mut finding = Finding::new(self.id(), shown, message, at)
                    .with(Evidence::path(names::RUNNING, "has no such entry"))
                    .confidence(Confidence::Likely);
                if configured || config.version < FATAL {
                    finding = finding.at_most(Level::Warn);
                }
                out.push(finding);
            }
        }
        Ok(out)
    }
}
