//! Which units a boot brings up, and which something that it brings up may start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::plan::Plan;
use super::unit::{Dep, Ix, LoadState};
use super::{Fate, Systemd};
use crate::fact::{Fact, Listing};
use crate::parse::unit;
use crate::source::Tree;

/// Whether a unit comes with the boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comes {
    /// It is started, as far as files tell.
    Starts,
    /// It is to be started, and is not: its fate.
    Fails(Fate),
    /// It may be started or not, by chance.
    Perhaps,
    /// Something that is started starts it when needed: a socket, a timer, the bus, a
    /// device.
    OnDemand(Vec<String>),
    /// It is pulled in, and refused: its state tells why.
    Refused,
    /// Nothing starts it.
    Not,
    /// Could not be told.
    Unknown,
}

impl Systemd {
    /// Whether the unit of that name, or alias, comes with the boot.
    #[must_use]
    pub fn is_in_boot(&self, name: &str) -> Comes {
        let Some(ix) = self.plan.units.find(name) else {
            return self.nothing();
        };
        self.comes(ix)
    }

    /// Whether a unit comes with the boot.
    #[must_use]
    pub fn comes(&self, ix: Ix) -> Comes {
        let Some(transaction) = &self.plan.transaction else {
            return self.nothing();
        };
        match self.course.fates.get(&ix) {
            Some(Fate::Starts) => return Comes::Starts,
            Some(fate) => return Comes::Fails(fate.clone()),
            None => {}
        }
        if self
            .plan
            .units
            .get(ix)
            .is_some_and(super::Unit::is_perpetual)
        {
            return Comes::Starts;
        }
        if transaction.perhaps.contains(&ix) {
            return Comes::Perhaps;
        }
        if let Some(by) = self.on_demand.get(&ix) {
            return Comes::OnDemand(by.clone());
        }
        if transaction.refused.contains_key(&ix) {
            return Comes::Refused;
        }
        self.nothing()
    }

    /// What it means that nothing starts a unit: what could not be read may.
    fn nothing(&self) -> Comes {
        if self.open().is_empty() {
            Comes::Not
        } else {
            Comes::Unknown
        }
    }

    /// Devices that never come, as udev does not run: every one.
    pub(super) fn without_udev(&self) -> BTreeSet<Ix> {
        let units = &self.plan.units;
        let Some(transaction) = &self.plan.transaction else {
            return BTreeSet::new();
        };
        // Without the second, nobody asks the kernel again for the devices that it
        // announced before udev was there. An init without udev's units has none.
        let parts = ["systemd-udevd.service", "systemd-udev-trigger.service"];
        let [udevd, trigger] = parts.map(|name| units.find(name));
        let unit = |ix: Option<Ix>| ix.and_then(|ix| units.get(ix));
        let is_masked = |unit: &super::Unit| matches!(unit.state, LoadState::Masked(_));
        let refused = unit(udevd).is_some_and(|unit| unit.state.refuses())
            || unit(trigger).is_some_and(is_masked);
        let is_dead = udevd.is_some_and(|ix| {
            let dead = self.troubles.get(&ix);
            dead.is_some_and(|list| list.iter().any(|t| t.effect != super::Effect::Waits))
        });
        if !refused && !is_dead {
            return BTreeSet::new();
        }
        let is_device = |ix: &&Ix| {
            let kind = units.get(**ix).map(|unit| unit.kind);
            kind == Some(unit::UnitType::Device)
        };
        transaction
            .starts
            .iter()
            .filter(is_device)
            .copied()
            .collect()
    }
}

/// Units that sockets, timers, paths, automounts, the bus and devices may start.
pub(super) fn on_demand(tree: &Tree, plan: &Plan) -> BTreeMap<Ix, Vec<String>> {
    let mut found: BTreeMap<Ix, Vec<String>> = BTreeMap::new();
    let Some(transaction) = &plan.transaction else {
        return found;
    };
    for ix in &transaction.starts {
        let Some(unit) = plan.units.get(*ix) else {
            continue;
        };
        for other in unit.of(Dep::Triggers).chain(unit.of(Dep::OnFailure)) {
            found.entry(other).or_default().push(unit.id.clone());
        }
    }
    let bus = ["dbus.service", "dbus.socket", "dbus-broker.service"];
    let has_bus = bus.iter().any(|name| {
        let ix = plan.units.find(name);
        ix.is_some_and(|ix| transaction.starts.contains(&ix))
    });
    if has_bus {
        for (unit, by) in bus_names(tree).items {
            if let Some(ix) = plan.units.find(&unit) {
                found.entry(ix).or_default().push(by);
            }
        }
    }
    // What is started on demand starts what it requires and wants.
    let mut pending: Vec<Ix> = found.keys().copied().collect();
    while let Some(ix) = pending.pop() {
        let Some(unit) = plan.units.get(ix) else {
            continue;
        };
        if !matches!(unit.state, LoadState::Loaded) {
            continue;
        }
        let pulls = [Dep::Requires, Dep::BindsTo, Dep::Wants, Dep::Upholds];
        for other in pulls.into_iter().flat_map(|dep| unit.of(dep)) {
            let new = !transaction.starts.contains(&other) && !found.contains_key(&other);
            if new {
                found.insert(other, vec![unit.id.clone()]);
                pending.push(other);
            }
        }
    }
    found
}

/// Units that names on the system bus start: unit and name.
fn bus_names(tree: &Tree) -> Listing<(String, String)> {
    let mut out = Listing::new();
    for dir in [
        "/etc/dbus-1/system-services",
        "/usr/local/share/dbus-1/system-services",
        "/usr/share/dbus-1/system-services",
    ] {
        let listing = tree.entries(Path::new(dir));
        for path in out.take_gaps(listing) {
            let Fact::Known(file) = tree.read(&path) else {
                continue;
            };
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            let unit = text
                .lines()
                .find_map(|line| line.strip_prefix("SystemdService="));
            if let Some(unit) = unit {
                let by = path
                    .file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned());
                out.items.extend(by.map(|by| (unit.trim().to_owned(), by)));
            }
        }
    }
    out
}
