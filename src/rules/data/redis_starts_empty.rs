//! `data-redis-starts-empty`: the next start of a Redis does not read its dump.

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::running::processes;
use crate::facts::stores::redis::{Start, configs, start};
use crate::text::escape_path;

pub(in crate::rules) struct RedisStartsEmpty;

impl Rule for RedisStartsEmpty {
    fn id(&self) -> &'static str {
        "data-redis-starts-empty"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let configs = configs(host);
        if configs.items.is_empty() {
            configs.complete()?;
            return Err(Stop::NotApplicable("no Redis is configured"));
        }
        let mut out = Findings::new();
        out.open.extend(configs.gaps);
        for config in configs.items {
            out.judged += 1;
            let found = start(host, &config);
            out.gap(&found);
            let Fact::Known(Start::PastItsDump {
                dump,
                bytes,
                looked,
            }) = found
            else {
                continue;
            };
            let Some(directive) = config.append_only() else {
                continue;
            };
            let shown = escape_path(&dump);
            let message = format!(
                "Redis comes back empty: it is to read an append-only file, and there is only {shown}"
            );
            let finding = Finding::new(
                self.id(),
                escape_path(&config.path),
                message,
                Evidence::span(directive.place.clone(), "then the dump is not read"),
            )
            .with(Evidence::Measure {
                path: dump,
                name: "bytes of keys in the dump",
                value: bytes,
            })
            .with(Evidence::Missing {
                paths: looked,
                notes: Vec::new(),
            });
            out.push(if is_started(host) {
                finding
            } else {
                finding.at_most(Level::Note)
            });
        }
        Ok(out)
    }
}

/// Whether a Redis runs, or the next boot starts one, as far as is known.
fn is_started(host: &Host) -> bool {
    let is_one = |name: &[u8]| name.starts_with(b"redis") || name.starts_with(b"valkey");
    let runs = processes(host).items.iter().any(|p| is_one(&p.name));
    let enabled = host.enabled().any(|e| is_one(e.name.as_bytes()));
    runs || !matches!(enabled, Ok(None))
}
