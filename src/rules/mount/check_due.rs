//! `mount-check-due`: the next boot checks a whole file system, which takes its time.

use super::errors_recorded::with_devices;
use super::field;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::size;

pub(in crate::rules) struct CheckDue;

impl Rule for CheckDue {
    fn id(&self) -> &'static str {
        "mount-check-due"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::of(host)?;
        let mut out = Findings::new();
        let now = host.now().as_second();
        for (plan, device) in with_devices(host, &mut out) {
            let Some(ext) = &device.ext else { continue };
            out.judged += 1;
            // fsck(8) looks at lines with a pass number alone.
            if plan.entry.passno == 0 || ext.has_errors() || !ext.check_is_due(now) {
                continue;
            }
            let (subject, node) = (plan.subject(), &device.node);
            let how_large = device
                .size
                .map_or_else(String::new, |len| format!(", {}", size(len)));
            let message = format!(
                "a check of all of {subject} is due: the next boot makes it ({node}{how_large})"
            );
            let evidence = Evidence::span(field(plan, 5), "is checked at boot");
            let text = if ext.max_mounts > 0 && i32::from(ext.mounts) >= i32::from(ext.max_mounts) {
                format!(
                    "mounted {} times, checked after {}",
                    ext.mounts, ext.max_mounts
                )
            } else {
                let days = ext.check_interval / 86400;
                format!("checked every {days} days, and longer ago")
            };
            out.push(
                Finding::new(self.id(), subject, message, evidence).with(Evidence::computed(text)),
            );
        }
        Ok(out)
    }
}
