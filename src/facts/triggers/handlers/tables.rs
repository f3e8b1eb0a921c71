//! Programs whose configuration has one command in a line or a few: incron, mdadm,
//! smartd, fail2ban, nagios and its kin, supervisor.

use std::path::Path;

use super::super::Trigger;
use super::super::command::names_a_way_down;
use super::super::event::{Handler, add, is_enabled, names, optional, shell};
use super::{executed, globbed, part};
use crate::fact::Listing;
use crate::facts::Host;
use crate::shell::Source;
use crate::text::escape;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    incron(host, out);
    mdadm(host, out);
    smartd(host, out);
    fail2ban(host, out);
    nagios(host, out);
    supervisor(host, out);
}

/// incron's tables: a path, what happens to it, a command (incron 0.5.12
/// `incrontab.cpp`); `$` names the file.
fn incron(host: &Host, out: &mut Listing<Trigger>) {
    if !is_enabled(host, &["incron", "incrond"]) {
        return;
    }
    let mut tables = names(host, "/etc/incron.d", out);
    tables.extend(names(host, "/var/spool/incron", out));
    for path in tables {
        let Some(file) = optional(host, &path, out) else {
            continue;
        };
        for (span, line) in file.lines() {
            let text = line.trim_ascii();
            let mut words = text.splitn(2, u8::is_ascii_whitespace);
            let (Some(watched), Some(rest)) = (words.next(), words.next()) else {
                continue;
            };
            let mut words = rest.trim_ascii().splitn(2, u8::is_ascii_whitespace);
            let (Some(_), Some(command)) = (words.next(), words.next()) else {
                continue;
            };
            if watched.starts_with(b"#") {
                continue;
            }
            let command = command.trim_ascii();
            let event = format!("when {} changes", escape(watched));
            let place = part(&file, span, line, command);
            let handler = Handler::new("incron", "a line of incron", event, place);
            executed(host, &handler, command, b"$", out);
        }
    }
}

/// `PROGRAM` of mdadm.conf, which `mdadm --monitor` runs (4.2 `config.c`: a keyword may
/// be cut down to three letters).
fn mdadm(host: &Host, out: &mut Listing<Trigger>) {
    for path in ["/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"] {
        let Some(file) = optional(host, path, out) else {
            continue;
        };
        for (span, line) in file.lines() {
            let mut words = line.trim_ascii().split(u8::is_ascii_whitespace);
            let keyword = words.next().unwrap_or(&[]).to_ascii_lowercase();
            let is_program = keyword.len() >= 3 && b"program".starts_with(&keyword);
            let Some(command) = words.find(|word| !word.is_empty()).filter(|_| is_program) else {
                continue;
            };
            let place = part(&file, span, line, command);
            let event = "when an array changes its state";
            let handler = Handler::new("mdadm", "a program of mdadm", event, place);
            // The event, the array, perhaps the device.
            let text = [command, b" $ $ $"].concat();
            executed(host, &handler, &text, b"$", out);
        }
    }
}

/// `-M exec` of smartd.conf (smartmontools 7.3 `smartd.cpp`).
fn smartd(host: &Host, out: &mut Listing<Trigger>) {
    if !is_enabled(host, &["smartd", "smartmontools"]) {
        return;
    }
    for path in ["/etc/smartd.conf", "/etc/smartmontools/smartd.conf"] {
        let Some(file) = optional(host, path, out) else {
            continue;
        };
        for (span, line) in file.lines() {
            let code = line.split(|b| *b == b'#').next().unwrap_or(&[]);
            let words: Vec<&[u8]> = code.split(u8::is_ascii_whitespace).collect();
            let words: Vec<&[u8]> = words.into_iter().filter(|word| !word.is_empty()).collect();
            for three in words.windows(3) {
                let [b"-M", b"exec", command] = three else {
                    continue;
                };
                let place = part(&file, span, line, command);
                let event = "when a disk reports a fault";
                let handler = Handler::new("smartd", "a program of smartd", event, place);
                executed(host, &handler, command, b"", out);
            }
        }
    }
}

/// Actions of fail2ban that a jail's configuration names and that name a way down
/// (fail2ban 1.0 `server/action.py`: `/bin/sh` runs them).
fn fail2ban(host: &Host, out: &mut Listing<Trigger>) {
    if !is_enabled(host, &["fail2ban"]) {
        return;
    }
    let dir = "/etc/fail2ban";
    let mut jails = vec![
        Path::new(dir).join("jail.local"),
        Path::new(dir).join("jail.conf"),
    ];
    jails.extend(names(host, format!("{dir}/jail.d"), out));
    let jails: Vec<_> = jails
        .iter()
        .filter_map(|path| optional(host, path, out))
        .collect();
    for path in names(host, format!("{dir}/action.d"), out) {
        let stem = path
            .file_stem()
            .map(|stem| stem.as_encoded_bytes().to_vec());
        let Some(stem) = stem.filter(|stem| !stem.is_empty()) else {
            continue;
        };
        let is_used = jails.iter().any(|file| {
            file.lines().any(|(_, line)| {
                let line = line.trim_ascii_start();
                let is_comment = line.starts_with(b"#") || line.starts_with(b";");
                !is_comment && line.windows(stem.len()).any(|window| window == stem)
            })
        });
        if !is_used {
            continue;
        }
        let Some(file) = optional(host, &path, out) else {
            continue;
        };
        for (span, line) in file.lines() {
            let keys = [
                "actionstart",
                "actionban",
                "actionunban",
                "actionstop",
                "actioncheck",
            ];
            let text = String::from_utf8_lossy(line);
            let Some((key, command)) = text.split_once('=') else {
                continue;
            };
            if !keys.contains(&key.trim()) || !names_a_way_down(command.as_bytes()) {
                continue;
            }
            let place = part(&file, span, line, command.trim().as_bytes());
            let event = format!("when fail2ban runs {}", key.trim());
            let handler = Handler::new("fail2ban", "an action of fail2ban", event, place.clone());
            add(host, &handler, &shell(Source::part(&place)), out);
        }
    }
}

/// Commands of nagios and icinga that name a way down, and those that another machine
/// may ask NRPE for. Both run them with `/bin/sh`.
fn nagios(host: &Host, out: &mut Listing<Trigger>) {
    let dirs = [
        "/etc/nagios/*.cfg",
        "/etc/nagios/nrpe.d/*.cfg",
        "/etc/nagios/objects/*.cfg",
        "/etc/nagios3/conf.d/*.cfg",
        "/etc/nagios4/conf.d/*.cfg",
        "/etc/nagios4/objects/*.cfg",
        "/etc/icinga/objects/*.cfg",
    ];
    for pattern in dirs {
        for path in globbed(host, pattern, out) {
            let Some(file) = optional(host, &path, out) else {
                continue;
            };
            for (span, line) in file.lines() {
                let text = String::from_utf8_lossy(line);
                let text = text.trim();
                let of_nrpe = text
                    .strip_prefix("command[")
                    .and_then(|t| t.split_once("]="));
                let (command, event) = match (text.strip_prefix("command_line"), of_nrpe) {
                    (Some(command), _) => (command, "when nagios sees an event".to_owned()),
                    (None, Some((name, command))) => {
                        let name = escape(name.as_bytes());
                        (
                            command,
                            format!("when another machine asks NRPE for {name}"),
                        )
                    }
                    (None, None) => continue,
                };
                if !names_a_way_down(command.as_bytes()) {
                    continue;
                }
                let place = part(&file, span, line, command.trim().as_bytes());
                let handler = Handler::new("nagios", "a command of nagios", event, place.clone());
                add(host, &handler, &shell(Source::part(&place)), out);
            }
        }
    }
}

/// Listeners of supervisor (4.2): programs that it keeps running, and that it tells of
/// its events.
fn supervisor(host: &Host, out: &mut Listing<Trigger>) {
    if !is_enabled(host, &["supervisor", "supervisord"]) {
        return;
    }
    let mut files = vec![Path::new("/etc/supervisor/supervisord.conf").to_path_buf()];
    files.push(Path::new("/etc/supervisord.conf").to_path_buf());
    files.extend(globbed(host, "/etc/supervisor/conf.d/*.conf", out));
    files.extend(globbed(host, "/etc/supervisord.d/*.ini", out));
    for path in files {
        let Some(file) = optional(host, &path, out) else {
            continue;
        };
        let mut listener = None;
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            let text = text.trim();
            if text.starts_with('[') {
                let name = text.strip_prefix("[eventlistener:");
                listener = name.map(|name| name.trim_end_matches(']').to_owned());
            }
            let (Some(name), Some((key, command))) = (&listener, text.split_once('=')) else {
                continue;
            };
            if key.trim() != "command" {
                continue;
            }
            let place = part(&file, span, line, command.trim().as_bytes());
            let event = format!("when {} hears of an event", escape(name.as_bytes()));
            let handler = Handler::new("supervisor", "a listener of supervisor", event, place);
            executed(host, &handler, command.trim().as_bytes(), b"%", out);
        }
    }
}
