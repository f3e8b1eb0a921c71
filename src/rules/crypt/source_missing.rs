//! `crypt-source-missing`: crypttab names a device that does not exist.

use super::field;
use crate::fact::Why;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::devices::Match;
use crate::parse::crypttab::Reader;
use crate::rules::mount::listed;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct SourceMissing;

impl Rule for SourceMissing {
    fn id(&self) -> &'static str {
        "crypt-source-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let crypt = super::of(host)?;
        let mut out = Findings::new();
        for unlock in &crypt.items {
            let Some(spec) = unlock.device.as_ref().filter(|_| !unlock.entry.is_noauto()) else {
                out.judged += 1;
                continue;
            };
            let devices = match host.devices() {
                Fact::Known(devices) => devices,
                other => {
                    out.gap(other);
                    continue;
                }
            };
            match devices.find(spec) {
                Match::One(_) | Match::Several(_) => out.judged += 1,
                Match::Hidden(what) => out.uncovered.push(Why::Hidden(what)),
                Match::Unread(unknown) => out.open.push(unknown),
                Match::None => {
                    let (name, source) = (escape(&unlock.entry.name), spec.shown());
                    let waits = crypt.reader == Reader::Systemd && !unlock.entry.is_nofail();
                    let message = if waits {
                        format!(
                            "{name} is not unlocked: no device is {source}; the boot goes on after 90 s"
                        )
                    } else {
                        format!("{name} is not unlocked: no device is {source}")
                    };
                    let evidence = Evidence::span(field(unlock, 1), "no device has this name");
                    let finding = Finding::new(self.id(), name, message, evidence);
                    let finding = match (waits, unlock.entry.is_nofail()) {
                        (true, _) => finding.impact(&[Impact::Delay, Impact::NoService]),
                        (false, true) => finding.at_most(Level::Note).impact(&[Impact::NoService]),
                        (false, false) => finding.impact(&[Impact::NoService]),
                    };
                    out.push(
                        finding
                            .with(listed(host, spec))
                            .follows(&["mount-device-missing"]),
                    );
                }
            }
        }
        Ok(out)
    }
}
