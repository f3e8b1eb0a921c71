//! What makes systemd refuse a unit it could read (systemd 232 to 257, the `..._verify`
//! functions of `src/core/`).

use super::settings::{ServiceType, Settings, Step};
use super::unit::{Refusal, Unit};
use crate::parse::unit::{self, UnitType};
use crate::text::Place;

/// Why the unit is refused, where it is.
pub(super) fn refusal(unit: &Unit, version: u32) -> Option<Refusal> {
    let settings = &unit.settings;
    match unit.kind {
        UnitType::Service => service(unit, version),
        UnitType::Socket => socket(settings),
        UnitType::Timer if settings.triggers == 0 => Some(refuse("the timer has no time", None)),
        UnitType::Path if settings.triggers == 0 => Some(refuse("the path unit has no path", None)),
        UnitType::Mount => mount(unit, version),
        UnitType::Automount => automount(unit),
        UnitType::Swap => {
            let (what, place) = settings.node.as_ref()?;
            let expected = unit::from_path(what.as_bytes(), UnitType::Swap);
            if expected.is_some_and(|name| unit.names.contains(&name)) {
                return None;
            }
            Some(refuse(
                "What= and the unit's name do not match",
                Some(place),
            ))
        }
        UnitType::Slice => slice(unit),
        UnitType::Target
        | UnitType::Device
        | UnitType::Scope
        | UnitType::Timer
        | UnitType::Path => None,
    }
}

fn refuse(why: &str, place: Option<&Place>) -> Refusal {
    Refusal {
        why: why.to_owned(),
        place: place.cloned(),
    }
}

fn service(unit: &Unit, version: u32) -> Option<Refusal> {
    let service = &unit.settings.service;
    let kind = service.effective();
    let oneshot = kind == ServiceType::Oneshot;
    let starts: Vec<&Place> = service.step(Step::Start).map(|run| &run.place).collect();
    let success_action = service.success_action && version >= 241;
    let type_place = service.kind.as_ref().map(|(_, place)| place);
    if starts.is_empty() && service.first(Step::Stop).is_none() && !success_action {
        return Some(refuse("it has neither ExecStart= nor ExecStop=", None));
    }
    if !oneshot && starts.is_empty() {
        let why = "it has no ExecStart=, which only Type=oneshot may leave out";
        return Some(refuse(why, type_place));
    }
    if starts.is_empty() && !service.remain_after_exit && !success_action {
        let why = "it has no ExecStart=, which needs RemainAfterExit=yes";
        return Some(refuse(why, None));
    }
    if !oneshot && let [_, second, ..] = starts.as_slice() {
        let why = "it has more than one ExecStart=, which only Type=oneshot may have";
        return Some(refuse(why, Some(second)));
    }
    if oneshot && let Some((restart, place)) = &service.restart {
        let again = matches!(restart.as_str(), "always" | "on-success");
        if version < 244 || again {
            let why = format!("Restart={restart}, which Type=oneshot may not have");
            return Some(refuse(&why, Some(place)));
        }
    }
    if oneshot
        && version < 255
        && let Some(place) = &service.restart_force
    {
        let why = "RestartForceExitStatus=, which Type=oneshot may not have";
        return Some(refuse(why, Some(place)));
    }
    if oneshot && let Some(place) = &service.exit_cgroup {
        return Some(refuse(
            "ExitType=cgroup, which Type=oneshot may not have",
            Some(place),
        ));
    }
    if kind == ServiceType::Dbus && service.bus_name.is_none() {
        return Some(refuse("Type=dbus without BusName=", type_place));
    }
    if unit.settings.exec.pam && unit.settings.exec.odd_kill_mode && version < 254 {
        let why = "PAMName= with a KillMode= other than control-group and mixed";
        return Some(refuse(why, None));
    }
    if kind == ServiceType::Forking && service.private_pids && version >= 257 {
        return Some(refuse(
            "PrivatePIDs=yes, which Type=forking may not have",
            type_place,
        ));
    }
    None
}

fn socket(settings: &Settings) -> Option<Refusal> {
    let socket = &settings.socket;
    let service = socket.service.as_ref().map(|(_, place)| place);
    if socket.listens == 0 {
        return Some(refuse("it listens on nothing", None));
    }
    if socket.no_connections {
        return Some(refuse("MaxConnections= is too small", None));
    }
    if socket.accept && socket.cannot_accept {
        return Some(refuse("Accept=yes on a socket that accepts nothing", None));
    }
    if socket.accept && service.is_some() {
        return Some(refuse("Accept=yes together with Service=", service));
    }
    if socket.symlinks > 0 && socket.paths.len() != 1 {
        return Some(refuse("Symlinks= without exactly one path", None));
    }
    None
}

/// Mount points of the kernel's own file systems, which no unit may mount
/// (`mount_point_is_api`, `mount_point_ignore`).
pub(super) fn is_api(path: &str, version: u32) -> bool {
    const API: [&str; 17] = [
        "/proc",
        "/sys",
        "/dev",
        "/sys/kernel/security",
        "/sys/fs/smackfs",
        "/dev/shm",
        "/dev/pts",
        "/run",
        "/sys/fs/cgroup",
        "/sys/fs/pstore",
        "/sys/firmware/efi/efivars",
        "/sys/fs/bpf",
        "/sys/fs/selinux",
        "/dev/console",
        "/proc/kmsg",
        "/proc/sys",
        "/proc/sys/kernel/random/boot_id",
    ];
    let below = |dir: &str| path == dir || path.starts_with(&format!("{dir}/"));
    // Debian mounted /run/lock too, up to 252.
    let lock = path == "/run/lock" && version <= 252;
    lock || API.contains(&path) || below("/run/host") || path.starts_with("/sys/fs/cgroup/")
}

fn mount(unit: &Unit, version: u32) -> Option<Refusal> {
    let mount = &unit.settings.mount;
    let named = unit::to_path(&unit.id).map(|path| String::from_utf8_lossy(&path).into_owned());
    let place = mount.target.as_ref().map(|(_, place)| place);
    let target = mount
        .target
        .as_ref()
        .map(|(path, _)| path.clone())
        .or(named);
    let Some(target) = target else {
        return Some(refuse("its name is no path and Where= is missing", None));
    };
    let expected = unit::from_path(target.as_bytes(), UnitType::Mount);
    if !expected.is_some_and(|name| unit.names.contains(&name)) {
        return Some(refuse("Where= does not match the unit's name", place));
    }
    if is_api(&target, version) {
        return Some(refuse("it is a mount point of the system itself", place));
    }
    if mount.what.is_none() && unit.fragment.is_some() && unit.id != "-.mount" {
        return Some(refuse("What= is missing", None));
    }
    None
}

fn automount(unit: &Unit) -> Option<Refusal> {
    let named = unit::to_path(&unit.id).map(|path| String::from_utf8_lossy(&path).into_owned());
    let place = unit.settings.node.as_ref().map(|(_, place)| place);
    let target = unit.settings.node.as_ref().map(|(path, _)| path.clone());
    let Some(target) = target.or(named) else {
        return Some(refuse("its name is no path and Where= is missing", None));
    };
    if target == "/" {
        return Some(refuse(
            "the root directory cannot be mounted on demand",
            place,
        ));
    }
    let expected = unit::from_path(target.as_bytes(), UnitType::Automount);
    if !expected.is_some_and(|name| unit.names.contains(&name)) {
        return Some(refuse("Where= does not match the unit's name", place));
    }
    None
}

fn slice(unit: &Unit) -> Option<Refusal> {
    let stem = unit.id.strip_suffix(".slice").unwrap_or(&unit.id);
    if stem == "-" {
        return None;
    }
    if stem.split('-').any(str::is_empty) || unit::instance(&unit.id).is_some() {
        return Some(refuse("it is not a name of a slice", None));
    }
    None
}
