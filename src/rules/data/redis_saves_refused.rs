//! `data-redis-saves-refused`: the kernel does not lend a Redis the memory that a save in
//! the background takes.

use std::path::Path;

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::text::{File, Place, size};

pub(in crate::rules) struct RedisSavesRefused;

impl Rule for RedisSavesRefused {
    fn id(&self) -> &'static str {
        "data-redis-saves-refused"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, servers) = super::servers(host)?;
        let lending = host
            .tree()
            .read(Path::new("/proc/sys/vm/overcommit_memory"));
        out.gap(&lending);
        // Else the kernel lends what a process alone could not use up (Linux 5.2 and
        // later, `mm/util.c`, `__vm_enough_memory`).
        let Fact::Known(lending) = lending else {
            return Ok(out);
        };
        if lending.bytes().trim_ascii() != b"2" {
            return Ok(out);
        }
        let memory = host.tree().read(Path::new("/proc/meminfo"));
        out.gap(&memory);
        let Fact::Known(memory) = memory else {
            return Ok(out);
        };
        let (Some((limit, place)), Some((lent, _))) =
            (kib(&memory, "CommitLimit"), kib(&memory, "Committed_AS"))
        else {
            return Ok(out);
        };
        for server in servers {
            // A fork asks for all that the process may write to (`kernel/fork.c`,
            // `dup_mmap`).
            let asked = server.process.kib("VmData").unwrap_or(0);
            let saves = server.saves_at_exit() || server.number("aof_enabled") == 1;
            if !saves || asked <= limit.saturating_sub(lent) {
                continue;
            }
            let at = server.address.to_string();
            let bytes = |kib: u64| size(kib.saturating_mul(1024));
            let message = format!(
                "Redis at {at} cannot save in the background: that asks for {}, and the kernel lends {} more",
                bytes(asked),
                bytes(limit.saturating_sub(lent))
            );
            let finding = Finding::new(
                self.id(),
                at,
                message,
                Evidence::span(server.process.place("VmData"), "what its copy asks for"),
            );
            let finding = finding.with(Evidence::span(place.clone(), "all that is lent"));
            let place = lending.place(lending.line_span(1));
            out.push(finding.with(Evidence::span(place, "no more than that")));
        }
        Ok(out)
    }
}

/// A size of /proc/meminfo, KiB, with its line.
fn kib(file: &std::sync::Arc<File>, name: &str) -> Option<(u64, Place)> {
    file.lines().find_map(|(span, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let value = text.strip_prefix(name)?.strip_prefix(':')?.to_owned();
        let number = value.split_ascii_whitespace().next()?.parse().ok()?;
        Some((number, file.place(span)))
    })
}
