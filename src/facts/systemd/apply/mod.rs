//! Reads assignments into settings, each by the function systemd has for it
//! (systemd 257 `src/core/load-fragment.c`, `load-fragment-gperf.gperf.in`).

mod exec;
mod service;
mod socket;

use std::path::PathBuf;

use super::cmdline::boolean;
use super::node::udev_node;
use super::settings::{Condition, MountsFor, Settings, Time};
use super::unit::{Cause, Dep, Refusal};
use crate::parse::calendar::{self, Zones};
use crate::parse::unit::{
    self, Assignment, Expanded, Flags, Specifiers, Table, TimeSpan, UnitFile, UnitType,
};

/// An edge a file asks for.
pub(super) struct Edge {
    pub(super) dep: Dep,
    pub(super) to: String,
    pub(super) cause: Cause,
}

/// One unit while its files are read.
pub(super) struct Apply<'a> {
    pub(super) id: &'a str,
    pub(super) kind: UnitType,
    pub(super) version: u32,
    pub(super) host: &'a dyn Specifiers,
    /// Whether the unit's file is the template of its name.
    pub(super) from_template: bool,
    pub(super) settings: &'a mut Settings,
    pub(super) edges: Vec<Edge>,
    pub(super) triggered: bool,
}

/// A path systemd takes: absolute, not going up; simplified (`path_simplify_and_warn`).
fn fit_path(bytes: &[u8]) -> Option<String> {
    let path = unit::simplify(bytes);
    let normal = path.split(|b| *b == b'/').all(|part| part != b"..");
    let fits = path.first() == Some(&b'/') && normal && path.len() < 4096;
    fits.then(|| String::from_utf8_lossy(&path).into_owned())
}

impl Apply<'_> {
    /// Reads one file. An error refuses the unit where the file is its fragment; of a
    /// drop-in only the rest is lost.
    pub(super) fn file(&mut self, file: &UnitFile) -> Result<(), Refusal> {
        for line in &file.assignments {
            match &*line.section {
                "Unit" => self.unit(line),
                "Install" => {}
                section if section.eq_ignore_ascii_case(self.kind.word()) => self.own(line)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn expand(&self, bytes: &[u8]) -> Option<Expanded> {
        unit::expand(bytes, self.id, Table::Full, self.host).ok()
    }

    fn text(&self, line: &Assignment) -> Option<String> {
        let expanded = self.expand(line.value.bytes())?;
        Some(String::from_utf8_lossy(&expanded.bytes).into_owned())
    }

    fn path(&self, bytes: &[u8]) -> Option<String> {
        fit_path(&self.expand(bytes)?.bytes)
    }

    fn unit(&mut self, line: &Assignment) {
        let text = line.value.text();
        let dep = match line.key.as_str() {
            "Requires" => Dep::Requires,
            "Requisite" => Dep::Requisite,
            "Wants" => Dep::Wants,
            "BindsTo" | "BindTo" => Dep::BindsTo,
            "Upholds" if self.version >= 249 => Dep::Upholds,
            "Conflicts" => Dep::Conflicts,
            "Before" => Dep::Before,
            "After" => Dep::After,
            "PartOf" => Dep::PartOf,
            "OnFailure" => Dep::OnFailure,
            "OnSuccess" if self.version >= 249 => Dep::OnSuccess,
            "PropagatesStopTo" if self.version >= 249 => Dep::PropagatesStopTo,
            "StopPropagatedFrom" if self.version >= 249 => Dep::StopPropagatedFrom,
            "PropagatesReloadTo" | "ReloadPropagatedFrom" | "JoinsNamespaceOf" => Dep::References,
            "RequiresMountsFor" => return self.mounts_for(line, true),
            "WantsMountsFor" if self.version >= 256 => return self.mounts_for(line, false),
            "DefaultDependencies" => {
                self.settings.default_dependencies =
                    boolean(&text).unwrap_or(self.settings.default_dependencies);
                return;
            }
            "AllowIsolate" => {
                self.settings.allow_isolate = boolean(&text).unwrap_or(self.settings.allow_isolate);
                return;
            }
            "JobTimeoutSec" => {
                self.settings.job_timeout = no_zero(&text).or(self.settings.job_timeout);
                return;
            }
            "JobRunningTimeoutSec" => {
                self.settings.job_running_timeout =
                    no_zero(&text).or(self.settings.job_running_timeout);
                return;
            }
            "FailureAction" | "SuccessAction" | "JobTimeoutAction" | "StartLimitAction" => {
                return self.action(line);
            }
            key => {
                if let Some(kind) = key.strip_prefix("Condition") {
                    let made = self.condition(kind, line);
                    add_condition(&mut self.settings.conditions, line, made);
                } else if let Some(kind) = key.strip_prefix("Assert") {
                    let made = self.condition(kind, line);
                    add_condition(&mut self.settings.assertions, line, made);
                }
                return;
            }
        };
        self.dependencies(dep, line);
    }

    fn dependencies(&mut self, dep: Dep, line: &Assignment) {
        for word in unit::split(line.value.bytes(), Flags::NAMES).words {
            let Ok(name) = unit::expand(&word.bytes, self.id, Table::Names, self.host) else {
                continue;
            };
            let Ok(to) = String::from_utf8(name.bytes) else {
                continue;
            };
            if self.is_recursive(&to, &word.bytes) {
                continue;
            }
            let span = line.value.span_of(word.start, word.end);
            let cause = Cause::Line(line.place.file.place(span));
            self.edges.push(Edge { dep, to, cause });
        }
    }

    /// A template that names a growing instance of itself
    /// (`unit_is_likely_recursive_template_dependency`).
    fn is_recursive(&self, name: &str, word: &[u8]) -> bool {
        let (own, other) = (unit::instance(self.id), unit::instance(name));
        let (Some(own), Some(other)) = (own, other) else {
            return false;
        };
        self.from_template
            && unit::template(name) == unit::template(self.id)
            && other.contains(own)
            && word.contains(&b'%')
            && other != own
    }

    fn mounts_for(&mut self, line: &Assignment, required: bool) {
        for word in unit::split(line.value.bytes(), Flags::PATHS).words {
            if let Some(path) = self.path(&word.bytes) {
                self.settings.mounts_for.push(MountsFor {
                    path: PathBuf::from(path),
                    required,
                    place: Some(line.place.clone()),
                });
            }
        }
    }

    fn action(&mut self, line: &Assignment) {
        const ACTIONS: [&str; 15] = [
            "none",
            "reboot",
            "reboot-force",
            "reboot-immediate",
            "poweroff",
            "poweroff-force",
            "poweroff-immediate",
            "exit",
            "exit-force",
            "soft-reboot",
            "soft-reboot-force",
            "kexec",
            "halt",
            "halt-force",
            "halt-immediate",
        ];
        let text = line.value.text();
        if !ACTIONS.contains(&&*text) {
            return;
        }
        self.settings.actions.retain(|(key, ..)| *key != line.key);
        if text != "none" {
            let action = (line.key.clone(), text.into_owned(), line.place.clone());
            self.settings.actions.push(action);
        }
        if line.key == "SuccessAction" {
            self.settings.service.success_action = line.value.bytes() != b"none";
        }
    }

    fn condition(&self, kind: &str, line: &Assignment) -> Option<Condition> {
        let text = line.value.text();
        let (trigger, rest) = match text.strip_prefix('|') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, &*text),
        };
        let (negate, rest) = match rest.strip_prefix('!') {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        let expanded = self.expand(rest.as_bytes())?;
        let is_path = kind.starts_with("Path")
            || kind.starts_with("File")
            || matches!(kind, "DirectoryNotEmpty" | "NeedsUpdate");
        let parameter = if is_path {
            fit_path(&expanded.bytes)?
        } else {
            String::from_utf8_lossy(&expanded.bytes).into_owned()
        };
        Some(Condition {
            kind: kind.to_owned(),
            parameter,
            trigger,
            negate,
            open: !expanded.open.is_empty(),
            place: line.place.clone(),
        })
    }

    /// A line of the section called after the unit's type.
    fn own(&mut self, line: &Assignment) -> Result<(), Refusal> {
        let has_exec = matches!(
            self.kind,
            UnitType::Service | UnitType::Socket | UnitType::Mount | UnitType::Swap
        );
        if has_exec && self.exec(line)? {
            return Ok(());
        }
        let text = line.value.text().into_owned();
        match (self.kind, line.key.as_str()) {
            (_, "Slice") if has_exec || self.kind == UnitType::Slice => {
                let name = unit::expand(line.value.bytes(), self.id, Table::Names, self.host);
                let name = name
                    .ok()
                    .and_then(|name| String::from_utf8(name.bytes).ok());
                let is_slice = |name: &String| UnitType::of(name) == Some(UnitType::Slice);
                if let Some(name) = name.filter(is_slice) {
                    self.settings.slice = Some((name, line.place.clone()));
                }
            }
            (_, "ManagedOOMSwap" | "ManagedOOMMemoryPressure") => {
                self.settings.wants_oomd |= text == "kill";
            }
            (UnitType::Service, _) => self.service(line, &text)?,
            (UnitType::Socket, _) => self.socket(line, &text)?,
            (UnitType::Mount, "What") => {
                let what = self.expand(line.value.bytes()).map(|e| udev_node(&e.bytes));
                if let Some(what) = what {
                    let what = String::from_utf8_lossy(&what).into_owned();
                    self.settings.mount.what =
                        (!what.is_empty()).then(|| (what, line.place.clone()));
                }
            }
            (UnitType::Mount, "Where") => {
                if let Some(path) = self.path(line.value.bytes()) {
                    self.settings.mount.target = Some((path, line.place.clone()));
                }
            }
            (UnitType::Mount, "Type") => {
                self.settings.mount.fs_type = self.text(line).filter(|t| !t.is_empty());
            }
            (UnitType::Mount, "Options") => {
                if let Some(options) = self.text(line) {
                    self.settings.mount.options = options;
                }
            }
            (UnitType::Swap, "What") => {
                let what = self.expand(line.value.bytes()).map(|e| udev_node(&e.bytes));
                if let Some(what) = what.filter(|what| !what.is_empty()) {
                    let what = String::from_utf8_lossy(&what).into_owned();
                    self.settings.node = Some((what, line.place.clone()));
                }
            }
            (UnitType::Automount, "Where") => {
                if let Some(path) = self.path(line.value.bytes()) {
                    self.settings.node = Some((path, line.place.clone()));
                }
            }
            (UnitType::Timer, "Persistent") => {
                self.settings.persistent = boolean(&text).unwrap_or(self.settings.persistent);
            }
            (UnitType::Timer, "RandomizedDelaySec") => {
                if let Some(TimeSpan::For(delay)) = unit::parse_span(&text) {
                    self.settings.random_delay = delay;
                }
            }
            (UnitType::Timer, key) if key.starts_with("On") => self.timer(line),
            (UnitType::Timer | UnitType::Path, "Unit") => self.trigger(line),
            (
                UnitType::Path,
                "PathExists" | "PathExistsGlob" | "PathChanged" | "PathModified"
                | "DirectoryNotEmpty",
            ) => {
                if text.is_empty() {
                    self.settings.triggers = 0;
                    self.settings.socket.paths.clear();
                } else if let Some(path) = self.path(line.value.bytes()) {
                    self.settings.triggers += 1;
                    self.settings.socket.paths.push(path);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A time of a timer; what cannot be read counts for nothing, nothing takes back
    /// all (`config_parse_timer`).
    fn timer(&mut self, line: &Assignment) {
        let key = line.key.as_str();
        if matches!(key, "OnClockChange" | "OnTimezoneChange") {
            let text = line.value.text();
            match boolean(&text) {
                Some(true) => {
                    let place = line.place.file.place(line.value.span());
                    self.settings.changes.insert(key.to_owned(), place);
                    self.settings.triggers += 1;
                }
                Some(false) => {
                    self.settings.changes.remove(key);
                }
                None => {}
            }
            return;
        }
        if line.value.is_empty() {
            self.settings.triggers = 0;
            self.settings.calendar = false;
            self.settings.times.clear();
            return;
        }
        let Some(text) = self.text(line) else { return };
        let is_calendar = key == "OnCalendar";
        // Whether a zone is known is the tree's to tell, not the file's.
        let zones = Zones {
            local: ["", ""],
            is_zone: &|name| name.starts_with(|c: char| c.is_ascii_uppercase() || c == '+'),
        };
        let taken = if is_calendar {
            calendar::parse(&text, zones).is_ok()
        } else {
            unit::parse_span(&text).is_some()
        };
        if taken {
            self.settings.triggers += 1;
            self.settings.calendar |= is_calendar;
            self.settings.times.push(Time {
                key: key.to_owned(),
                text,
                place: line.place.file.place(line.value.span()),
            });
        }
    }

    fn trigger(&mut self, line: &Assignment) {
        let name = unit::expand(line.value.bytes(), self.id, Table::Names, self.host);
        let name = name
            .ok()
            .and_then(|name| String::from_utf8(name.bytes).ok());
        let Some(to) = name.filter(|n| UnitType::of(n).is_some() && n != self.id) else {
            return;
        };
        if std::mem::replace(&mut self.triggered, true) {
            return;
        }
        for dep in [Dep::Before, Dep::Triggers] {
            self.edges.push(Edge {
                dep,
                to: to.clone(),
                cause: Cause::Line(line.place.clone()),
            });
        }
    }
}

/// A limit on a time: nothing is not at once, but for ever (`config_parse_sec_fix_0`).
fn no_zero(text: &str) -> Option<TimeSpan> {
    let span = unit::parse_span(text)?;
    let nothing = span == TimeSpan::For(std::time::Duration::ZERO);
    Some(if nothing { TimeSpan::Infinite } else { span })
}

/// A name that is none of a user or group refuses the unit.
fn refused_user(line: &Assignment) -> Refusal {
    Refusal {
        why: format!("{}: not a name of a user or group", line.key),
        place: Some(line.place.clone()),
    }
}

fn add_condition(list: &mut Vec<Condition>, line: &Assignment, made: Option<Condition>) {
    if line.value.is_empty() {
        list.clear();
    } else {
        list.extend(made);
    }
}
