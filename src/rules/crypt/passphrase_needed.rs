//! `crypt-passphrase-needed`: the boot waits for somebody who types.

use std::path::Path;

use super::{field, is_waited_for};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::crypt::{Unlock, With};
use crate::facts::devices::Match;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct PassphraseNeeded;

/// Programs that answer the question over the network or from a chip.
const ANSWERERS: [&str; 8] = [
    "/usr/share/initramfs-tools/hooks/dropbear",
    "/usr/share/initramfs-tools/hooks/clevis",
    "/usr/share/initramfs-tools/hooks/mandos",
    "/usr/share/initramfs-tools/hooks/tinyssh",
    "/usr/bin/clevis-luks-unlock",
    "/usr/lib/systemd/system/clevis-luks-askpass.path",
    "/usr/lib/dracut/modules.d/60sshd",
    "/usr/lib/mandos/password-agent",
];

/// Whether no device is what the line names: then nothing comes that could ask.
fn is_absent(host: &Host, unlock: &Unlock) -> bool {
    match (host.devices(), &unlock.device) {
        (Fact::Known(devices), Some(spec)) => matches!(devices.find(spec), Match::None),
        _ => false,
    }
}

impl Rule for PassphraseNeeded {
    fn id(&self) -> &'static str {
        "crypt-passphrase-needed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let crypt = super::of(host)?;
        let mut out = Findings::new();
        let there = |path: &str| matches!(host.tree().resolve(Path::new(path)), Fact::Known(_));
        let answerer = ANSWERERS.iter().find(|path| there(path));
        // Nobody reaches a machine without an SSH server but the one who sits before it.
        let remote = there("/usr/sbin/sshd") || there("/usr/sbin/dropbear");
        for unlock in &crypt.items {
            out.judged += 1;
            if unlock.with != With::Passphrase || !is_waited_for(crypt, unlock) {
                continue;
            }
            if answerer.is_some() || is_absent(host, unlock) {
                continue;
            }
            let name = unlock.name();
            let message = format!(
                "the boot waits until somebody types the passphrase of {name} at the console"
            );
            let evidence = Evidence::span(field(unlock, 2), "no key");
            let paths = ANSWERERS.iter().take(3).map(Into::into).collect();
            let looked = Evidence::Missing {
                paths,
                notes: vec!["nothing that answers from the network or a chip".into()],
            };
            let finding = Finding::new(
                self.id(),
                crate::text::escape(name.as_bytes()),
                message,
                evidence,
            );
            // A token in the header of the device would answer; files do not show it.
            let finding = finding.with(looked).confidence(Confidence::Likely);
            out.push(finding.at_most(if remote { Level::Block } else { Level::Note }));
        }
        Ok(out)
    }
}
