//! Whether a service that a site declares is started by the next boot, and runs now.

use std::path::{Path, PathBuf};

use super::Service;
use crate::fact::{Doubt, Fact, Listing, Looked, Unknown};
use crate::facts::systemd::{Comes, Fate, Systemd};
use crate::facts::{Host, running, standing};
use crate::text::Place;

/// How a service stands with the next boot.
#[derive(Clone, Debug)]
pub enum Starting {
    /// The boot starts it, or something that the boot starts does when it is needed.
    Starts,
    /// It is started, and does not come up: why, in words.
    Fails(String),
    /// Nothing starts it; why, in words, and its file where it has one.
    Not(String, Option<PathBuf>),
}

/// How a service stands now.
#[derive(Clone, Debug)]
pub enum Running {
    /// It runs.
    Up,
    /// It does not; its state in words, and where that is told.
    Down(String, Option<Place>),
    /// It is on its way up.
    Coming(String),
}

/// The name of its unit.
fn unit_name(service: &Service) -> String {
    let name = &service.common.name;
    let kinds = [
        ".service", ".socket", ".timer", ".mount", ".target", ".path",
    ];
    if kinds.iter().any(|kind| name.ends_with(kind)) {
        name.clone()
    } else {
        format!("{name}.service")
    }
}

/// Its name without the ending of a unit, as other inits have it.
fn bare_name(service: &Service) -> &str {
    let name = &service.common.name;
    name.strip_suffix(".service").unwrap_or(name)
}

/// How it stands with the next boot.
pub fn starting(host: &Host, service: &Service) -> Fact<Starting> {
    match host.systemd().as_ref() {
        Fact::Known(boot) => by_systemd(boot, &unit_name(service)),
        Fact::Absent(_) => by_links(host, bare_name(service)),
        other => other.map(|_| Starting::Starts),
    }
}

fn by_systemd(boot: &Systemd, name: &str) -> Fact<Starting> {
    let unit = boot.plan.units.find(name);
    let unit = unit.and_then(|ix| boot.plan.units.get(ix));
    let file = unit.and_then(|unit| unit.path.clone());
    let fails = |text: String| Fact::Known(Starting::Fails(text));
    match boot.is_in_boot(name) {
        Comes::Starts | Comes::OnDemand(_) => Fact::Known(Starting::Starts),
        Comes::Fails(fate) => match fate {
            Fate::Starts => Fact::Known(Starting::Starts),
            Fate::Skipped => fails("a condition of it does not hold, so it is skipped".into()),
            Fate::Fails => fails("its start fails".into()),
            Fate::Dies => fails("it ends at once".into()),
            Fate::LeftOut(ix) => fails(format!(
                "{}, which it requires, fails",
                boot.plan.units.id(ix)
            )),
            Fate::NeverEnds => fails("its start never ends".into()),
            Fate::Waits(ix) => {
                let other = boot.plan.units.id(ix);
                fails(format!("it waits for {other}, which never comes up"))
            }
        },
        Comes::Refused => {
            let why = unit.map_or("is refused".to_owned(), |unit| unit.state.words());
            Fact::Known(Starting::Not(why, file))
        }
        Comes::Not => {
            let why = match unit {
                Some(unit) if unit.state.words() != "is loaded" => unit.state.words(),
                _ => "nothing that the boot starts asks for it".to_owned(),
            };
            Fact::Known(Starting::Not(why, file))
        }
        Comes::Perhaps => {
            let text = "whether the boot starts it depends on the order of its jobs";
            Fact::Unknown(Unknown::new(name, Doubt::CannotModel(text.to_owned())))
        }
        Comes::Unknown => {
            let open = boot.open().into_iter().next();
            let unclear = || {
                let text = "whether the boot starts it could not be told";
                Unknown::new(name, Doubt::CannotModel(text.to_owned()))
            };
            Fact::Unknown(open.unwrap_or_else(unclear))
        }
    }
}

fn by_links(host: &Host, name: &str) -> Fact<Starting> {
    let enabled = host.enabled().any(|e| e.name == name && host.is_reached(e));
    match enabled {
        Ok(Some(enabled)) => match enabled.found.as_ref() {
            Fact::Absent(_) => {
                let why = "its link leads nowhere".to_owned();
                Fact::Known(Starting::Not(why, Some(enabled.link.clone())))
            }
            _ => Fact::Known(Starting::Starts),
        },
        Ok(None) => {
            let why = "no runlevel that is entered has it".to_owned();
            Fact::Known(Starting::Not(why, None))
        }
        Err(stop) => lacking(stop),
    }
}

fn lacking<T>(stop: crate::fact::Stop) -> Fact<T> {
    use crate::fact::Stop;
    match stop {
        Stop::Undecided(open) => match open.into_iter().next() {
            Some(unknown) => Fact::Unknown(unknown),
            None => Fact::Absent(Looked::at("/etc")),
        },
        Stop::NotCovered(why) => Fact::NotCovered(why),
        Stop::NotApplicable(_) => Fact::Absent(Looked::at("/etc")),
    }
}

/// How it stands now.
pub fn running(host: &Host, service: &Service) -> Fact<Running> {
    if let Err(stop) = running::must_run(host) {
        return lacking(stop);
    }
    match standing::units(host).as_ref() {
        Fact::Known(units) => Fact::Known(in_units(host, units, &unit_name(service))),
        Fact::Absent(_) => by_openrc(host, bare_name(service)),
        other => other.map(|_| Running::Up),
    }
}

fn in_units(host: &Host, units: &[standing::Unit], name: &str) -> Running {
    // An alias is listed by the name that counts.
    let id = match host.systemd() {
        Fact::Known(boot) => {
            let ix = boot.plan.units.find(name);
            ix.map_or(name, |ix| boot.plan.units.id(ix))
        }
        _ => name,
    };
    let found = units.iter().find(|unit| unit.name == name);
    let found = found.or_else(|| units.iter().find(|unit| unit.name == id));
    match found {
        Some(unit) if unit.is_up() => Running::Up,
        Some(unit) if unit.is_coming() => Running::Coming(unit.active.clone()),
        Some(unit) => {
            let place = Some(unit.place.clone());
            Running::Down(format!("{} ({})", unit.active, unit.sub), place)
        }
        None => Running::Down("not loaded".to_owned(), None),
    }
}

/// What OpenRC notes of what it started (OpenRC 0.45 `src/librc/librc.c`,
/// `rc_service_state`).
fn by_openrc(host: &Host, name: &str) -> Fact<Running> {
    let base = Path::new("/run/openrc");
    match host.tree().lstat(base) {
        Fact::Known(_) => {}
        Fact::Absent(_) => {
            let text = "this init does not tell what runs: declare running = false".to_owned();
            return Fact::Unknown(Unknown::new(name, Doubt::CannotModel(text)));
        }
        other => return other.map(|_| Running::Up),
    }
    match host.tree().lstat(&base.join("started").join(name)) {
        Fact::Known(_) => Fact::Known(Running::Up),
        Fact::Absent(_) => Fact::Known(Running::Down("not started".to_owned(), None)),
        other => other.map(|_| Running::Up),
    }
}

/// Whether something declared is still on its way up, so that it is worth waiting.
#[must_use]
pub fn coming(host: &Host) -> bool {
    let services = super::about(host, &host.declared().services, |service| &service.common);
    let mut services = services.into_iter().filter(|service| service.running);
    let waits = services.any(|service| {
        let now = running(host, service);
        matches!(now, Fact::Known(Running::Coming(_)) | Fact::Unknown(_))
    });
    let ports = super::about(host, &host.declared().ports, |port| &port.common);
    let listeners: Listing<standing::Listener> = standing::all_listeners(host);
    let mut ports = ports.into_iter();
    waits
        || ports.any(|port| {
            !listeners
                .items
                .iter()
                .any(|socket| port.is_served_by(socket))
        })
}
