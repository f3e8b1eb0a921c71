//! `access-sshd-not-started`: sshd is there, and nothing of the boot starts it.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::access::{Kept, Starts};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::TreeKind;

pub(in crate::rules) struct SshdNotStarted;

impl Rule for SshdNotStarted {
    fn id(&self) -> &'static str {
        "access-sshd-not-started"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = super::installed(host)?;
        let kept = match &sshd.starts {
            Starts::No(kept) => kept,
            Starts::Unknown(open) => return Err(Stop::Undecided(open.clone())),
            Starts::NotModelled => {
                return Err(Stop::NotApplicable("what this init starts is not followed"));
            }
            Starts::Service(_) | Starts::Socket(_) | Starts::Fails(_) => return Ok(Findings::new()),
        };
        let mut out = Findings::new();
        let running = running(host);
        let unit = |name: &str| name.to_owned();
        let (why, evidence, fix) = match kept {
            Kept::Switch(path) => (
                "a file switches it off".to_owned(),
                Evidence::path(
                    path,
                    "neither unit nor start script starts sshd while it is there",
                ),
                format!("rm {}", path.display()),
            ),
            Kept::Masked(name, path) => (
                format!("{name} is masked"),
                Evidence::path(path, "masks it"),
                format!("systemctl unmask {name} && systemctl enable {name}"),
            ),
            Kept::NotEnabled(there) => (
                "nothing enables it".to_owned(),
                Evidence::path(&sshd.program, "no unit, start script or runlevel starts it"),
                match there.as_deref().map(unit) {
                    Some(name) if name.ends_with(".service") => format!("systemctl enable {name}"),
                    _ => String::new(),
                },
            ),
        };
        let message = if running.is_some() {
            format!("sshd runs now and will not after the boot: {why}")
        } else {
            format!("nobody gets in by ssh after the boot: {why}")
        };
        let mut finding = Finding::new(self.id(), "sshd", message, evidence);
        if !fix.is_empty() {
            finding = finding.fix("Have it started, unless it is to stay off:", &[&fix]);
        }
        finding = match running {
            Some(evidence) => super::weighed(host, finding.with(evidence)),
            // A box on which it does not run either is one that is entered otherwise.
            None => finding.at_most(Level::Note),
        };
        // A boot that ends before it is no matter of sshd.
        finding = finding.follows(&["target-default-unusable"]);
        out.push(finding);
        Ok(out)
    }
}

/// What shows that the daemon runs now: its pid file, and a process of that number.
fn running(host: &Host) -> Option<Evidence> {
    if host.tree().coverage().kind != TreeKind::Live {
        return None;
    }
    let Fact::Known(file) = host.tree().read(Path::new("/run/sshd.pid")) else {
        return None;
    };
    let pid: u32 = String::from_utf8_lossy(file.bytes()).trim().parse().ok()?;
    let comm = host.tree().read(Path::new(&format!("/proc/{pid}/comm")));
    let is_it = matches!(comm, Fact::Known(comm) if comm.bytes().starts_with(b"sshd"));
    is_it.then(|| Evidence::path(format!("/proc/{pid}"), "the daemon that runs now"))
}
