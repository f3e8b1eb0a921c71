//! `target-first-boot`: systemd will take the next boot for the first of this machine.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::systemd::Comes;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use std::path::Path;

pub(in crate::rules) struct FirstBoot;

impl Rule for FirstBoot {
    fn id(&self) -> &'static str {
        "target-first-boot"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        let path = Path::new("/etc/machine-id");
        let mut out = Findings::new();
        let id = host.tree().read(path);
        if boot.first_boot != Some(true) {
            out.gap(&id);
            return Ok(out);
        }
        let evidence = match &id {
            Fact::Absent(looked) => Evidence::from(looked),
            Fact::Known(_) => Evidence::path(path, "does not hold an id"),
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => {
                super::word_evidence(host, "systemd.condition_first_boot")
            }
        };
        let mut message = "systemd takes the next boot for this machine's first: it enables every \
             unit that its presets name or do not mention"
            .to_owned();
        let asks = matches!(boot.is_in_boot("systemd-firstboot.service"), Comes::Starts);
        if asks {
            message = format!("{message}, and may ask for settings on the console");
        }
        out.push(
            Finding::new(self.id(), "machine-id", message, evidence).fix(
                "Write an id into it, before the next reboot:",
                &["systemd-machine-id-setup"],
            ),
        );
        Ok(out)
    }
}
