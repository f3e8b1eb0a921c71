//! Hooks that are called with a name, other than keepalived's: what runs them, for which
//! names, and what would keep them from running.
//!
//! Only callers whose convention is written down are here: ifupdown's directories
//! (interfaces(5), run-parts(8)), `NetworkManager`'s dispatcher (its own manual),
//! networkd-dispatcher, and commands in the files of ifupdown, `OpenVPN` and wg-quick.

mod commands;
pub(in crate::facts) mod doing;
pub(in crate::facts) mod fifo;
mod interfaces;

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use commands::{Commanded, commanded};
pub use interfaces::{Interfaces, interfaces};

use doing::{Does, does};

use super::Host;
use super::world::TreeWorld;
use crate::fact::{Fact, Listing};
use crate::parse::init_script::{Head, head};
use crate::shell::{
    Call, Comparison, Dialect, Input, Limits, Program, Value, evaluate, is_shell_script,
};
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
const DIRECTORIES: [(&str, Runner); 12] = [
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
    (
        "/etc/networkd-dispatcher/routable.d",
        Runner::NetworkdDispatcher,
    ),
    (
        "/etc/networkd-dispatcher/configured.d",
        Runner::NetworkdDispatcher,
    ),
    (
        "/etc/networkd-dispatcher/degraded.d",
        Runner::NetworkdDispatcher,
    ),
    ("/etc/networkd-dispatcher/off.d", Runner::NetworkdDispatcher),
];

/// The executable scripts in directories of hooks whose runner is there.
#[must_use]
pub fn hooks(host: &Host) -> Listing<Hook> {
    let mut hooks = Listing::new();
    for (dir, runner) in DIRECTORIES {
        if !installed(host, runner) {
            continue;
        }
        let entries = host.tree().entries(Path::new(dir));
        hooks.gaps.extend(entries.gaps);
        for path in entries.items {
            let found = match host.resolve(&path) {
                Fact::Known(found) => found,
                Fact::Unknown(unknown) => {
                    hooks.gaps.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            // Without the execute bit it was put aside, by everybody's habit.
            if found.meta.kind != FileKind::File || !found.meta.any_execute_bit() {
                continue;
            }
            let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
            let aside = |end: &&str| name.ends_with(end.as_bytes());
            if name.starts_with(b".") || PUT_ASIDE.iter().any(aside) {
                continue;
            }
            let skipped = skipped(host, runner, name, &found);
            hooks.items.push(Hook {
                path,
                found,
                runner,
                skipped,
            });
        }
    }
    hooks
}

/// Whether the runner of a directory is there.
fn installed(host: &Host, runner: Runner) -> bool {
    let programs: &[&str] = match runner {
        Runner::Ifupdown => &["/usr/sbin/ifup", "/sbin/ifup"],
        Runner::NetworkManager => &[
            "/usr/libexec/nm-dispatcher",
            "/usr/lib/NetworkManager/nm-dispatcher",
            "/usr/lib/nm-dispatcher",
        ],
        Runner::NetworkdDispatcher => &["/usr/bin/networkd-dispatcher"],
    };
    let there = |path: &&str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    programs.iter().any(there)
}

/// Why a runner leaves a file out.
///
/// ifupdown runs its directories with run-parts, whose names are of letters, digits, `_`
/// and `-` (debianutils 5.7, run-parts.c, `valid_name`); tried with 5.7. `NetworkManager`
/// wants files of root that nobody else may write (nm-dispatcher.c, `check_permissions`),
/// networkd-dispatcher exactly 0755 and root (`check_perms`).
fn skipped(host: &Host, runner: Runner, name: &[u8], found: &Found) -> Option<String> {
    let meta = &found.meta;
    let owners = host.tree().coverage().owners;
    let mode = meta.mode & 0o7777;
    match runner {
        Runner::Ifupdown => {
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
                None
            }
        }
        Runner::NetworkManager | Runner::NetworkdDispatcher => None,
    }
}

/// What a hook of ifupdown does for an interface.
#[derive(Debug)]
pub struct Named {
    /// What it comes to: whether it does something, where that is known.
    pub acts: Fact<bool>,
    /// What the name was compared with.
    pub comparisons: Vec<Comparison>,
}

/// Runs a hook of ifupdown as `ifup NAME` would (interfaces(5), "IFACE").
#[must_use]
pub fn called_for(host: &Host, path: &Path, interface: &[u8]) -> Option<Named> {
    let file = match host.tree().read_head(path, 512) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => {
            return Some(Named {
                acts: Fact::Unknown(unknown),
                comparisons: Vec::new(),
            });
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return None,
    };
    if !is_shell_script(&file) || !matches!(head(&file), Head::Script(_)) {
        return None;
    }
    let down = path.starts_with("/etc/network/if-down.d")
        || path.starts_with("/etc/network/if-post-down.d");
    let (mode, phase): (&[u8], &[u8]) = if down {
        (b"stop", b"post-down")
    } else {
        (b"start", b"post-up")
    };
    let env: [(&[u8], &[u8]); 7] = [
        (b"IFACE", interface),
        (b"LOGICAL", interface),
        (b"ADDRFAM", b"inet"),
        (b"METHOD", b"static"),
        (b"MODE", mode),
        (b"PHASE", phase),
        (
            b"PATH",
            b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
    ];
    let env = env.map(|(name, value)| (name.to_vec(), Value::known(value)));
    let call = Call {
        program: Program::Script(path.to_path_buf()),
        args: Vec::new(),
        env: BTreeMap::from(env),
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let world = TreeWorld::new(host.tree()).for_hooks(host.label());
    let outcome = evaluate(&call, &world, &Limits::default());
    let acts = match does(host, &outcome) {
        Does::Something(_) => Fact::Known(true),
        Does::Nothing => Fact::Known(false),
        Does::Unclear(open) => match open.into_iter().next() {
            Some(unknown) => Fact::Unknown(unknown),
            None => Fact::Known(false),
        },
    };
    let about_name = |c: &Comparison| c.input == Input::Variable(b"IFACE".to_vec());
    Some(Named {
        acts,
        comparisons: outcome.comparisons.into_iter().filter(about_name).collect(),
    })
}
