//! What PID 1 loads for a boot and queues first, from a tree and a command line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::cmdline::Words;
use super::generate;
use super::loader::Loader;
use super::names::{self, Names};
use super::store::{Output, Store};
use super::transaction::{self, Transaction};
use super::unit::{Ix, Units};
use super::version::{self, Version};
use crate::fact::{Fact, Unknown, Why};
use crate::parse::unit::Specifiers;
use crate::source::Tree;

/// The version whose behaviour is taken where none is known.
const ASSUMED: u32 = 257;

/// What the boot is told to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A word of the kernel command line.
    Word(String),
    /// Nothing but `default.target`.
    Default,
}

/// Everything systemd would have loaded for the next boot.
#[derive(Debug)]
pub struct Plan {
    /// The installed version, where it is known.
    pub version: Fact<Version>,
    /// The units.
    pub units: Units,
    /// Who names the unit the boot is to reach.
    pub asked: Asked,
    /// The file or link that is `default.target`, where one is.
    pub default: Option<PathBuf>,
    /// The unit that was asked for.
    pub first: Ix,
    /// The unit that is started: `first`, or rescue.target where that cannot be; none
    /// where neither can, so that systemd freezes.
    pub anchor: Option<Ix>,
    /// What its start comes to.
    pub transaction: Option<Transaction>,
    /// What generators will have made.
    pub made: Output,
    /// Generators that nothing is known of: what they make is not here.
    pub foreign_generators: Vec<PathBuf>,
    /// What could not be looked at.
    pub open: Vec<Unknown>,
    /// What the tree does not hold.
    pub uncovered: Vec<Why>,
}

/// What a run of systemd is told beside the tree.
#[derive(Clone, Debug)]
pub struct Situation {
    /// The installed version.
    pub version: Fact<Version>,
    /// The kernel command line.
    pub words: Words,
    /// Whether it runs in a container.
    pub container: bool,
    /// Whether units count that only the system that runs now has, below /run.
    pub running: bool,
}

impl Situation {
    /// The version whose behaviour is taken.
    fn major(&self) -> u32 {
        match &self.version {
            Fact::Known(version) => version.major,
            _ => ASSUMED,
        }
    }
}

/// Answers of the host for specifiers.
struct HostWords<'a> {
    tree: &'a Tree,
}

impl Specifiers for HostWords<'_> {
    fn host(&self, specifier: char) -> Option<String> {
        let line = |path: &str| match self.tree.read(Path::new(path)) {
            Fact::Known(file) => {
                let text = String::from_utf8_lossy(file.bytes()).into_owned();
                let line = text.lines().next().unwrap_or("").trim().to_owned();
                (!line.is_empty()).then_some(line)
            }
            Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => None,
        };
        match specifier {
            'H' => line("/etc/hostname"),
            'l' => {
                line("/etc/hostname").map(|name| name.split('.').next().unwrap_or("").to_owned())
            }
            'm' => line("/etc/machine-id").filter(|id| id.len() == 32),
            _ => None,
        }
    }
}

/// The installed systemd.
pub fn installed(tree: &Tree, packages: &Fact<crate::facts::packages::Packages>) -> Fact<Version> {
    version::read(tree, packages)
}

/// What generators will write before the first unit is loaded, and what of it could not
/// be told.
#[must_use]
pub fn generated(tree: &Tree, situation: &Situation) -> (Output, Vec<Unknown>) {
    let on_disk = |name: &str| {
        names::ON_DISK.iter().any(|dir| {
            let found = tree.lstat(&Path::new(dir).join(name));
            matches!(found, Fact::Known(_) | Fact::Unknown(_))
        })
    };
    generate::run(&generate::Context {
        tree,
        version: situation.major(),
        words: &situation.words,
        container: situation.container,
        on_disk: &on_disk,
    })
}

/// What stands for `default.target`: the first in the search path that systemd does
/// not reject.
fn default_target(store: &Store<'_>, names: &Names) -> Option<PathBuf> {
    let paths = names.search.iter().map(|dir| dir.join("default.target"));
    let mut there = paths.filter(|path| {
        let rejected = names.rejected.iter().any(|r| r.link == *path);
        !rejected && matches!(store.kind(path), Fact::Known(_))
    });
    there.next()
}

/// What the next boot will do, as far as the tree tells.
#[must_use]
pub fn read(tree: &Tree, situation: &Situation) -> Plan {
    let version = situation.major();
    let (output, mut open) = generated(tree, situation);
    let store = Store {
        tree,
        output: &output,
        running: situation.running,
    };
    let names = Names::read(&store, version, situation.running);
    let host = HostWords { tree };
    let mut loader = Loader::new(&store, &names, version, situation.container, &host);
    for name in ["-.slice", "system.slice", "init.scope", "-.mount"] {
        loader.reference(name);
    }
    let (asked, name) = match situation.words.unit() {
        Some((unit, word)) => (Asked::Word(word), unit),
        None => (Asked::Default, "default.target".to_owned()),
    };
    let first = loader.reference(&name).unwrap_or(0);
    loader.finish();
    let startable = |loader: &Loader<'_>, ix: Ix| {
        let unit = loader.units.get(ix);
        unit.is_some_and(|unit| !unit.state.refuses())
    };
    let mut anchor = Some(first);
    if !startable(&loader, first) {
        anchor = loader.reference("rescue.target");
        loader.finish();
        anchor = anchor.filter(|ix| startable(&loader, *ix));
    }
    open.extend(std::mem::take(&mut loader.open));
    open.extend(names.gaps.iter().cloned());
    let uncovered = names.uncovered.clone();
    let default = default_target(&store, &names);
    let foreign = generate::other::unknown(tree);
    open.extend(foreign.gaps);
    let units = std::mem::take(&mut loader.units);
    let active: BTreeSet<Ix> = units.find("usr.mount").into_iter().collect();
    let transaction = anchor.map(|anchor| transaction::start(&units, anchor, &active, version));
    drop(loader);
    drop(names);
    Plan {
        made: output,
        version: situation.version.clone(),
        units,
        asked,
        default,
        first,
        anchor,
        transaction,
        foreign_generators: foreign.items,
        open,
        uncovered,
    }
}
