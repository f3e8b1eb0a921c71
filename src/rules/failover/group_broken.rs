//! `failover-group-broken`: a sync group that does not keep its members together.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{SyncGroup, Text, Version};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct GroupBroken;

/// Whether a version removes a group that has one member, and the group's hooks with it.
fn removes_single(version: Version) -> bool {
    let (a, b) = (Version::new(1, 2, 20), Version::new(1, 4, 0));
    let (c, d) = (Version::new(2, 1, 0), Version::new(2, 2, 3));
    (a..b).contains(&version) || (c..d).contains(&version)
}

impl Rule for GroupBroken {
    fn id(&self) -> &'static str {
        "failover-group-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        if config.groups.is_empty() {
            return Err(Stop::NotApplicable("keepalived has no sync group"));
        }
        out.judged = config.groups.len();
        // Members may stand in a file that could not be read.
        if !(config.open.is_empty() && failover.uncovered.is_empty()) {
            return Ok(out);
        }
        let exists = |member: &&Text| {
            config
                .instances
                .iter()
                .any(|i| i.name.value == member.value)
        };
        for (index, group) in config.groups.iter().enumerate() {
            let earlier = config.groups.iter().take(index);
            let taken = |member: &&Text| {
                let in_it = |g: &SyncGroup| g.members.iter().any(|m| m.value == member.value);
                earlier.clone().any(in_it)
            };
            let group_name = escape(&group.name.value);
            let mut more = Vec::new();
            for member in &group.members {
                let label = match (exists(&member), taken(&member)) {
                    (false, _) => "no such instance: ignored",
                    (true, true) => "in an earlier group already: ignored",
                    (true, false) => continue,
                };
                more.push(Evidence::span(member.place.clone(), label));
            }
            let lost = more.len();
            let left = group.members.len() - lost;
            let single = left == 1 && removes_single(config.version);
            if lost == 0 && !single && left > 0 {
                continue;
            }
            let message = match (left, lost) {
                (0, _) => format!("group {group_name} has no member: it is removed"),
                (1, _) if single => {
                    format!("group {group_name} has one member: it is removed, with its hooks")
                }
                (1, _) => format!("group {group_name} has one member: it keeps nothing together"),
                (_, 1) => format!("group {group_name} leaves 1 member out"),
                (_, n) => format!("group {group_name} leaves {n} members out"),
            };
            let at = Evidence::span(group.header.clone(), "this group");
            let mut finding = Finding::new(self.id(), group_name, message, at);
            finding = finding.with_all(more.into_iter().take(5));
            if single {
                finding = finding.with(Evidence::computed(failover.version_from.clone()));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
