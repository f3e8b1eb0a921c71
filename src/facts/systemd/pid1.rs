//! What systemd itself executes, beside the units.

use std::path::{Path, PathBuf};

use super::closure::Comes;
use super::version;
use crate::fact::{Fact, Looked, Unknown};
use crate::facts::Host;
use crate::facts::linkage::{Failure, Start};

/// A program of systemd that is not there, or does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// What is lost with it.
    pub role: Role,
    /// Where it is, or should be.
    pub path: PathBuf,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not there.
    Missing(Looked),
    /// It does not start.
    Dead(Failure),
}

/// What is lost with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything: it starts each command of each unit (255 and later).
    Executor,
    /// Going down: PID 1 becomes it.
    Shutdown,
    /// The journal: services run without their logs.
    Journal,
    /// Devices: disks other than the root, networks, serial consoles.
    Devices,
}

/// What was found of systemd itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// What is wrong with it.
    pub faults: Vec<Incomplete>,
    /// What could not be looked at.
    pub open: Vec<Unknown>,
}

/// Looks at what PID 1 executes whatever the units say.
#[must_use]
pub fn manager(host: &Host) -> Manager {
    let mut found = Manager {
        faults: Vec::new(),
        open: Vec::new(),
    };
    let installed = version::read(host.tree(), host.packages());
    let major = match &installed {
        Fact::Known(version) => Some(version.major),
        _ => None,
    };
    if let Fact::Unknown(unknown) = &installed {
        found.open.push(unknown.clone());
    }
    // Before 255 there is none, and PID 1 does it by itself.
    if major.is_some_and(|major| major >= 255) {
        program(host, "systemd-executor", Role::Executor, &mut found);
    }
    program(host, "systemd-shutdown", Role::Shutdown, &mut found);
    program(host, "systemd-journald", Role::Journal, &mut found);
    // A package of its own, which containers and small images go without.
    let boot = host.systemd().require().ok().flatten();
    let udevd = boot.map(|boot| boot.is_in_boot("systemd-udevd.service"));
    if matches!(udevd, Some(Comes::Starts | Comes::Fails(_))) {
        program(host, "systemd-udevd", Role::Devices, &mut found);
    }
    found
}

fn program(host: &Host, name: &'static str, role: Role, found: &mut Manager) {
    // Where the split of /usr has not been undone, it is /lib.
    let dirs = ["/usr/lib/systemd", "/lib/systemd"];
    let mut missing: Option<Looked> = None;
    for dir in dirs {
        let path = Path::new(dir).join(name);
        let linkage = host.linkage(&path);
        match &linkage.start {
            Start::Missing(looked) => {
                let all = missing.get_or_insert_with(|| Looked::at(&path));
                if !all.paths.contains(&path) {
                    all.paths.push(path);
                }
                all.notes.extend(looked.notes.iter().cloned());
            }
            Start::Refused(failure) | Start::Dies(failure) => {
                let wrong = Wrong::Dead(failure.clone());
                found.faults.push(Incomplete { role, path, wrong });
                return;
            }
            Start::Unknown(unknown) => {
                found.open.push(unknown.clone());
                return;
            }
            Start::Runs | Start::NotCovered(_) => return,
        }
    }
    let path = Path::new("/usr/lib/systemd").join(name);
    if let Some(looked) = missing {
        let wrong = Wrong::Missing(looked);
        found.faults.push(Incomplete { role, path, wrong });
    }
}
