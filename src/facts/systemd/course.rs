//! How the boot goes once its jobs are queued (systemd 257 `src/core/job.c`,
//! `job_finish_and_invalidate`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::transaction::{Failure, Transaction};
use super::trouble::{Effect, Trouble};
use super::unit::{Cause, Dep, Ix, Units};
use crate::parse::unit::TimeSpan;

/// What becomes of one unit that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It starts, as far as files tell.
    Starts,
    /// A condition does not hold; who needs it does not mind.
    Skipped,
    /// Its start fails by itself.
    Fails,
    /// It starts and is dead at once.
    Dies,
    /// What it requires fails first.
    LeftOut(Ix),
    /// Its start never ends.
    NeverEnds,
    /// It waits for one that never ends.
    Waits(Ix),
}

/// How the boot ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// What it is told to reach is reached.
    Reaches,
    /// It goes on, but what it is told to reach is not reached: this fails.
    FallsShort(Ix),
    /// The rescue shell.
    Rescue,
    /// The emergency shell, because this fails; none where it was asked for.
    Emergency(Option<Ix>),
    /// systemd gives up and does nothing any more.
    Freezes,
    /// Off.
    PowersOff(Option<Ix>),
    /// Down and up again, for ever.
    Reboots(Option<Ix>),
    /// It waits for ever for this.
    Hangs(Ix),
}

/// The course of one boot.
#[derive(Clone, Debug)]
pub struct Course {
    /// What becomes of each unit that is to be started.
    pub fates: BTreeMap<Ix, Fate>,
    /// How it ends.
    pub end: End,
}

/// What is known of the units beside their files.
pub(super) struct Known<'a> {
    /// What stops each.
    pub(super) troubles: &'a BTreeMap<Ix, Vec<Trouble>>,
    /// Units whose conditions do not hold for certain.
    pub(super) skipped: &'a BTreeSet<Ix>,
    /// Units whose conditions hold for certain, or have none.
    pub(super) runs: &'a BTreeSet<Ix>,
    /// Units that fail for other reasons: mounts whose device does not come.
    pub(super) failing: &'a BTreeSet<Ix>,
}

impl Fate {
    /// Whether what requires the unit fails with it.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::Fails | Self::LeftOut(_))
    }

    /// Whether its start is never done.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self, Self::NeverEnds | Self::Waits(_))
    }
}

/// Goes through the jobs in their order.
pub(super) fn run(units: &Units, transaction: &Transaction, known: &Known<'_>) -> Course {
    let mut fates: BTreeMap<Ix, Fate> = BTreeMap::new();
    if transaction.failure.is_some() {
        let end = End::Freezes;
        return Course { fates, end };
    }
    for ix in ordered(units, transaction) {
        let fate = fate(units, transaction, known, &fates, ix);
        fates.insert(ix, fate);
    }
    let end = end(units, transaction, &fates);
    Course { fates, end }
}

/// The jobs, each behind those it waits for.
fn ordered(units: &Units, transaction: &Transaction) -> Vec<Ix> {
    let mut left: BTreeMap<Ix, usize> = transaction
        .starts
        .iter()
        .map(|ix| (*ix, transaction.before(units, *ix).count()))
        .collect();
    let ready = left.iter().filter(|(_, count)| **count == 0);
    let mut ready: VecDeque<Ix> = ready.map(|(ix, _)| *ix).collect();
    let mut out = Vec::with_capacity(left.len());
    while let Some(ix) = ready.pop_front() {
        out.push(ix);
        let Some(unit) = units.get(ix) else { continue };
        for next in unit.of(Dep::Before) {
            if let Some(count) = left.get_mut(&next) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(next);
                }
            }
        }
    }
    out
}

fn fate(
    units: &Units,
    transaction: &Transaction,
    known: &Known<'_>,
    fates: &BTreeMap<Ix, Fate>,
    ix: Ix,
) -> Fate {
    let Some(unit) = units.get(ix) else {
        return Fate::Starts;
    };
    let of = |other: &Ix| fates.get(other);
    // A job begins only when those before it are done.
    let waits = |other: &Ix| of(other).is_some_and(Fate::waits);
    if let Some(other) = transaction.before(units, ix).find(waits) {
        let limited = is_limited(unit.settings.job_timeout);
        return if limited {
            Fate::Fails
        } else {
            Fate::Waits(other)
        };
    }
    // What fails takes along who requires it and has not begun.
    let needs = [Dep::Requires, Dep::BindsTo, Dep::Requisite];
    for other in needs.into_iter().flat_map(|dep| unit.of(dep)) {
        let follows = unit.has(Dep::After, other);
        if follows && of(&other).is_some_and(Fate::fails) {
            return Fate::LeftOut(other);
        }
    }
    // Bound to what a condition kept from starting.
    for other in [Dep::BindsTo, Dep::Requisite]
        .into_iter()
        .flat_map(|dep| unit.of(dep))
    {
        if unit.has(Dep::After, other) && of(&other) == Some(&Fate::Skipped) {
            return Fate::LeftOut(other);
        }
    }
    // Bound to what is refused (`unit_verify_deps`), where that does not keep it from
    // being queued.
    let refused = |other: &Ix| transaction.refused.contains_key(other);
    let mut bound = unit.of(Dep::BindsTo);
    if let Some(other) = bound.find(|other| refused(other) && unit.has(Dep::After, *other)) {
        return Fate::LeftOut(other);
    }
    // What must be active already and is not even started.
    let mut absent = unit.of(Dep::Requisite).filter(|other| !refused(other));
    if let Some(other) = absent.find(|other| !transaction.starts.contains(other)) {
        let active = units
            .get(other)
            .is_some_and(super::unit::Unit::is_perpetual);
        if !active {
            return Fate::LeftOut(other);
        }
    }
    if known.failing.contains(&ix) {
        return Fate::Fails;
    }
    if known.skipped.contains(&ix) {
        return Fate::Skipped;
    }
    // A condition that stays open may keep the trouble from happening.
    if !known.runs.contains(&ix) {
        return Fate::Starts;
    }
    // The first of them decides: what comes later is not tried.
    let trouble = known.troubles.get(&ix).and_then(|list| list.first());
    match trouble.map(|trouble| trouble.effect) {
        Some(Effect::Fails) => Fate::Fails,
        Some(Effect::Waits) => {
            let settings = &unit.settings;
            let limits = [settings.job_timeout, settings.job_running_timeout];
            if limits.into_iter().any(is_limited) {
                Fate::Fails
            } else {
                Fate::NeverEnds
            }
        }
        Some(Effect::Dies) => Fate::Dies,
        Some(Effect::Skips) => Fate::Skipped,
        None => Fate::Starts,
    }
}

/// Whether a job is given up after a time.
fn is_limited(limit: Option<TimeSpan>) -> bool {
    matches!(limit, Some(TimeSpan::For(_)))
}

/// The unit an action or a target stands for, by what systemd's own units are called.
fn meaning(id: &str, by: Option<Ix>) -> Option<End> {
    match id {
        "emergency.target" | "emergency.service" => Some(End::Emergency(by)),
        "rescue.target" | "rescue.service" | "runlevel1.target" => Some(End::Rescue),
        "poweroff.target" | "halt.target" | "runlevel0.target" | "shutdown.target"
        | "exit.target" => Some(End::PowersOff(by)),
        "reboot.target" | "kexec.target" | "runlevel6.target" | "soft-reboot.target" => {
            Some(End::Reboots(by))
        }
        _ => None,
    }
}

fn end(units: &Units, transaction: &Transaction, fates: &BTreeMap<Ix, Fate>) -> End {
    let anchor = transaction.anchor;
    if let Some(end) = meaning(units.id(anchor), None) {
        return end;
    }
    // What a failure starts: local-fs.target starts the emergency shell.
    for (ix, fate) in fates {
        let failed = fate.fails() || *fate == Fate::Dies;
        let Some(unit) = units.get(*ix).filter(|_| failed) else {
            continue;
        };
        for next in unit.of(Dep::OnFailure) {
            let startable = units.get(next).is_some_and(|unit| !unit.state.refuses());
            if let Some(end) = meaning(units.id(next), Some(*ix)).filter(|_| startable) {
                return end;
            }
        }
        for (key, value, _) in &unit.settings.actions {
            if key == "FailureAction" && *fate != Fate::LeftOut(*ix) {
                let own = matches!(fate, Fate::Fails | Fate::Dies);
                if own && value.starts_with("reboot") {
                    return End::Reboots(Some(*ix));
                }
                if own && (value.starts_with("poweroff") || value.starts_with("halt")) {
                    return End::PowersOff(Some(*ix));
                }
            }
        }
    }
    match fates.get(&anchor) {
        Some(Fate::Waits(_) | Fate::NeverEnds) => End::Hangs(root_of(fates, anchor)),
        Some(Fate::Fails | Fate::LeftOut(_)) => End::FallsShort(root_of(fates, anchor)),
        _ => End::Reaches,
    }
}

/// The unit at the beginning of a chain of fates.
#[must_use]
pub fn root_of(fates: &BTreeMap<Ix, Fate>, from: Ix) -> Ix {
    let mut at = from;
    for _ in 0..=fates.len() {
        match fates.get(&at) {
            Some(Fate::Waits(next) | Fate::LeftOut(next)) => at = *next,
            _ => return at,
        }
    }
    at
}

/// From a unit to the one whose fate it shares.
#[must_use]
pub fn chain_of(fates: &BTreeMap<Ix, Fate>, from: Ix) -> Vec<Ix> {
    let mut chain = vec![from];
    let mut at = from;
    while let Some(Fate::Waits(next) | Fate::LeftOut(next)) = fates.get(&at) {
        if chain.contains(next) {
            break;
        }
        chain.push(*next);
        at = *next;
    }
    chain
}

/// Every unit that shares the fate of `ix`.
#[must_use]
pub fn fall_of(fates: &BTreeMap<Ix, Fate>, ix: Ix) -> Vec<Ix> {
    let shares = |other: &&Ix| **other != ix && root_of(fates, **other) == ix;
    fates.keys().filter(shares).copied().collect()
}

/// A chain in words: `a <- b <- c`.
#[must_use]
pub fn chain_words(units: &Units, chain: &[Ix]) -> String {
    let names: Vec<&str> = chain.iter().map(|ix| units.id(*ix)).collect();
    names.join(" <- ")
}

/// Why the transaction fails, in a sentence.
#[must_use]
pub fn failure_words(units: &Units, failure: &Failure) -> String {
    match failure {
        Failure::Refused(chain) => {
            let last = chain.last().and_then(|ix| units.get(*ix));
            let (id, state) = last.map_or(("", String::new()), |unit| {
                (unit.id.as_str(), unit.state.words())
            });
            format!("{id} {state}")
        }
        Failure::Conflict(a, b) => format!(
            "{} conflicts with {}, and both are required",
            units.id(*a),
            units.id(*b)
        ),
        Failure::Cycle(circle) => format!(
            "{} come before each other, and all are required",
            chain_words(units, circle)
        ),
    }
}

/// The edge by which one unit asks for another, strongest first.
#[must_use]
pub fn edge_between(units: &Units, from: Ix, to: Ix) -> Option<(Dep, &Cause)> {
    let unit = units.get(from)?;
    let deps = [
        Dep::Requires,
        Dep::BindsTo,
        Dep::Requisite,
        Dep::Wants,
        Dep::Upholds,
        Dep::Before,
        Dep::After,
    ];
    deps.into_iter().find_map(|dep| {
        let cause = unit.deps.get(&(dep, to))?;
        Some((dep, cause))
    })
}
