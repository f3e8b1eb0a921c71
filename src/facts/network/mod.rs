//! What sets up the network at the next boot: the programs that own interfaces, what
//! they are told, and what starts them.

pub mod live;
mod managers;
pub mod names;
pub mod plan;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use managers::{Manager, State, state};

use super::{Host, paths};
use crate::fact::{Fact, Listing, Looked};
use crate::parse::interfaces::{self, Interfaces, Stanza, World};
use crate::source::Tree;
use crate::text::File;

/// Which program reads `/etc/network/interfaces`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Debian's ifupdown.
    Ifupdown,
    /// Another one with a grammar of its own: busybox, ifupdown-ng, ifupdown2.
    Other,
}

/// `ifup` and its file.
#[derive(Debug)]
pub struct Ifupdown {
    /// `ifup`; Absent where there is none.
    pub program: Fact<PathBuf>,
    /// Which one it is.
    pub reader: Reader,
    /// What `/etc/network/interfaces` says.
    pub interfaces: Fact<Interfaces>,
    /// What starts it.
    pub state: State,
}

/// What is known of the network.
#[derive(Debug)]
pub struct Network {
    /// `ifup` and its file.
    pub ifupdown: Ifupdown,
    /// Other managers that the boot starts, or may.
    pub managers: Vec<Manager>,
}

impl World for &Tree {
    fn matching(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        files(self, paths::matching(self, pattern))
    }

    fn directory(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        let mut out = Listing::new();
        let mut found = Listing::new();
        for dir in out.take_gaps(paths::matching(self, pattern)) {
            found.append(self.entries(&dir));
        }
        out.append(files(self, found));
        out
    }
}

/// The files among paths; a directory is opened, and nothing read of it.
fn files(tree: &Tree, found: Listing<PathBuf>) -> Listing<Arc<File>> {
    let mut out = Listing::new();
    for path in out.take_gaps(found) {
        let is_dir = matches!(tree.resolve(&path), Fact::Known(found)
            if found.meta.kind == crate::source::FileKind::Dir);
        if !is_dir {
            out.push(tree.read(&path));
        }
    }
    out
}

/// Reads what each program will do.
pub(super) fn read_plan(host: &Host) -> plan::Plan {
    plan::read(host, host.network())
}

/// Reads what is known of the network.
pub(super) fn read(host: &Host) -> Network {
    let tree = host.tree();
    let program = program(host, &["/sbin/ifup", "/usr/sbin/ifup"]);
    let file = tree.read(Path::new("/etc/network/interfaces"));
    Network {
        ifupdown: Ifupdown {
            reader: reader(host, &program),
            program,
            interfaces: file.map(|file| interfaces::parse(&file, &tree)),
            state: managers::state(host, &["networking.service"], &["networking", "ifupdown"]),
        },
        managers: managers::read(host),
    }
}

/// The first of some paths that is there.
fn program(host: &Host, paths: &[&str]) -> Fact<PathBuf> {
    for path in paths {
        match host.resolve(Path::new(path)) {
            Fact::Absent(_) => {}
            other => return other.map(|_| PathBuf::from(path)),
        }
    }
    Fact::Absent(Looked {
        paths: paths.iter().map(PathBuf::from).collect(),
        notes: Vec::new(),
    })
}

fn reader(host: &Host, program: &Fact<PathBuf>) -> Reader {
    let has = |name: &str| matches!(host.packages(), Fact::Known(packages) if packages.has(name));
    if has("ifupdown") {
        return Reader::Ifupdown;
    }
    if has("ifupdown2") || has("ifupdown-ng") {
        return Reader::Other;
    }
    let Fact::Known(path) = program else {
        return Reader::Other;
    };
    // Debian's names the file that it keeps its state in.
    let mark = b"network/ifstate";
    match host.tree().read(path) {
        Fact::Known(file)
            if file
                .bytes()
                .windows(mark.len())
                .any(|window| window == mark) =>
        {
            Reader::Ifupdown
        }
        _ => Reader::Other,
    }
}

impl Ifupdown {
    /// The stanzas of interfaces but `lo` that set something up and are raised.
    #[must_use]
    pub fn raised(&self) -> Vec<&Stanza> {
        let Fact::Known(interfaces) = &self.interfaces else {
            return Vec::new();
        };
        let stanzas = interfaces.stanzas.iter();
        stanzas
            .filter(|stanza| sets_up(stanza) && interfaces.raises(&stanza.name))
            .collect()
    }
}

/// Whether a stanza gives an interface an address or leaves it to a program that does.
#[must_use]
pub fn sets_up(stanza: &Stanza) -> bool {
    stanza.name != "lo" && !matches!(stanza.method, "manual" | "loopback")
}

impl Network {
    /// Managers but ifupdown that the boot starts, or that may start.
    pub fn others(&self) -> impl Iterator<Item = &Manager> {
        self.managers
            .iter()
            .filter(|manager| manager.state != State::No)
    }
}
