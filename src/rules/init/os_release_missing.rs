//! `init-os-release-missing`: a systemd in the initrd takes the root for no operating
//! system.

use crate::fact::{Fact, Stop};
use crate::facts::init::Starter;
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct OsReleaseMissing;

impl Rule for OsReleaseMissing {
    fn id(&self) -> &'static str {
        "init-os-release-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let init = host.init();
        if init.boot.starter != Starter::SystemdInitrd {
            if let Fact::Unknown(unknown) = host.initrd() {
                return Err(undecided(unknown.clone()));
            }
            return Err(Stop::NotApplicable("no systemd in the initrd"));
        }
        let ended = super::ending(host);
        let mut out = Findings::new();
        let Some(looked) = init.missing_os_release() else {
            return ended.map(|_| out);
        };
        let message = "the initrd's systemd refuses this root: it has no os-release file";
        let finding = Finding::new(self.id(), "os-release", message, Evidence::from(looked));
        out.push(finding.confidence(Confidence::Likely));
        Ok(out)
    }
}
