//! `root-needs-initrd`: the root has a name that only an initrd can look up, and there
//! is none.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::Finder;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct NeedsInitrd;

impl Rule for NeedsInitrd {
    fn id(&self) -> &'static str {
        "root-needs-initrd"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        let root = super::of(host)?;
        if root.finder != Finder::Kernel || !entry.initrds.is_empty() {
            return Err(Stop::NotApplicable("an initrd looks for the root"));
        }
        if !loader::is_certain(host) {
            return Err(Stop::NotApplicable("no boot loader in this tree"));
        }
        let Some(value) = &root.value else {
            return Err(Stop::NotApplicable("no root= is given"));
        };
        let mut out = Findings::new();
        if value.form.is_for_the_kernel(&value.text) {
            return Ok(out);
        }
        let mut confidence = Confidence::Certain;
        match host.kernel_config() {
            // An initrd inside the kernel itself.
            Fact::Known(config) => {
                let source = config.get("INITRAMFS_SOURCE");
                if source.is_some_and(|source| source != b"\"\"" && !source.is_empty()) {
                    return Ok(out);
                }
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
                confidence = Confidence::Likely;
            }
        }
        let name = escape(&value.text);
        let message = format!(
            "the entry that boots has no initrd, and the kernel alone cannot find root={name}: it \
             panics"
        );
        let evidence = super::line(root, format!("root= from {}", value.from));
        let entry_place = entry.entry.place.clone();
        let finding = Finding::new(self.id(), name, message, evidence)
            .with(Evidence::span(entry_place, "names no initrd"));
        out.push(finding.confidence(confidence));
        Ok(out)
    }
}
