//! What systemd will do with the next boot, from files alone.
//!
//! ```text
//!  generators' output --+
//!  unit directories ----+--> units and edges --> transaction --> course --> end
//!  kernel command line -+        loader          job set,        what fails,
//!                                                cycles          what waits
//! ```
//!
//! Everything follows systemd's own sources, 232 to 259; where a version decides, the
//! installed one does. Generators are not run: what each would write is written into
//! memory, and read like any file.

mod apply;
mod closure;
mod cmdline;
mod conditions;
mod course;
mod dropins;
mod generate;
mod implicit;
mod loader;
mod login;
mod mounts;
mod names;
mod node;
mod order;
mod pid1;
mod plan;
mod settings;
mod store;
mod transaction;
mod trouble;
mod unit;
mod verify;
mod version;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use closure::Comes;
pub use cmdline::Words;
pub use course::{
    Course, End, Fate, chain_of, chain_words, edge_between, failure_words, fall_of, root_of,
};
pub use login::{Login, LoginKind};
pub use node::udev_node;
pub use pid1::{Incomplete, Manager, Role, Wrong, manager};
pub use plan::{Asked, Plan, Situation, generated, installed, read};
pub use settings::{
    Condition, Exec, Mount, MountsFor, Run, Service, ServiceType, Settings, Socket, Step, Time,
};
pub use store::{Made, MadeNode, Output};
pub use transaction::{Conflict, Cycle, Failure, Transaction};
pub use trouble::{Effect, Trouble, TroubleKind};
pub use unit::{Cause, Dep, Ix, LoadState, Refusal, Unit, Units};
pub use version::Version;

use super::init::InitKind;
use super::{Boots, Host};
use crate::fact::{Fact, Looked, Unknown, Why};
use crate::source::Tree;
use conditions::Machine;
use course::Known;

/// The next boot of a host whose init is systemd.
#[derive(Debug)]
pub struct Systemd {
    /// What is loaded and queued.
    pub plan: Plan,
    /// How it goes on.
    pub course: Course,
    /// What stops units that are to be started.
    pub troubles: BTreeMap<Ix, Vec<Trouble>>,
    /// Units whose conditions do not hold for certain.
    pub skipped: BTreeSet<Ix>,
    /// Units whose conditions hold for certain.
    pub runs: BTreeSet<Ix>,
    /// Whether systemd takes it for the machine's first boot, where that is known.
    pub first_boot: Option<bool>,
    /// The command line of the kernel, where it is known.
    pub words: Option<Words>,
    /// Devices that do not come as nothing announces them.
    pub unplugged: BTreeSet<Ix>,
    /// Where one can log in at the machine.
    pub logins: Vec<Login>,
    /// Units that something running may start later: by what.
    on_demand: BTreeMap<Ix, Vec<String>>,
}

impl Systemd {
    /// The unit that is started first of all, where there is one.
    #[must_use]
    pub fn anchor(&self) -> Option<&Unit> {
        self.plan.units.get(self.plan.anchor?)
    }

    /// What could not be looked at and may change what was found.
    #[must_use]
    pub fn open(&self) -> Vec<Unknown> {
        let mut open = self.plan.open.clone();
        let queued = self.plan.transaction.as_ref().map(|t| &t.starts);
        for unit in queued
            .into_iter()
            .flatten()
            .filter_map(|ix| self.plan.units.get(*ix))
        {
            open.extend(unit.open.iter().cloned());
            if let LoadState::Unknown(unknown) = &unit.state {
                open.push(unknown.clone());
            }
        }
        open
    }

    /// Whether the boot gets as far as to logins and services.
    #[must_use]
    pub fn comes_up(&self) -> bool {
        match &self.course.end {
            End::Reaches => true,
            End::FallsShort(_) | End::Hangs(_) => {
                ["sysinit.target", "basic.target"].iter().all(|target| {
                    let comes = self.is_in_boot(target);
                    !matches!(comes, Comes::Fails(fate) if fate.fails() || fate.waits())
                })
            }
            End::Rescue
            | End::Emergency(_)
            | End::Freezes
            | End::PowersOff(_)
            | End::Reboots(_) => false,
        }
    }

    /// Units that generators make a target ask for.
    #[must_use]
    pub fn generated_for(&self, target: &str) -> Vec<String> {
        let dirs = [format!("{target}.requires"), format!("{target}.wants")];
        let asked = self.plan.made.made.keys().filter(|path| {
            let dir = path.parent().and_then(Path::file_name);
            dir.is_some_and(|dir| dirs.iter().any(|name| dir == name.as_str()))
        });
        let names = asked.filter_map(|path| path.file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    fn run(&self) -> Course {
        let Some(transaction) = &self.plan.transaction else {
            return Course {
                fates: BTreeMap::new(),
                end: End::Freezes,
            };
        };
        let known = Known {
            troubles: &self.troubles,
            skipped: &self.skipped,
            runs: &self.runs,
            failing: &self.unplugged,
        };
        course::run(&self.plan.units, transaction, &known)
    }
}

impl Host {
    /// What systemd will do with the next boot; absent where the init is another.
    pub fn systemd(&self) -> &Fact<Systemd> {
        self.systemd_cell().get_or_init(|| boot(self))
    }

    /// What the next boot's kernel hands to systemd: the command line of the entry that
    /// boots, where that is known.
    fn boot_words(&self) -> Option<Words> {
        if let Boots::InitOnly(_) = self.boots() {
            return None;
        }
        let entry = self.start().entry()?;
        // Whoever starts a kernel of unknown origin tells it at least its root.
        let known = !entry.cmdline.is_empty();
        known.then(|| Words::parse(&entry.cmdline))
    }
}

fn boot(host: &Host) -> Fact<Systemd> {
    if host.init_kind() != Some(InitKind::Systemd) {
        return Fact::Absent(Looked::at("/sbin/init"));
    }
    let tree = host.tree();
    let container = matches!(host.boots(), Boots::InitOnly(_));
    let words = host.boot_words();
    let situation = Situation {
        version: installed(tree, host.packages()),
        words: words.clone().unwrap_or_else(|| Words::parse(b"")),
        container,
        running: false,
    };
    let plan = read(tree, &situation);
    // Without systemd's own units there is nothing to say about them.
    let lacks_units = |why: &&Why| matches!(why, Why::OtherFileSystem(_) | Why::Partial(_));
    if let Some(why) = plan.uncovered.iter().find(lacks_units) {
        return Fact::NotCovered(why.clone());
    }
    let first_boot = is_first_boot(tree, words.as_ref());
    let machine = Machine {
        tree,
        words: words.as_ref(),
        container,
        first_boot,
    };
    let starts = plan.transaction.as_ref().map(|t| &t.starts);
    let (mut skipped, mut runs) = (BTreeSet::new(), BTreeSet::new());
    let mut troubles = BTreeMap::new();
    for ix in starts.into_iter().flatten() {
        let Some(unit) = plan.units.get(*ix) else {
            continue;
        };
        match conditions::holds(&unit.settings.conditions, &machine) {
            Some(false) => {
                skipped.insert(*ix);
                continue;
            }
            Some(true) => {
                runs.insert(*ix);
            }
            None => {}
        }
        let mut found = trouble::assertions(unit, &machine);
        found.extend(trouble::troubles(host, &plan.units, unit));
        if !found.is_empty() {
            troubles.insert(*ix, found);
        }
    }
    let on_demand = closure::on_demand(tree, &plan);
    let mut systemd = Systemd {
        plan,
        course: Course {
            fates: BTreeMap::new(),
            end: End::Freezes,
        },
        troubles,
        skipped,
        runs,
        first_boot,
        words,
        unplugged: BTreeSet::new(),
        logins: Vec::new(),
        on_demand,
    };
    systemd.unplugged = systemd.without_udev();
    systemd.course = systemd.run();
    systemd.logins = login::logins(&systemd);
    Fact::Known(systemd)
}

/// Whether systemd takes the boot for the first of this machine: there is no machine
/// id, or it says so. An empty file is not that (machine-id(5)).
fn is_first_boot(tree: &Tree, words: Option<&Words>) -> Option<bool> {
    // systemd 247 and later.
    if let Some(told) = words.and_then(|words| words.last("systemd.condition_first_boot")) {
        let told = told.map_or(Some(true), cmdline::boolean);
        if told.is_some() {
            return told;
        }
    }
    match tree.read(Path::new("/etc/machine-id")) {
        Fact::Known(file) => {
            let line = file.bytes().split(|b| *b == b'\n').next();
            Some(line.is_some_and(|line| line == b"uninitialized"))
        }
        Fact::Absent(_) => Some(true),
        Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
    }
}
