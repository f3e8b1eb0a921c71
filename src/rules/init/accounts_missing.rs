//! `init-accounts-missing`: no account can be looked up after the boot.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct AccountsMissing;

impl Rule for AccountsMissing {
    fn id(&self) -> &'static str {
        "init-accounts-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let path = Path::new("/etc/passwd");
        let mut out = Findings::new();
        let file = host.tree().read(path);
        let Some(file) = file.require()? else {
            let message = "/etc/passwd does not exist: nobody can log in, and sshd does not start";
            let evidence = Evidence::Missing {
                paths: vec![path.to_path_buf()],
                notes: Vec::new(),
            };
            out.push(Finding::new(self.id(), "/etc/passwd", message, evidence));
            return Ok(out);
        };
        // glibc 2.36, nss/nss_files/files-pwd.c: seven fields, the third a number.
        let accounts: Vec<(&[u8], u32)> =
            file.lines().filter_map(|(_, line)| account(line)).collect();
        if accounts.is_empty() {
            let what = if file.bytes().is_empty() {
                "is empty"
            } else {
                "has no account"
            };
            let message = format!("/etc/passwd {what}: nobody can log in, and sshd does not start");
            let evidence = Evidence::path(path, what);
            out.push(Finding::new(self.id(), "/etc/passwd", message, evidence));
            return Ok(out);
        }
        if !accounts.iter().any(|(_, uid)| *uid == 0) {
            let message = "/etc/passwd has no account with the number 0";
            let evidence = Evidence::path(
                path,
                format!("{} accounts, none of them root", accounts.len()),
            );
            let finding = Finding::new(self.id(), "root", message, evidence);
            // systemd-sysusers puts it back; others do not.
            out.push(finding.at_most(Level::Warn));
        }
        for other in ["/etc/group", "/etc/shadow"] {
            let found = host.resolve(Path::new(other));
            out.gap(&found);
            if let Fact::Known(found) = found
                && found.meta.len == 0
            {
                let message = format!("{other} is empty: logins with a password fail");
                let evidence = Evidence::path(other, "no bytes");
                out.push(Finding::new(self.id(), other, message, evidence).at_most(Level::Warn));
            }
        }
        Ok(out)
    }
}

/// Name and number, where the line is one of an account.
fn account(line: &[u8]) -> Option<(&[u8], u32)> {
    let mut fields = line.split(|b| *b == b':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = std::str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
    (fields.count() >= 3).then_some((name, uid))
}
