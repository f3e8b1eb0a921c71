//! `verify-swap-lost`: swap that was in use is not.

use super::{before, was, whole};
use crate::fact::Stop;
use crate::facts::{Host, standing};
use crate::rules::{Cx, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct SwapLost;

impl Rule for SwapLost {
    fn id(&self) -> &'static str {
        "verify-swap-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let mut now = whole(standing::swaps(host))?;
        let then = whole(standing::swaps(before))?;
        if then.is_empty() {
            return Err(Stop::NotApplicable("no swap was in use"));
        }
        let mut out = Findings::new();
        for swap in then {
            // Disks are numbered anew; the size tells one from another.
            let by_path = now.iter().position(|other| other.path == swap.path);
            let by_size = || now.iter().position(|other| other.size == swap.size);
            if let Some(at) = by_path.or_else(by_size) {
                now.remove(at);
                continue;
            }
            let (path, size) = (escape(swap.path.as_bytes()), swap.size / 1024);
            let message = format!("the swap on {path} ({size} MiB) is not in use any more");
            out.push(Finding::new(
                self.id(),
                path,
                message,
                was(&swap.place, "in use"),
            ));
        }
        Ok(out)
    }
}
