//! `unit-only-now`: a service runs, and the next boot does not start it.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::running::{must_run, serving};
use crate::facts::services::unit_file;
use crate::facts::systemd::Comes;
use crate::facts::triggers::udev_rules;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct OnlyNow;

impl Rule for OnlyNow {
    fn id(&self) -> &'static str {
        "unit-only-now"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        host.must_start()?;
        let boot = host.systemd().require()?;
        let Some(boot) = boot else {
            return Err(Stop::NotApplicable("the next init is not systemd"));
        };
        let mut out = Findings::new();
        let serving = serving(host);
        out.open.extend(serving.gaps);
        out.open.extend(boot.open());
        let by_device = by_device(host, &mut out);
        for service in serving.items {
            out.judged += 1;
            let unit = &service.unit;
            if !matches!(boot.is_in_boot(unit), Comes::Not) || is_on_call(host, unit) {
                continue;
            }
            // A rule names `x@%k.service` for each of its devices.
            let stem = unit.split_inclusive('@').next().unwrap_or(unit);
            if by_device.contains(stem) {
                continue;
            }
            let shown = escape(unit.as_bytes());
            let file = unit_file(host.tree(), unit);
            let evidence = Evidence::span(service.process.place("Name"), "runs now");
            let passing = Path::new("/run/systemd/transient").join(unit);
            let is_passing = matches!(host.resolve(&passing), Fact::Known(_));
            let message = if is_passing {
                format!("{shown} runs now and was made for once: the boot does not start it")
            } else {
                format!("{shown} runs now, and nothing starts it at boot")
            };
            let mut finding = Finding::new(self.id(), shown.clone(), message, evidence);
            if let Fact::Known(file) = &file {
                finding = finding.with(Evidence::path(&file.path, "its unit"));
            }
            out.push(if is_passing {
                finding.at_most(Level::Note)
            } else {
                let command = format!("systemctl enable '{shown}'");
                finding.fix(
                    "Enable it, unless it is started by hand on purpose:",
                    &[&command],
                )
            });
        }
        Ok(out)
    }
}

/// Services that somebody's doing starts: a login, a name on the bus, a terminal.
fn is_on_call(host: &Host, unit: &str) -> bool {
    let prefixes = [
        "user@",
        "user-runtime-dir@",
        "getty@",
        "serial-getty@",
        "console-getty",
        "autovt@",
        "systemd-",
        "run-",
        "run@",
        "emergency",
        "rescue",
        "initrd-",
    ];
    if prefixes.iter().any(|prefix| unit.starts_with(prefix)) {
        return true;
    }
    let Fact::Known(found) = unit_file(host.tree(), unit) else {
        return false;
    };
    let Fact::Known(file) = host.tree().read(&found.path) else {
        return false;
    };
    let text = String::from_utf8_lossy(file.bytes()).into_owned();
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| line.starts_with("BusName=") || matches!(line, "Type=dbus" | "Type=oneshot"))
}

/// The rules of udev that start units (`SYSTEMD_WANTS`, systemd.device(5) of systemd 252):
/// all of their text.
fn by_device(host: &Host, out: &mut Findings) -> String {
    let mut text = String::new();
    for dir in [
        "/etc/udev/rules.d",
        "/usr/lib/udev/rules.d",
        "/lib/udev/rules.d",
    ] {
        let found = host.tree().entries(Path::new(dir));
        out.open.extend(found.gaps);
        for path in found.items {
            let file = host.tree().read(&path);
            out.gap(&file);
            if let Fact::Known(file) = file {
                for (_, rule) in udev_rules(file.bytes()) {
                    let rule = String::from_utf8_lossy(&rule);
                    if rule.contains("SYSTEMD_WANTS") {
                        text.push_str(&rule);
                    }
                }
            }
        }
    }
    text
}
