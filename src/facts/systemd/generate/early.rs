//! The small generators: what the command line asks for, offline updates, rc.local
//! (systemd 257 `src/debug-generator`, `src/run-generator`,
//! `src/system-update-generator`, `src/rc-local-generator`).

use std::path::Path;

use super::{Body, DIR, EARLY, UNITS, Writer, escape_specifiers, mangle};
use crate::fact::Fact;
use crate::parse::unit::UnitType;
use crate::source::FileKind;

/// `systemd.mask=`, `systemd.wants=`, `systemd.debug_shell`.
pub(super) fn debug(w: &mut Writer<'_>) {
    let words = w.context.words;
    let target = words.unit().map(|(unit, _)| unit);
    let target = target.unwrap_or_else(|| "default.target".to_owned());
    let mut wants = Vec::new();
    for (key, value) in words.iter() {
        let unit = value.and_then(|name| mangle(name, UnitType::Service));
        match (key, unit) {
            ("systemd.mask", Some(unit)) => {
                let path = Path::new(EARLY).join(unit);
                w.out.link(&path, "/dev/null", w.by, None);
            }
            ("systemd.wants", Some(unit)) => wants.push(unit),
            _ => {}
        }
    }
    let shell = match words.last("systemd.debug_shell") {
        None => false,
        Some(None) => true,
        // A terminal's name switches it on too, from 255 on.
        Some(Some(value)) => {
            super::super::cmdline::boolean(value).unwrap_or(w.context.version >= 255)
        }
    };
    if shell {
        wants.push("debug-shell.service".to_owned());
    }
    for unit in wants {
        let path = Path::new(EARLY).join(format!("{target}.wants/{unit}"));
        w.out.link(&path, format!("{UNITS}/{unit}"), w.by, None);
    }
}

/// `systemd.run=`: the command, and then the end.
pub(super) fn run_command(w: &mut Writer<'_>) {
    let words = w.context.words;
    let value = |key: &str| words.last(key).flatten().map(str::to_owned);
    let success = value("systemd.run_success_action");
    let commands = words.iter().filter(|(key, _)| *key == "systemd.run");
    let commands: Vec<&str> = commands.filter_map(|(_, value)| value).collect();
    if commands.is_empty() && success.is_none() {
        return;
    }
    let failure = value("systemd.run_failure_action");
    let action = |key: &str, value: Option<String>| match value.as_deref() {
        Some("none") => String::new(),
        other => format!("{key}={}\n", other.unwrap_or("exit")),
    };
    let mut body = Body::new("[Unit]\nDescription=Command from Kernel Command Line\n");
    body.add("Documentation=man:systemd-run-generator(8)\nSourcePath=/proc/cmdline\n");
    body.add(&action("SuccessAction", success));
    body.add(&action("FailureAction", failure));
    body.add("\n[Service]\nType=oneshot\nStandardOutput=journal+console\n");
    for command in commands {
        body.set("ExecStart", &escape_specifiers(command));
    }
    let dir = if w.context.version >= 250 { EARLY } else { DIR };
    w.file(dir, "kernel-command-line.service", &body, None);
    let target = "[Unit]\nDescription=Command from Kernel Command Line\n\
         Documentation=man:systemd-run-generator(8)\nSourcePath=/proc/cmdline\n\
         Requires=kernel-command-line.service\nAfter=kernel-command-line.service\n";
    w.file(dir, "kernel-command-line.target", target, None);
    let link = Path::new(dir).join("default.target");
    w.out.link(&link, "kernel-command-line.target", w.by, None);
}

/// `/system-update`: the next boot installs updates and reboots.
pub(super) fn system_update(w: &mut Writer<'_>) {
    let paths: &[&str] = if w.context.version >= 251 {
        &["/system-update", "/etc/system-update"]
    } else {
        &["/system-update"]
    };
    for path in paths {
        match w.context.tree.lstat(Path::new(path)) {
            Fact::Known(_) => {
                let link = Path::new(EARLY).join("default.target");
                let target = format!("{UNITS}/system-update.target");
                w.out.link(&link, target, w.by, None);
                return;
            }
            Fact::Unknown(unknown) => w.open.push(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
    }
}

/// An executable /etc/rc.local.
pub(super) fn rc_local(w: &mut Writer<'_>) {
    let path = Path::new("/etc/rc.local");
    match w.context.tree.resolve(path) {
        Fact::Known(found) => {
            // access(2) also takes a directory for executable.
            let runs = found.meta.any_execute_bit() || found.meta.kind == FileKind::Dir;
            if runs {
                let unit = format!("{UNITS}/rc-local.service");
                w.pull("multi-user.target", "wants", &unit, None);
            }
        }
        Fact::Unknown(unknown) => w.open.push(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
    }
}
