//! `access-sshd-account-missing`: the account that sshd's parts run as is gone.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct SshdAccountMissing;

impl Rule for SshdAccountMissing {
    fn id(&self) -> &'static str {
        "access-sshd-account-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::coming(host)?;
        // Before, `UsePrivilegeSeparation no` was a way around it.
        if sshd.build.version.is_some_and(|version| version < (7, 5)) {
            return Err(Stop::NotApplicable("this sshd can do without the account"));
        }
        let Some(accounts) = host.accounts().require()? else {
            return Err(Stop::NotApplicable("there is no /etc/passwd"));
        };
        if accounts.uid(b"root").is_none() {
            return Err(Stop::NotApplicable(
                "root is missing too, as another finding tells",
            ));
        }
        let mut out = Findings::new();
        if accounts.uid(b"sshd").is_some() || host.foreign_users() || made_at_boot(host)? {
            return Ok(out);
        }
        let message = "sshd does not start: its account sshd is not there";
        let evidence = Evidence::path("/etc/passwd", "has no line of sshd");
        let finding = Finding::new(self.id(), "sshd", message, evidence);
        out.push(super::weighed(host, finding));
        Ok(out)
    }
}

/// Whether systemd-sysusers makes it (sysusers.d(5)).
fn made_at_boot(host: &Host) -> Result<bool, Stop> {
    for dir in ["/etc/sysusers.d", "/run/sysusers.d", "/usr/lib/sysusers.d"] {
        let files = host.tree().entries(Path::new(dir));
        if !files.gaps.is_empty() {
            return Err(Stop::Undecided(files.gaps));
        }
        for path in files.items {
            let read = host.tree().read(&path);
            let Some(file) = read.require()? else {
                continue;
            };
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let makes = |line: &str| {
                let mut words = line.split_whitespace();
                matches!(words.next(), Some("u" | "u!")) && words.next() == Some("sshd")
            };
            if text.lines().any(makes) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
