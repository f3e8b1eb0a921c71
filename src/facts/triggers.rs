//! What takes this box down by itself: cron jobs and timers, followed to their effects.

mod timers;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use regex::bytes::Regex;

use super::Host;
use super::cron::Table;
use super::world::TreeWorld;
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::parse::crontab::{
    Command, Crontab, Daemon, Directory, Job, RunParts, Schedule, accepted_name,
};
use crate::parse::init_script::{Head, head};
use crate::shell::power::{Delay, Down, Kind, TakesDown, takes_down};
use crate::shell::{Action, Call, Dialect, Limits, Program, Source, Value, evaluate};
use crate::source::FileKind;
use crate::text::{File, Place, escape};
use crate::time::cron::{Timing, next};
use crate::time::{Zone, relative};

/// Something that takes the box down by itself.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// What it does.
    pub action: Kind,
    /// What starts it.
    pub starter: Starter,
    /// How much later than the time it names it may be, by chance.
    pub spread: SignedDuration,
    /// When.
    pub when: When,
    /// The schedule as written, such as `15 3 * * *`.
    pub schedule: String,
    /// What starts it, and as whom: `cron, as root`.
    pub by: String,
    /// The line that asks for it.
    pub place: Place,
    /// The schedule's own place in it.
    pub schedule_place: Place,
    /// The command's own place in it.
    pub command_place: Place,
    /// Where the power command stands, when that is elsewhere, outermost first.
    pub via: Vec<Place>,
    /// What it depends on, as written; nothing where it always happens.
    pub conditions: Vec<String>,
    /// The guard in front of it.
    pub guard: Option<String>,
    /// Whether the time is certain: one daemon, a known zone.
    pub certain: bool,
}

/// What starts a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starter {
    /// The cron daemon.
    Cron,
    /// A timer of systemd, by its name.
    Timer(String),
}

impl Starter {
    /// Its name in a sentence.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Cron => "cron".to_owned(),
            Self::Timer(name) => escape(name.as_bytes()),
        }
    }

    /// One of its kind.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Cron => "a cron job",
            Self::Timer(_) => "a timer",
        }
    }
}

/// When a trigger fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time next, then again.
    At(Timestamp),
    /// At every boot.
    Boot,
    /// So long after every boot.
    AfterBoot(SignedDuration),
    /// Never, and why: it would if that were mended.
    Never(String),
}

impl Trigger {
    /// The next time, where there is one.
    #[must_use]
    pub const fn next_at(&self) -> Option<Timestamp> {
        match self.when {
            When::At(at) => Some(at),
            When::Boot | When::AfterBoot(_) | When::Never(_) => None,
        }
    }

    /// How much later it may be, in words; nothing where it is not.
    #[must_use]
    pub fn spread_words(&self) -> String {
        if self.spread.is_zero() {
            return String::new();
        }
        format!(", or up to {} later", span_words(self.spread))
    }

    /// When it fires, in words.
    #[must_use]
    pub fn when_words(&self) -> String {
        match &self.when {
            When::At(_) => self.schedule.clone(),
            When::Boot => "at every boot".to_owned(),
            When::AfterBoot(delay) => format!("{} after every boot", span_words(*delay)),
            When::Never(why) => format!("never: {why}"),
        }
    }

    /// The absolute and the relative time, as people read them.
    #[must_use]
    pub fn when_shown(&self, zone: &Zone, now: Timestamp) -> String {
        match self.next_at() {
            Some(at) => format!("{}, {}", zone.show(at), relative(now, at)),
            None => self.when_words(),
        }
    }
}

/// A length of time as people read it.
fn span_words(span: SignedDuration) -> String {
    let start = Timestamp::UNIX_EPOCH;
    let end = start.checked_add(span).unwrap_or(Timestamp::MAX);
    let words = relative(start, end);
    words.strip_prefix("in ").unwrap_or(&words).to_owned()
}

/// The word for how a box goes down.
#[must_use]
pub const fn action_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Reboot => "reboot",
        Kind::SoftReboot => "soft-reboot",
        Kind::Kexec => "kexec",
        Kind::PowerOff => "power-off",
        Kind::Halt => "halt",
        Kind::Crash => "crash",
    }
}

/// Words without which no script of another language takes a box down.
static MENTIONS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Also as part of a name (`safe_reboot.sh`), as a method of D-Bus (`PowerOff`) and
    // as a list of words (`["init", "0"]`).
    Regex::new(concat!(
        r"(?i-u)reboot|shutdown|power-?off|\bhalt\b|telinit|kexec|rtcwake|sysrq-trigger",
        r#"|\binit["',\s]+[06]\b"#
    ))
    .ok()
});

/// How far ahead a next time is looked for: a leap day and a weekday meet within
/// 28 years, cron's own tables repeat in less.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366 * 8);

/// What takes a host down by itself.
#[derive(Clone, Debug)]
pub struct Triggers {
    /// Those with a next time first, in its order.
    pub list: Listing<Trigger>,
    /// How many jobs were decided, whatever the answer.
    pub decided: usize,
    /// How many timers the next boot starts; none where no systemd starts it.
    pub timers: Option<usize>,
}

/// The triggers of `host`.
pub(super) fn read(host: &Host) -> Triggers {
    let mut decided = 0;
    let mut list = Listing::new();
    of_cron(host, &mut decided, &mut list);
    let timers = timers::read(host, &mut decided, &mut list);
    // Each open question once, however many jobs ask it.
    let mut seen = BTreeSet::new();
    list.gaps.retain(|gap| seen.insert(gap.to_string()));
    list.items.sort_by(|a, b| key(a).cmp(&key(b)));
    Triggers {
        list,
        decided,
        timers,
    }
}

fn of_cron(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
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

fn key(trigger: &Trigger) -> (u8, Option<Timestamp>, &Place) {
    let rank = match trigger.when {
        When::At(_) => 0,
        When::Boot | When::AfterBoot(_) => 1,
        When::Never(_) => 2,
    };
    (rank, trigger.next_at(), &trigger.place)
}

/// The triggers of one table: of several plausible readings the one that fires
/// soonest counts.
/// Gives how many jobs were decided.
fn of_table(host: &Host, table: &Table, off: Option<&str>, out: &mut Listing<Trigger>) -> usize {
    let mut decided = 0;
    // By the line: of several readings the soonest counts.
    let mut found: BTreeMap<usize, Trigger> = BTreeMap::new();
    let certain = table.readings.len() == 1;
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
            trigger.certain = certain && !host.zone().is_assumed();
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
    let fall = match judge(host, &call, daemon, 0) {
        Judged::Down(fall) => fall,
        Judged::Not => return None,
        Judged::Open(open) => {
            for unknown in open.into_iter().filter(|unknown| matters(host, unknown)) {
                out.gaps.push(unknown);
            }
            return None;
        }
        Judged::NotCovered(why) => {
            out.uncovered.push(why);
            return None;
        }
    };
    let mut via = fall.via;
    if fall.place.path() != place.path() || !within(&fall.place, &place) {
        via.push(fall.place);
    }
    let when = match (&reading.dropped, off) {
        (Some(problem), _) => When::Never(problem.message.clone()),
        (None, Some(off)) => When::Never(off.to_owned()),
        (None, None) => when(host, daemon, reading, job, &fall.down, fall.slept),
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

/// Whether something that could not be evaluated leaves the question open. A script
/// that names no way down, or that a package ships, does not: what it would have to
/// be told from outside to take the box down is not what cron tells it.
fn matters(host: &Host, unknown: &Unknown) -> bool {
    if unknown.could_not_look() && unknown.place.is_none() {
        return true;
    }
    let Some(place) = &unknown.place else {
        return true;
    };
    let is_table = host
        .cron()
        .tables
        .items
        .iter()
        .any(|t| t.file.path() == place.path());
    // Of a unit file the line counts too, not what its description says.
    let is_unit = !is_table && place.span.end > place.span.start && timers::is_unit_file(place);
    let text = if is_table || is_unit {
        let line = place.file.position(place.span.start).line;
        place.file.slice(place.file.line_span(line))
    } else {
        place.file.bytes()
    };
    let mentions = MENTIONS.as_ref();
    let names_a_way_down = mentions.is_none_or(|mentions| mentions.is_match(text));
    names_a_way_down && !matches!(host.owner_of_any(place.path()), Fact::Known(_))
}

fn within(inner: &Place, outer: &Place) -> bool {
    inner.span.start >= outer.span.start && inner.span.end <= outer.span.end
}

fn when(
    host: &Host,
    daemon: Daemon,
    reading: &Crontab,
    job: &Job,
    down: &Down,
    slept: u64,
) -> When {
    let fields = match &job.schedule {
        Schedule::At(fields) => fields,
        Schedule::Reboot => return When::Boot,
        Schedule::Never(_) => return When::Never("the schedule matches no time".into()),
    };
    let zone = host.zone();
    let own = reading
        .cron_tz(job)
        .map(|assignment| Zone::for_tz(&assignment.value, |name| host.zone_called(name)));
    let timing = Timing {
        daemon,
        zone,
        job_zone: own.as_ref(),
    };
    let now = host.now();
    let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    match next(fields, timing, now, until) {
        Some(occurrence) => When::At(delayed(occurrence.at.timestamp(), down, slept, zone)),
        None => When::Never("the schedule matches no date".into()),
    }
}

/// The moment the box goes down: after what the job sleeps, and after the delay the
/// command names.
fn delayed(start: Timestamp, down: &Down, slept: u64, zone: &Zone) -> Timestamp {
    if let Delay::At { hour, minute } = down.delay {
        return clock_time(start, slept, (hour, minute), zone);
    }
    let minutes = match down.delay {
        Delay::Minutes(minutes) => minutes,
        Delay::Now | Delay::At { .. } | Delay::Unknown => 0,
    };
    let seconds = minutes.saturating_mul(60).saturating_add(slept);
    let delay = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    start.checked_add(delay).unwrap_or(start)
}

/// The next `hour:minute` of the box's own clock (shutdown(8): a time that is past
/// today is tomorrow's).
fn clock_time(start: Timestamp, slept: u64, at: (u8, u8), zone: &Zone) -> Timestamp {
    let slept = SignedDuration::from_secs(i64::try_from(slept).unwrap_or(i64::MAX));
    let asked = start.checked_add(slept).unwrap_or(start);
    let (hour, minute) = (i8::try_from(at.0), i8::try_from(at.1));
    let (Ok(hour), Ok(minute)) = (hour, minute) else {
        return asked;
    };
    let today = zone.at(asked).date();
    let days = [Ok(today), today.tomorrow()];
    let times = days.into_iter().flatten().filter_map(|day| {
        let moment = day.at(hour, minute, 0, 0).to_zoned(zone.tz().clone());
        moment.ok().map(|moment| moment.timestamp())
    });
    times.filter(|time| *time > asked).min().unwrap_or(asked)
}

/// The call cron makes for a job.
fn call(table: &Table, daemon: Daemon, reading: &Crontab, job: &Job) -> Call {
    let mut env: BTreeMap<Vec<u8>, Value> = BTreeMap::new();
    let path: &[u8] = match daemon {
        // pathnames.h of Debian's cron (_PATH_DEFPATH); cronie adds the sbin ones.
        Daemon::Debian => b"/usr/bin:/bin",
        Daemon::Cronie => b"/usr/bin:/bin:/usr/sbin:/sbin",
        Daemon::Busybox => b"/sbin:/usr/sbin:/bin:/usr/bin",
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

/// A way down.
struct Fall {
    down: Down,
    /// The command that does it.
    place: Place,
    /// The places on the way to it, outermost first.
    via: Vec<Place>,
    conditions: Vec<String>,
    guard: Option<String>,
    /// Seconds of `sleep` before it.
    slept: u64,
}

/// What a call comes to.
enum Judged {
    Down(Fall),
    Not,
    Open(Vec<Unknown>),
    NotCovered(crate::fact::Why),
}

/// Directories of `run-parts` inside each other at most.
const NESTED: usize = 2;

fn judge(host: &Host, call: &Call, daemon: Daemon, depth: usize) -> Judged {
    let world = TreeWorld::new(host.tree());
    let outcome = evaluate(call, &world, &Limits::default());
    let judgement = takes_down(&outcome);
    let down = match &judgement.takes_down {
        TakesDown::Always { down, effect } => Some((down, *effect, Vec::new())),
        TakesDown::If {
            conditions,
            down,
            effect,
        } => Some((
            down,
            *effect,
            conditions.iter().map(ToString::to_string).collect(),
        )),
        TakesDown::OtherMachine { .. } | TakesDown::Never | TakesDown::Undecided(_) => None,
    };
    if let Some((down, effect, conditions)) = down
        && let Some(effect) = outcome.effects.get(effect)
    {
        let guard = guard_in(&conditions);
        return Judged::Down(Fall {
            down: down.clone(),
            place: effect.place.clone(),
            via: effect.via.clone(),
            conditions,
            guard,
            slept: effect.slept,
        });
    }
    let mut open = match judgement.takes_down {
        TakesDown::Undecided(open) => open,
        _ => Vec::new(),
    };
    let mut uncovered = None;
    for index in judgement.unjudged {
        let Some(effect) = outcome.effects.get(index) else {
            continue;
        };
        match program(host, effect, call, daemon, depth) {
            Judged::Not => {}
            Judged::Open(more) => open.extend(more),
            Judged::NotCovered(why) => uncovered = Some(why),
            Judged::Down(fall) => return Judged::Down(within_effect(fall, effect)),
        }
    }
    match (open.is_empty(), uncovered) {
        (false, _) => Judged::Open(open),
        (true, Some(why)) => Judged::NotCovered(why),
        (true, None) => Judged::Not,
    }
}

/// Adds the conditions and the way of the effect that led there.
fn within_effect(fall: Fall, effect: &crate::shell::Effect) -> Fall {
    let outer = effect.reach.conditions().iter().map(ToString::to_string);
    let conditions: Vec<String> = outer.chain(fall.conditions).collect();
    let mut via = effect.via.clone();
    via.push(effect.place.clone());
    via.extend(fall.via);
    Fall {
        guard: fall.guard.or_else(|| guard_in(&conditions)),
        conditions,
        via,
        slept: fall.slept.saturating_add(effect.slept),
        ..fall
    }
}

/// The guard among the conditions of an effect.
fn guard_in(conditions: &[String]) -> Option<String> {
    let is_guard = |text: &&String| {
        let mut words = text.split_whitespace();
        let program = words.next().and_then(|word| word.rsplit('/').next());
        program == Some("comeback") && matches!(words.next(), Some("guard" | "check"))
    };
    conditions.iter().find(is_guard).cloned()
}

/// A program the evaluator does not judge: our own guard, `run-parts`, a script of
/// another language, or one that is not in the tree.
fn program(
    host: &Host,
    effect: &crate::shell::Effect,
    call: &Call,
    daemon: Daemon,
    depth: usize,
) -> Judged {
    let Action::Run { argv, .. } = &effect.action else {
        return Judged::Not;
    };
    let words: Vec<&[u8]> = argv.iter().map_while(|word| word.bytes()).collect();
    let name = words.first().map_or(&b""[..], |word| *word);
    let base = name.rsplit(|b| *b == b'/').next().unwrap_or(name);
    if base == b"comeback" {
        return guarded(host, argv, &words, call, daemon, depth);
    }
    if base == b"run-parts" && depth < NESTED {
        let dir = words.iter().rev().find(|word| word.starts_with(b"/"));
        if let Some(dir) = dir {
            let dir = Path::new(std::ffi::OsStr::from_bytes(dir));
            return run_parts(host, dir, call, daemon, depth);
        }
    }
    if let Some(script) = interpreted(base, &words) {
        return script_of_interpreter(host, script, effect);
    }
    match &effect.target {
        Fact::Known(path) => foreign(host, path),
        // Not there, so it does not run.
        Fact::Absent(_) | Fact::Broken(_) => Judged::Not,
        Fact::Unknown(unknown) => Judged::Open(vec![unknown.clone()]),
        Fact::NotCovered(why) => {
            if is_distribution_program(name) {
                Judged::Not
            } else {
                Judged::NotCovered(why.clone())
            }
        }
    }
}

/// The script an interpreter is started with: its first word that is no option.
fn interpreted<'a>(base: &[u8], words: &[&'a [u8]]) -> Option<&'a [u8]> {
    let shells: [&[u8]; 6] = [b"sh", b"bash", b"dash", b"ash", b"ksh", b"zsh"];
    let others: [&[u8]; 5] = [b"python", b"perl", b"php", b"ruby", b"node"];
    let known = shells.contains(&base) || others.iter().any(|name| base.starts_with(name));
    let script = words.iter().skip(1).find(|word| !word.starts_with(b"-"))?;
    known.then_some(*script)
}

/// `python3 /opt/x.py`, or `sh /opt/x.sh` where the evaluator had no script to follow.
fn script_of_interpreter(host: &Host, script: &[u8], effect: &crate::shell::Effect) -> Judged {
    let path = Path::new(std::ffi::OsStr::from_bytes(script));
    if !path.is_absolute() {
        // Relative to a directory that cron's own `cd` or HOME decides.
        let what = format!(
            "{} is looked up in a directory that is not known",
            escape(script)
        );
        let doubt = Doubt::CannotModel(what);
        return Judged::Open(vec![Unknown::at(effect.place.clone(), doubt)]);
    }
    match host.resolve(path) {
        Fact::Known(_) => foreign(host, path),
        Fact::Absent(_) | Fact::Broken(_) => Judged::Not,
        Fact::Unknown(unknown) => Judged::Open(vec![unknown]),
        Fact::NotCovered(why) => Judged::NotCovered(why),
    }
}

/// Programs by bare name, or in the distribution's own directories, are assumed to
/// be what the distribution ships; those that take a box down are known by name.
/// A suffix is the mark of a script of the site's own.
fn is_distribution_program(name: &[u8]) -> bool {
    let suffixes: [&[u8]; 5] = [b".sh", b".py", b".pl", b".php", b".rb"];
    if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
        return false;
    }
    let dirs: [&[u8]; 4] = [b"/bin/", b"/sbin/", b"/usr/bin/", b"/usr/sbin/"];
    !name.contains(&b'/') || dirs.iter().any(|dir| name.starts_with(dir))
}

/// `comeback guard -- CMD`: what CMD does, with the guard in front.
fn guarded(
    host: &Host,
    argv: &[Value],
    words: &[&[u8]],
    call: &Call,
    daemon: Daemon,
    depth: usize,
) -> Judged {
    let dashes = words.iter().position(|word| *word == b"--");
    let (Some(dashes), true) = (dashes, words.get(1) == Some(&&b"guard"[..])) else {
        return Judged::Not;
    };
    let rest: Vec<Value> = argv.iter().skip(dashes + 1).cloned().collect();
    if rest.is_empty() || depth >= NESTED {
        return Judged::Not;
    }
    let inner = Call {
        program: Program::Words(rest.iter().take(1).cloned().collect()),
        args: rest.into_iter().skip(1).collect(),
        ..call.clone()
    };
    match judge(host, &inner, daemon, depth + 1) {
        Judged::Down(fall) => Judged::Down(Fall {
            guard: Some("comeback guard".to_owned()),
            ..fall
        }),
        other => other,
    }
}

/// The scripts of a `run-parts` directory.
fn run_parts(host: &Host, dir: &Path, call: &Call, daemon: Daemon, depth: usize) -> Judged {
    let program = match daemon {
        Daemon::Debian => RunParts::Debian,
        Daemon::Cronie => RunParts::Fedora,
        Daemon::Busybox => RunParts::Busybox,
    };
    let mut open = Vec::new();
    let entries: Listing<PathBuf> = host.tree().entries(dir);
    for path in entries.items {
        let name = path.file_name().map_or(&[][..], |name| name.as_bytes());
        if accepted_name(daemon, Directory::RunParts(program), name).is_err() {
            continue;
        }
        match host.resolve(&path) {
            Fact::Known(found)
                if found.meta.kind == FileKind::File && found.meta.any_execute_bit() => {}
            Fact::Unknown(unknown) => {
                open.push(unknown);
                continue;
            }
            _ => continue,
        }
        let inner = Call {
            program: Program::Script(path.clone()),
            args: Vec::new(),
            ..call.clone()
        };
        match judge(host, &inner, daemon, depth + 1) {
            Judged::Not | Judged::NotCovered(_) => {}
            Judged::Open(more) => open.extend(more),
            down @ Judged::Down(_) => return down,
        }
    }
    open.extend(entries.gaps);
    if open.is_empty() {
        Judged::Not
    } else {
        Judged::Open(open)
    }
}

/// A program that is there and no shell script.
fn foreign(host: &Host, path: &Path) -> Judged {
    let file = match host.tree().read_head(path, 1 << 20) {
        Fact::Known(file) => file,
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Judged::Not,
        Fact::Unknown(unknown) => return Judged::Open(vec![unknown]),
    };
    let language = match head(&file) {
        // A binary that takes boxes down would be known by its name.
        Head::Elf | Head::Empty => return Judged::Not,
        Head::Script(interpreter) => escape(
            interpreter
                .path
                .rsplit(|b| *b == b'/')
                .next()
                .unwrap_or(b""),
        ),
        Head::Plain => "a".to_owned(),
    };
    let place = file.place(file.line_span(1));
    let what = format!("this {language} script names a way down and is not evaluated");
    let doubt = Doubt::CannotModel(what);
    Judged::Open(vec![Unknown::at(place, doubt)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_time_is_the_next_one_on_the_boxs_own_clock() {
        let berlin = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let cases = [
            ("2026-11-22T12:00:00Z", 0, (23, 0), "2026-11-22T22:00:00Z"),
            ("2026-11-22T12:00:00Z", 0, (13, 0), "2026-11-23T12:00:00Z"),
            ("2026-11-22T22:30:00Z", 0, (0, 5), "2026-11-22T23:05:00Z"),
            ("2026-11-22T21:59:30Z", 60, (23, 0), "2026-11-23T22:00:00Z"),
        ];
        for (start, slept, at, expected) in cases {
            let start: Timestamp = start.parse().unwrap();
            let found = clock_time(start, slept, at, &berlin);
            assert_eq!(found.to_string(), expected, "{start} {at:?}");
        }
    }

    #[test]
    fn ways_down_are_seen_in_the_words_of_other_languages() {
        let mentions = MENTIONS.as_ref().unwrap();
        for text in [
            "os.system('init 0')",
            "subprocess.call([\"init\", \"6\"])",
            "/opt/bin/safe_reboot.sh",
            "org.freedesktop.login1.Manager.PowerOff",
            "system(\"/sbin/halt -p\")",
        ] {
            assert!(mentions.is_match(text.as_bytes()), "{text}");
        }
        for text in ["init 3", "asphalt", "print('done')", "init_6"] {
            assert!(!mentions.is_match(text.as_bytes()), "{text}");
        }
    }
}
