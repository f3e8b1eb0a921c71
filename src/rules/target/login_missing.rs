//! `target-login-missing`: nobody can log in on the console the kernel is told to use.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::services::masks;
use crate::facts::systemd::{Fate, Systemd, Unit, root_of};
use crate::facts::{Boots, Host};
use crate::parse::unit;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct LoginMissing;

impl Rule for LoginMissing {
    fn id(&self) -> &'static str {
        "target-login-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let boot = super::systemd(host)?;
        if matches!(host.boots(), Boots::InitOnly(_)) {
            return Err(Stop::NotApplicable("a container is entered from outside"));
        }
        let updates = boot.plan.units.id(boot.plan.first) == "system-update.target";
        if updates || !boot.comes_up() {
            return Err(Stop::NotApplicable("the boot does not get that far"));
        }
        let mut out = Findings::new();
        out.open.extend(boot.open());
        if !out.open.is_empty() {
            return Ok(out);
        }
        match boot.consoles() {
            Some(consoles) => match consoles.last() {
                Some(console) => out.list.extend(self.on(boot, console)),
                None => out.list.extend(self.nowhere(boot)),
            },
            // Which console it is, is not known: only what was taken away on purpose.
            None => {
                out.list.extend(self.nowhere(boot));
                if out.list.is_empty() {
                    out.list.extend(self.masked(host));
                }
            }
        }
        Ok(out)
    }
}

impl LoginMissing {
    /// The console that is /dev/console: the last that the command line names.
    fn on(&self, boot: &Systemd, console: &str) -> Option<Finding> {
        let digits = console.strip_prefix("tty");
        let is_virtual =
            digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
        if is_virtual {
            return self.nowhere(boot);
        }
        let mut logins = boot.logins.iter();
        if logins.any(|login| login.name == console && login.fate == Fate::Starts) {
            return None;
        }
        let unit = format!("serial-getty@{}.service", unit::escape(console.as_bytes()));
        let shown = escape(console.as_bytes());
        let message = format!(
            "nobody can log in on {shown}, the console of the kernel: {unit} {}",
            why(boot, &unit)
        );
        let finding = Finding::new(self.id(), shown, message, evidence(boot, &unit));
        Some(finding)
    }

    /// No console is named: the screen, or any other place.
    fn nowhere(&self, boot: &Systemd) -> Option<Finding> {
        let mut logins = boot.logins.iter();
        if logins.any(|login| login.fate == Fate::Starts) || boot.spawns_gettys() {
            return None;
        }
        let unit = "getty@tty1.service";
        let message = format!(
            "nobody can log in at the machine itself: no getty is started, and {unit} {}",
            why(boot, unit)
        );
        let finding = Finding::new(self.id(), "console", message, evidence(boot, unit));
        Some(finding)
    }

    /// Serial gettys that are masked.
    fn masked(&self, host: &Host) -> Option<Finding> {
        let listing = host.tree().entries(Path::new("/etc/systemd/system"));
        let found = listing.items.into_iter().find(|path| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let serial = name.is_some_and(|name| {
                unit::prefix(&name) == "serial-getty" && name.ends_with(".service")
            });
            serial && masks(host.tree(), path)
        })?;
        let name = found.file_name()?.to_string_lossy().into_owned();
        let terminal = unit::instance(&name).unwrap_or("").to_owned();
        let message = format!(
            "nobody can log in on {terminal}, should that be the console of the kernel: {name} \
             is masked"
        );
        let finding = Finding::new(
            self.id(),
            terminal,
            message,
            Evidence::path(found, "masks it"),
        );
        let finding = finding.confidence(Confidence::Possible);
        Some(unmask(finding, &name))
    }
}

fn unmask(finding: Finding, unit: &str) -> Finding {
    finding.fix("Unmask it:", &[&format!("systemctl unmask {unit}")])
}

/// Why a unit is not started.
fn why(boot: &Systemd, name: &str) -> String {
    let Some((ix, unit)) = unit_of(boot, name) else {
        return "is not asked for".to_owned();
    };
    if unit.state.refuses() {
        return unit.state.words();
    }
    match boot.course.fates.get(&ix) {
        Some(Fate::Starts) => "is started".to_owned(),
        Some(Fate::Skipped) => "is kept back by a condition".to_owned(),
        Some(Fate::Fails | Fate::Dies) => match boot.troubles.get(&ix).and_then(|t| t.first()) {
            Some(trouble) => format!("fails: {}", trouble.message),
            None => "fails".to_owned(),
        },
        Some(Fate::LeftOut(_) | Fate::Waits(_) | Fate::NeverEnds) => {
            let root = root_of(&boot.course.fates, ix);
            format!("waits for {}, which never comes", super::name(boot, root))
        }
        None => "is not started".to_owned(),
    }
}

fn evidence(boot: &Systemd, name: &str) -> Evidence {
    let nothing = || Evidence::computed(format!("nothing of the boot starts {name}"));
    let Some((ix, unit)) = unit_of(boot, name) else {
        return nothing();
    };
    let trouble = boot.troubles.get(&ix).and_then(|list| list.first());
    let trouble = trouble.map(|t| Evidence::span(t.place.clone(), &*t.message));
    let state = super::state_evidence(unit).or(trouble);
    state.unwrap_or_else(nothing)
}

fn unit_of<'a>(boot: &'a Systemd, name: &str) -> Option<(usize, &'a Unit)> {
    let ix = boot.plan.units.find(name)?;
    Some((ix, boot.plan.units.get(ix)?))
}
