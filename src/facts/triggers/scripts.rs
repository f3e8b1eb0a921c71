//! Scripts that a boot by another init than systemd runs: the lines of its table,
//! start scripts, rc.local, local.d (sysv-rc 3.06, OpenRC 0.45, runit 2.1.2).

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::command::names_a_way_down;
use super::event::{Handler, at_boot, fall, names, optional, script, shell, words};
use super::{Starter, Trigger, When};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::{Enabled, System};
use crate::facts::started::{Started, When as Stage};
use crate::parse::init_script::{Dialect, dialect};
use crate::shell::{Call, Source, Value};
use crate::source::{FileKind, TreeKind};
use crate::text::{File, Place, escape_path};

/// Start scripts that reboot when a file system was repaired, or whose work it is.
const DISTRIBUTIONS: [&str; 9] = [
    "checkfs.sh",
    "checkroot.sh",
    "checkroot",
    "checkfs",
    "fsck",
    "root",
    "halt",
    "reboot",
    "single",
];

/// Adds what the boot's scripts do. Under systemd they are units.
pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    let partial = host.tree().coverage().kind == TreeKind::Partial;
    match host.init_kind() {
        Some(InitKind::Systemd) => return,
        None if partial => return rc_local(host, out),
        None => return,
        Some(_) => {}
    }
    for command in &host.started().items {
        of_table(host, command, out);
    }
    let mut runs_rc_local = host.init_kind() == Some(InitKind::Runit);
    for enabled in &host.enabled().items {
        if host.tree().deadline().passed() {
            out.gaps.push(Unknown::new(&enabled.link, Doubt::Deadline));
            return;
        }
        if !host.is_reached(enabled) || enabled.system == System::Systemd {
            continue;
        }
        match (enabled.system, enabled.name.as_str()) {
            (System::OpenRc, "local") => local_d(host, out),
            (System::SysV, "rc.local" | "rc-local" | "local") => runs_rc_local = true,
            _ => {}
        }
        of_script(host, enabled, out);
    }
    if runs_rc_local {
        rc_local(host, out);
    }
}

/// A handler for what a boot runs, with when the box goes down filled in later.
fn handler(name: String, noun: &'static str, place: Place, command: Place) -> Handler {
    Handler {
        starter: Starter::Other { name, noun },
        when: When::Boot,
        by: "the boot, as root".to_owned(),
        place,
        command,
    }
}

fn add(
    host: &Host,
    mut handler: Handler,
    call: &Call,
    is_shipped: bool,
    out: &mut Listing<Trigger>,
) {
    let own = handler.place.path().to_path_buf();
    let Some(fall) = fall(host, call, &handler.place, out) else {
        return;
    };
    // A start script of the distribution that does so when a file system is broken.
    if is_shipped && !fall.conditions.is_empty() {
        return;
    }
    handler.when = at_boot(host, &fall);
    // The line that does it says more than the first of the script.
    if fall.place.path() == own {
        handler.command = fall.place.clone();
        handler.place = fall.place.clone();
    }
    let mut trigger = handler.trigger(fall);
    "at boot".clone_into(&mut trigger.schedule);
    out.items.push(trigger);
}

/// A command of the init's own table.
fn of_table(host: &Host, command: &Started, out: &mut Listing<Trigger>) {
    if command.when == Stage::Again {
        return;
    }
    // The distribution's own masters call everything else.
    let shipped = || host.is_shipped(&command.program);
    let masters = [
        "/etc/init.d/rc",
        "/etc/init.d/rcS",
        "/etc/rc.d/rc",
        "/lib/init/rc",
    ];
    let is_master = masters
        .iter()
        .any(|master| command.program == Path::new(master));
    let is_openrc = command.program.ends_with("openrc");
    let text = optional(host, &command.program, out);
    let is_short = text
        .as_ref()
        .is_some_and(|text| text.bytes().len() < 1 << 16);
    if is_openrc || !is_short || (is_master && host.init_kind() != Some(InitKind::Busybox)) {
        return;
    }
    let Some(text) = text.filter(|_| !shipped()) else {
        return;
    };
    let program = Value::known(command.program.as_os_str().as_bytes());
    let args = command.args.iter().map(|arg| Value::known(arg.as_bytes()));
    let call = words(std::iter::once(program).chain(args).collect());
    let first = text.place(text.line_span(1));
    let place = command.place.clone().unwrap_or(first);
    let name = escape_path(&command.program);
    let handler = handler(name, "a command of the init", place.clone(), place);
    add(host, handler, &call, false, out);
}

/// An enabled start script.
fn of_script(host: &Host, enabled: &Enabled, out: &mut Listing<Trigger>) {
    let Fact::Known(found) = &enabled.found else {
        return;
    };
    if found.meta.kind != FileKind::File || DISTRIBUTIONS.contains(&enabled.name.as_str()) {
        return;
    }
    let Some(file) = optional(host, &found.path, out) else {
        return;
    };
    let is_shipped = host.is_shipped(&found.path);
    if is_shipped && !names_a_way_down(file.bytes()) {
        return;
    }
    let call = match (enabled.system, dialect(&file)) {
        (System::OpenRc, Dialect::OpenRc) => match openrc(&file) {
            Some(call) => call,
            None => return,
        },
        _ => script(&found.path, &["start"]),
    };
    let first = file.place(file.line_span(1));
    let name = escape_path(&found.path);
    let handler = handler(name, "a start script", first.clone(), first);
    add(host, handler, &call, is_shipped, out);
}

/// What `openrc-run` calls in a script at its start (OpenRC 0.45 `sh/openrc-run.sh.in`).
fn openrc(file: &std::sync::Arc<File>) -> Option<Call> {
    let text = String::from_utf8_lossy(file.bytes());
    let defines = |name: &&&str| {
        text.lines().any(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("function ").unwrap_or(line).trim_start();
            let rest = line.strip_prefix(**name).map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with("()") || rest.starts_with("( )"))
        })
    };
    let functions = ["start_pre", "start", "start_post"];
    let called: Vec<&str> = functions.iter().filter(defines).copied().collect();
    if called.is_empty() {
        return None;
    }
    let mut bytes = file.bytes().to_vec();
    bytes.extend(format!("\n{}\n", called.join("\n")).into_bytes());
    let offsets = (0..file.bytes().len()).collect();
    Some(shell(Source::mapped(file, bytes, offsets)))
}

/// /etc/rc.local, which counts only where it is executable: under systemd by its
/// generator (252 `src/rc-local-generator/`), with sysv-rc by `/etc/init.d/rc.local`.
fn rc_local(host: &Host, out: &mut Listing<Trigger>) {
    for path in ["/etc/rc.local", "/etc/rc.d/rc.local"] {
        one(host, Path::new(path), "rc.local", out);
    }
}

/// `local` of OpenRC runs what is executable (0.45 `init.d/local.in`).
fn local_d(host: &Host, out: &mut Listing<Trigger>) {
    for path in names(host, "/etc/local.d", out) {
        if path.extension().is_some_and(|end| end == "start") {
            one(host, &path, &escape_path(&path), out);
        }
    }
}

fn one(host: &Host, path: &Path, name: &str, out: &mut Listing<Trigger>) {
    // The script that runs it may have led here already.
    let leads_here = |trigger: &Trigger| trigger.via.iter().any(|place| place.path() == path);
    if out.items.iter().any(leads_here) {
        return;
    }
    match host.resolve(path) {
        Fact::Known(found) if found.meta.is_program() => {}
        Fact::Unknown(unknown) => return out.gaps.push(unknown),
        _ => return,
    }
    let Some(file) = optional(host, path, out) else {
        return;
    };
    let first = file.place(file.line_span(1));
    let handler = handler(name.to_owned(), "a boot script", first.clone(), first);
    add(host, handler, &script(path, &["start"]), false, out);
}
