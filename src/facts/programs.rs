//! The programs a boot needs beside its init, and what is lost without each.

use std::path::{Path, PathBuf};

use super::Host;
use super::init::InitKind;
use super::started::When;
use crate::fact::Fact;
use crate::text::Place;

/// A program that the boot starts.
#[derive(Clone, Debug)]
pub struct Needed {
    /// The file.
    pub program: PathBuf,
    /// What is lost without it, for the end of a sentence.
    pub loss: &'static str,
    /// How much that is.
    pub weight: Weight,
    /// The line that starts it.
    pub place: Option<Place>,
    /// Whether its absence is a fault: nothing else does its work.
    pub must_exist: bool,
    /// Whether a shell reads what the kernel does not execute.
    pub shell_reads_it: bool,
}

/// How much is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something of the box.
    Part,
    /// The way in.
    Access,
    /// The network.
    Network,
    /// Everything behind the init.
    Boot,
}

/// Programs that are run by their names, where they are there: the names, what is
/// lost, how much.
const KNOWN: [(&[&str], &str, Weight); 10] = [
    (
        &["/bin/mount", "/usr/bin/mount"],
        "no file system is mounted, and the root stays read-only",
        Weight::Boot,
    ),
    (
        &["/sbin/fsck", "/usr/sbin/fsck"],
        "file systems are not checked",
        Weight::Part,
    ),
    (
        &["/sbin/agetty", "/usr/sbin/agetty"],
        "no login prompt on the console",
        Weight::Part,
    ),
    (
        &["/bin/login", "/usr/bin/login"],
        "nobody logs in on the console",
        Weight::Part,
    ),
    (
        &["/sbin/sulogin", "/usr/sbin/sulogin"],
        "no maintenance shell where the boot fails",
        Weight::Part,
    ),
    (
        &[
            "/lib/systemd/systemd-udevd",
            "/usr/lib/systemd/systemd-udevd",
            "/sbin/udevd",
            "/usr/sbin/udevd",
            "/lib/udev/udevd",
        ],
        "no device is set up after the initramfs",
        Weight::Part,
    ),
    (
        &["/bin/kmod", "/usr/bin/kmod", "/sbin/kmod"],
        "no kernel module is loaded by name",
        Weight::Part,
    ),
    (
        &["/sbin/ip", "/usr/sbin/ip", "/bin/ip"],
        "no address and no route is set",
        Weight::Network,
    ),
    (
        &["/sbin/ifup", "/usr/sbin/ifup"],
        "no interface is brought up",
        Weight::Network,
    ),
    (
        &["/usr/sbin/sshd", "/usr/bin/sshd"],
        "nobody gets in by ssh",
        Weight::Access,
    ),
];

/// Names under which an enabled service uses a program of [`KNOWN`].
const USERS: [(Weight, &[&str]); 2] = [
    (Weight::Network, &["networking", "network", "ifup"]),
    (Weight::Access, &["ssh", "sshd"]),
];

/// The programs that the next boot starts, apart from the init and /bin/sh.
pub(super) fn needed(host: &Host) -> Vec<Needed> {
    let mut out = Vec::new();
    for command in &host.started().items {
        let (loss, weight, must) = match command.when {
            When::First => (
                "nothing is mounted, and the root stays read-only",
                Weight::Boot,
                true,
            ),
            When::Level if host.init_kind() == Some(InitKind::Runit) => (
                "runit goes on to its last stage and powers off",
                Weight::Boot,
                true,
            ),
            When::Level => ("its runlevel starts no services", Weight::Boot, true),
            When::Again => ("it is not started", Weight::Part, true),
        };
        out.push(Needed {
            program: command.program.clone(),
            loss,
            weight,
            place: command.place.clone(),
            must_exist: must,
            shell_reads_it: command.shell_reads_it,
        });
    }
    for call in &host.openrc_calls().items {
        out.push(Needed {
            program: call.program.clone(),
            loss: "OpenRC starts nothing: no network, no services, and the root stays read-only",
            weight: Weight::Boot,
            place: call.place.clone(),
            must_exist: true,
            shell_reads_it: false,
        });
    }
    if matches!(host.makefile(), Fact::Known(_)) {
        out.push(Needed {
            program: first_there(host, &["/bin/startpar", "/sbin/startpar"]),
            loss: "no start script is run, and the root stays read-only",
            weight: Weight::Boot,
            place: None,
            must_exist: true,
            shell_reads_it: false,
        });
    }
    for (paths, loss, weight) in KNOWN {
        let program = first_there(host, paths);
        let weight = match weight {
            Weight::Network | Weight::Access if !is_used(host, weight) => Weight::Part,
            weight => weight,
        };
        out.push(Needed {
            program,
            loss,
            weight,
            place: None,
            must_exist: false,
            shell_reads_it: false,
        });
    }
    // What a line of the table starts is told with that line.
    let mut seen: Vec<PathBuf> = Vec::new();
    out.retain(|needed| {
        let physical = match host.resolve(&needed.program) {
            Fact::Known(found) => found.path,
            _ => needed.program.clone(),
        };
        let is_new = !seen.contains(&physical);
        seen.push(physical);
        is_new
    });
    out
}

fn first_there(host: &Host, paths: &[&str]) -> PathBuf {
    let mut there = paths.iter().filter(|path| {
        let found = host.resolve(Path::new(path));
        !matches!(found, Fact::Absent(_) | Fact::NotCovered(_))
    });
    let first = there.next().or(paths.first());
    first.map_or_else(PathBuf::new, PathBuf::from)
}

/// Whether an enabled service needs what has this weight.
fn is_used(host: &Host, weight: Weight) -> bool {
    let users = USERS.iter().filter(|(of, _)| *of == weight);
    let mut names = users.flat_map(|(_, names)| names.iter());
    names.any(|name| host.enabled().items.iter().any(|e| e.name == *name))
}
