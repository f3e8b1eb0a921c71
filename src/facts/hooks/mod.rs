//! Hooks that are called with a name, other than keepalived's: what runs them, for which
//! names, and what would keep them from running.
//!
//! Only callers whose convention is written down are here: ifupdown's directories
//! (interfaces(5), run-parts(8)), `NetworkManager`'s dispatcher (its own manual),
//! networkd-dispatcher, the scripts of dhclient and dhcpcd, and commands in the files of
//! `OpenVPN`, wg-quick and udev.

mod called;
mod commands;
pub(in crate::facts) mod doing;
pub(in crate::facts) mod fifo;
mod ucarp;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use called::{Named, called_for};
pub use commands::{Commanded, commanded, openvpn_files};
pub use ucarp::ucarp_does_nothing;

use super::Host;
use crate::fact::{Fact, Listing};
use crate::source::{FileKind, Found};

/// Who runs a directory of hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// ifup and ifdown, by run-parts.
    Ifupdown,
    /// NetworkManager-dispatcher.
    NetworkManager,
    /// networkd-dispatcher.
    NetworkdDispatcher,
    /// dhclient, by its script.
    Dhclient,
    /// dhcpcd, by its script.
    Dhcpcd,
}

impl Runner {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ifupdown => "ifup",
            Self::NetworkManager => "NetworkManager",
            Self::NetworkdDispatcher => "networkd-dispatcher",
            Self::Dhclient => "dhclient",
            Self::Dhcpcd => "dhcpcd",
        }
    }

    /// Whether it reads hooks into its own shell, so that they need no execute bit.
    #[must_use]
    pub const fn sources(self) -> bool {
        matches!(self, Self::Dhclient | Self::Dhcpcd)
    }
}

/// A file in a directory of hooks.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its path.
    pub path: PathBuf,
    /// What is there.
    pub found: Found,
    /// Who runs it.
    pub runner: Runner,
    /// Why its runner leaves it out, if it does.
    pub skipped: Option<String>,
}

/// What the files of a hook directory may be called and not be meant to run.
const PUT_ASIDE: [&str; 12] = [
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-new",
    ".rpmsave",
    ".rpmnew",
    ".disabled",
    ".bak",
    ".orig",
    ".save",
    ".old",
    ".off",
    "~",
];

/// The directories, with who runs them.
const DIRECTORIES: [(&str, Runner); 10] = [
    ("/etc/network/if-pre-up.d", Runner::Ifupdown),
    ("/etc/network/if-up.d", Runner::Ifupdown),
    ("/etc/network/if-down.d", Runner::Ifupdown),
    ("/etc/network/if-post-down.d", Runner::Ifupdown),
    ("/etc/NetworkManager/dispatcher.d", Runner::NetworkManager),
    (
        "/etc/NetworkManager/dispatcher.d/pre-up.d",
        Runner::NetworkManager,
    ),
    (
        "/etc/NetworkManager/dispatcher.d/pre-down.d",
        Runner::NetworkManager,
    ),
    (
        "/etc/NetworkManager/dispatcher.d/no-wait.d",
        Runner::NetworkManager,
    ),
    ("/etc/dhcp/dhclient-enter-hooks.d", Runner::Dhclient),
    ("/etc/dhcp/dhclient-exit-hooks.d", Runner::Dhclient),
];

/// The states that networkd-dispatcher has directories for (2.2.3, `ADMIN_STATES` and
/// `OPER_STATES`).
const STATES: [&str; 16] = [
    "configured",
    "configuring",
    "failed",
    "pending",
    "unmanaged",
    "linger",
    "initialized",
    "carrier",
    "degraded",
    "degraded-carrier",
    "dormant",
    "enslaved",
    "missing",
    "no-carrier",
    "off",
    "routable",
];

/// Hooks that are files of their own; dhcpcd has no directory of the site's.
const FILES: [(&str, Runner); 4] = [
    ("/etc/dhcp/dhclient-enter-hooks", Runner::Dhclient),
    ("/etc/dhcp/dhclient-exit-hooks", Runner::Dhclient),
    ("/etc/dhcpcd.enter-hook", Runner::Dhcpcd),
    ("/etc/dhcpcd.exit-hook", Runner::Dhcpcd),
];

/// The executable scripts in directories of hooks whose runner is there.
#[must_use]
pub fn hooks(host: &Host) -> Listing<Hook> {
    let mut hooks = Listing::new();
    let mut directories: Vec<(PathBuf, Runner)> = Vec::new();
    for (dir, runner) in DIRECTORIES {
        directories.push((PathBuf::from(dir), runner));
    }
    for state in STATES {
        let dir = Path::new("/etc/networkd-dispatcher").join(format!("{state}.d"));
        directories.push((dir, Runner::NetworkdDispatcher));
    }
    let of = |runner| move |(_, other): &&(PathBuf, Runner)| *other == runner;
    for runner in [
        Runner::Ifupdown,
        Runner::NetworkManager,
        Runner::NetworkdDispatcher,
        Runner::Dhclient,
        Runner::Dhcpcd,
    ] {
        match installed(host, runner) {
            Fact::Known(true) => {}
            Fact::Unknown(unknown) => {
                hooks.gaps.push(unknown);
                continue;
            }
            _ => continue,
        }
        // Not every script of dhclient looks into directories.
        let listed = match runner {
            Runner::Dhclient => lists(host),
            _ => Fact::Known(true),
        };
        if let Fact::Unknown(unknown) = &listed {
            hooks.gaps.push(unknown.clone());
        }
        for (dir, _) in directories.iter().filter(of(runner)) {
            if !matches!(listed, Fact::Known(true)) {
                continue;
            }
            let entries = host.tree().entries(dir);
            hooks.gaps.extend(entries.gaps);
            for path in entries.items {
                add(host, &path, runner, true, &mut hooks);
            }
        }
        for (path, _) in FILES.iter().filter(|(_, other)| *other == runner) {
            add(host, Path::new(path), runner, false, &mut hooks);
        }
    }
    hooks
}

/// Adds a hook; nothing where it was put aside.
fn add(host: &Host, path: &Path, runner: Runner, listed: bool, hooks: &mut Listing<Hook>) {
    let found = match host.resolve(path) {
        Fact::Known(found) => found,
        Fact::Unknown(unknown) => {
            hooks.gaps.push(unknown);
            return;
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return,
    };
    // Without the execute bit it was put aside, by everybody's habit.
    let aside = !runner.sources() && !found.meta.any_execute_bit();
    if found.meta.kind != FileKind::File || aside {
        return;
    }
    let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
    let aside = |end: &&str| name.ends_with(end.as_bytes());
    if name.starts_with(b".") || PUT_ASIDE.iter().any(aside) {
        return;
    }
    let skipped = listed.then(|| skipped(host, runner, path, &found));
    hooks.items.push(Hook {
        path: path.to_path_buf(),
        skipped: skipped.flatten(),
        found,
        runner,
    });
}

/// Whether dhclient's script takes hooks from directories, as Debian's does
/// (isc-dhcp-client 4.4.3, `run_hookdir`).
fn lists(host: &Host) -> Fact<bool> {
    let mark = b"run-parts --list";
    let tree = host.tree();
    let script = match tree.read(Path::new("/usr/sbin/dhclient-script")) {
        Fact::Absent(_) => tree.read(Path::new("/sbin/dhclient-script")),
        other => other,
    };
    script.map(|file| file.bytes().windows(mark.len()).any(|part| part == mark))
}

/// Whether the runner of a directory is there.
fn installed(host: &Host, runner: Runner) -> Fact<bool> {
    let programs: &[&str] = match runner {
        Runner::Ifupdown => &["/usr/sbin/ifup", "/sbin/ifup"],
        Runner::NetworkManager => &[
            "/usr/libexec/nm-dispatcher",
            "/usr/lib/NetworkManager/nm-dispatcher",
            "/usr/lib/nm-dispatcher",
        ],
        Runner::NetworkdDispatcher => &["/usr/bin/networkd-dispatcher"],
        Runner::Dhclient => &["/usr/sbin/dhclient", "/sbin/dhclient"],
        Runner::Dhcpcd => &["/usr/sbin/dhcpcd", "/sbin/dhcpcd"],
    };
    for path in programs {
        match host.resolve(Path::new(path)) {
            Fact::Known(_) => return Fact::Known(true),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
    Fact::Known(false)
}

/// Why a runner leaves a file out.
///
/// ifupdown runs its directories with run-parts, whose names are of letters, digits, `_`
/// and `-` (debianutils 5.7, run-parts.c, `valid_name`); tried with 5.7. `NetworkManager`
/// wants files of root that nobody else may write (nm-dispatcher.c, `check_permissions`),
/// networkd-dispatcher exactly 0755 and root (`check_perms`).
fn skipped(host: &Host, runner: Runner, path: &Path, found: &Found) -> Option<String> {
    let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
    let meta = &found.meta;
    let owners = host.tree().coverage().owners;
    let mode = meta.mode & 0o7777;
    match runner {
        Runner::Ifupdown | Runner::Dhclient => {
            let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            let odd = name.iter().find(|b| !plain(b))?;
            let odd = crate::text::escape(&[*odd]);
            Some(format!("run-parts takes no name with '{odd}' in it"))
        }
        Runner::NetworkManager if owners => {
            if meta.uid != 0 {
                Some(format!("it belongs to user {}, not to root", meta.uid))
            } else if mode & 0o022 != 0 {
                Some(format!("mode {mode:04o}: others may write it"))
            } else if mode & 0o4000 != 0 {
                Some(format!("mode {mode:04o}: it is set-user-ID"))
            } else {
                None
            }
        }
        Runner::NetworkdDispatcher if owners => {
            if meta.uid != 0 || meta.gid != 0 {
                Some("it does not belong to root:root".to_owned())
            } else if mode != 0o755 {
                Some(format!("mode {mode:04o}, not 0755"))
            } else {
                odd_directory(host, path)
            }
        }
        Runner::NetworkManager | Runner::NetworkdDispatcher | Runner::Dhcpcd => None,
    }
}

/// Why networkd-dispatcher runs nothing in the directory of a hook.
fn odd_directory(host: &Host, path: &Path) -> Option<String> {
    let Fact::Known(found) = host.tree().lstat(path.parent()?) else {
        return None;
    };
    let meta = &found.meta;
    let mode = meta.mode & 0o7777;
    if meta.kind == FileKind::Link {
        return Some("its directory is a link".to_owned());
    }
    if meta.uid != 0 || meta.gid != 0 {
        return Some("its directory does not belong to root:root".to_owned());
    }
    (mode != 0o755).then(|| format!("its directory has mode {mode:04o}, not 0755"))
}
