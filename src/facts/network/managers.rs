//! Programs other than ifupdown that set up interfaces, and what starts them.

use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::System;
use crate::facts::systemd::Comes;
use crate::facts::target::{Runlevel, Target};

/// What starts a program at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A unit or start script, by name.
    Starts(String),
    /// Nothing.
    No,
    /// It could not be told.
    Unknown(Vec<Unknown>),
    /// This init's services cannot be modelled.
    NotModelled,
}

/// A program that sets up interfaces.
#[derive(Clone, Debug)]
pub struct Manager {
    /// Its name for people.
    pub name: String,
    /// What starts it.
    pub state: State,
}

/// Names for people, units, scripts.
type Known = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const KNOWN: [Known; 9] = [
    ("systemd-networkd", &["systemd-networkd.service"], &[]),
    (
        "NetworkManager",
        &["NetworkManager.service"],
        &["NetworkManager", "network-manager"],
    ),
    ("dhcpcd", &["dhcpcd.service"], &["dhcpcd"]),
    ("connman", &["connman.service"], &["connman"]),
    (
        "wicked",
        &["wicked.service", "wickedd.service"],
        &["wicked"],
    ),
    ("network-scripts", &["network.service"], &["network"]),
    ("netctl", &["netctl.service"], &[]),
    (
        "cloud-init",
        &["cloud-init-local.service", "cloud-init.service"],
        &["cloud-init", "cloud-init-local"],
    ),
    ("iwd", &["iwd.service"], &["iwd"]),
];

/// The managers that the boot starts, or may.
pub(super) fn read(host: &Host) -> Vec<Manager> {
    let mut found: Vec<Manager> = KNOWN
        .iter()
        .map(|(name, units, scripts)| Manager {
            name: (*name).to_owned(),
            state: state(host, units, scripts),
        })
        .collect();
    // netifrc has one script for each interface, and netctl one unit for each profile.
    for enabled in &host.enabled().items {
        let netifrc = enabled.system == System::OpenRc
            && enabled.name.starts_with("net.")
            && enabled.name != "net.lo"
            && host.is_reached(enabled);
        let netctl = enabled.system == System::Systemd && enabled.name.starts_with("netctl@");
        if netifrc || netctl {
            found.push(Manager {
                name: enabled.name.clone(),
                state: State::Starts(enabled.name.clone()),
            });
        }
    }
    found.retain(|manager| manager.state != State::No);
    found
}

/// What starts one of some units or scripts.
#[must_use]
pub fn state(host: &Host, units: &[&str], scripts: &[&str]) -> State {
    match host.init_kind() {
        Some(InitKind::Systemd) => match host.systemd() {
            Fact::Known(boot) => {
                for unit in units {
                    match boot.is_in_boot(unit) {
                        Comes::Starts | Comes::Perhaps | Comes::OnDemand(_) => {
                            return State::Starts((*unit).to_owned());
                        }
                        Comes::Unknown | Comes::Fails(_) | Comes::Refused | Comes::Not => {}
                    }
                }
                let open = boot.open();
                if open.is_empty() {
                    State::No
                } else {
                    State::Unknown(open)
                }
            }
            Fact::Unknown(unknown) => State::Unknown(vec![unknown.clone()]),
            _ => State::NotModelled,
        },
        Some(InitKind::SysV | InitKind::Busybox | InitKind::OpenRcInit) => {
            let enabled = host.enabled();
            let level = match host.target() {
                Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => Some(level.to_string()),
                _ => None,
            };
            let mut found = enabled
                .items
                .iter()
                .filter(|e| scripts.contains(&e.name.as_str()));
            let here = found.find(|e| match e.system {
                System::OpenRc => host.is_reached(e),
                System::SysV => level
                    .as_ref()
                    .is_none_or(|l| e.level == *l || e.level == "S"),
                System::Systemd => false,
            });
            let alone =
                host.init_kind() == Some(InitKind::Busybox) && host.openrc_calls().items.is_empty();
            match here {
                Some(entry) => State::Starts(entry.name.clone()),
                None if !enabled.gaps.is_empty() => State::Unknown(enabled.gaps.clone()),
                None if alone => State::NotModelled,
                None => State::No,
            }
        }
        _ => State::NotModelled,
    }
}
