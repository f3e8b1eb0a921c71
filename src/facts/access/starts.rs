//! What starts sshd at the next boot.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::System;
use crate::facts::started::runsvdir;
use crate::facts::systemd::{Comes, Fate, LoadState, Step, Systemd, Unit};
use crate::facts::target::{Runlevel, Target};
use crate::source::Tree;

/// Debian's switch: where it is, neither unit nor script starts sshd (openssh 9.2p1
/// `debian/openssh-server.ssh.init`).
const OFF: &str = "/etc/ssh/sshd_not_to_be_run";

/// What starts sshd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starts {
    /// A unit or start script, by name.
    Service(String),
    /// A socket, by name: systemd listens, and starts it for each connection or the first.
    Socket(String),
    /// Nothing.
    No(Kept),
    /// It is to be started, and that fails, as other findings tell.
    Fails(String),
    /// It could not be told.
    Unknown(Vec<Unknown>),
    /// This init's services cannot be modelled.
    NotModelled,
}

/// Why nothing starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing is enabled; the unit or script that could be, where there is one.
    NotEnabled(Option<String>),
    /// The unit is masked, here.
    Masked(String, PathBuf),
    /// This file keeps it from starting.
    Switch(PathBuf),
}

pub(super) fn read(host: &Host) -> Starts {
    let switch = Path::new(OFF);
    match host.init_kind() {
        Some(InitKind::Systemd) => match host.systemd() {
            Fact::Known(boot) => systemd(host.tree(), boot),
            Fact::Unknown(unknown) => Starts::Unknown(vec![unknown.clone()]),
            _ => Starts::NotModelled,
        },
        Some(InitKind::Runit) => {
            let dir = runsvdir(host.tree());
            for name in ["sshd", "ssh", "openssh"] {
                let service = dir.join(name);
                let there = matches!(host.resolve(&service), Fact::Known(_));
                let down = matches!(host.resolve(&service.join("down")), Fact::Known(_));
                if there && !down {
                    return Starts::Service(name.to_owned());
                }
            }
            Starts::No(Kept::NotEnabled(None))
        }
        Some(InitKind::SysV | InitKind::Busybox | InitKind::OpenRcInit) => {
            let enabled = host.enabled();
            let names = ["ssh", "sshd"];
            let level = match host.target() {
                Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => Some(level.to_string()),
                _ => None,
            };
            let mut found = enabled
                .items
                .iter()
                .filter(|e| names.contains(&e.name.as_str()));
            let here = found.find(|e| match e.system {
                System::OpenRc => host.is_reached(e),
                System::SysV => level
                    .as_ref()
                    .is_none_or(|l| e.level == *l || e.level == "S"),
                System::Systemd => false,
            });
            let on = matches!(host.resolve(switch), Fact::Absent(_) | Fact::NotCovered(_));
            match here {
                Some(_) if !on => Starts::No(Kept::Switch(switch.to_path_buf())),
                Some(entry) => Starts::Service(entry.name.clone()),
                None if !enabled.gaps.is_empty() => Starts::Unknown(enabled.gaps.clone()),
                None if busybox_alone(host) => Starts::NotModelled,
                None => {
                    let mut scripts = names.iter().map(|name| format!("/etc/init.d/{name}"));
                    let script = scripts
                        .find(|path| matches!(host.resolve(Path::new(path)), Fact::Known(_)));
                    Starts::No(Kept::NotEnabled(script))
                }
            }
        }
        _ => Starts::NotModelled,
    }
}

/// busybox init without OpenRC: scripts of the site's own.
fn busybox_alone(host: &Host) -> bool {
    host.init_kind() == Some(InitKind::Busybox) && host.openrc_calls().items.is_empty()
}

/// Whether a service runs sshd.
fn runs_sshd(unit: &Unit) -> bool {
    let run = unit.settings.service.first(Step::Start);
    run.is_some_and(|run| run.command.path.rsplit(|b| *b == b'/').next() == Some(b"sshd"))
}

fn systemd(tree: &Tree, boot: &Systemd) -> Starts {
    let mut kept = Kept::NotEnabled(None);
    let mut fails = None;
    let mut open = Vec::new();
    for (ix, unit) in boot.plan.units.iter() {
        if !runs_sshd(unit)
            && !unit.names.contains("ssh.service")
            && !unit.names.contains("sshd.service")
        {
            continue;
        }
        match boot.comes(ix) {
            Comes::Starts | Comes::Perhaps => return Starts::Service(unit.id.clone()),
            Comes::OnDemand(by) => {
                let socket = by.iter().find(|name| name.ends_with(".socket"));
                let by = socket.or(by.first()).unwrap_or(&unit.id);
                return Starts::Socket(by.clone());
            }
            Comes::Fails(Fate::Skipped)
                if matches!(tree.resolve(Path::new(OFF)), Fact::Known(_)) =>
            {
                kept = Kept::Switch(PathBuf::from(OFF));
            }
            Comes::Fails(_) => fails = Some(unit.id.clone()),
            Comes::Unknown => {}
            Comes::Refused | Comes::Not => match &unit.state {
                LoadState::Masked(path) => kept = Kept::Masked(unit.id.clone(), path.clone()),
                LoadState::Unknown(unknown) => open.push(unknown.clone()),
                LoadState::Loaded if kept == Kept::NotEnabled(None) => {
                    kept = Kept::NotEnabled(Some(unit.id.clone()));
                }
                _ => {}
            },
        }
    }
    for socket in ["ssh.socket", "sshd.socket"] {
        if boot.is_in_boot(socket) == Comes::Starts {
            return Starts::Socket(socket.to_owned());
        }
    }
    if let Some(unit) = fails {
        return Starts::Fails(unit);
    }
    open.extend(boot.open());
    if !open.is_empty() {
        return Starts::Unknown(open);
    }
    // A unit that nothing names is not loaded.
    if kept == Kept::NotEnabled(None) {
        let mut names = ["ssh.service", "sshd.service"].into_iter();
        let there = names.find(|name| {
            matches!(
                crate::facts::services::unit_file(tree, name),
                Fact::Known(_)
            )
        });
        kept = Kept::NotEnabled(there.map(str::to_owned));
    }
    Starts::No(kept)
}

/// The words on sshd's command line, as far as its unit and Debian's `/etc/default/ssh`
/// say.
pub(super) fn words(host: &Host, starts: &Starts) -> Vec<String> {
    let mut words = Vec::new();
    if let (Starts::Service(name), Fact::Known(boot)) = (starts, host.systemd()) {
        let unit = boot
            .plan
            .units
            .find(name)
            .and_then(|ix| boot.plan.units.get(ix));
        let run = unit.and_then(|unit| unit.settings.service.first(Step::Start));
        let arguments = run.into_iter().flat_map(|run| &run.command.arguments);
        words.extend(arguments.map(|arg| String::from_utf8_lossy(arg).into_owned()));
    }
    if let Fact::Known(file) = host.tree().read(Path::new("/etc/default/ssh")) {
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let mut options = text
            .lines()
            .filter_map(|line| line.strip_prefix("SSHD_OPTS="));
        if let Some(options) = options.next_back() {
            let options = options.trim_matches(['"', '\'']).split_whitespace();
            words.extend(options.map(str::to_owned));
        }
    }
    words
}

impl Starts {
    /// Whether sshd is to come up.
    #[must_use]
    pub const fn comes(&self) -> bool {
        matches!(self, Self::Service(_) | Self::Socket(_))
    }
}
