//! `data-redis-unsaved`: a Redis holds changes that it cannot save when it is told to
//! end.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;

pub(in crate::rules) struct RedisUnsaved;

impl Rule for RedisUnsaved {
    fn id(&self) -> &'static str {
        "data-redis-unsaved"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, servers) = super::servers(host)?;
        for server in servers {
            let changes = server.number("rdb_changes_since_last_save");
            if changes == 0 || server.number("aof_enabled") == 1 || !server.saves_at_exit() {
                continue;
            }
            let at = server.address.to_string();
            let plural = if changes == 1 { "" } else { "s" };
            let saves = server.number("rdb_bgsave_in_progress") == 1;
            let failed = server.value("rdb_last_bgsave_status") == Some("err");
            let (why, key) = if saves {
                let since = server.number("rdb_current_bgsave_time_sec");
                let text = format!("a save has been at work for {since} s and is not done");
                (text, "rdb_bgsave_in_progress")
            } else if failed {
                ("its last save failed".to_owned(), "rdb_last_bgsave_status")
            } else {
                // It saves them all when it is told to end.
                continue;
            };
            let message = format!("Redis at {at} holds {changes} unsaved change{plural}: {why}");
            let place = server.place("rdb_changes_since_last_save");
            let finding = Finding::new(self.id(), at, message, Evidence::span(place, "unsaved"))
                .with(Evidence::span(server.place(key), "the save"));
            out.push(finding);
        }
        Ok(out)
    }
}
