//! `access-only-by-network`: nothing reaches the box when its services hang.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::{Host, running, standing};
use crate::parse::cmdline;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct OnlyByNetwork;

/// Where the kernel shows a management controller (Linux 6.1
/// `drivers/char/ipmi/ipmi_devintf.c`).
const CONTROLLERS: [&str; 3] = ["/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"];

impl Rule for OnlyByNetwork {
    fn id(&self) -> &'static str {
        "access-only-by-network"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        running::must_run(host)?;
        host.must_boot()?;
        let mut out = Findings::new();
        out.judged = 1;
        for path in CONTROLLERS {
            match host.tree().lstat(Path::new(path)) {
                Fact::Known(_) => return Ok(out),
                other => out.gap(&other),
            }
        }
        let file = host.tree().read(Path::new("/proc/cmdline"));
        let Some(file) = file.require()? else {
            return Err(Stop::NotApplicable(
                "the running kernel does not tell its parameters",
            ));
        };
        let screen = |value: &[u8]| value.starts_with(b"tty") && !value.starts_with(b"ttyS");
        let other_console = cmdline::parse(file.bytes())
            .into_iter()
            .any(|(name, value)| name == b"console" && value.is_some_and(|value| !screen(&value)));
        let Some((keys, place)) = standing::setting(host, "kernel/sysrq").require()?.cloned()
        else {
            return Err(Stop::NotApplicable("the kernel has no such keys"));
        };
        if other_console || keys != "0" {
            return Ok(out);
        }
        let message = "nothing reaches this box when its services hang: no console on a line, \
            no keys of the kernel, no management controller";
        let first = Evidence::span(file.place(file.line_span(1)), "no console= but a screen");
        let mut missing = Finding::new(self.id(), "console", message, first);
        missing = missing
            .with(Evidence::span(place, "the kernel takes no keys"))
            .with(Evidence::Missing {
                paths: CONTROLLERS.iter().map(Into::into).collect(),
                notes: Vec::new(),
            });
        out.push(missing);
        Ok(out)
    }
}
