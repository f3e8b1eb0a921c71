//! `down-swap-too-full`: more is swapped out than memory could take back.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::running::{must_run, swap_beyond_memory};
use crate::text::size;

pub(in crate::rules) struct SwapTooFull;

impl Rule for SwapTooFull {
    fn id(&self) -> &'static str {
        "down-swap-too-full"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        out.judged = 1;
        let (used, available, place) = match swap_beyond_memory(host) {
            Fact::Known(found) => found,
            other => {
                out.gap(&other);
                return Ok(out);
            }
        };
        if used > available {
            let kib = |value: u64| size(value.saturating_mul(1024));
            let message = format!(
                "{} are swapped out and {} of memory are free: the shutdown is slow",
                kib(used),
                kib(available)
            );
            let evidence = Evidence::span(place, "free of the swap");
            out.push(Finding::new(self.id(), "swap", message, evidence));
        }
        Ok(out)
    }
}
