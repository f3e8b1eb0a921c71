//! `verify-unit-lost`: a unit that was up is not.

use super::{before, still_coming, was};
use crate::fact::{Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::standing::{Unit, listeners, owner, units};
use crate::facts::systemd::Comes;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct UnitLost;

/// A unit that was up and is not.
pub(super) struct Lost<'a> {
    /// As it was.
    pub(super) unit: &'a Unit,
    now: Option<&'a Unit>,
    /// Whether the boot was to start it, as far as that was known.
    by_hand: bool,
}

/// What is lost, and what is not known yet.
pub(super) type Known<'a> = (Vec<Lost<'a>>, Vec<Unknown>);

/// Units that come and go by themselves.
const PASSING: [&str; 9] = [
    "run-",
    "session-",
    "user@",
    "user-runtime-dir@",
    "systemd-fsck@",
    "systemd-coredump@",
    "modprobe@",
    "dbus-:",
    "systemd-udev-",
];

/// The units that were up and are not.
///
/// # Errors
/// Where systemd could not be asked.
pub(super) fn lost<'a>(host: &'a Host, before: &'a Host) -> Result<Known<'a>, Stop> {
    let (now, then) = (units(host).require()?, units(before).require()?);
    let (Some(now), Some(then)) = (now, then) else {
        return Err(Stop::NotApplicable("systemd does not run"));
    };
    let (mut list, mut open) = (Vec::new(), Vec::new());
    let judged = |unit: &&Unit| {
        let kind = matches!(unit.kind(), "service" | "socket" | "timer" | "path");
        let passing = PASSING.iter().any(|start| unit.name.starts_with(start));
        kind && !passing && unit.is_up()
    };
    for unit in then.iter().filter(judged) {
        let found = now.iter().find(|other| other.name == unit.name);
        if found.is_some_and(Unit::is_up) {
            continue;
        }
        if found.is_some_and(Unit::is_coming) {
            open.push(still_coming(&unit.name));
            continue;
        }
        let comes = |of: &Host| match of.systemd() {
            Fact::Known(boot) => boot.is_in_boot(&unit.name),
            _ => Comes::Unknown,
        };
        let was_to_come = comes(before);
        // Somebody asked for it, and may ask again.
        if matches!(was_to_come, Comes::OnDemand(_)) {
            continue;
        }
        let by_hand = matches!(was_to_come, Comes::Not | Comes::Refused);
        let failed = found.is_some_and(|unit| unit.active == "failed");
        // What ends by itself may not have had a reason to begin.
        if unit.sub == "exited" && !failed {
            let dropped = matches!(comes(host), Comes::Not | Comes::Refused);
            if by_hand || !dropped {
                continue;
            }
        }
        list.push(Lost {
            unit,
            now: found,
            by_hand,
        });
    }
    Ok((list, open))
}

impl Lost<'_> {
    /// How it stands now, in words.
    fn how(&self) -> String {
        match self.now {
            Some(now) if now.load == "masked" => "it is masked".to_owned(),
            Some(now) if now.load == "not-found" => "its file is not there".to_owned(),
            Some(now) if now.active == "failed" => "it failed".to_owned(),
            Some(now) if now.sub == "auto-restart" => "it fails again and again".to_owned(),
            Some(_) => "it was not started".to_owned(),
            None if self.by_hand => "it was started by hand, and nothing starts it".to_owned(),
            None => "nothing asked for it".to_owned(),
        }
    }
}

impl Rule for UnitLost {
    fn id(&self) -> &'static str {
        "verify-unit-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let (list, open) = lost(host, before)?;
        let mut out = Findings::new();
        out.open = open;
        for one in list {
            let name = &one.unit.name;
            let verb = match one.unit.kind() {
                "service" => "does not run",
                _ => "is not active",
            };
            let message = format!("{name} {verb} any more: {}", one.how());
            let evidence = match one.now {
                Some(now) => Evidence::span(now.place.clone(), "its state now"),
                None => Evidence::computed("systemd has not loaded it"),
            };
            let mut finding = Finding::new(self.id(), name.clone(), message, evidence)
                .with(was(&one.unit.place, "up"));
            if one.by_hand {
                finding = finding.at_most(Level::Warn);
            }
            for socket in listeners(before).items {
                let of = owner(before, &socket).and_then(|(_, unit)| unit);
                if of.as_deref() == Some(name.as_str()) {
                    let text = format!("it listened on {}", socket.shown());
                    finding = finding.with(Evidence::computed(text));
                }
            }
            out.push(finding);
        }
        Ok(out)
    }
}
