//! Circles in the order of jobs, without recursion.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::unit::{Dep, Ix, Units};

/// The units of `jobs` that come directly after `ix`.
fn next<'a>(
    units: &'a Units,
    jobs: &'a BTreeSet<Ix>,
    ix: Ix,
) -> impl Iterator<Item = Ix> + use<'a> {
    let edges = units
        .get(ix)
        .into_iter()
        .flat_map(|unit| unit.of(Dep::Before));
    edges.filter(|other| jobs.contains(other))
}

/// The knots of the order: largest sets of units each of which comes before each
/// other (Tarjan's strongly connected components of more than one).
pub(super) fn knots(units: &Units, jobs: &BTreeSet<Ix>) -> Vec<BTreeSet<Ix>> {
    let mut index: BTreeMap<Ix, usize> = BTreeMap::new();
    let mut low: BTreeMap<Ix, usize> = BTreeMap::new();
    let mut on_stack: BTreeSet<Ix> = BTreeSet::new();
    let mut stack: Vec<Ix> = Vec::new();
    let mut knots = Vec::new();
    for root in jobs {
        if index.contains_key(root) {
            continue;
        }
        let mut calls: Vec<(Ix, Vec<Ix>)> = Vec::new();
        let mut enter = Some(*root);
        loop {
            if let Some(ix) = enter.take() {
                let number = index.len();
                index.insert(ix, number);
                low.insert(ix, number);
                stack.push(ix);
                on_stack.insert(ix);
                calls.push((ix, next(units, jobs, ix).collect()));
            }
            let Some((ix, rest)) = calls.last_mut() else {
                break;
            };
            let ix = *ix;
            if let Some(other) = rest.pop() {
                match index.get(&other) {
                    None => enter = Some(other),
                    Some(number) if on_stack.contains(&other) => {
                        lower(&mut low, ix, *number);
                    }
                    Some(_) => {}
                }
                continue;
            }
            calls.pop();
            let own = low.get(&ix).copied();
            if let (Some((parent, _)), Some(own)) = (calls.last(), own) {
                lower(&mut low, *parent, own);
            }
            if own == index.get(&ix).copied() {
                let mut knot = BTreeSet::new();
                while let Some(other) = stack.pop() {
                    on_stack.remove(&other);
                    knot.insert(other);
                    if other == ix {
                        break;
                    }
                }
                if knot.len() > 1 {
                    knots.push(knot);
                }
            }
        }
    }
    knots
}

fn lower(low: &mut BTreeMap<Ix, usize>, ix: Ix, to: usize) {
    low.entry(ix).and_modify(|at| *at = (*at).min(to));
}

/// Members of a knot that a shortest circle is looked for from.
const TRIED_MOST: usize = 64;

/// A short circle within `jobs`, through `through` where that is given; each before
/// the next.
pub(super) fn circle(units: &Units, jobs: &BTreeSet<Ix>, through: Option<Ix>) -> Option<Vec<Ix>> {
    if let Some(ix) = through {
        return circle_from(units, jobs, ix);
    }
    let knot = knots(units, jobs).into_iter().next()?;
    let circles = knot.iter().take(TRIED_MOST);
    let circles = circles.filter_map(|start| circle_from(units, &knot, *start));
    circles.min_by_key(Vec::len)
}

fn circle_from(units: &Units, jobs: &BTreeSet<Ix>, start: Ix) -> Option<Vec<Ix>> {
    let mut from: BTreeMap<Ix, Ix> = BTreeMap::new();
    let mut pending = VecDeque::from([start]);
    while let Some(ix) = pending.pop_front() {
        for other in next(units, jobs, ix) {
            if other == start {
                let mut circle = vec![ix];
                let mut at = ix;
                while at != start {
                    at = *from.get(&at)?;
                    circle.push(at);
                }
                circle.reverse();
                return Some(circle);
            }
            if let std::collections::btree_map::Entry::Vacant(slot) = from.entry(other) {
                slot.insert(ix);
                pending.push_back(other);
            }
        }
    }
    None
}
