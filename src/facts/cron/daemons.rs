//! Which cron daemons a host has, and which of them are started.

use std::path::{Path, PathBuf};

use super::Table;
use crate::fact::{Fact, Listing, Stop, Why};
use crate::facts::init::InitKind;
use crate::facts::services::{System, UNIT_DIRS, masks};
use crate::facts::{Boots, Host};
use crate::parse::crontab::Daemon;
use crate::source::TreeKind;

/// A cron daemon that a host has.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Which.
    pub daemon: Daemon,
    /// How that is known, for people: `package cron 3.0pl1-162`.
    pub how: String,
    /// Whether it is started at boot.
    pub enabled: Fact<bool>,
}

/// Packages by name, where another tells nothing else of them.
const PACKAGES: [(&str, Daemon); 5] = [
    ("cronie", Daemon::Cronie),
    // Gentoo's patched Vixie cron drops lines, not tables, as cronie does.
    ("vixie-cron", Daemon::Cronie),
    ("bcron", Daemon::Bcron),
    ("dcron", Daemon::Dcron),
    ("systemd-cron", Daemon::SystemdCron2),
];

/// Programs by path; crond is told apart by what is behind it.
const PROGRAMS: [(&str, Daemon); 8] = [
    ("/usr/sbin/crond", Daemon::Cronie),
    ("/sbin/crond", Daemon::Cronie),
    ("/usr/sbin/cron", Daemon::Debian),
    // The generator in C++ came with this place of its helper, the one in Python with
    // the other.
    (
        "/usr/libexec/systemd-cron/crontab_setgid",
        Daemon::SystemdCron2,
    ),
    ("/usr/lib/systemd-cron/crontab_setgid", Daemon::SystemdCron1),
    ("/lib/systemd-cron/crontab_setgid", Daemon::SystemdCron1),
    ("/usr/sbin/bcron-sched", Daemon::Bcron),
    ("/usr/sbin/dcron", Daemon::Dcron),
];

/// The daemons of a host; what kept them from being known is left in `open`.
pub(super) fn find(host: &Host, open: &mut Listing<Table>) -> Vec<Installed> {
    let mut found: Vec<(Daemon, String)> = by_package(host);
    let packaged = !found.is_empty();
    let mut gaps: Listing<Table> = Listing::new();
    for (path, daemon) in PROGRAMS {
        let real = match host.resolve(Path::new(path)) {
            Fact::Known(real) => real.path,
            Fact::Unknown(unknown) => {
                gaps.gaps.push(unknown);
                continue;
            }
            Fact::NotCovered(why) => {
                gaps.uncovered.push(why);
                continue;
            }
            Fact::Absent(_) | Fact::Broken(_) => continue,
        };
        let busybox = real.file_name().is_some_and(|name| name == "busybox");
        let daemon = match daemon {
            _ if busybox => Daemon::Busybox,
            Daemon::Debian => debian(host),
            other => other,
        };
        // What a package brought is known better by the package.
        let known = found.iter().any(|(known, _)| *known == daemon);
        if !known && (busybox || !packaged) {
            found.push((daemon, format!("{path} is there")));
        }
    }
    if found.is_empty() {
        open.append(gaps);
    }
    let all: Vec<Daemon> = found.iter().map(|(daemon, _)| *daemon).collect();
    let enabled = |(daemon, how)| Installed {
        daemon,
        how,
        enabled: enabled(host, daemon, &all),
    };
    found.into_iter().map(enabled).collect()
}

fn by_package(host: &Host) -> Vec<(Daemon, String)> {
    let Fact::Known(packages) = host.packages() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, daemon) in PACKAGES {
        let Some(version) = packages.version_of(name) else {
            continue;
        };
        let old = name == "systemd-cron" && version.starts_with("1.");
        let daemon = if old { Daemon::SystemdCron1 } else { daemon };
        found.push((daemon, format!("package {name} {version}")));
    }
    // SUSE calls something else by this name, beside cronie.
    if let Some(version) = packages.version_of("cron")
        && found.is_empty()
    {
        let daemon = match patch_level(version) {
            Some(187..) => Daemon::Debian187,
            _ => Daemon::Debian,
        };
        found.push((daemon, format!("package cron {version}")));
    }
    found
}

/// The 162 of `3.0pl1-162`.
fn patch_level(version: &str) -> Option<u32> {
    let (_, level) = version.split_once("pl1-")?;
    let digits = level.bytes().take_while(u8::is_ascii_digit).count();
    level.get(..digits)?.parse().ok()
}

/// Debian's cron where no package tells its version: by the release.
fn debian(host: &Host) -> Daemon {
    match host.os() {
        Fact::Known(os) if os.debian_release() >= Some(13) => Daemon::Debian187,
        _ => Daemon::Debian,
    }
}

/// Names under which a daemon is started, by init script, unit or link; the likelier
/// first.
const fn services(daemon: Daemon) -> &'static [&'static str] {
    match daemon {
        Daemon::Debian | Daemon::Debian187 => &["cron"],
        Daemon::Cronie => &["crond", "cronie", "vixie-cron", "cron"],
        Daemon::Busybox => &["crond", "busybox-crond", "cron"],
        Daemon::Bcron => &["bcron-sched", "bcron", "bcron-start"],
        Daemon::Dcron => &["dcron", "crond"],
        Daemon::SystemdCron1 | Daemon::SystemdCron2 => &["cron.target"],
    }
}

/// Whether a service of this name is rather another one of `installed`: SUSE calls
/// cronie's `cron`, which is Debian's where both are there.
fn is_anothers(name: &str, daemon: Daemon, installed: &[Daemon]) -> bool {
    let rank = |daemon: &Daemon| services(*daemon).iter().position(|known| *known == name);
    let own = rank(&daemon);
    installed
        .iter()
        .filter_map(rank)
        .any(|other| Some(other) < own)
}

/// Whether a daemon is started at boot, beside others that are installed.
pub(super) fn enabled(host: &Host, daemon: Daemon, installed: &[Daemon]) -> Fact<bool> {
    if host.tree().coverage().kind == TreeKind::Partial {
        return Fact::NotCovered(Why::partial(Path::new("/etc/systemd/system")));
    }
    let mut started = host.enabled().items.iter();
    let openrc = started.any(|e| e.system == System::OpenRc);
    if daemon == Daemon::Busybox && !openrc {
        // Started by an inittab line or a script of any name.
        return Fact::Known(true);
    }
    let names = services(daemon).iter().copied();
    let names: Vec<&str> = names
        .filter(|name| !is_anothers(name, daemon, installed))
        .collect();
    starts(host, &names)
}

/// Whether the next boot starts a service of one of these names.
pub(in crate::facts) fn starts(host: &Host, names: &[&str]) -> Fact<bool> {
    if host.tree().coverage().kind == TreeKind::Partial {
        return Fact::NotCovered(Why::partial(Path::new("/etc/systemd/system")));
    }
    if !matches!(host.boots(), Boots::Yes(_)) || !told_by_links(host) {
        // A container's entry point, runit or upstart starts what no link tells of.
        return Fact::Known(true);
    }
    let systemd = host.init_kind() == Some(InitKind::Systemd);
    let found = host
        .enabled()
        .any(|e| names.contains(&e.name.as_str()) && !(systemd && is_masked(host, &e.name)));
    match found {
        Ok(found) => Fact::Known(found.is_some()),
        Err(Stop::Undecided(open)) => match open.into_iter().next() {
            Some(unknown) => Fact::Unknown(unknown),
            None => Fact::Known(true),
        },
        Err(Stop::NotCovered(why)) => Fact::NotCovered(why),
        Err(Stop::NotApplicable(_)) => Fact::Known(true),
    }
}

/// Whether the highest unit of that name is a link to nothing.
fn is_masked(host: &Host, name: &str) -> bool {
    let file = if name.contains('.') {
        name.to_owned()
    } else {
        format!("{name}.service")
    };
    let mut paths = UNIT_DIRS.iter().map(|dir| PathBuf::from(dir).join(&file));
    paths.any(|path| masks(host.tree(), &path))
}

/// Whether what the next init starts is told by the links that [`Host::enabled`] reads.
fn told_by_links(host: &Host) -> bool {
    match host.init_kind() {
        Some(
            InitKind::Systemd | InitKind::SysV | InitKind::OpenRcInit | InitKind::Busybox,
        )
        // No init at all: nothing starts, and that is told elsewhere.
        | None => true,
        Some(
            InitKind::Runit
            | InitKind::Dinit
            | InitKind::S6
            | InitKind::Finit
            | InitKind::Shell
            | InitKind::Script
            | InitKind::Other,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_level_tells_the_dialect_of_debians_cron() {
        for (version, level) in [
            ("3.0pl1-162", Some(162)),
            ("3.0pl1-184ubuntu2", Some(184)),
            ("3.0pl1-197+b1", Some(197)),
            ("4.2", None),
        ] {
            assert_eq!(patch_level(version), level, "{version}");
        }
    }
}
