//! Who is at work on the box, and who asked that it stay up.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::of_running;
use super::proc::unit;
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::text::{File, Place};

/// Directory of the inhibitors' files (systemd 252 `src/login/logind-inhibit.c`,
/// `inhibitor_save`).
const INHIBITORS: &str = "/run/systemd/inhibit";
/// Directory of the sessions' files (`src/login/logind-session.c`, `session_save`).
const SESSIONS: &str = "/run/systemd/sessions";
/// The login records of boxes without logind (utmp(5)).
const UTMP: &str = "/run/utmp";

/// The value of a key in a file of logind's own: the rest of the line.
fn value(file: &File, key: &str) -> String {
    let find = |(_, line): (_, &[u8])| {
        let rest = line.strip_prefix(key.as_bytes())?.strip_prefix(b"=")?;
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let rest = rest.strip_suffix(b"\"").unwrap_or(rest);
        Some(String::from_utf8_lossy(rest).into_owned())
    };
    file.lines().find_map(find).unwrap_or_else(String::new)
}

/// A program that asked logind not to take the box down.
#[derive(Clone, Debug)]
pub struct Inhibitor {
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// Whether it refuses, and does not only delay.
    pub blocks: bool,
    /// The line that says what it inhibits.
    pub place: Place,
}

/// The inhibitors of a shutdown. `block` refuses `systemctl reboot` of other users, and
/// since 257 that of root too; `delay` holds it for at most `InhibitDelayMaxSec`.
#[must_use]
pub fn inhibitors(host: &Host) -> Listing<Inhibitor> {
    of_running(host, |out| {
        for file in files(host, INHIBITORS, out) {
            let value = |key: &str| value(&file, key);
            let what = value("WHAT");
            if !what.split(':').any(|word| word == "shutdown") {
                continue;
            }
            // One whose process has ended is left over.
            let pid: Option<u32> = value("PID").parse().ok();
            let is_there = |pid: u32| super::processes(host).items.iter().any(|p| p.pid == pid);
            if pid.is_some_and(|pid| !is_there(pid)) {
                continue;
            }
            let line = file.lines().find(|(_, line)| line.starts_with(b"WHAT="));
            let span = line.map_or_else(|| file.line_span(1), |(span, _)| span);
            out.items.push(Inhibitor {
                who: value("WHO"),
                why: value("WHY"),
                blocks: matches!(value("MODE").as_str(), "block" | "block-weak"),
                place: file.place(span),
            });
        }
    })
}

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: String,
    /// The terminal, where there is one.
    pub tty: String,
    /// Where from, where that is another machine.
    pub from: String,
}

/// Who is logged in beside the one who runs this program.
#[must_use]
pub fn sessions(host: &Host) -> Listing<Session> {
    of_running(host, |out| {
        let own = own_process(host);
        match host.tree().list(Path::new(SESSIONS)) {
            Fact::Known(_) => of_logind(host, own, out),
            Fact::Absent(_) | Fact::NotCovered(_) => of_utmp(host, own, out),
            Fact::Broken(fault) => out.gaps.push(fault.into()),
            Fact::Unknown(unknown) => out.gaps.push(unknown),
        }
    })
}

/// The files that logind keeps in a directory.
fn files<T>(host: &Host, dir: &str, out: &mut Listing<T>) -> Vec<Arc<File>> {
    let mut paths = out.take_gaps(host.tree().entries(Path::new(dir)));
    // Beside each file stands the FIFO by which its end is seen.
    paths.retain(|path| path.extension().is_none_or(|end| end != "ref"));
    let read = paths
        .iter()
        .filter_map(|path| out.take(host.tree().read(path)));
    read.collect()
}

fn own_process(host: &Host) -> Option<u32> {
    let Fact::Known(target) = host.tree().read_link(Path::new("/proc/self")) else {
        return None;
    };
    target.to_str()?.parse().ok()
}

fn of_logind(host: &Host, own: Option<u32>, out: &mut Listing<Session>) {
    let own = own.and_then(|pid| unit(host, pid));
    for file in files(host, SESSIONS, out) {
        let value = |key: &str| value(&file, key);
        let is_own = own.as_ref().is_some_and(|scope| *scope == value("SCOPE"));
        // A greeter, the manager of a user's units and a cron job are nobody.
        if is_own || value("CLASS") != "user" || value("STATE") == "closing" {
            continue;
        }
        out.items.push(Session {
            user: value("USER"),
            tty: value("TTY"),
            from: value("REMOTE_HOST"),
        });
    }
}

/// Bytes of one record of utmp, and where its fields begin (glibc 2.36
/// `bits/utmp.h`, the same for 32 and 64 bits).
const RECORD: usize = 384;
const LINE: std::ops::Range<usize> = 8..40;
const USER: std::ops::Range<usize> = 44..76;
const FROM: std::ops::Range<usize> = 76..332;
/// `USER_PROCESS`.
const SOMEBODY: [u8; 2] = [7, 0];

fn of_utmp(host: &Host, own: Option<u32>, out: &mut Listing<Session>) {
    let Some(file) = out.take(host.tree().read(Path::new(UTMP))) else {
        return;
    };
    let list = &super::processes(host).items;
    let parent = |pid: u32| list.iter().find(|p| p.pid == pid).map(|p| p.parent);
    let is_above = |pid: u32| {
        let up = std::iter::successors(own, |at| parent(*at).filter(|up| *up > 1));
        up.take(64).any(|at| at == pid)
    };
    for record in file.bytes().chunks_exact(RECORD) {
        let text = |range| {
            let bytes: &[u8] = record.get(range).unwrap_or(&[]);
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(bytes.get(..end).unwrap_or(&[])).into_owned()
        };
        let pid = match record.get(4..8) {
            Some([a, b, c, d]) => u32::from_ne_bytes([*a, *b, *c, *d]),
            _ => continue,
        };
        if record.get(..2) != Some(&SOMEBODY[..]) || parent(pid).is_none() || is_above(pid) {
            continue;
        }
        out.items.push(Session {
            user: text(USER),
            tty: text(LINE),
            from: text(FROM),
        });
    }
}

impl Session {
    /// `kim on pts/0 from 192.0.2.7`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut text = crate::text::escape(self.user.as_bytes());
        for (word, value) in [("on", &self.tty), ("from", &self.from)] {
            if !value.is_empty() {
                let _ = write!(text, " {word} {}", crate::text::escape(value.as_bytes()));
            }
        }
        text
    }
}

/// The file name at the end of a path in bytes.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    let path = Path::new(std::ffi::OsStr::from_bytes(path));
    path.file_name().map_or(&[][..], |name| name.as_bytes())
}
