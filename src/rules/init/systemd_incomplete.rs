//! `init-systemd-incomplete`: systemd lacks a program of its own.

use crate::fact::Stop;
use crate::facts::systemd::{Incomplete, Role, Wrong, manager};
use crate::facts::{Boots, Host};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule, target};
use crate::text::escape_path;

pub(in crate::rules) struct SystemdIncomplete;

impl Rule for SystemdIncomplete {
    fn id(&self) -> &'static str {
        "init-systemd-incomplete"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        target::systemd(host)?;
        let manager = manager(host);
        let mut out = Findings::new();
        out.open.extend(manager.open);
        let container = matches!(host.boots(), Boots::InitOnly(_));
        for fault in &manager.faults {
            // A container ends with its first process, by whatever name.
            if !(container && fault.role == Role::Shutdown) {
                out.push(self.finding(host, fault));
            }
        }
        Ok(out)
    }
}

impl SystemdIncomplete {
    fn finding(&self, host: &Host, fault: &Incomplete) -> Finding {
        let path = escape_path(&fault.path);
        let (loss, level, impact) = match fault.role {
            Role::Executor => (
                "systemd can start no service at all",
                Level::Block,
                Impact::NoBoot,
            ),
            Role::Shutdown => (
                "systemd freezes at the end of a reboot, and the machine stays down",
                Level::Block,
                Impact::NoBoot,
            ),
            Role::Journal => (
                "nothing of the boot and of any service is logged",
                Level::Warn,
                Impact::NoService,
            ),
            Role::Devices => (
                "no device is announced: disks, network names and serial logins do not come",
                Level::Warn,
                Impact::NoAccess,
            ),
        };
        let level = match (fault.role, host.systemd().require()) {
            (Role::Devices, Ok(Some(boot))) if !boot.comes_up() => Level::Block,
            _ => level,
        };
        let (message, evidence) = match &fault.wrong {
            Wrong::Missing(looked) => (
                format!("{path} does not exist: {loss}"),
                vec![Evidence::from(looked)],
            ),
            Wrong::Dead(failure) => {
                let message = format!("{path} does not start: {loss} ({})", failure.message);
                (message, super::evidence(failure).into_iter().collect())
            }
        };
        let mut pieces = evidence.into_iter();
        let none = || Evidence::path(&fault.path, "does not start");
        let first = pieces.next().unwrap_or_else(none);
        Finding::new(self.id(), path, message, first)
            .with_all(pieces)
            .at_most(level)
            .impact(&[impact])
    }
}
