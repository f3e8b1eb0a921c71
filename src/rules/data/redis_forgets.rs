//! `data-redis-forgets`: a Redis keeps nothing on disk.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;

pub(in crate::rules) struct RedisForgets;

impl Rule for RedisForgets {
    fn id(&self) -> &'static str {
        "data-redis-forgets"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, servers) = super::servers(host)?;
        for server in servers {
            let changes = server.number("rdb_changes_since_last_save");
            // A replica gets everything again from its master.
            let is_replica = server.value("role") == Some("slave");
            if server.saves_at_exit() || server.number("aof_enabled") == 1 {
                continue;
            }
            if changes == 0 || is_replica {
                continue;
            }
            let at = server.address.to_string();
            let message =
                format!("Redis at {at} keeps nothing on disk: {changes} changes are gone with it");
            let place = server.place("rdb_changes_since_last_save");
            let evidence = Evidence::span(place, "neither save points nor an append-only file");
            out.push(Finding::new(self.id(), at, message, evidence));
        }
        Ok(out)
    }
}
