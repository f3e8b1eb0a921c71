//! Dependencies that systemd adds by itself, and those a unit may switch off with
//! `DefaultDependencies=no` (systemd 257 `src/core/unit.c` and the file of each type;
//! systemd.service(5) and so on, "Automatic Dependencies").

use std::path::PathBuf;

use super::loader::Loader;
use super::mounts::mount_name;
use super::settings::{MountsFor, ServiceType};
use super::unit::{Cause, Dep, Ix, LoadState};
use super::verify;
use crate::parse::unit::{self, UnitType};

pub(super) const DEFAULT: Cause = Cause::Implicit("systemd's default dependencies");

impl Loader<'_> {
    /// What a loaded unit gets beside its own words, and whether it is refused.
    pub(super) fn extras(&mut self, ix: Ix) {
        let Some(kind) = self.units.get(ix).map(|unit| unit.kind) else {
            return;
        };
        match kind {
            UnitType::Service => self.service(ix),
            UnitType::Socket => self.socket(ix),
            UnitType::Timer | UnitType::Path => self.triggering(ix, kind),
            UnitType::Mount => self.mount(ix),
            UnitType::Automount => self.automount(ix),
            UnitType::Swap => self.swap(ix),
            UnitType::Target => self.target(ix),
            UnitType::Slice => self.slice(ix),
            UnitType::Scope => self.default_slice(ix),
            UnitType::Device => {}
        }
        let refusal = self
            .units
            .get(ix)
            .and_then(|unit| verify::refusal(unit, self.version));
        if let (Some(refusal), Some(unit)) = (refusal, self.units.list.get_mut(ix)) {
            unit.state = LoadState::BadSetting(refusal);
            return;
        }
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let oomd = unit.settings.wants_oomd && unit.settings.default_dependencies;
        let paths: Vec<PathBuf> = unit
            .settings
            .mounts_for
            .iter()
            .map(|m| m.path.clone())
            .collect();
        if oomd {
            let cause = Cause::Implicit("ManagedOOM...=kill");
            self.edges(
                ix,
                &[Dep::After, Dep::Wants],
                "systemd-oomd.service",
                &cause,
            );
        }
        // Mounts on the way are loaded where there is a file for them.
        for path in paths {
            for at in path.ancestors() {
                let Some(name) = mount_name(at) else { continue };
                if name == "-.mount" || self.names.find(&name).fragment.is_some() {
                    self.reference(&name);
                }
            }
        }
    }

    pub(super) fn wants_defaults(&self, ix: Ix) -> bool {
        let unit = self.units.get(ix);
        unit.is_some_and(|unit| unit.settings.default_dependencies)
    }

    pub(super) fn need_mounts(&mut self, ix: Ix, path: impl Into<PathBuf>, required: bool) {
        let path: PathBuf = path.into();
        let Some(unit) = self.units.list.get_mut(ix) else {
            return;
        };
        let list = &mut unit.settings.mounts_for;
        if path.is_absolute() && !list.iter().any(|m| m.path == path) {
            list.push(MountsFor {
                path,
                required,
                place: None,
            });
        }
    }

    pub(super) fn on_shutdown(&mut self, ix: Ix, target: &str) {
        self.edges(ix, &[Dep::Before, Dep::Conflicts], target, &DEFAULT);
    }

    fn after_sysinit(&mut self, ix: Ix) {
        let deps = [Dep::After, Dep::Requires];
        self.edges(ix, &deps, "sysinit.target", &DEFAULT);
    }

    fn service(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let service = &unit.settings.service;
        let dbus = service.effective() == ServiceType::Dbus && service.bus_name.is_some();
        self.exec(ix);
        self.default_slice(ix);
        if self.wants_defaults(ix) {
            self.after_sysinit(ix);
            self.edges(ix, &[Dep::After], "basic.target", &DEFAULT);
            self.on_shutdown(ix, "shutdown.target");
        }
        if dbus {
            let cause = Cause::Implicit("Type=dbus");
            self.edges(ix, &[Dep::Requires, Dep::After], "dbus.socket", &cause);
        }
    }

    /// `unit_add_exec_dependencies`.
    pub(super) fn exec(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let exec = unit.settings.exec.clone();
        let is_service = unit.kind == UnitType::Service;
        let version = self.version;
        if let Some((path, missing_ok, _)) = &exec.working_directory {
            if version >= 257 {
                self.need_mounts(ix, path, !missing_ok);
            } else if !missing_ok {
                self.need_mounts(ix, path, true);
            }
        }
        for path in &exec.roots {
            self.need_mounts(ix, path, version < 256);
        }
        for path in &exec.directories {
            self.need_mounts(ix, path, true);
        }
        if exec.writes_var {
            let cause = Cause::Implicit("StateDirectory=, CacheDirectory= or LogsDirectory=");
            self.edges(ix, &[Dep::After], "systemd-remount-fs.service", &cause);
        }
        let implied = exec.dynamic_user && !exec.private_tmp && version < 257;
        if exec.private_tmp || implied {
            let cause = Cause::Implicit("PrivateTmp=");
            if version >= 256 {
                self.need_mounts(ix, "/tmp", false);
                self.need_mounts(ix, "/var/tmp", false);
            } else if version >= 248 {
                self.edges(ix, &[Dep::After, Dep::Wants], "tmp.mount", &cause);
                self.need_mounts(ix, "/var/tmp", true);
            } else {
                self.need_mounts(ix, "/tmp", true);
                self.need_mounts(ix, "/var/tmp", true);
            }
            self.edges(ix, &[Dep::After], "systemd-tmpfiles-setup.service", &cause);
        }
        if let Some(namespace) = &exec.log_namespace {
            let cause = Cause::Implicit("LogNamespace=");
            let deps = [Dep::After, Dep::Requires];
            for name in [
                format!("systemd-journald@{namespace}.socket"),
                format!("systemd-journald-varlink@{namespace}.socket"),
            ] {
                self.edges(ix, &deps, &name, &cause);
            }
        } else if logs_to_journal(&exec, is_service) {
            let cause = Cause::Implicit("its output goes to the journal");
            self.edges(ix, &[Dep::After], "systemd-journald.socket", &cause);
        }
    }

    fn socket(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let socket = unit.settings.socket.clone();
        let id = unit.id.clone();
        if !socket.accept || socket.cannot_accept {
            let (name, cause) = match &socket.service {
                Some((name, place)) => (Some(name.clone()), Cause::Line(place.clone())),
                None => (
                    unit::change_suffix(&id, UnitType::Service),
                    Cause::Implicit("the service of a socket has its name"),
                ),
            };
            if let Some(name) = name {
                self.edges(ix, &[Dep::Before, Dep::Triggers], &name, &cause);
            }
        }
        for path in &socket.paths {
            self.need_mounts(ix, path, true);
        }
        if let Some(device) = socket.device.filter(|name| name != "lo") {
            let path = format!("/sys/subsystem/net/devices/{device}");
            self.device(ix, &path, Dep::BindsTo);
        }
        if socket.runs {
            self.exec(ix);
        }
        self.default_slice(ix);
        if self.wants_defaults(ix) {
            self.edges(ix, &[Dep::Before], "sockets.target", &DEFAULT);
            self.after_sysinit(ix);
            self.on_shutdown(ix, "shutdown.target");
        }
    }

    fn triggering(&mut self, ix: Ix, kind: UnitType) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let (id, calendar) = (unit.id.clone(), unit.settings.calendar);
        let persistent = unit.settings.persistent && kind == UnitType::Timer;
        let paths = unit.settings.socket.paths.clone();
        if unit.of(Dep::Triggers).next().is_none()
            && let Some(name) = unit::change_suffix(&id, UnitType::Service)
        {
            let cause = Cause::Implicit("what it starts has its name");
            self.edges(ix, &[Dep::Before, Dep::Triggers], &name, &cause);
        }
        for path in paths {
            self.need_mounts(ix, path, true);
        }
        if persistent {
            self.need_mounts(ix, "/var/lib/systemd/timers", true);
        }
        if !self.wants_defaults(ix) {
            return;
        }
        let group = match kind {
            UnitType::Timer => "timers.target",
            _ => "paths.target",
        };
        self.edges(ix, &[Dep::Before], group, &DEFAULT);
        self.after_sysinit(ix);
        if kind == UnitType::Timer && calendar {
            self.edges(ix, &[Dep::After], "time-sync.target", &DEFAULT);
            if self.version >= 248 {
                self.edges(ix, &[Dep::After], "time-set.target", &DEFAULT);
            }
        }
        self.on_shutdown(ix, "shutdown.target");
    }

    fn target(&mut self, ix: Ix) {
        let is_shutdown = self.units.find("shutdown.target") == Some(ix);
        if self.wants_defaults(ix) && !is_shutdown {
            self.on_shutdown(ix, "shutdown.target");
        }
    }

    fn slice(&mut self, ix: Ix) {
        if self.wants_defaults(ix) {
            self.on_shutdown(ix, "shutdown.target");
        }
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        if unit.id == "-.slice" {
            return;
        }
        let parent = match unit.id.trim_end_matches(".slice").rsplit_once('-') {
            Some((parent, _)) => format!("{parent}.slice"),
            None => "-.slice".to_owned(),
        };
        let cause = Cause::Implicit("a slice is in the slice above it");
        self.edges(ix, &[Dep::After, Dep::Requires], &parent, &cause);
    }

    /// `unit_set_default_slice`.
    pub(super) fn default_slice(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let (name, cause) = match &unit.settings.slice {
            Some((name, place)) => (name.clone(), Cause::Line(place.clone())),
            None => {
                let cause = Cause::Implicit("the slice its processes are in");
                let instance = unit::instance(&unit.id).filter(|i| !i.is_empty());
                let name = if instance.is_some() {
                    let prefix = unit::escape(unit::prefix(&unit.id).as_bytes());
                    format!("system-{prefix}.slice")
                } else if matches!(unit.id.as_str(), "-.mount" | "init.scope")
                    || (unit.kind == UnitType::Mount && self.is_extrinsic(ix))
                {
                    "-.slice".to_owned()
                } else {
                    "system.slice".to_owned()
                };
                (name, cause)
            }
        };
        self.edges(ix, &[Dep::After, Dep::Requires], &name, &cause);
    }

    /// What can only be added once everything is loaded: mounts that units need, and
    /// that targets come after what they pull in.
    pub(super) fn finish(&mut self) {
        self.drain();
        for ix in 0..self.units.list.len() {
            self.mounts_of(ix);
        }
        self.drain();
        for ix in 0..self.units.list.len() {
            self.after_what_is_pulled_in(ix);
        }
    }

    /// `unit_add_default_target_dependency`.
    fn after_what_is_pulled_in(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        if !unit.settings.default_dependencies || !matches!(unit.state, LoadState::Loaded) {
            return;
        }
        let by = [
            Dep::RequiredBy,
            Dep::RequisiteOf,
            Dep::WantedBy,
            Dep::BoundBy,
            Dep::UpheldBy,
        ];
        let pulled = by.into_iter().flat_map(|dep| unit.of(dep));
        let targets: Vec<Ix> = pulled
            .filter(|other| {
                self.units.get(*other).is_some_and(|target| {
                    target.kind == UnitType::Target
                        && matches!(target.state, LoadState::Loaded)
                        && target.settings.default_dependencies
                        && !target.has(Dep::Before, ix)
                })
            })
            .collect();
        for target in targets {
            self.edge(target, Dep::After, ix, DEFAULT);
        }
    }
}

/// Whether standard output or error go to the journal or the kernel's log.
fn logs_to_journal(exec: &super::settings::Exec, is_service: bool) -> bool {
    let logs = |kind: &str| {
        matches!(
            kind,
            "journal" | "journal+console" | "kmsg" | "kmsg+console" | "syslog" | "syslog+console"
        )
    };
    let input = exec.input.as_deref().unwrap_or("null");
    let own_input =
        matches!(input, "tty" | "tty-force" | "tty-fail" | "socket") || input.starts_with("fd");
    // Unset is inherited, which systemd turns into the default unless the input is a
    // terminal or a socket; the default is the journal.
    let output = exec.output.as_deref().filter(|kind| *kind != "inherit");
    let output = match output {
        Some(kind) => kind,
        None if is_service && own_input => "inherit",
        None => "journal",
    };
    let error = exec.error.as_deref().unwrap_or("inherit");
    logs(output) || logs(error)
}
