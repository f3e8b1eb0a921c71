//! Keys, idle terminals and failures of the power, where the site has set them to
//! something else than a distribution does (logind.conf(5) and systemd.special(7), 252;
//! sysvinit 3.06; acpid 2.0.33; NUT 2.8.0; apcupsd 3.14.14).

use std::path::Path;

use super::event::{Handler, is_enabled, names, optional, settings, shell};
use super::timers::kind_of;
use super::{Beside, Trigger, What, event};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::shipped::is_vendors;
use crate::parse::os_release;
use crate::shell::Source;
use crate::shell::power::Kind;
use crate::text::{Place, Span, escape};

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    inittab(host, out, beside);
    if matches!(host.init_kind(), None | Some(InitKind::Systemd)) {
        three_fingers(host, out, beside);
        logind(host, out, beside);
    }
    acpid(host, out, beside);
    power(host, out, beside);
}

fn keep(beside: &mut Vec<Beside>, handler: &Handler, kind: Kind) {
    beside.push(Beside::new(What::Purpose, handler.plain(kind)));
}

/// sysvinit's line for Ctrl-Alt-Del. Every distribution reboots.
fn inittab(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    let Some(InitKind::SysV) = host.init_kind() else {
        return;
    };
    let Fact::Known(table) = host.inittab() else {
        return;
    };
    for entry in table.entries.iter().filter(|e| e.action == "ctrlaltdel") {
        let place = entry.process_place.clone();
        let handler = Handler::new(
            "init",
            "a key",
            "when somebody presses Ctrl-Alt-Del",
            place.clone(),
        );
        let call = shell(Source::part(&place));
        if let Some(fall) = event::fall(host, &call, &place, out)
            && fall.down.kind != Kind::Reboot
        {
            beside.push(Beside::new(What::Purpose, handler.trigger(fall)));
        }
    }
}

/// systemd's, where the site has made it something else than a reboot.
fn three_fingers(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    let link = Path::new("/etc/systemd/system/ctrl-alt-del.target");
    if let Fact::Known(target) = host.tree().read_link(link)
        && let Some(kind) = target
            .file_name()
            .and_then(|name| kind_of(&name.to_string_lossy()))
        && kind != Kind::Reboot
        && let Fact::Known(file) = host.tree().read(link)
    {
        let place = file.place(file.line_span(1));
        let event = "when somebody presses Ctrl-Alt-Del";
        keep(
            beside,
            &Handler::new("systemd", "a key", event, place),
            kind,
        );
    }
    let settings = settings(host, "system.conf", "Manager", out);
    if let Some((value, place)) = settings.get("CtrlAltDelBurstAction")
        && let Some(kind) = kind_of_word(value)
        && value != "reboot-force"
    {
        let event = "when somebody presses Ctrl-Alt-Del seven times in 2 s";
        keep(
            beside,
            &Handler::new("systemd", "a key", event, place.clone()),
            kind,
        );
    }
}

fn kind_of_word(word: &str) -> Option<Kind> {
    Some(match word.split('-').next()? {
        "reboot" => Kind::Reboot,
        "kexec" => Kind::Kexec,
        "poweroff" => Kind::PowerOff,
        "halt" => Kind::Halt,
        _ => return None,
    })
}

/// logind's keys, with what they do unless they are told otherwise.
fn logind(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    const KEYS: [(&str, &str, &str); 9] = [
        (
            "HandlePowerKey",
            "poweroff",
            "when somebody presses the power key",
        ),
        (
            "HandlePowerKeyLongPress",
            "",
            "when somebody holds the power key",
        ),
        (
            "HandleRebootKey",
            "reboot",
            "when somebody presses the reboot key",
        ),
        (
            "HandleRebootKeyLongPress",
            "poweroff",
            "when somebody holds the reboot key",
        ),
        (
            "HandleSuspendKey",
            "",
            "when somebody presses the suspend key",
        ),
        (
            "HandleHibernateKey",
            "",
            "when somebody presses the hibernate key",
        ),
        ("HandleLidSwitch", "", "when somebody closes the lid"),
        (
            "HandleLidSwitchExternalPower",
            "",
            "when somebody closes the lid",
        ),
        ("HandleLidSwitchDocked", "", "when somebody closes the lid"),
    ];
    let settings = settings(host, "logind.conf", "Login", out);
    for (key, usual, event) in KEYS {
        if let Some((value, place)) = settings.get(key)
            && let Some(kind) = kind_of_word(value)
            && value != usual
        {
            keep(
                beside,
                &Handler::new("logind", "a key", event, place.clone()),
                kind,
            );
        }
    }
    // Nobody has to press this one.
    if let Some((value, place)) = settings.get("IdleAction")
        && let Some(kind) = kind_of_word(value)
    {
        let span = settings
            .get("IdleActionSec")
            .map_or("30min", |(span, _)| span.as_str());
        let event = format!("when nobody has used it for {}", escape(span.as_bytes()));
        let handler = Handler::new("logind", "an idle action", event, place.clone());
        out.items.push(handler.plain(kind));
    }
}

/// Files of /etc/acpi/events that no package ships (acpid(8), event files).
fn acpid(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    if !is_enabled(host, &["acpid"]) {
        return;
    }
    for path in names(host, "/etc/acpi/events", out) {
        let shipped = is_vendors(&path) || host.is_shipped(&path);
        let Some(file) = optional(host, &path, out).filter(|_| !shipped) else {
            continue;
        };
        let mut event = String::new();
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            let Some((key, value)) = text.split_once('=') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "event" => value.clone_into(&mut event),
                "action" => {
                    let from = line.iter().position(|b| *b == b'=').map_or(0, |at| at + 1);
                    let rest = line.get(from..).unwrap_or(&[]);
                    let from = span.start + from + rest.len() - rest.trim_ascii_start().len();
                    let place = file.place(Span::new(from, from + value.len()));
                    let what = format!("on the ACPI event {}", escape(event.as_bytes()));
                    let handler = Handler::new("acpid", "an event of acpid", what, place.clone());
                    let call = shell(Source::part(&place));
                    if let Some(fall) = event::fall(host, &call, &place, out) {
                        beside.push(Beside::new(What::Purpose, handler.trigger(fall)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// What watches an uninterruptible power supply, where one is configured.
fn power(host: &Host, out: &mut Listing<Trigger>, beside: &mut Vec<Beside>) {
    let event = "when the power fails and the battery runs low";
    if is_enabled(host, &["nut-monitor", "nut-client", "upsmon"])
        && let Some(file) = ["/etc/nut/upsmon.conf", "/etc/ups/upsmon.conf"]
            .into_iter()
            .find_map(|path| optional(host, path, out))
    {
        let mut watches = false;
        let mut command: Option<Place> = None;
        for (span, line) in file.lines() {
            let mut words = line.trim_ascii().split(u8::is_ascii_whitespace);
            match words.next() {
                Some(b"MONITOR") => watches = true,
                Some(b"SHUTDOWNCMD") => command = Some(file.place(span)),
                _ => {}
            }
        }
        if let Some(place) = command.filter(|_| watches) {
            keep(
                beside,
                &Handler::new("NUT", "a power supply", event, place),
                Kind::PowerOff,
            );
        }
    }
    if is_enabled(host, &["apcupsd"])
        && let Some(file) = optional(host, "/etc/apcupsd/apcupsd.conf", out)
    {
        let told = optional(host, "/etc/default/apcupsd", out);
        let told = told.map(|file| os_release::parse(file.bytes()));
        // Debian's script starts it only where this says that somebody was there.
        let off = told.is_some_and(|words| words.get("ISCONFIGURED").is_some_and(|v| v != "yes"));
        let line = file
            .lines()
            .find(|(_, line)| line.trim_ascii().starts_with(b"UPSTYPE"));
        if let Some((span, _)) = line.filter(|_| !off) {
            let place = file.place(span);
            keep(
                beside,
                &Handler::new("apcupsd", "a power supply", event, place),
                Kind::PowerOff,
            );
        }
    }
}
