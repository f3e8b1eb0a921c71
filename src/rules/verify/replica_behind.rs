//! `verify-replica-behind`: a Redis that follows another one has not caught up, or its
//! role changed.

use super::{before, was};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::stores::redis::Server;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct ReplicaBehind;

impl Rule for ReplicaBehind {
    fn id(&self) -> &'static str {
        "verify-replica-behind"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (now, then) = (host.redis(), before.redis());
        if then.items.is_empty() {
            then.complete()?;
            return Err(Stop::NotApplicable("no Redis ran"));
        }
        let mut out = Findings::new();
        out.open.extend(now.gaps.iter().chain(&then.gaps).cloned());
        for was_one in &then.items {
            // One that is gone is said by its unit and its port.
            let same = now.items.iter().find(|one| one.address == was_one.address);
            let Some(server) = same else { continue };
            out.judged += 1;
            out.list.extend(self.judge(was_one, server));
        }
        Ok(out)
    }
}

impl ReplicaBehind {
    fn judge(&self, then: &Server, now: &Server) -> Option<Finding> {
        let at = now.address.to_string();
        let (old, new) = (role(then)?, role(now)?);
        if old != new {
            let message = format!("Redis at {at} was a {old} and is a {new}");
            let evidence = Evidence::span(now.place("role"), "its role now");
            let finding = Finding::new(self.id(), at, message, evidence);
            return Some(finding.with(was(&then.place("role"), "another role")));
        }
        let behind = why_behind(now)?;
        // It was behind before: that is no matter of the reboot.
        if why_behind(then).is_some() {
            return None;
        }
        let (why, key) = behind;
        let message = format!("Redis at {at} answers and has not caught up with its master: {why}");
        let evidence = Evidence::span(now.place(key), "as it says itself");
        let finding = Finding::new(self.id(), at, message, evidence);
        Some(finding.with(was(&then.place("master_link_status"), "in step")))
    }
}

fn role(server: &Server) -> Option<&'static str> {
    match server.value("role")? {
        "master" => Some("master"),
        "slave" | "replica" => Some("replica"),
        _ => None,
    }
}

/// Why a replica does not have what its master has (Redis 7.0 `src/server.c`,
/// `genRedisInfoString`, section Replication).
fn why_behind(server: &Server) -> Option<(&'static str, &'static str)> {
    if role(server) != Some("replica") {
        return None;
    }
    if server.number("master_sync_in_progress") == 1 {
        return Some(("it is being sent everything", "master_sync_in_progress"));
    }
    (server.value("master_link_status") == Some("down"))
        .then_some(("its master does not answer it", "master_link_status"))
}
