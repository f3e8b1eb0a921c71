//! `down-turned-read-only`: the kernel made a file system read-only.

use super::super::{Cx, Evidence, Finding, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{mounted, must_run};
use crate::text::escape_path;

pub(in crate::rules) struct TurnedReadOnly;

impl Rule for TurnedReadOnly {
    fn id(&self) -> &'static str {
        "down-turned-read-only"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mounts = host.mounts();
        mounts.fstab.require()?;
        let mut out = Findings::new();
        let now = mounted(host);
        out.open.extend(now.gaps.iter().cloned());
        for mounted in now.items.iter().filter(|m| m.is_on_disk()) {
            out.judged += 1;
            if !mounted.is_read_only() {
                continue;
            }
            let plan = mounts
                .plans
                .iter()
                .find(|plan| plan.entry.target == mounted.mount.point);
            // Meant so, or mounted by somebody by hand.
            let Some(plan) = plan else { continue };
            if matches!(plan.entry.switch("ro", "rw"), Some((true, _))) {
                continue;
            }
            let point = escape_path(mounted.point());
            let message = format!("{point} is read-only now, and fstab says writable");
            let evidence = Evidence::span(mounted.place.clone(), "ro");
            let mut finding = Finding::new(self.id(), point, message, evidence)
                .follows(&["mount-errors-recorded"]);
            if let Some(option) = plan.entry.options.first() {
                finding = finding.with(Evidence::span(option.place.clone(), "writable"));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
