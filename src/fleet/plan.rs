//! Waves in which hosts can be rebooted, such that of no group too many are down.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, GroupKind};

/// Hosts that are rebooted at once, by index.
pub type Wave = Vec<usize>;

/// What bounds the waves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// What kind of group it comes from; none for a host that needs another one.
    pub kind: Option<GroupKind>,
    /// Its name, for people.
    pub name: String,
    /// The hosts, by index.
    pub hosts: Vec<usize>,
    /// How many of them may be down at once.
    pub may_be_down: usize,
    /// Which of them goes last, where one of them is the active one.
    pub last: Option<usize>,
}

/// The waves, and why they are so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The waves, in order.
    pub waves: Vec<Wave>,
    /// Hosts that no wave can hold, and the constraint that each would break alone.
    pub never: Vec<(usize, usize)>,
    /// Constraints whose order could not be kept, as hosts are active for each other.
    pub unordered: Vec<usize>,
}

impl From<&Group> for Constraint {
    fn from(group: &Group) -> Self {
        let top = group.seats.iter().map(|seat| seat.rank).max();
        let mut actives = group.seats.iter().filter(|seat| Some(seat.rank) == top);
        let last = match (group.ranked, actives.next(), actives.next()) {
            (true, Some(active), None) => Some(active.host),
            _ => None,
        };
        Self {
            kind: Some(group.kind),
            name: group.name.clone(),
            hosts: group.seats.iter().map(|seat| seat.host).collect(),
            may_be_down: group.may_be_down,
            last,
        }
    }
}

/// How often the order is shuffled where the first one needs more waves than must be.
const TRIES: usize = 200;

/// Up to so many hosts every order is tried, within [`STEPS`].
const FEW: usize = 16;
const STEPS: usize = 200_000;

/// Plans the reboots of the hosts in `ready`. `taken_down` names, for each host, those
/// that go down with it; `most` is how many may be in one wave.
#[must_use]
pub fn plan(
    ready: &BTreeSet<usize>,
    constraints: &[Constraint],
    taken_down: &[Vec<usize>],
    most: usize,
) -> Plan {
    let mut problem = Problem::new(ready, constraints, taken_down, most.max(1));
    let unordered = problem.order();
    let plain = problem.urgency();
    let mut best = problem.schedule(&plain);
    let bound = problem.bound();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..TRIES {
        if best.len() <= bound {
            break;
        }
        let mut urgency = plain.clone();
        for value in urgency.values_mut() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            value.2 = random;
        }
        let waves = problem.schedule(&urgency);
        if waves.len() < best.len() {
            best = waves;
        }
    }
    if best.len() > bound && problem.hosts.len() <= FEW {
        let mut steps = STEPS;
        for count in bound..best.len() {
            if let Some(waves) = problem.search(count, &mut steps) {
                best = waves;
                break;
            }
        }
    }
    Plan {
        waves: best,
        never: problem.never,
        unordered,
    }
}

/// Longest way to the end, tightest group, chance.
type Urgency = (usize, usize, u64);

struct Problem<'a> {
    constraints: &'a [Constraint],
    most: usize,
    /// The hosts to be placed.
    hosts: Vec<usize>,
    /// By host, how many of the members of each constraint it takes down.
    weights: BTreeMap<usize, Vec<(usize, usize)>>,
    /// By host, those that come before it.
    before: BTreeMap<usize, BTreeSet<usize>>,
    never: Vec<(usize, usize)>,
}

impl<'a> Problem<'a> {
    fn new(
        ready: &BTreeSet<usize>,
        constraints: &'a [Constraint],
        taken_down: &[Vec<usize>],
        most: usize,
    ) -> Self {
        let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, constraint) in constraints.iter().enumerate() {
            for host in &constraint.hosts {
                of.entry(*host).or_default().push(index);
            }
        }
        let mut hosts = Vec::new();
        let mut never = Vec::new();
        let mut weights = BTreeMap::new();
        for host in ready {
            let guests = taken_down.get(*host).into_iter().flatten();
            let mut down: BTreeMap<usize, usize> = BTreeMap::new();
            for gone in std::iter::once(host).chain(guests) {
                for index in of.get(gone).into_iter().flatten() {
                    *down.entry(*index).or_default() += 1;
                }
            }
            let breaks = down.iter().find(|(index, count)| {
                let constraint = constraints.get(**index);
                constraint.is_some_and(|constraint| **count > constraint.may_be_down)
            });
            if let Some((index, _)) = breaks {
                never.push((*host, *index));
            } else {
                hosts.push(*host);
                weights.insert(*host, down.into_iter().collect());
            }
        }
        Self {
            constraints,
            most,
            hosts,
            weights,
            before: BTreeMap::new(),
            never,
        }
    }

    /// Puts the active ones last; gives the constraints for which that cannot be.
    fn order(&mut self) -> Vec<usize> {
        let placed: BTreeSet<usize> = self.hosts.iter().copied().collect();
        let mut dropped: BTreeSet<usize> = BTreeSet::new();
        loop {
            self.before.clear();
            let mut asked: BTreeMap<(usize, usize), usize> = BTreeMap::new();
            for (index, constraint) in self.constraints.iter().enumerate() {
                let Some(last) = constraint.last.filter(|last| placed.contains(last)) else {
                    continue;
                };
                if dropped.contains(&index) {
                    continue;
                }
                for host in &constraint.hosts {
                    if *host != last && placed.contains(host) {
                        self.before.entry(last).or_default().insert(*host);
                        asked.insert((*host, last), index);
                    }
                }
            }
            // Those that wait for each other.
            let mut done: BTreeSet<usize> = BTreeSet::new();
            loop {
                let free: Vec<usize> = self
                    .hosts
                    .iter()
                    .copied()
                    .filter(|host| !done.contains(host) && self.is_free(*host, &done))
                    .collect();
                if free.is_empty() {
                    break;
                }
                done.extend(free);
            }
            let stuck = asked
                .iter()
                .filter(|((first, last), _)| !done.contains(first) && !done.contains(last));
            let before = dropped.len();
            dropped.extend(stuck.map(|(_, index)| *index));
            if dropped.len() == before {
                return dropped.into_iter().collect();
            }
        }
    }

    fn is_free(&self, host: usize, done: &BTreeSet<usize>) -> bool {
        let before = self.before.get(&host);
        before.is_none_or(|before| before.is_subset(done))
    }

    /// By constraint, how many of its members all of these hosts take down.
    fn loads(&self) -> BTreeMap<usize, usize> {
        let mut loads: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, weight) in self.weights.values().flatten() {
            *loads.entry(*index).or_default() += weight;
        }
        loads
    }

    /// No plan has fewer waves.
    fn bound(&self) -> usize {
        let loads = self.loads();
        let groups = loads.iter().filter_map(|(index, load)| {
            let constraint = self.constraints.get(*index)?;
            Some(load.div_ceil(constraint.may_be_down.max(1)))
        });
        let chains = self.heights().into_values().max().unwrap_or(0);
        let size = self.hosts.len().div_ceil(self.most);
        groups.max().unwrap_or(0).max(chains).max(size)
    }

    /// By host, how many waves must come from it to the end, its own one too.
    fn heights(&self) -> BTreeMap<usize, usize> {
        let mut heights: BTreeMap<usize, usize> =
            self.hosts.iter().map(|host| (*host, 1)).collect();
        // A chain is no longer than there are hosts; each round makes it right one step on.
        for _ in 0..self.hosts.len() {
            let mut changed = false;
            for (last, before) in &self.before {
                let after = heights.get(last).copied().unwrap_or(1);
                for host in before {
                    let height = heights.entry(*host).or_insert(1);
                    if *height < after + 1 {
                        *height = after + 1;
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        heights
    }

    fn urgency(&self) -> BTreeMap<usize, Urgency> {
        let heights = self.heights();
        let loads = self.loads();
        let tight = |host: &usize| {
            let weights = self.weights.get(host).into_iter().flatten();
            let waves = weights.filter_map(|(index, _)| {
                let room = self.constraints.get(*index)?.may_be_down.max(1);
                Some(loads.get(index)?.div_ceil(room))
            });
            waves.max().unwrap_or(0)
        };
        let urgency = |host: &usize| {
            let height = heights.get(host).copied().unwrap_or(1);
            (*host, (height, tight(host), 0))
        };
        self.hosts.iter().map(urgency).collect()
    }

    /// Wave by wave, the most urgent first.
    fn schedule(&self, urgency: &BTreeMap<usize, Urgency>) -> Vec<Wave> {
        let mut left = self.hosts.clone();
        left.sort_by_key(|host| {
            let (height, tight, chance) = urgency.get(host).copied().unwrap_or((0, 0, 0));
            (
                std::cmp::Reverse(height.max(tight)),
                std::cmp::Reverse(height),
                chance,
                *host,
            )
        });
        let mut done: BTreeSet<usize> = BTreeSet::new();
        let mut waves = Vec::new();
        while !left.is_empty() {
            let mut wave = Vec::new();
            let mut used: BTreeMap<usize, usize> = BTreeMap::new();
            left.retain(|host| {
                let fits =
                    wave.len() < self.most && self.is_free(*host, &done) && self.fits(*host, &used);
                if fits {
                    self.take(*host, &mut used);
                    wave.push(*host);
                }
                !fits
            });
            if wave.is_empty() {
                // Orders that wait for each other were dropped before.
                break;
            }
            done.extend(wave.iter().copied());
            wave.sort_unstable();
            waves.push(wave);
        }
        waves
    }

    fn fits(&self, host: usize, used: &BTreeMap<usize, usize>) -> bool {
        let weights = self.weights.get(&host).into_iter().flatten();
        weights.into_iter().all(|(index, weight)| {
            let room = self.constraints.get(*index).map_or(0, |c| c.may_be_down);
            used.get(index).copied().unwrap_or(0) + weight <= room
        })
    }

    fn take(&self, host: usize, used: &mut BTreeMap<usize, usize>) {
        for (index, weight) in self.weights.get(&host).into_iter().flatten() {
            *used.entry(*index).or_default() += weight;
        }
    }

    /// A plan of `count` waves, where one is found before the steps are used up.
    fn search(&self, count: usize, steps: &mut usize) -> Option<Vec<Wave>> {
        let heights = self.heights();
        let mut order = self.hosts.clone();
        // A host comes after those before it, so that its first wave is known.
        order.sort_by_key(|host| (std::cmp::Reverse(heights.get(host).copied()), *host));
        let mut state = Search {
            problem: self,
            heights: &heights,
            order: &order,
            waves: vec![Vec::new(); count],
            used: vec![BTreeMap::new(); count],
            at: BTreeMap::new(),
        };
        state.place(0, steps).then(|| {
            let mut waves = state.waves;
            waves.retain(|wave| !wave.is_empty());
            for wave in &mut waves {
                wave.sort_unstable();
            }
            waves
        })
    }
}

struct Search<'a> {
    problem: &'a Problem<'a>,
    heights: &'a BTreeMap<usize, usize>,
    order: &'a [usize],
    waves: Vec<Wave>,
    used: Vec<BTreeMap<usize, usize>>,
    at: BTreeMap<usize, usize>,
}

impl Search<'_> {
    fn place(&mut self, next: usize, steps: &mut usize) -> bool {
        let Some(host) = self.order.get(next).copied() else {
            return true;
        };
        let before = self.problem.before.get(&host).into_iter().flatten();
        let first = before
            .filter_map(|b| self.at.get(b))
            .max()
            .map_or(0, |at| at + 1);
        let height = self.heights.get(&host).copied().unwrap_or(1);
        let end = (self.waves.len() + 1).saturating_sub(height);
        for wave in first..end {
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            let (Some(hosts), Some(used)) = (self.waves.get_mut(wave), self.used.get_mut(wave))
            else {
                continue;
            };
            if hosts.len() >= self.problem.most || !self.problem.fits(host, used) {
                continue;
            }
            let saved = used.clone();
            self.problem.take(host, used);
            hosts.push(host);
            self.at.insert(host, wave);
            if self.place(next + 1, steps) {
                return true;
            }
            self.at.remove(&host);
            if let (Some(hosts), Some(used)) = (self.waves.get_mut(wave), self.used.get_mut(wave)) {
                hosts.pop();
                *used = saved;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
