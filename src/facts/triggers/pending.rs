//! Shutdowns that somebody ordered and that wait for their time: of logind (systemd 252
//! `src/login/logind-dbus.c`, `update_schedule_file`; `systemctl reboot --when=` uses it
//! too), of sysvinit and of OpenRC, whose waiting process is the order itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::command::{Judged, judge};
use super::timers::run_parts_of;
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::shell::power::{self, Delay, Down, Kind};
use crate::shell::{Call, Dialect, Program, Value};
use crate::source::TreeKind;
use crate::text::{File, Place, Span, escape};

/// How long after its time an order is still taken for one that is being carried out.
const STALE: SignedDuration = SignedDuration::from_mins(5);

/// Adds what is pending; only a running system has any.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    if host.tree().coverage().kind != TreeKind::Live {
        return;
    }
    let before = out.items.len();
    logind(host, out);
    sysvinit(host, out);
    openrc(host, out);
    *decided += out.items.len() - before;
}

/// A file that may well not be there.
fn file(host: &Host, path: &Path, out: &mut Listing<Trigger>) -> Option<Arc<File>> {
    match host.tree().read(path) {
        Fact::Known(file) => Some(file),
        Fact::Unknown(unknown) => {
            out.gaps.push(unknown);
            None
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    }
}

/// The value of `NAME=` in a file of assignments, with its line; the last one counts.
fn value(file: &Arc<File>, name: &str) -> Option<(String, Place)> {
    let found = file.lines().filter_map(|(span, line)| {
        let line = line.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        let text = String::from_utf8_lossy(line).trim().to_owned();
        Some((text, file.place(span)))
    });
    found.last()
}

fn logind(host: &Host, out: &mut Listing<Trigger>) {
    let path = Path::new("/run/systemd/shutdown/scheduled");
    let Some(file) = file(host, path, out) else {
        return;
    };
    let (Some((usec, when_place)), Some((mode, mode_place))) =
        (value(&file, "USEC"), value(&file, "MODE"))
    else {
        return;
    };
    let kind = match mode.as_str() {
        "reboot" => Kind::Reboot,
        "poweroff" => Kind::PowerOff,
        "halt" => Kind::Halt,
        "kexec" => Kind::Kexec,
        "soft-reboot" => Kind::SoftReboot,
        // Some versions keep the prefix of a shutdown that only warns.
        _ if mode.starts_with("dry-") => return,
        _ => {
            let what = format!("a pending {} is not known", escape(mode.as_bytes()));
            let doubt = Doubt::CannotModel(what);
            return out.gaps.push(Unknown::at(mode_place, doubt));
        }
    };
    let at = usec
        .parse()
        .ok()
        .and_then(|usec| Timestamp::from_microsecond(usec).ok());
    let Some(at) = at.filter(|at| host.now().duration_since(*at) < STALE) else {
        return;
    };
    let user = value(&file, "UID").and_then(|(uid, _)| uid.parse().ok());
    let user = user.map(|uid| {
        let name = match host.accounts() {
            Fact::Known(accounts) => accounts.name(uid).map(escape),
            _ => None,
        };
        name.unwrap_or_else(|| format!("user {uid}"))
    });
    let told = |name| value(&file, name).map(|(text, _)| escape(text.as_bytes()));
    let user = user.map_or(String::new(), |user| format!(", ordered by {user}"));
    let tty = told("TTY").map_or(String::new(), |tty| format!(" on {tty}"));
    let message = told("WALL_MESSAGE").map_or(String::new(), |text| format!(": {text}"));
    let by = format!("logind{user}{tty}{message}");
    out.items.push(Trigger {
        action: kind,
        schedule: host.zone().show(at),
        by,
        place: when_place.clone(),
        schedule_place: when_place,
        command_place: mode_place.clone(),
        via: vec![mode_place],
        ..pending(kind, at, &file.place(Span::new(0, 0)))
    });
}

/// A pending shutdown whose every place is this.
fn pending(kind: Kind, at: Timestamp, place: &Place) -> Trigger {
    Trigger {
        later: Vec::new(),
        action: kind,
        starter: Starter::Other {
            name: "a pending shutdown".to_owned(),
            noun: "a pending shutdown",
        },
        spread: SignedDuration::ZERO,
        when: When::At(at),
        schedule: String::new(),
        by: String::new(),
        place: place.clone(),
        schedule_place: place.clone(),
        command_place: place.clone(),
        via: Vec::new(),
        conditions: Vec::new(),
        guard: None,
        certain: true,
    }
}

/// A waiting process: its words, and when it wrote its pid file.
struct Waiting {
    words: Vec<Vec<u8>>,
    since: Timestamp,
    pid: Place,
    shown: String,
}

/// The process of a pid file, if it runs a program of that name.
fn waiting(host: &Host, path: &str, program: &str, out: &mut Listing<Trigger>) -> Option<Waiting> {
    let path = Path::new(path);
    let found = file(host, path, out)?;
    let Fact::Known(meta) = host.tree().resolve(path) else {
        return None;
    };
    let pid = String::from_utf8_lossy(found.bytes()).trim().to_owned();
    if pid.is_empty() || !pid.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let proc = PathBuf::from("/proc").join(pid);
    let command = file(host, &proc.join("cmdline"), out)?;
    let words: Vec<Vec<u8>> = command
        .bytes()
        .split(|b| *b == 0)
        .map(<[u8]>::to_vec)
        .collect();
    let name = words.first()?.rsplit(|b| *b == b'/').next()?;
    // A number that another process has by now tells nothing.
    if name != program.as_bytes() {
        return None;
    }
    let words: Vec<Vec<u8>> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let shown: Vec<String> = words.iter().map(|word| escape(word)).collect();
    Some(Waiting {
        shown: shown.join(" "),
        words,
        since: Timestamp::from_second(meta.meta.mtime).ok()?,
        pid: found.place(found.line_span(1)),
    })
}

fn sysvinit(host: &Host, out: &mut Listing<Trigger>) {
    let Some(waiting) = waiting(host, "/run/shutdown.pid", "shutdown", out) else {
        return;
    };
    let words = waiting.words.iter().cloned().map(Value::known);
    let call = Call {
        program: Program::Words(words.collect()),
        args: Vec::new(),
        env: std::collections::BTreeMap::new(),
        cwd: Value::unknown(),
        stdin: None,
        dialect: Dialect::Sh,
    };
    if let Judged::Down(fall) = judge(host, &call, run_parts_of(host), 0) {
        out.items.extend(of_process(host, &waiting, &fall.down));
    }
}

/// OpenRC's own, 0.45 `src/openrc-shutdown/openrc-shutdown.c`.
fn openrc(host: &Host, out: &mut Listing<Trigger>) {
    let path = "/run/openrc-shutdown.pid";
    let Some(waiting) = waiting(host, path, "openrc-shutdown", out) else {
        return;
    };
    if let Some(down) = openrc_words(waiting.words.get(1..).unwrap_or(&[])) {
        out.items.extend(of_process(host, &waiting, &down));
    }
}

/// What the words of `openrc-shutdown` ask for; nothing where it does not go down.
fn openrc_words(words: &[Vec<u8>]) -> Option<Down> {
    let mut kind = None;
    let mut time = None;
    for word in words {
        let options: &[u8] = match word.as_slice() {
            b"--reboot" => b"r",
            b"--poweroff" => b"p",
            b"--halt" => b"H",
            b"--kexec" => b"K",
            b"--single" => b"s",
            b"--dry-run" => b"D",
            other if other.starts_with(b"--") => b"",
            [b'-', options @ ..] if !options.is_empty() => options,
            _ => {
                time = time.or(Some(word));
                continue;
            }
        };
        for option in options {
            kind = match option {
                b'r' => Some(Kind::Reboot),
                b'p' => Some(Kind::PowerOff),
                b'H' => Some(Kind::Halt),
                b'K' => Some(Kind::Kexec),
                // To a single user, or only shown.
                b's' | b'D' => return None,
                _ => kind,
            };
        }
    }
    let time = String::from_utf8_lossy(time?).into_owned();
    let time = time.strip_prefix('+').unwrap_or(&time);
    let delay = match time.split_once(':') {
        Some((hour, minute)) => Delay::At {
            hour: hour.parse().ok().filter(|hour| *hour < 24)?,
            minute: minute.parse().ok().filter(|minute| *minute < 60)?,
        },
        None if time.eq_ignore_ascii_case("now") => Delay::Now,
        None => Delay::Minutes(time.parse().ok()?),
    };
    Some(Down {
        kind: kind?,
        host: power::Host::This,
        delay,
    })
}

fn of_process(host: &Host, waiting: &Waiting, down: &Down) -> Option<Trigger> {
    let at = delayed(waiting.since, down, 0, host.zone());
    if host.now().duration_since(at) >= STALE {
        return None;
    }
    Some(Trigger {
        schedule: waiting.shown.clone(),
        by: format!("the waiting process {}", waiting.pid.text()),
        ..pending(down.kind, at, &waiting.pid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Down> {
        let words: Vec<Vec<u8>> = text.split(' ').map(|w| w.as_bytes().to_vec()).collect();
        openrc_words(&words)
    }

    #[test]
    fn the_words_of_openrc_name_kind_and_time() {
        let found = words("-r +10").unwrap();
        assert_eq!(
            (found.kind, found.delay),
            (Kind::Reboot, Delay::Minutes(10))
        );
        let found = words("--poweroff 23:05").unwrap();
        let at = Delay::At {
            hour: 23,
            minute: 5,
        };
        assert_eq!((found.kind, found.delay), (Kind::PowerOff, at));
        let found = words("-dK 0").unwrap();
        assert_eq!((found.kind, found.delay), (Kind::Kexec, Delay::Minutes(0)));
        for none in ["-s now", "-r", "-rD 5", "-r 24:00", "-c", "-r soon", "5"] {
            assert_eq!(words(none), None, "{none}");
        }
    }
}
