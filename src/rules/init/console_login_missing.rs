//! `init-console-login-missing`: no terminal on which somebody could log in.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct ConsoleLoginMissing;

impl Rule for ConsoleLoginMissing {
    fn id(&self) -> &'static str {
        "init-console-login-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        host.must_start()?;
        let (place, text) = match host.init_kind() {
            Some(InitKind::SysV) => (
                "/etc/inittab",
                "no respawn line of the default runlevel starts a getty",
            ),
            Some(InitKind::Busybox) => (
                "/etc/inittab",
                "no respawn or askfirst line starts a getty or a shell",
            ),
            Some(InitKind::OpenRcInit) => (
                "/etc/runlevels",
                "openrc-init reads no inittab, and no agetty service is enabled",
            ),
            Some(InitKind::Runit) => ("/etc/runit/runsvdir", "no getty is among the services"),
            _ => {
                return Err(Stop::NotApplicable(
                    "this init's consoles are not read here",
                ));
            }
        };
        let inittab = matches!(host.init_kind(), Some(InitKind::SysV | InitKind::Busybox));
        if inittab && host.inittab().require()?.is_none() {
            // sysvinit asks for a runlevel then, busybox has shells built in.
            return Err(Stop::NotApplicable("no /etc/inittab"));
        }
        let level = match host.inittab() {
            Fact::Known(table) => table.default_level().map(|(level, _)| level),
            _ => None,
        };
        let reached = level.is_some_and(|level| matches!(level, '2'..='5' | '7'..='9'));
        if host.init_kind() == Some(InitKind::SysV) && !reached {
            return Err(Stop::NotApplicable("no runlevel for users is reached"));
        }
        let mut out = Findings::new();
        if host.consoles().any(|_| true)?.is_some() {
            if let Some(finding) = self.on_the_console(host, place)? {
                out.push(finding);
            }
            return Ok(out);
        }
        let message = "no login prompt on any console after the boot";
        let finding = Finding::new(self.id(), "console", message, Evidence::path(place, text));
        out.push(finding.follows(&["target-default-unusable", "target-runlevel-empty"]));
        Ok(out)
    }
}

impl ConsoleLoginMissing {
    /// A serial line that the kernel has for its console, and nobody can log in there:
    /// the last `console=` becomes /dev/console (Linux 6.1 `admin-guide/serial-console.rst`).
    fn on_the_console(&self, host: &Host, place: &str) -> Result<Option<Finding>, Stop> {
        let Fact::Known(root) = host.root() else {
            return Ok(None);
        };
        let Some(console) = root.last("console") else {
            return Ok(None);
        };
        let console = console
            .split(|byte| *byte == b',')
            .next()
            .unwrap_or(console);
        let serial = [&b"ttyS"[..], b"ttyAMA", b"hvc"];
        if !serial.iter().any(|prefix| console.starts_with(prefix)) {
            return Ok(None);
        }
        let is_it = |name: &String| name.as_bytes() == console || name == "console";
        if host.consoles().any(is_it)?.is_some() {
            return Ok(None);
        }
        let name = escape(console);
        let message = format!("no login prompt on {name}, the console of the command line");
        let text = format!("nothing here starts a getty on {name}");
        let evidence = Evidence::path(place, text);
        let finding = Finding::new(self.id(), name, message, evidence);
        Ok(Some(match &root.place {
            Some(line) => finding.with(Evidence::span(line.clone(), "the last console= counts")),
            None => finding,
        }))
    }
}
