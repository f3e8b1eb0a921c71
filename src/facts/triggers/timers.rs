//! Timers that the next boot starts, followed to what they start (systemd 252
//! `src/core/timer.c`, `timer_enter_waiting`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{
    AHEAD, Fall, Judged, Starter, Trigger, When, delayed, guard_in, judge, key, matters, updates,
};
use crate::fact::{Fact, Listing, Unknown};
use crate::facts::init::InitKind;
use crate::facts::systemd::{
    self, Dep, Ix, LoadState, Plan, Run, ServiceType, Situation, Step, Time, Unit, Words,
};
use crate::facts::{Boots, Host};
use crate::parse::calendar::{self, Calendar, In, Zones};
use crate::parse::crontab::Daemon;
use crate::parse::unit::{self, TimeSpan, UnitType};
use crate::shell::power::{self, Delay, Down, Kind};
use crate::shell::{Call, DEFAULT_PATH, Dialect, Program, Value};
use crate::source::TreeKind;
use crate::text::{Place, escape};
use crate::time::Zone;
use crate::time::calendar::{abbreviations, next};

/// Units that one timer is followed to at most.
const MOST: usize = 64;

/// A box that goes down sooner after its boot than this goes round in circles.
const LOOP: SignedDuration = SignedDuration::from_hours(1);

/// The name under which the evaluator keeps words that stand in no script.
pub(super) const WORDS: &str = "command";

/// Whether a place lies in a unit file or a drop-in.
pub(super) fn is_unit_file(place: &Place) -> bool {
    let name = place.path().file_name().and_then(|name| name.to_str());
    let is_unit = name.is_some_and(|name| UnitType::of(name).is_some());
    is_unit || place.path().extension().is_some_and(|end| end == "conf")
}

/// Adds the timers' triggers; how many timers there are, none where no systemd is.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) -> Option<usize> {
    match host.systemd() {
        Fact::Unknown(unknown) => out.gaps.push(unknown.clone()),
        Fact::NotCovered(why) => out.uncovered.push(why.clone()),
        Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) => {}
    }
    with_plan(host, |plan, starts, skipped| {
        of_plan(host, plan, starts, skipped, decided, out)
    })
}

/// A timer that starts a service.
pub(super) struct Armed {
    /// Its name.
    pub(super) timer: String,
    /// The line that says when.
    pub(super) time: Time,
    /// The next times at which it elapses, soonest first.
    pub(super) next: Vec<Timestamp>,
    /// How much later it may be, by chance.
    pub(super) spread: SignedDuration,
    /// The words of the service's first command.
    pub(super) words: Vec<Vec<u8>>,
}

/// Times of one timer that are counted ahead.
const TIMES: usize = 40;

/// The timers by the calendar that start a service of one of these names; nothing where
/// it is not known which timers there are.
pub(super) fn armed_for(host: &Host, services: &[&str]) -> Option<Vec<Armed>> {
    let found = |plan: &Plan, starts: &BTreeSet<Ix>, skipped: &BTreeSet<Ix>| {
        let timers = starts.iter().filter(|ix| !skipped.contains(ix));
        let timers = timers.filter_map(|ix| plan.units.get(*ix));
        let timers = timers.filter(|unit| unit.kind == UnitType::Timer);
        let mut out = Vec::new();
        for timer in timers.filter(|timer| matches!(timer.state, LoadState::Loaded)) {
            let triggered = timer.of(Dep::Triggers).filter_map(|ix| plan.units.get(ix));
            let mut triggered = triggered.filter(|unit| matches!(unit.state, LoadState::Loaded));
            let Some(service) = triggered.find(|unit| services.contains(&unit.id.as_str())) else {
                continue;
            };
            let run = service.settings.service.step(Step::Start).next();
            let words = run.map(|run| run.command.arguments.clone());
            for time in &timer.settings.times {
                out.extend(elapses(host, timer, time).map(|(next, spread)| Armed {
                    timer: timer.id.clone(),
                    time: time.clone(),
                    next,
                    spread,
                    words: words.iter().flatten().cloned().collect(),
                }));
            }
        }
        out
    };
    with_plan(host, found)
}

/// The next times of a line by the calendar, and the window of chance behind each.
fn elapses(host: &Host, timer: &Unit, time: &Time) -> Option<(Vec<Timestamp>, SignedDuration)> {
    if time.key != "OnCalendar" {
        return None;
    }
    let (calendar, named) = calendar_of(host, time).ok()?;
    let zone = named.as_ref().unwrap_or(host.zone());
    let spread =
        SignedDuration::try_from(timer.settings.random_delay).unwrap_or(SignedDuration::MAX);
    let mut at = from(host, spread);
    let mut out = Vec::new();
    while out.len() < TIMES
        && let Some(then) = next(&calendar, zone.tz(), at)
    {
        out.push(then.max(host.now()));
        at = then;
    }
    Some((out, spread))
}

/// The first time after `after` that an expression of `OnCalendar=` without a zone
/// names, by the box's own clock.
pub(super) fn next_of(host: &Host, text: &str, after: Timestamp) -> Option<Timestamp> {
    let zones = Zones {
        local: ["UTC", "UTC"],
        is_zone: &|_| false,
    };
    let calendar = calendar::parse(text, zones).ok()?;
    next(&calendar, host.zone().tz(), after)
}

/// From when on a time may still come: on a running box one that has come may still
/// be waited for, by chance.
fn from(host: &Host, spread: SignedDuration) -> Timestamp {
    let live = host.tree().coverage().kind == TreeKind::Live;
    let back = if live { spread } else { SignedDuration::ZERO };
    host.now().checked_sub(back).unwrap_or(host.now())
}

/// Asks the plan of the next boot for its timers, or else that of the system that runs
/// now; nothing where no systemd is, or nothing is known of it.
fn with_plan<T>(
    host: &Host,
    ask: impl FnOnce(&Plan, &BTreeSet<Ix>, &BTreeSet<Ix>) -> T,
) -> Option<T> {
    let none = BTreeSet::new();
    let boot = match host.systemd() {
        Fact::Known(boot) => Some(boot),
        Fact::Absent(_) | Fact::Broken(_) => None,
        Fact::Unknown(_) | Fact::NotCovered(_) => return None,
    };
    if let Some(boot) = boot {
        let target = boot.plan.units.find("timers.target");
        let starts = boot.plan.transaction.as_ref().map(|found| &found.starts);
        if let (Some(target), Some(starts)) = (target, starts)
            && starts.contains(&target)
        {
            return Some(ask(&boot.plan, starts, &boot.skipped));
        }
    }
    // The next boot comes to no timers. Those of the system that runs now, or would
    // run if that were mended, are armed all the same.
    let plan = armed(host)?;
    let timers = plan.units.get(plan.first)?;
    let timers: BTreeSet<Ix> = timers.pulls().chain([plan.first]).collect();
    Some(ask(&plan, &timers, &none))
}

/// What timers.target alone would start, where systemd is there to start it.
fn armed(host: &Host) -> Option<Plan> {
    let kind = host.init_kind();
    let fits =
        matches!(host.boots(), Boots::Yes(_)) && matches!(kind, None | Some(InitKind::Systemd));
    if !fits || !has_systemd(host) {
        return None;
    }
    let situation = Situation {
        version: systemd::installed(host.tree(), host.packages()),
        words: Words::parse(b"systemd.unit=timers.target"),
        container: false,
        running: false,
    };
    let plan = systemd::read(host.tree(), &situation);
    let target = plan.units.get(plan.first)?;
    matches!(target.state, LoadState::Loaded).then_some(plan)
}

pub(super) fn has_systemd(host: &Host) -> bool {
    let mut programs = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].iter();
    programs.any(|path| matches!(host.resolve(Path::new(path)), Fact::Known(_)))
}

/// Judges the timers among `starts`; how many there are.
fn of_plan(
    host: &Host,
    plan: &Plan,
    starts: &BTreeSet<Ix>,
    skipped: &BTreeSet<Ix>,
    decided: &mut usize,
    out: &mut Listing<Trigger>,
) -> usize {
    let open = plan.open.iter();
    out.gaps
        .extend(open.filter(|unknown| unknown.could_not_look()).cloned());
    let mut count = 0;
    for ix in starts {
        let Some(timer) = plan.units.get(*ix) else {
            continue;
        };
        if timer.kind != UnitType::Timer {
            // Which timers there are stands beside it.
            if timer.id == "timers.target" {
                out.gaps.extend(timer.open.iter().cloned());
            }
            continue;
        }
        if skipped.contains(ix) {
            continue;
        }
        count += 1;
        if host.tree().deadline().passed() {
            let path = PathBuf::from(&timer.id);
            out.gaps
                .push(Unknown::new(path, crate::fact::Doubt::Deadline));
            break;
        }
        let before = (out.gaps.len(), out.uncovered.len());
        of_timer(host, plan, timer, out);
        *decided += usize::from(before == (out.gaps.len(), out.uncovered.len()));
    }
    count
}

pub(super) fn of_timer(host: &Host, plan: &Plan, timer: &Unit, out: &mut Listing<Trigger>) {
    match &timer.state {
        LoadState::Loaded => {}
        LoadState::Unknown(unknown) => return out.gaps.push(unknown.clone()),
        LoadState::NotCovered(why) => return out.uncovered.push(why.clone()),
        _ => return,
    }
    out.gaps.extend(timer.open.iter().cloned());
    let Some((end, way)) = way_down(host, plan, timer, out) else {
        return;
    };
    // The soonest of those by the calendar, of those with each boot, and so on.
    let mut soonest: BTreeMap<u8, Trigger> = BTreeMap::new();
    for (time, when) in times(host, plan, timer, &end, out) {
        let trigger = Trigger {
            action: end.down.kind,
            starter: Starter::Timer(timer.id.clone()),
            spread: SignedDuration::try_from(timer.settings.random_delay)
                .unwrap_or(SignedDuration::MAX),
            later: later(host, timer, &time, &when, &end),
            when,
            schedule: escape(format!("{}={}", time.key, time.text).as_bytes()),
            by: way.clone(),
            place: time.place.clone(),
            schedule_place: time.place.clone(),
            command_place: end.place.clone(),
            via: lines_to(&end, &time),
            conditions: conditions(timer).chain(end.conditions.clone()).collect(),
            guard: end.guard.clone(),
            certain: !host.zone().is_assumed(),
        };
        let kind = match &trigger.when {
            When::NextBoot(_) => 0,
            When::On(_) => 1,
            _ if time.key == "OnCalendar" => 2,
            _ => 3,
        };
        match soonest.get(&kind) {
            Some(known) if key(known) <= key(&trigger) => {}
            _ => {
                soonest.insert(kind, trigger);
            }
        }
    }
    out.items.extend(soonest.into_values());
}

/// The times after the next one, of a line by the calendar.
fn later(host: &Host, timer: &Unit, time: &Time, when: &When, end: &Fall) -> Vec<Timestamp> {
    let next = match when {
        When::At(_) => elapses(host, timer, time),
        When::Boot | When::NextBoot(_) | When::AfterBoot(_) | When::On(_) | When::Never(_) => None,
    };
    let times = next.into_iter().flat_map(|(times, _)| times).skip(1);
    let falls = |start| delayed(start, &end.down, end.slept, host.zone());
    times.map(falls).collect()
}

/// When a timer elapses, and by which of its lines.
fn times(
    host: &Host,
    plan: &Plan,
    timer: &Unit,
    end: &Fall,
    out: &mut Listing<Trigger>,
) -> Vec<(Time, When)> {
    let mut found = Vec::new();
    for time in &timer.settings.times {
        let when = when(host, plan, timer, time, end, out);
        found.extend(when.map(|when| (time.clone(), when)));
        let missed = missed(host, timer, time);
        found.extend(missed.map(|when| (time.clone(), when)));
    }
    for (key, place) in &timer.settings.changes {
        let event = if key == "OnClockChange" {
            "when the clock is set"
        } else {
            "when the time zone changes"
        };
        let time = Time {
            key: key.clone(),
            text: String::from_utf8_lossy(place.bytes()).into_owned(),
            place: place.clone(),
        };
        found.push((time, When::On(event.to_owned())));
    }
    found
}

/// Whether a persistent timer makes up for a time that passed while it was not there:
/// it counts from its stamp (`timer_start`). One that never ran gets a stamp first.
fn missed(host: &Host, timer: &Unit, time: &Time) -> Option<When> {
    // A system that runs makes up for it itself, within the minute.
    let live = host.tree().coverage().kind == TreeKind::Live;
    if live || !timer.settings.persistent || time.key != "OnCalendar" {
        return None;
    }
    let stamp = Path::new("/var/lib/systemd/timers").join(format!("stamp-{}", timer.id));
    let Fact::Known(stamp) = host.resolve(&stamp) else {
        return None;
    };
    let last = Timestamp::from_second(stamp.meta.mtime).ok()?;
    let (calendar, named) = calendar_of(host, time).ok()?;
    let zone = match (&calendar.zone, &named) {
        (In::Zone(_), None) => return None,
        (_, Some(zone)) => zone,
        (_, None) => host.zone(),
    };
    let then = next(&calendar, zone.tz(), last)?;
    (last < host.now() && then <= host.now()).then(|| {
        let (last, then) = (host.zone().show(last), host.zone().show(then));
        When::NextBoot(format!("it ran last {last}, and makes up for {then}"))
    })
}

/// The lines on the way, but for the time itself.
fn lines_to(end: &Fall, time: &Time) -> Vec<Place> {
    let mut via = end.via.clone();
    if via.is_empty() && end.place != time.place {
        via.push(end.place.clone());
    }
    via
}

/// When a timer elapses because of one of its times; nothing where it does not.
fn when(
    host: &Host,
    plan: &Plan,
    timer: &Unit,
    time: &Time,
    end: &Fall,
    out: &mut Listing<Trigger>,
) -> Option<When> {
    if time.key == "OnCalendar" {
        return calendar_time(host, timer, time, end, out);
    }
    let TimeSpan::For(span) = unit::parse_span(&time.text)? else {
        return None;
    };
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    let starts = plan.transaction.as_ref().map(|t| &t.starts)?;
    let runs_itself = timer.of(Dep::Triggers).any(|ix| starts.contains(&ix));
    let counts_from_boot = matches!(
        time.key.as_str(),
        "OnActiveSec" | "OnBootSec" | "OnStartupSec"
    );
    Some(if !counts_from_boot && !runs_itself {
        // A box that went down has no run to count from.
        return None;
    } else if span < LOOP {
        When::Boot
    } else {
        When::AfterBoot(span)
    })
}

fn calendar_time(
    host: &Host,
    timer: &Unit,
    time: &Time,
    end: &Fall,
    out: &mut Listing<Trigger>,
) -> Option<When> {
    let now = host.now();
    let own = host.zone();
    let (calendar, named) = match calendar_of(host, time) {
        Ok(found) => found,
        Err(why) => return Some(When::Never(why)),
    };
    if named.is_none()
        && let In::Zone(name) = &calendar.zone
    {
        let doubt = crate::fact::Doubt::CannotModel(format!("the zone {name} is not known"));
        out.gaps.push(Unknown::at(time.place.clone(), doubt));
        return None;
    }
    let zone = named.as_ref().unwrap_or(own);
    let spread =
        SignedDuration::try_from(timer.settings.random_delay).unwrap_or(SignedDuration::MAX);
    let from = from(host, spread);
    let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
    let then = next(&calendar, zone.tz(), from).filter(|then| *then <= until);
    Some(match then {
        Some(then) => When::At(delayed(then.max(now), &end.down, end.slept, own)),
        None => When::Never("the schedule matches no date".to_owned()),
    })
}

/// The expression of a time, and the zone it names where that is there.
fn calendar_of(host: &Host, time: &Time) -> Result<(Calendar, Option<Zone>), String> {
    let names = abbreviations(host.zone().tz(), host.now());
    let [standard, summer] = &names;
    // A part of a root has no zone files: what is called like a zone is taken for one.
    let partial = host.tree().coverage().kind == TreeKind::Partial;
    let is_zone = |name: &str| host.zone_called(name).is_some() || (partial && name.contains('/'));
    let zones = Zones {
        local: [standard, summer],
        is_zone: &is_zone,
    };
    let calendar = calendar::parse(&time.text, zones)
        .map_err(|error| format!("systemd does not take the expression: {}", error.why))?;
    let named = match &calendar.zone {
        In::Zone(name) => host.zone_called(name),
        In::Local | In::LocalIf { .. } | In::Utc => None,
    };
    Ok((calendar, named))
}

/// Conditions of a unit, as written.
pub(super) fn conditions(unit: &Unit) -> impl Iterator<Item = String> + '_ {
    unit.settings.conditions.iter().map(|condition| {
        let not = if condition.negate { "!" } else { "" };
        format!("Condition{}={not}{}", condition.kind, condition.parameter)
    })
}

/// How a unit of systemd's own takes the box down.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "reboot.target" | "runlevel6.target" | "ctrl-alt-del.target" | "systemd-reboot.service" => {
            Kind::Reboot
        }
        "soft-reboot.target" | "systemd-soft-reboot.service" => Kind::SoftReboot,
        "kexec.target" | "systemd-kexec.service" => Kind::Kexec,
        "poweroff.target" | "runlevel0.target" | "systemd-poweroff.service" => Kind::PowerOff,
        "halt.target" | "systemd-halt.service" => Kind::Halt,
        _ => return None,
    })
}

/// How `FailureAction=` and its kin take the box down.
fn kind_of_action(action: &str) -> Option<Kind> {
    Some(match action.split('-').next()? {
        "reboot" => Kind::Reboot,
        "soft" => Kind::SoftReboot,
        "kexec" => Kind::Kexec,
        "poweroff" => Kind::PowerOff,
        "halt" => Kind::Halt,
        _ => return None,
    })
}

pub(super) fn at_once(kind: Kind, place: Place, conditions: Vec<String>) -> Fall {
    Fall {
        down: Down {
            kind,
            host: power::Host::This,
            delay: Delay::Now,
        },
        place,
        via: Vec::new(),
        guard: guard_in(&conditions),
        conditions,
        slept: 0,
    }
}

/// The first way down that the units a timer starts have, and who goes it.
fn way_down(
    host: &Host,
    plan: &Plan,
    timer: &Unit,
    out: &mut Listing<Trigger>,
) -> Option<(Fall, String)> {
    let starts = plan.transaction.as_ref().map(|t| &t.starts)?;
    let times = timer.settings.times.iter().map(|time| &time.place);
    let first = times.chain(timer.settings.changes.values()).next()?.clone();
    let mut pending: Vec<(Ix, Place, Vec<String>)> = timer
        .because(Dep::Triggers)
        .map(|(ix, cause)| (ix, line_of(cause).unwrap_or(first.clone()), Vec::new()))
        .collect();
    let own: BTreeSet<Ix> = timer.of(Dep::Triggers).collect();
    let mut seen = own.clone();
    while let Some((ix, place, needs)) = pending.pop() {
        let Some(unit) = plan.units.get(ix) else {
            continue;
        };
        // Masked or gone, nothing happens; the timer itself is then refused.
        let elsewhere = updates::SERVICES.contains(&unit.id.as_str());
        if elsewhere || matches!(unit.state, LoadState::Masked(_)) {
            continue;
        }
        if let Some(kind) = unit.names.iter().find_map(|name| kind_of(name)) {
            return Some((at_once(kind, place, needs), by(timer, None)));
        }
        match &unit.state {
            LoadState::Loaded => {}
            LoadState::Unknown(unknown) => {
                out.gaps.push(unknown.clone());
                continue;
            }
            LoadState::NotCovered(why) => {
                out.uncovered.push(why.clone());
                continue;
            }
            _ => continue,
        }
        out.gaps.extend(unit.open.iter().cloned());
        let needs: Vec<String> = needs.into_iter().chain(conditions(unit)).collect();
        if unit.kind == UnitType::Service
            && let Some(fall) = of_service(host, unit, &needs, out)
        {
            return Some((fall, by(timer, Some(unit))));
        }
        let pulled = unit.pulls().map(|ix| (ix, false));
        let after = unit.of(Dep::OnSuccess).map(|ix| (ix, false));
        let failed = unit.of(Dep::OnFailure).map(|ix| (ix, true));
        let next: Vec<(Ix, bool)> = pulled.chain(after).chain(failed).collect();
        for (other, on_failure) in next {
            if starts.contains(&other) || seen.len() >= MOST || !seen.insert(other) {
                continue;
            }
            let mut needs = needs.clone();
            if on_failure {
                needs.push(format!("{} fails", unit.id));
            }
            let edge = systemd::edge_between(&plan.units, ix, other);
            let line = edge.and_then(|(_, cause)| line_of(cause));
            pending.push((other, line.unwrap_or(place.clone()), needs));
        }
    }
    None
}

pub(super) fn line_of(cause: &systemd::Cause) -> Option<Place> {
    match cause {
        systemd::Cause::Line(place) => Some(place.clone()),
        _ => None,
    }
}

/// `nightly.timer by way of nightly.service, as root`.
fn by(timer: &Unit, service: Option<&Unit>) -> String {
    let name = escape(timer.id.as_bytes());
    let Some(service) = service else {
        return name;
    };
    let user = service.settings.exec.user.as_ref();
    let user = user.map_or("root", |(name, _)| name.as_str());
    let service = escape(service.id.as_bytes());
    format!(
        "{name}, which starts {service}, as {}",
        escape(user.as_bytes())
    )
}

/// How one of a unit's actions takes the box down, and the line that says so.
pub(super) fn action_of(unit: &Unit, key: &str) -> Option<(Kind, Place)> {
    let mut found = unit.settings.actions.iter();
    let (_, value, place) = found.find(|(own, ..)| own == key)?;
    Some((kind_of_action(value)?, place.clone()))
}

/// Whether a service is over as soon as its commands have ended.
pub(super) fn ends(unit: &Unit) -> bool {
    let service = &unit.settings.service;
    service.effective() == ServiceType::Oneshot && !service.remain_after_exit
}

/// The way down that a service has.
fn of_service(
    host: &Host,
    unit: &Unit,
    needs: &[String],
    out: &mut Listing<Trigger>,
) -> Option<Fall> {
    let mut needs = needs.to_vec();
    if let Some(fall) = of_commands(host, unit, &mut needs, out) {
        return Some(fall);
    }
    let action = |key: &str| action_of(unit, key);
    if let Some((kind, place)) = action("SuccessAction") {
        return Some(at_once(kind, place, needs));
    }
    if let Some((kind, place)) = action("FailureAction") {
        let needs = vec![format!("{} fails", unit.id)];
        return Some(at_once(kind, place, needs));
    }
    None
}

/// The way down that the commands of a service have; what comes before it is added to
/// `needs`.
pub(super) fn of_commands(
    host: &Host,
    unit: &Unit,
    needs: &mut Vec<String>,
    out: &mut Listing<Trigger>,
) -> Option<Fall> {
    for run in runs(unit) {
        match judge(host, &call(unit, run), run_parts_of(host), 0) {
            Judged::Not => {}
            Judged::Down(fall) => return Some(told_from(fall, run, needs.clone())),
            Judged::Open(open) => {
                let open = open.into_iter().map(|unknown| placed(unknown, run));
                out.gaps
                    .extend(open.filter(|unknown| matters(host, unknown)));
            }
            Judged::NotCovered(why) => out.uncovered.push(why),
        }
        // What fails ends the start.
        if !run.command.ignore {
            needs.extend(checks(run));
        }
    }
    None
}

/// The commands that starting a service comes to, in their order.
pub(super) fn runs(unit: &Unit) -> impl Iterator<Item = &Run> {
    let start = [
        Step::Condition,
        Step::StartPre,
        Step::Start,
        Step::StartPost,
    ];
    let steps = start.into_iter().chain(ends(unit).then_some(Step::Stop));
    steps.flat_map(|step| unit.settings.service.step(step))
}

/// What systemd makes of one unit and of what that asks for, whatever the boot starts.
pub(super) fn plan_of(host: &Host, name: &str, running: bool) -> Plan {
    let situation = Situation {
        version: systemd::installed(host.tree(), host.packages()),
        words: Words::parse(format!("systemd.unit={name}").as_bytes()),
        container: false,
        running,
    };
    systemd::read(host.tree(), &situation)
}

/// A command in front of others as a condition of theirs, where it is meant as one.
fn checks(run: &Run) -> Option<String> {
    if !matches!(run.step, Step::Condition | Step::StartPre) {
        return None;
    }
    let mut words = vec![escape(&run.command.path)];
    words.extend(run.command.arguments.iter().map(|word| escape(word)));
    Some(words.join(" "))
}

/// A way down seen from the unit file.
pub(super) fn told_from(fall: Fall, run: &Run, needs: Vec<String>) -> Fall {
    let is_words = |place: &Place| place.path().as_os_str() == WORDS;
    let mut via: Vec<Place> = fall.via;
    via.push(fall.place);
    via.retain(|place| !is_words(place));
    let conditions: Vec<String> = needs.into_iter().chain(fall.conditions).collect();
    via.insert(0, run.place.clone());
    Fall {
        place: run.place.clone(),
        via,
        guard: fall.guard.or_else(|| guard_in(&conditions)),
        conditions,
        ..fall
    }
}

/// An open question about words of a unit file, at their place.
pub(super) fn placed(unknown: Unknown, run: &Run) -> Unknown {
    match &unknown.place {
        Some(place) if place.path().as_os_str() == WORDS => {
            Unknown::at(run.place.clone(), unknown.doubt)
        }
        _ => unknown,
    }
}

/// Which `run-parts` there is.
pub(super) fn run_parts_of(host: &Host) -> Daemon {
    let known = host.cron().daemons.first();
    known.copied().unwrap_or(Daemon::Debian)
}

/// The call systemd makes for a command.
pub(super) fn call(unit: &Unit, run: &Run) -> Call {
    let exec = &unit.settings.exec;
    let mut env: BTreeMap<Vec<u8>, Value> = BTreeMap::new();
    env.insert(b"PATH".to_vec(), Value::known(DEFAULT_PATH));
    for (name, value) in &exec.environment {
        env.insert(name.clone(), Value::known(value.clone()));
    }
    let open = !exec.environment_files.is_empty();
    let mut words = vec![Value::known(run.command.path.clone())];
    for word in &run.command.arguments {
        words.extend(replaced(word, &env, open));
    }
    Call {
        program: Program::Words(words),
        args: Vec::new(),
        env,
        cwd: match &exec.working_directory {
            Some((path, ..)) => Value::known(path.clone().into_bytes()),
            None => Value::known(b"/".to_vec()),
        },
        stdin: None,
        dialect: Dialect::Sh,
    }
}

/// A word of a command line with its variables replaced: `${NAME}` anywhere, `$NAME`
/// alone, which may become several words (`replace_env_argv`).
fn replaced(word: &[u8], env: &BTreeMap<Vec<u8>, Value>, open: bool) -> Vec<Value> {
    let value = |name: &[u8]| match env.get(name) {
        Some(value) => value.bytes().map(<[u8]>::to_vec),
        None if open => None,
        None => Some(Vec::new()),
    };
    let is_name = |name: &[u8]| {
        let first = name.first().is_some_and(|b| !b.is_ascii_digit());
        first && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    if let Some(name) = word.strip_prefix(b"$").filter(|name| is_name(name)) {
        let Some(value) = value(name) else {
            return vec![Value::unknown()];
        };
        let words = value.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        return words.map(|word| Value::known(word.to_vec())).collect();
    }
    let mut out = Vec::new();
    let mut rest = word;
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'$' && tail.first() == Some(&b'$') {
            out.push(b'$');
            rest = tail.get(1..).unwrap_or(&[]);
            continue;
        }
        let inner = (*first == b'$').then(|| tail.strip_prefix(b"{")).flatten();
        let end = inner.and_then(|inner| inner.iter().position(|b| *b == b'}'));
        if let (Some(inner), Some(end)) = (inner, end)
            && let Some(name) = inner.get(..end).filter(|name| is_name(name))
        {
            match value(name) {
                Some(value) => out.extend(value),
                None => return vec![Value::unknown()],
            }
            rest = inner.get(end + 1..).unwrap_or(&[]);
            continue;
        }
        out.push(*first);
        rest = tail;
    }
    vec![Value::known(out)]
}
