//! `crypt-keyscript-ignored`: systemd runs no keyscript.

use super::{is_early, is_waited_for};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::crypt::With;
use crate::parse::crypttab::Reader;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct KeyscriptIgnored;

impl Rule for KeyscriptIgnored {
    fn id(&self) -> &'static str {
        "crypt-keyscript-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let crypt = super::of(host)?;
        if crypt.reader != Reader::Systemd {
            return Err(Stop::NotApplicable("this init's scripts run keyscripts"));
        }
        let mut out = Findings::new();
        for unlock in &crypt.items {
            out.judged += 1;
            let option = unlock.entry.option("keyscript");
            let Some(option) = option.filter(|_| matches!(unlock.with, With::Script(_))) else {
                continue;
            };
            if is_early(host, unlock) || unlock.entry.is_noauto() {
                continue;
            }
            let name = escape(&unlock.entry.name);
            let waits = is_waited_for(crypt, unlock);
            let end = if waits {
                "the boot waits until somebody types the passphrase"
            } else {
                "it is not unlocked"
            };
            let message = format!("systemd ignores the keyscript of {name}: {end}");
            let evidence = Evidence::span(option.place.clone(), "ignored");
            let finding = Finding::new(self.id(), name, message, evidence);
            // A root on a volume group on this device would be unlocked by the initrd.
            let node = unlock.node();
            let mounts = host.mounts();
            let mounted = mounts.plans.iter().any(|plan| plan.entry.source == node);
            let finding = if mounted && waits {
                finding
            } else {
                finding.at_most(Level::Warn).confidence(Confidence::Likely)
            };
            out.push(finding);
        }
        Ok(out)
    }
}
