//! `down-data-in-memory`: files at a place where data is kept lie in memory only.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Filled, must_run, on_memory};
use crate::text::{escape, escape_path, size};

/// Bytes below which nothing was put there.
const SOMETHING: u64 = 1 << 20;

pub(in crate::rules) struct DataInMemory;

impl Rule for DataInMemory {
    fn id(&self) -> &'static str {
        "down-data-in-memory"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let list = on_memory(host);
        out.open.extend(list.gaps);
        for Filled { mounted, usage } in list.items {
            out.judged += 1;
            if usage.used() < SOMETHING {
                continue;
            }
            let point = escape_path(mounted.point());
            let message = format!(
                "{point} is a {}: {} on it are lost when the box goes down",
                escape(&mounted.mount.kind),
                size(usage.used())
            );
            let evidence = Evidence::span(mounted.place, "in memory");
            out.push(Finding::new(self.id(), point, message, evidence));
        }
        Ok(out)
    }
}
