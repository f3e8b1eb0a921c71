//! Which hosts of a group go down within one window, by what each has scheduled.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::spans::{WINDOW, spans};
use super::{evidence, members, name, names};
use crate::facts::triggers::{Trigger, action_word};
use crate::fleet::{Group, GroupKind, taken_down};
use crate::rules::{Confidence, Cx, Evidence, Examined, Finding, Together};

/// A host goes down.
#[derive(Clone, Copy)]
struct Fall<'a> {
    /// The first moment at which it may.
    from: Timestamp,
    /// The last one, where chance decides.
    to: Timestamp,
    /// The host that is down then.
    host: usize,
    /// The host whose trigger it is: its own, or its hypervisor.
    by: usize,
    trigger: &'a Trigger,
}

/// All falls of all hosts within the horizon, in order.
fn falls<'a>(hosts: &'a [Examined], wanted: &BTreeSet<usize>, cx: &Cx<'_>) -> Vec<Fall<'a>> {
    let members = members(hosts);
    let taken = taken_down(&members);
    let mut out = Vec::new();
    for (by, host) in hosts.iter().enumerate() {
        let guests = taken.get(by).into_iter().flatten().copied();
        let down: Vec<usize> = std::iter::once(by)
            .chain(guests)
            .filter(|index| wanted.contains(index))
            .collect();
        if down.is_empty() {
            continue;
        }
        for (from, to, trigger) in spans(host, cx) {
            out.extend(down.iter().map(|host| Fall {
                from,
                to,
                host: *host,
                by,
                trigger,
            }));
        }
    }
    out.sort_by_key(|fall| (fall.from, fall.host));
    out
}

/// The first time at which more hosts of the group may be down than may be.
fn together<'a>(falls: &[&Fall<'a>], group: &Group) -> Option<Vec<Fall<'a>>> {
    for (index, first) in falls.iter().enumerate() {
        let end = first.to.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
        let mut down: BTreeMap<usize, Fall<'a>> = BTreeMap::new();
        for fall in falls.iter().skip(index).take_while(|fall| fall.from <= end) {
            down.entry(fall.host).or_insert(**fall);
        }
        if down.len() > group.may_be_down {
            let mut down: Vec<Fall<'a>> = down.into_values().collect();
            down.sort_by_key(|fall| (fall.from, fall.host));
            return Some(down);
        }
    }
    None
}

/// The groups of a kind of which too many hosts go down in one window.
pub(super) fn check(
    rule: &'static str,
    kind: GroupKind,
    hosts: &[Examined],
    cx: &Cx<'_>,
    otherwise: &'static str,
) -> Together {
    let mut out = Together::new(otherwise);
    let mut groups = kind.groups(&members(hosts));
    groups.retain(|group| group.seats.len() > group.may_be_down);
    let wanted = groups.iter().flat_map(|group| &group.seats);
    let wanted: BTreeSet<usize> = wanted.map(|seat| seat.host).collect();
    let falls = falls(hosts, &wanted, cx);
    let mut of_host: BTreeMap<usize, Vec<&Fall<'_>>> = BTreeMap::new();
    for fall in &falls {
        of_host.entry(fall.host).or_default().push(fall);
    }
    for group in &groups {
        let seats = group.seats.iter().map(|seat| seat.host);
        let mut here: Vec<&Fall<'_>> = seats
            .clone()
            .filter_map(|host| of_host.get(&host))
            .flatten()
            .copied()
            .collect();
        here.sort_by_key(|fall| (fall.from, fall.host));
        out.judged.extend(seats.clone());
        match together(&here, group) {
            Some(down) => report(rule, hosts, group, &down, &mut out),
            // One that cannot be read may go down at any time.
            None => {
                for host in seats {
                    let member = hosts.get(host).and_then(|host| host.member.as_ref());
                    let open = member.into_iter().flat_map(|member| &member.times);
                    out.open.extend(open.map(|unknown| (host, unknown.clone())));
                }
            }
        }
    }
    out
}

fn report(
    rule: &'static str,
    hosts: &[Examined],
    group: &Group,
    down: &[Fall<'_>],
    out: &mut Together,
) {
    let (Some(first), Some(last)) = (down.first(), down.last()) else {
        return;
    };
    let indices: Vec<usize> = down.iter().map(|fall| fall.host).collect();
    let apart = last.from.duration_since(first.from).as_mins();
    let zone = hosts.get(first.by).map(|host| &host.zone);
    let when = zone.map_or_else(String::new, |zone| zone.show(first.from));
    let gap = match apart {
        0 => format!("at the same time, {when}"),
        1 => format!("1 min apart, from {when}"),
        apart => format!("{apart} min apart, from {when}"),
    };
    let names = names(hosts, &indices);
    let fall = match indices.len() {
        1 => format!("{names} goes down {when}"),
        _ => format!("{names} go down {gap}"),
    };
    let stay = group.size - group.may_be_down;
    let group_name = format!("{} {}", group.kind.word(), group.name);
    let message = if group.kind == GroupKind::Pair {
        format!("{fall}: nobody is left for {}", group.name)
    } else {
        let size = group.size;
        format!("{fall}: {stay} of the {size} of {group_name} must stay up")
    };
    let assumed = down
        .iter()
        .any(|fall| !fall.trigger.certain || !fall.trigger.conditions.is_empty());
    for at in indices.iter().copied() {
        let mut pieces: Vec<Evidence> = Vec::new();
        // Its own first: a finding points into the tree it stands at.
        let own = down.iter().filter(|fall| fall.host == at);
        let others = down.iter().filter(|fall| fall.host != at);
        for fall in own.chain(others).take(6) {
            let zone = hosts.get(fall.by).map(|host| &host.zone);
            let when = zone.map_or_else(String::new, |zone| zone.show(fall.from));
            let word = action_word(fall.trigger.action);
            let label = if fall.by == fall.host {
                format!("{word} {when}")
            } else {
                let (host, guest) = (name(hosts, fall.by), name(hosts, fall.host));
                format!("{word} {when}: {guest} is a guest of {host}")
            };
            let place = &fall.trigger.schedule_place;
            pieces.push(evidence(hosts, at, fall.by, place, &label));
        }
        // A role stands in the policy, not in a tree.
        let in_trees = group.kind != GroupKind::Role;
        let seats = group.seats.iter();
        let seats = seats.filter(|seat| in_trees && indices.contains(&seat.host));
        pieces.extend(seats.take(6).filter_map(|seat| {
            let place = seat.place.as_ref()?;
            Some(evidence(hosts, at, seat.host, place, &group_name))
        }));
        let mut pieces = pieces.into_iter();
        let Some(first) = pieces.next() else { continue };
        let mut finding = Finding::new(rule, group_name.clone(), message.clone(), first);
        finding = finding.with_all(pieces);
        if assumed {
            finding = finding.confidence(Confidence::Likely);
        }
        out.list.push((at, finding));
    }
}
