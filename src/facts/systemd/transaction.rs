//! Which jobs the start of one unit makes, which are refused, and which PID 1 deletes
//! again (systemd 257 `src/core/transaction.c`).
//!
//! Deliberate differences: PID 1 walks hash tables in an order that differs from boot
//! to boot. Where that decides, both answers are given: a job is there *perhaps*, one
//! of several is the victim of a cycle.

use std::collections::{BTreeMap, BTreeSet};

use super::unit::{Cause, Dep, Ix, Units};

/// What the start of one unit comes to.
#[derive(Debug)]
pub struct Transaction {
    /// The unit that is started.
    pub anchor: Ix,
    /// The units that are started with it, it among them.
    pub starts: BTreeSet<Ix>,
    /// Units that may be started too, by chance: what a refused unit requires.
    pub perhaps: BTreeSet<Ix>,
    /// Units without which the anchor is not started.
    pub matters: BTreeSet<Ix>,
    /// Units that are refused, each with the first of its requirements that is.
    pub refused: BTreeMap<Ix, Option<Ix>>,
    /// Units that are started although something they require is refused, by which:
    /// before 254 a refusal leaves the jobs behind that are not required themselves.
    pub lame: BTreeMap<Ix, Ix>,
    /// Units that are not started because another conflicts with them.
    pub conflicts: Vec<Conflict>,
    /// Cycles in the order of the jobs.
    pub cycles: Vec<Cycle>,
    /// Why all of it fails, where it does.
    pub failure: Option<Failure>,
}

/// A unit that loses against one it conflicts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The unit that is not started.
    pub loser: Ix,
    /// The one that is.
    pub winner: Ix,
    /// Units that need the loser and are not started either.
    pub with: Vec<Ix>,
    /// Whether it may as well end the other way round.
    pub by_chance: bool,
}

/// A circle in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The units of one circle, each before the next and the last before the first.
    pub units: Vec<Ix>,
    /// Those of which PID 1 drops one: the only one, or one by chance.
    pub victims: Vec<Ix>,
    /// Units that go with the victim where it is certain.
    pub with: Vec<Ix>,
}

/// Why a transaction fails as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The chain of units from the anchor to the one that is refused.
    Refused(Vec<Ix>),
    /// Both must be started, and one conflicts with the other.
    Conflict(Ix, Ix),
    /// Every unit of this circle must be started.
    Cycle(Vec<Ix>),
}

/// Edges along which a start is handed on and must succeed.
pub(super) const REQUIRES: [Dep; 2] = [Dep::Requires, Dep::BindsTo];
/// Edges along which it is only tried.
const WANTS: [Dep; 2] = [Dep::Wants, Dep::Upholds];

/// The version that began to drop the job of a unit whose requirement is refused.
const DROPS_LAME: u32 = 254;

/// The transaction that starts `anchor`; `active` are up already.
#[must_use]
pub(super) fn start(units: &Units, anchor: Ix, active: &BTreeSet<Ix>, version: u32) -> Transaction {
    let refused = refused(units, anchor);
    let mut out = Transaction {
        anchor,
        starts: BTreeSet::new(),
        perhaps: BTreeSet::new(),
        matters: BTreeSet::new(),
        refused,
        lame: BTreeMap::new(),
        conflicts: Vec::new(),
        cycles: Vec::new(),
        failure: None,
    };
    if out.refused.contains_key(&anchor) {
        out.failure = Some(Failure::Refused(out.chain(anchor)));
        return out;
    }
    if version < DROPS_LAME {
        let lame = out
            .refused
            .iter()
            .filter_map(|(ix, by)| Some((*ix, (*by)?)));
        out.lame = lame.collect();
        out.refused.retain(|_, by| by.is_none());
    }
    out.collect(units, anchor);
    out.drop_active(units, active);
    out.break_cycles(units);
    if out.failure.is_none() {
        out.settle_conflicts(units);
    }
    out
}

/// Every unit in reach that is refused, by its own state or by what it requires.
fn refused(units: &Units, anchor: Ix) -> BTreeMap<Ix, Option<Ix>> {
    let mut reached = BTreeSet::from([anchor]);
    let mut pending = vec![anchor];
    while let Some(ix) = pending.pop() {
        let Some(unit) = units.get(ix) else { continue };
        if unit.state.refuses() {
            continue;
        }
        let edges = REQUIRES.iter().chain(&WANTS).chain(&[Dep::Requisite]);
        for next in edges.flat_map(|dep| unit.of(*dep)) {
            if reached.insert(next) {
                pending.push(next);
            }
        }
    }
    let mut refused: BTreeMap<Ix, Option<Ix>> = BTreeMap::new();
    let own = |ix: &&Ix| units.get(**ix).is_some_and(|unit| unit.state.refuses());
    let mut pending: Vec<Ix> = reached.iter().filter(own).copied().collect();
    refused.extend(pending.iter().map(|ix| (*ix, None)));
    while let Some(ix) = pending.pop() {
        let Some(unit) = units.get(ix) else { continue };
        for by in [Dep::RequiredBy, Dep::BoundBy, Dep::RequisiteOf] {
            // A unit that only must be active already is not loaded in depth.
            if by == Dep::RequisiteOf && refused.get(&ix) != Some(&None) {
                continue;
            }
            for other in unit.of(by) {
                if reached.contains(&other) && !refused.contains_key(&other) {
                    refused.insert(other, Some(ix));
                    pending.push(other);
                }
            }
        }
    }
    refused
}

impl Transaction {
    /// From a refused unit to the one that refuses it.
    #[must_use]
    pub fn chain(&self, from: Ix) -> Vec<Ix> {
        let mut chain = vec![from];
        let mut at = from;
        let refused = |at: &Ix| self.refused.get(at).copied().flatten();
        while let Some(next) = refused(&at).or_else(|| self.lame.get(&at).copied()) {
            chain.push(next);
            at = next;
        }
        chain
    }

    fn collect(&mut self, units: &Units, anchor: Ix) {
        let mut pending = vec![(anchor, true)];
        while let Some((ix, matters)) = pending.pop() {
            let new = self.starts.insert(ix);
            let more = matters && self.matters.insert(ix);
            if !new && !more {
                continue;
            }
            let Some(unit) = units.get(ix) else { continue };
            let required = REQUIRES.iter().flat_map(|dep| unit.of(*dep));
            let required = required.map(|next| (next, matters));
            let wanted = WANTS.iter().flat_map(|dep| unit.of(*dep));
            let wanted = wanted.map(|next| (next, false));
            // The first refusal ends the work on a unit, and before it come in any
            // order what it requires, and never what it wants.
            if let Some(by) = self.lame.get(&ix) {
                let only_verified = !REQUIRES.iter().any(|dep| unit.has(*dep, *by));
                if !only_verified {
                    let rest: Vec<Ix> = required.map(|(next, _)| next).collect();
                    self.by_chance(units, rest, &mut pending);
                    continue;
                }
            }
            for (next, matters) in required.chain(wanted) {
                if self.refused.contains_key(&next) {
                    self.left_over(units, next);
                } else {
                    pending.push((next, matters));
                }
            }
        }
        let starts = &self.starts;
        self.perhaps.retain(|ix| !starts.contains(ix));
    }

    /// What a lame unit requires may be started or not. What makes it lame and is lame
    /// itself is: it gets its job before it turns out to be.
    fn by_chance(&mut self, units: &Units, rest: Vec<Ix>, pending: &mut Vec<(Ix, bool)>) {
        let stops = |ix: &&Ix| self.lame.contains_key(ix) || self.refused.contains_key(ix);
        let only = rest.iter().filter(stops).count() == 1;
        for next in rest {
            if only && self.lame.contains_key(&next) {
                pending.push((next, false));
            } else {
                self.left_over(units, next);
            }
        }
    }

    /// What a refused unit requires may have got its job before the refusal, and keeps
    /// it: an isolating transaction collects no garbage.
    fn left_over(&mut self, units: &Units, refused: Ix) {
        let mut seen = BTreeSet::new();
        let mut pending = vec![refused];
        while let Some(ix) = pending.pop() {
            let Some(unit) = units.get(ix).filter(|unit| !unit.state.refuses()) else {
                continue;
            };
            let is_refused = self.refused.contains_key(&ix);
            let new = if is_refused {
                seen.insert(ix)
            } else {
                self.perhaps.insert(ix)
            };
            if !new {
                continue;
            }
            pending.extend(REQUIRES.iter().flat_map(|dep| unit.of(*dep)));
            if !is_refused {
                pending.extend(WANTS.iter().flat_map(|dep| unit.of(*dep)));
            }
        }
    }

    /// Units that are up already need no job.
    fn drop_active(&mut self, units: &Units, active: &BTreeSet<Ix>) {
        let keeps = |ix: &Ix| {
            let perpetual = units.get(*ix).is_some_and(super::unit::Unit::is_perpetual);
            *ix == self.anchor || (!perpetual && !active.contains(ix))
        };
        self.starts.retain(keeps);
    }

    /// The jobs that must end before the job of `ix` begins.
    pub fn before<'u>(&'u self, units: &'u Units, ix: Ix) -> impl Iterator<Item = Ix> + 'u {
        let edges = units
            .get(ix)
            .into_iter()
            .flat_map(|unit| unit.of(Dep::After));
        edges.filter(|other| self.starts.contains(other))
    }

    /// Takes `ix` out, and with it what requires it; what that was.
    fn delete(&mut self, units: &Units, ix: Ix) -> Vec<Ix> {
        let mut gone = Vec::new();
        let mut pending = vec![ix];
        while let Some(ix) = pending.pop() {
            if !self.starts.remove(&ix) {
                continue;
            }
            gone.push(ix);
            let Some(unit) = units.get(ix) else { continue };
            let by = [Dep::RequiredBy, Dep::BoundBy];
            pending.extend(by.into_iter().flat_map(|dep| unit.of(dep)));
        }
        gone.retain(|other| *other != ix);
        gone
    }

    fn break_cycles(&mut self, units: &Units) {
        // Each round takes at least one unit out.
        for _ in 0..=self.starts.len() {
            let knots = super::order::knots(units, &self.starts);
            if knots.is_empty() {
                return;
            }
            for knot in knots {
                let fixed: BTreeSet<Ix> = knot.intersection(&self.matters).copied().collect();
                if let Some(circle) = super::order::circle(units, &fixed, None) {
                    self.failure = Some(Failure::Cycle(circle));
                    return;
                }
                let free: Vec<Ix> = knot.difference(&self.matters).copied().collect();
                // The only one that may go on some circle goes for certain.
                let certain = free.iter().find_map(|ix| {
                    let mut with = fixed.clone();
                    with.insert(*ix);
                    super::order::circle(units, &with, Some(*ix)).map(|circle| (*ix, circle))
                });
                let (victims, circle) = match certain {
                    Some((ix, circle)) => (vec![ix], circle),
                    None => {
                        let circle = super::order::circle(units, &knot, None);
                        let circle = circle.into_iter().flatten().collect::<Vec<Ix>>();
                        let on = |ix: &&Ix| free.contains(*ix);
                        (circle.iter().filter(on).copied().collect(), circle)
                    }
                };
                let Some(victim) = victims.first().copied() else {
                    return;
                };
                let mut with = self.delete(units, victim);
                if victims.len() > 1 {
                    with.clear();
                }
                self.cycles.push(Cycle {
                    units: circle,
                    victims,
                    with,
                });
            }
        }
    }

    fn settle_conflicts(&mut self, units: &Units) {
        let pairs: Vec<(Ix, Ix)> = self
            .starts
            .iter()
            .filter(|ix| !self.lame.contains_key(ix))
            .flat_map(|ix| {
                let unit = units.get(*ix);
                let others = unit.into_iter().flat_map(|unit| unit.of(Dep::Conflicts));
                others.map(move |other| (*ix, other))
            })
            .filter(|(_, other)| self.starts.contains(other))
            .collect();
        for (a, b) in pairs {
            if !self.starts.contains(&a) || !self.starts.contains(&b) {
                continue;
            }
            let (a_matters, b_matters) = (self.matters.contains(&a), self.matters.contains(&b));
            let mutual = units.get(b).is_some_and(|unit| unit.has(Dep::Conflicts, a));
            let (loser, winner, by_chance) = match (a_matters, b_matters) {
                (true, true) => {
                    self.failure = Some(Failure::Conflict(a, b));
                    return;
                }
                (true, false) => (b, a, false),
                (false, true) => (a, b, false),
                (false, false) => (b, a, mutual),
            };
            let with = self.delete(units, loser);
            self.conflicts.push(Conflict {
                loser,
                winner,
                with,
                by_chance,
            });
        }
    }

    /// Why `ix` is in the transaction: from the anchor to it, each with the edge that
    /// pulls it in. Empty for the anchor and for what is not in it.
    #[must_use]
    pub fn way_to<'u>(&self, units: &'u Units, ix: Ix) -> Vec<(Ix, Dep, &'u Cause)> {
        let mut from: BTreeMap<Ix, (Ix, Dep, &Cause)> = BTreeMap::new();
        let mut pending = std::collections::VecDeque::from([self.anchor]);
        while let Some(at) = pending.pop_front() {
            let Some(unit) = units.get(at) else { continue };
            for dep in REQUIRES.into_iter().chain(WANTS) {
                for (next, cause) in unit.because(dep) {
                    let known = next == self.anchor || from.contains_key(&next);
                    if !known && (self.starts.contains(&next) || next == ix) {
                        from.insert(next, (at, dep, cause));
                        pending.push_back(next);
                    }
                }
            }
        }
        let mut way = Vec::new();
        let mut at = ix;
        while let Some((by, dep, cause)) = from.get(&at) {
            way.push((at, *dep, *cause));
            at = *by;
        }
        way.reverse();
        way
    }
}
