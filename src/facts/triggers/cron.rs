//! Cron jobs that take this box down.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::command::{Fall, judge};
use super::{AHEAD, Starter, Trigger, When, delayed, evaluated, further, key};
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::cron::Table;
use crate::parse::crontab::{
    Command, Crontab, Daemon, Effect as Effects, Job, Schedule, TableKind, parse,
};
use crate::shell::power::Down;
use crate::shell::{Action, Call, DEFAULT_PATH, Dialect, Effect, Program, Scope, Source, Value};
use crate::text::{File, Place, escape};
use crate::time::Zone;
use crate::time::cron::{Timing, next_start};

/// Adds the triggers of the cron tables.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let cron = host.cron();
    out.gaps.extend(cron.tables.gaps.iter().cloned());
    out.uncovered.extend(cron.tables.uncovered.iter().cloned());
    if cron.daemons.is_empty() {
        return;
    }
    let off = match &cron.enabled {
        Fact::Known(false) => {
            Some("the cron daemon is not enabled at boot, nor started".to_owned())
        }
        Fact::Known(true) | Fact::NotCovered(_) | Fact::Absent(_) => None,
        Fact::Broken(fault) => {
            out.gaps.push(fault.clone().into());
            None
        }
        Fact::Unknown(unknown) => {
            out.gaps.push(unknown.clone());
            None
        }
    };
    for table in &cron.tables.items {
        *decided += of_table(host, table, off.as_deref(), out);
    }
}

/// The triggers of one table: of several plausible readings the one that fires
/// soonest counts.
/// Gives how many jobs were decided.
fn of_table(host: &Host, table: &Table, off: Option<&str>, out: &mut Listing<Trigger>) -> usize {
    let mut decided = 0;
    // By the line: of several readings the soonest counts.
    let mut found: BTreeMap<usize, Trigger> = BTreeMap::new();
    let certain = host.cron().is_certain(table);
    'readings: for (daemon, reading) in &table.readings {
        for job in &reading.jobs {
            if host.tree().deadline().passed() {
                out.gaps
                    .push(Unknown::new(table.file.path(), Doubt::Deadline));
                break 'readings;
            }
            let before = (out.gaps.len(), out.uncovered.len());
            let judged = of_job(host, table, *daemon, reading, job, off, out);
            decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
            let Some(mut trigger) = judged else { continue };
            trigger.certain = certain && !daemon.is_preview() && !host.zone().is_assumed();
            match found.entry(trigger.place.span.start) {
                Entry::Occupied(mut known) => {
                    if key(&trigger) < key(known.get()) {
                        known.insert(trigger);
                    }
                }
                Entry::Vacant(free) => {
                    free.insert(trigger);
                }
            }
        }
    }
    out.items.extend(found.into_values());
    decided
}

fn of_job(
    host: &Host,
    table: &Table,
    daemon: Daemon,
    reading: &Crontab,
    job: &Job,
    off: Option<&str>,
    out: &mut Listing<Trigger>,
) -> Option<Trigger> {
    if job.command.text.is_empty() {
        return None;
    }
    let place = table.file.place(job.line);
    let call = call(table, daemon, reading, job);
    let fall = judge(host, &call, daemon, 0).fall(host, out)?;
    let missing = not_found(host, &call, &fall);
    let mut via = fall.via;
    if fall.place.path() != place.path() || !within(&fall.place, &place) {
        via.push(fall.place);
    }
    let never = |why: String| (When::Never(why), Vec::new());
    let (when, later) = match (&reading.dropped, off) {
        (Some(problem), _) => never(problem.message.clone()),
        (None, Some(off)) => never(off.to_owned()),
        (None, None) => match missing {
            Some(why) => never(why),
            None => when(host, daemon, reading, job, &fall.down, fall.slept),
        },
    };
    let who = match (&job.user, &table.owner) {
        (Some((user, _)), _) => escape(user),
        (None, Some(owner)) => escape(owner.as_bytes()),
        (None, None) => "root".to_owned(),
    };
    Some(Trigger {
        action: fall.down.kind,
        starter: Starter::Cron,
        spread: SignedDuration::ZERO,
        when,
        later,
        schedule: escape(table.file.slice(job.schedule_span)),
        by: format!("cron, as {who}"),
        schedule_place: table.file.place(job.schedule_span),
        command_place: table.file.place(job.command.span),
        place,
        via,
        conditions: fall.conditions,
        guard: fall.guard,
        certain: true,
    })
}

/// Why the shell does not find the power command, where it stands in a directory that
/// is not in the job's `PATH` (Debian's cron: /usr/bin:/bin).
fn not_found(host: &Host, call: &Call, fall: &Fall) -> Option<String> {
    let outcome = evaluated(host, call);
    let mut effects = outcome.effects.iter();
    let effect = effects.find(|effect| effect.place == fall.place && effect.via == fall.via)?;
    let name = unfound_name(call, effect)?;
    let name = std::str::from_utf8(name).ok()?;
    let there = ["/usr/sbin", "/sbin"].into_iter().find(|dir| {
        let path = std::path::Path::new(dir).join(name);
        matches!(host.resolve(&path), Fact::Known(_))
    })?;
    let path = call.env.get(&b"PATH"[..]).and_then(Value::bytes)?;
    let path = escape(path);
    Some(format!(
        "`{name}` is in {there}, and the job's PATH is {path}"
    ))
}

/// The bare name of a program that a job calls and its `PATH` does not lead to;
/// nothing where something in between may search elsewhere.
pub(super) fn unfound_name<'a>(call: &Call, effect: &'a Effect) -> Option<&'a [u8]> {
    /// Programs that give what they run a `PATH` of its own, or run it elsewhere.
    const ELSEWHERE: [&[u8]; 19] = [
        b"sudo",
        b"su",
        b"doas",
        b"runuser",
        b"pkexec",
        b"env",
        b"chroot",
        b"nsenter",
        b"unshare",
        b"ssh",
        b"docker",
        b"podman",
        b"bash",
        b"zsh",
        b"systemd-run",
        b"at",
        b"batch",
        b"busybox",
        b"eval",
    ];
    let Program::Command(source) = &call.program else {
        return None;
    };
    let Action::Run { argv, .. } = &effect.action else {
        return None;
    };
    let name = argv.first()?.bytes()?;
    let absent = matches!(effect.target, Fact::Absent(_)) && effect.scope == Scope::Here;
    let text = source.bytes();
    let sets_path = text.windows(4).any(|word| word == b"PATH");
    let blank = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.');
    let mut words = text.split(blank);
    let elsewhere =
        words.any(|word| ELSEWHERE.contains(&word) || word == b"source" || word == b".");
    (absent && !effect.deferred && !name.contains(&b'/') && !sets_path && !elsewhere)
        .then_some(name)
}

fn within(inner: &Place, outer: &Place) -> bool {
    inner.span.start >= outer.span.start && inner.span.end <= outer.span.end
}

/// When a job takes the box down next, and when after that.
fn when(
    host: &Host,
    daemon: Daemon,
    reading: &Crontab,
    job: &Job,
    down: &Down,
    slept: u64,
) -> (When, Vec<Timestamp>) {
    let only = |when: When| (when, Vec::new());
    match &job.schedule {
        Schedule::At(_) | Schedule::Calendar(_) => {}
        Schedule::Every(seconds) => {
            let hours = seconds / 3600;
            return only(When::On(format!("{hours} h after its last start")));
        }
        Schedule::Reboot => return only(When::Boot),
        Schedule::Never(_) => return only(When::Never("the schedule matches no time".into())),
    }
    let zone = host.zone();
    let own = reading
        .cron_tz(job)
        .and_then(|assignment| job_zone(host, daemon, &assignment.value));
    let timing = Timing {
        daemon,
        zone,
        job_zone: own.as_ref(),
    };
    let now = host.now();
    let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let Some(first) = next_start(&job.schedule, timing, now, until) else {
        return only(When::Never("the schedule matches no date".into()));
    };
    let later = further(now, first, |at, until| {
        next_start(&job.schedule, timing, at, until)
    });
    let falls = |start: Timestamp| delayed(start, down, slept, zone);
    (
        When::At(falls(first)),
        later.into_iter().map(falls).collect(),
    )
}

/// When a job that never runs was meant to run next.
pub(super) fn intended(host: &Host, trigger: &Trigger) -> Option<Timestamp> {
    if trigger.starter != Starter::Cron || !matches!(trigger.when, When::Never(_)) {
        return None;
    }
    let mut line = trigger.schedule_place.bytes().to_vec();
    line.extend_from_slice(b" x\n");
    let file = File::new(trigger.place.path(), line);
    let kind = TableKind::User { root: true };
    // busybox runs a reversed range over the end, which is what its writer meant.
    [Daemon::Debian, Daemon::Busybox]
        .into_iter()
        .find_map(|daemon| {
            let reading = parse(&file, kind, daemon);
            let wrong = reading.dropped.is_some()
                || reading
                    .problems
                    .iter()
                    .any(|p| p.effect == Effects::RunsAnyway);
            let [job] = reading.jobs.as_slice() else {
                return None;
            };
            if wrong {
                return None;
            }
            let timing = Timing {
                daemon,
                zone: host.zone(),
                job_zone: None,
            };
            let now = host.now();
            let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
            next_start(&job.schedule, timing, now, until)
        })
}

/// The zone that a table asks for. cronie takes a name that it does not know for UTC,
/// systemd-cron passes over it.
pub(super) fn job_zone(host: &Host, daemon: Daemon, value: &[u8]) -> Option<Zone> {
    if daemon == Daemon::Cronie {
        return Some(Zone::for_tz(value, |name| host.zone_called(name)));
    }
    let name = value.strip_prefix(b":").unwrap_or(value);
    host.zone_called(std::str::from_utf8(name).ok()?)
}

/// The call cron makes for a job.
pub(super) fn call(table: &Table, daemon: Daemon, reading: &Crontab, job: &Job) -> Call {
    let mut env: BTreeMap<Vec<u8>, Value> = BTreeMap::new();
    let path: &[u8] = match daemon {
        // pathnames.h of Debian's cron (_PATH_DEFPATH); cronie adds the sbin ones.
        Daemon::Debian | Daemon::Debian187 => b"/usr/bin:/bin",
        Daemon::Cronie => b"/usr/bin:/bin:/usr/sbin:/sbin",
        Daemon::Busybox => b"/sbin:/usr/sbin:/bin:/usr/bin",
        // bcron-exec.c, and what the shell of dcron's children takes by itself.
        Daemon::Bcron | Daemon::Dcron => b"/usr/bin:/bin",
        // systemd's own for services.
        Daemon::SystemdCron1 | Daemon::SystemdCron2 => DEFAULT_PATH,
    };
    env.insert(b"PATH".to_vec(), Value::known(path));
    env.insert(b"SHELL".to_vec(), Value::known(b"/bin/sh".to_vec()));
    env.insert(b"HOME".to_vec(), Value::unknown());
    env.insert(b"LOGNAME".to_vec(), Value::unknown());
    for assignment in reading.environment(job) {
        env.insert(
            assignment.name.clone(),
            Value::known(assignment.value.clone()),
        );
    }
    let shell = env.get(&b"SHELL"[..]).and_then(|value| value.bytes());
    let bash = shell.is_some_and(|shell| shell.ends_with(b"bash"));
    Call {
        program: Program::Command(source(&table.file, &job.command)),
        args: Vec::new(),
        env,
        cwd: Value::unknown(),
        stdin: job.command.stdin.clone().map(Value::known),
        dialect: if bash { Dialect::Bash } else { Dialect::Sh },
    }
}

fn source(file: &Arc<File>, command: &Command) -> Source {
    let offsets = (0..command.text.len()).map(|at| command.file_offset(at));
    Source::mapped(file, command.text.clone(), offsets.collect())
}
