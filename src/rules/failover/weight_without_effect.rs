//! `failover-weight-without-effect`: a weight that keepalived leaves out of account.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{Config, Tracked, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::trackers::group_of;

pub(in crate::rules) struct WeightWithoutEffect;

/// From here on a member of a group ignores its own weighted scripts.
const GROUPS: Version = Version::new(2, 0, 0);

/// The weight of a tracked script: its own, else the script's.
fn weight(config: &Config, tracked: &Tracked) -> Option<(i32, crate::text::Place)> {
    let mut options = tracked.options.iter();
    while let Some(option) = options.next() {
        if option.value == b"weight"
            && let Some(value) = options.next()
        {
            let text = std::str::from_utf8(&value.value).ok()?;
            return Some((text.parse().ok()?, value.place.clone()));
        }
    }
    let script = config
        .scripts
        .iter()
        .find(|s| s.name.value == tracked.name.value)?;
    let weight = script.weight.as_ref()?;
    Some((weight.value, weight.place.clone()))
}

impl Rule for WeightWithoutEffect {
    fn id(&self) -> &'static str {
        "failover-weight-without-effect"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        for instance in &config.instances {
            let weights = instance.track_scripts.iter();
            let weights = weights.filter_map(|t| Some((t, weight(config, t)?)));
            for (tracked, (weight, place)) in weights.filter(|(_, (weight, _))| *weight != 0) {
                out.judged += 1;
                let start = i32::from(instance.start_priority());
                let (low, high) = (start.min(start + weight), start.max(start + weight));
                let group = group_of(config, instance).filter(|group| {
                    let own = b"sync_group_tracking_weight".as_slice();
                    config.version >= GROUPS
                        && !group.settings.iter().any(|s| s.keyword.value == own)
                });
                let name = escape(&instance.name.value);
                let script = escape(&tracked.name.value);
                let priority = instance.priority.as_ref().map(|p| p.place.clone());
                let (why, more) = if start == 255 {
                    let at = priority.unwrap_or_else(|| instance.header.clone());
                    let text = "priority 255: it owns the addresses whatever its checks say";
                    ("the priority is 255", Evidence::span(at, text))
                } else if let Some(group) = group {
                    let text = "a member of this group: weights of members are ignored";
                    (
                        "it is in a sync group",
                        Evidence::span(group.header.clone(), text),
                    )
                } else if low.clamp(1, 254) == high.clamp(1, 254) {
                    let text = format!(
                        "with and without {weight} the priority is {}",
                        low.clamp(1, 254)
                    );
                    ("the priority is at its bound", Evidence::computed(text))
                } else {
                    continue;
                };
                let message = format!("instance {name} ignores the check {script}: {why}");
                let label = format!("the weight {weight} changes nothing");
                let subject = format!("{name} {script}");
                let at = Evidence::span(place, label);
                let mut finding = Finding::new(self.id(), subject, message, at).with(more);
                finding = super::by_version(failover, finding);
                out.push(finding);
            }
        }
        out.or_not_applicable("no check has a weight")
    }
}
