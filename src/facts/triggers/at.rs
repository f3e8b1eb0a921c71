//! Jobs of at and batch that take this box down (at 3.2.5 `atd.c`).

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::command::judge;
use super::timers::run_parts_of;
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Doubt, Fact, Listing, Unknown, Why};
use crate::facts::{Host, cron};
use crate::parse::at_job;
use crate::shell::{Call, Dialect, Program, Value};
use crate::source::{FileKind, Found, TreeKind};
use crate::text::escape;

/// Where jobs wait: Debian, Red Hat, SUSE, Arch and Alpine, Gentoo (`--with-jobdir`
/// of each one's package).
const SPOOLS: [&str; 5] = [
    "/var/spool/cron/atjobs",
    "/var/spool/at",
    "/var/spool/atjobs",
    "/var/spool/atd",
    "/var/spool/at/atjobs",
];

/// How long atd leaves a job alone that was begun (`CHECK_INTERVAL`).
const CHECK: SignedDuration = SignedDuration::from_hours(1);

/// Below which load it starts a batch job (`LOADAVG_MX`).
const LOAD: &str = "1.5";

/// Whether atd runs.
enum Daemon {
    /// It runs now.
    Now,
    /// The next boot starts it.
    AtBoot,
    /// It does not run, and why.
    Never(&'static str),
}

/// Adds the triggers of the spools.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let mut daemon = None;
    for spool in SPOOLS {
        let spool = Path::new(spool);
        let found = match host.resolve(spool) {
            // Nobody keeps a spool in a repository.
            Fact::NotCovered(Why::Partial(_)) => continue,
            found => out.take(found),
        };
        if !found.is_some_and(|found| found.meta.kind == FileKind::Dir) {
            continue;
        }
        let entries = out.take_gaps(host.tree().entries(spool));
        for path in entries {
            let name = path.file_name().map_or(&[][..], |name| name.as_bytes());
            let Some(name) = at_job::name(name).filter(at_job::Name::runs) else {
                continue;
            };
            if host.tree().deadline().passed() {
                out.gaps.push(Unknown::new(spool, Doubt::Deadline));
                return;
            }
            // A link is locked and then given up.
            let Some(found) = out.take(host.tree().lstat(&path)) else {
                continue;
            };
            let owners = host.tree().coverage().owners;
            let runs = !owners || found.meta.mode & 0o100 != 0;
            if found.meta.kind != FileKind::File || !runs {
                continue;
            }
            let before = (out.gaps.len(), out.uncovered.len());
            let daemon = daemon.get_or_insert_with(|| state(host, out));
            let job = of_job(host, &path, name, &found, daemon, out);
            out.items.extend(job);
            *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
        }
    }
}

/// Whether atd is there, enabled, running.
fn state(host: &Host, out: &mut Listing<Trigger>) -> Daemon {
    let programs = ["/usr/sbin/atd", "/sbin/atd", "/usr/bin/atd"];
    let is_there = |path: &&str| !matches!(host.resolve(Path::new(path)), Fact::Absent(_));
    if !programs.iter().any(is_there) {
        return Daemon::Never("no atd is installed: one would run it at once, if it is overdue");
    }
    if runs_now(host) {
        return Daemon::Now;
    }
    match cron::starts(host, &["atd"]) {
        Fact::Known(false) => {
            Daemon::Never("atd is not enabled; started, it runs what is overdue at once")
        }
        Fact::Known(true) | Fact::NotCovered(_) | Fact::Absent(_) => Daemon::AtBoot,
        Fact::Broken(fault) => {
            out.gaps.push(fault.into());
            Daemon::AtBoot
        }
        Fact::Unknown(unknown) => {
            out.gaps.push(unknown);
            Daemon::AtBoot
        }
    }
}

/// Whether the process of atd's pid file is one.
fn runs_now(host: &Host) -> bool {
    if host.tree().coverage().kind != TreeKind::Live {
        return false;
    }
    let Fact::Known(file) = host.tree().read(Path::new("/run/atd.pid")) else {
        return false;
    };
    let pid = String::from_utf8_lossy(file.bytes().trim_ascii()).into_owned();
    if pid.is_empty() || !pid.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let name = host.tree().read(&Path::new("/proc").join(pid).join("comm"));
    matches!(name, Fact::Known(file) if file.bytes().trim_ascii() == b"atd")
}

/// One job.
fn of_job(
    host: &Host,
    path: &Path,
    name: at_job::Name,
    found: &Found,
    daemon: &Daemon,
    out: &mut Listing<Trigger>,
) -> Option<Trigger> {
    let due = Timestamp::from_second(name.minutes.saturating_mul(60)).ok()?;
    let file = out.take(host.tree().read(path))?;
    let header = at_job::header(file.bytes())?;
    let owners = host.tree().coverage().owners;
    // Somebody else's file in root's name is given up, and so is one with more links
    // than a lock makes.
    if owners && (header.uid != found.meta.uid || found.meta.nlink > 2) {
        return None;
    }
    let call = Call {
        program: Program::Script(path.to_path_buf()),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: Value::known(b"/".to_vec()),
        stdin: None,
        dialect: Dialect::Sh,
    };
    let fall = judge(host, &call, run_parts_of(host), 0).fall(host, out)?;
    let user = match host.accounts() {
        Fact::Known(accounts) => accounts.name(header.uid).map(escape),
        _ => None,
    };
    let unknown_user =
        user.is_none() && matches!(host.accounts(), Fact::Known(_)) && !host.foreign_users();
    let zone = host.zone();
    let shown = zone.show(due);
    // A lock is taken away an hour after the time, and the job begun anew.
    let locked = owners && found.meta.nlink == 2;
    let start = if locked {
        due.checked_add(CHECK).unwrap_or(due)
    } else {
        due
    };
    let now = host.now();
    let when = match daemon {
        Daemon::Never(why) => When::Never((*why).to_owned()),
        _ if unknown_user => When::Never(format!("nobody has the user number {}", header.uid)),
        _ if name.is_batch() => When::On(format!("when the load is below {LOAD}, from {shown} on")),
        _ if start > now => When::At(delayed(start, &fall.down, fall.slept, zone)),
        Daemon::Now => When::At(delayed(now, &fall.down, fall.slept, zone)),
        Daemon::AtBoot => {
            When::NextBoot(format!("atd runs what is overdue, and it was due {shown}"))
        }
    };
    let mut via = fall.via;
    via.push(fall.place);
    via.dedup();
    let mut via = via.into_iter();
    let place = via.next()?;
    Some(Trigger {
        later: Vec::new(),
        action: fall.down.kind,
        starter: Starter::Other {
            name: "at".to_owned(),
            noun: "an at job",
        },
        spread: SignedDuration::ZERO,
        when,
        schedule: shown,
        by: format!(
            "at, as {}",
            user.unwrap_or_else(|| format!("user {}", header.uid))
        ),
        schedule_place: place.clone(),
        command_place: place.clone(),
        place,
        via: via.collect(),
        conditions: fall.conditions,
        guard: fall.guard,
        certain: true,
    })
}
