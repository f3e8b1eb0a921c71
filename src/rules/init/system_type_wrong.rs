//! `init-system-type-wrong`: rc.conf says that this machine is a container.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::os_release;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct SystemTypeWrong;

/// Values of `rc_sys` that stand for a container (OpenRC 0.45 `src/librc/librc.c`); most
/// scripts that mount or check file systems have them among their keywords.
const CONTAINERS: [&str; 9] = [
    "docker",
    "jail",
    "lxc",
    "openvz",
    "podman",
    "prefix",
    "rkt",
    "systemd-nspawn",
    "vserver",
];

impl Rule for SystemTypeWrong {
    fn id(&self) -> &'static str {
        "init-system-type-wrong"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let calls = host.openrc_calls();
        if calls.items.is_empty() {
            calls.complete()?;
            return Err(Stop::NotApplicable("OpenRC does not start this box"));
        }
        // Without a kernel it may well be a container.
        if host.kernels().items.is_empty() {
            return Err(Stop::NotApplicable("no kernel in /boot"));
        }
        let mut out = Findings::new();
        let file = match host.tree().read(Path::new("/etc/rc.conf")) {
            Fact::Known(file) => file,
            other => {
                other.require()?;
                return Ok(out);
            }
        };
        let settings = os_release::parse(file.bytes());
        let Some(kind) = settings.get("rc_sys").map(|kind| kind.to_ascii_lowercase()) else {
            return Ok(out);
        };
        if !CONTAINERS.contains(&kind.as_str()) {
            return Ok(out);
        }
        let is_setting = |line: &[u8]| line.trim_ascii_start().starts_with(b"rc_sys");
        let mut lines = file.lines();
        let span = lines
            .find(|(_, line)| is_setting(line))
            .map(|(span, _)| span);
        let kind = escape(kind.as_bytes());
        let message = format!(
            "OpenRC takes this box for a container ({kind}) and skips what mounts and checks its disks"
        );
        let evidence = match span {
            Some(span) => Evidence::span(file.place(span), "and there is a kernel in /boot"),
            None => Evidence::path("/etc/rc.conf", format!("rc_sys is {kind}")),
        };
        let finding = Finding::new(self.id(), "rc_sys", message, evidence);
        out.push(finding.confidence(Confidence::Likely));
        Ok(out)
    }
}
