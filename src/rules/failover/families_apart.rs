//! `failover-families-apart`: the two families of one service, which change their state
//! one by one.

use std::path::PathBuf;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::Failover;
use crate::parse::keepalived::{Family, Instance, Subject};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::change::together;

pub(in crate::rules) struct FamiliesApart;

fn family(instance: &Instance) -> Family {
    instance.family.as_ref().map_or(Family::V4, |f| f.family)
}

/// The programs that are called for an instance.
fn programs<'a>(failover: &'a Failover, instance: &Instance) -> Vec<&'a PathBuf> {
    let own = failover
        .calls
        .iter()
        .filter(|call| call.subject == Subject::Instance && call.name == instance.name.value);
    own.filter_map(|call| call.path.as_ref()).collect()
}

/// Why two instances are the two families of one service, if they are.
fn pair(failover: &Failover, a: &Instance, b: &Instance) -> Option<&'static str> {
    let interface = |of: &Instance| of.interface.as_ref().map(|name| name.value.clone());
    if family(a) == family(b) || interface(a) != interface(b) {
        return None;
    }
    let number = |of: &Instance| of.virtual_router_id.as_ref().map(|id| id.value);
    if number(a).is_some() && number(a) == number(b) {
        return Some("the same virtual_router_id, interface, and another family");
    }
    let theirs = programs(failover, b);
    let shared = programs(failover, a)
        .iter()
        .any(|path| theirs.contains(path));
    shared.then_some("the same interface and hook, and another family")
}

impl Rule for FamiliesApart {
    fn id(&self) -> &'static str {
        "failover-families-apart"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let mut rest = config.instances.as_slice();
        while let Some((first, others)) = rest.split_first() {
            rest = others;
            for second in others {
                let Some(why) = pair(failover, first, second) else {
                    continue;
                };
                out.judged += 1;
                let (a, b) = (&first.name, &second.name);
                if together(config, &a.value, &b.value) {
                    continue;
                }
                let (a, b) = (escape(&a.value), escape(&b.value));
                let message = format!(
                    "{a} and {b} change their state apart: one box may be MASTER for IPv4, \
                     the other for IPv6"
                );
                let at = Evidence::span(first.header.clone(), "one family");
                let finding = Finding::new(self.id(), format!("{a} {b}"), message, at)
                    .with(Evidence::span(second.header.clone(), why))
                    .with(Evidence::computed("no sync group has both of them"));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        out.or_not_applicable("no service has an instance for each family")
    }
}
