//! `fleet-need-same-window`: a host boots while what it needs for that is down.

use jiff::Timestamp;

use super::spans::{WINDOW, spans};
use super::{evidence, members, name};
use crate::facts::triggers::{Trigger, action_word};
use crate::fleet::{Directory, providers};
use crate::rules::{Cx, Evidence, Examined, Finding, FleetRule, Together};

pub(in crate::rules) struct NeedSameWindow;

impl FleetRule for NeedSameWindow {
    fn id(&self) -> &'static str {
        "fleet-need-same-window"
    }

    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together {
        let mut out = Together::new("it needs no other host of this run");
        let members = members(hosts);
        let directory = Directory::of(&members);
        for (index, member) in members.iter().enumerate() {
            let (Some(member), Some(host)) = (member, hosts.get(index)) else {
                continue;
            };
            let gaps = member.needs.gaps.iter();
            out.open
                .extend(gaps.map(|unknown| (index, unknown.clone())));
            let own: Vec<_> = spans(host, cx).collect();
            for need in &member.needs.items {
                let of = providers(&directory, need, index);
                if of.is_empty() {
                    continue;
                }
                out.judged.insert(index);
                let theirs: Vec<Vec<_>> = of
                    .iter()
                    .filter_map(|at| hosts.get(*at))
                    .map(|host| spans(host, cx).collect())
                    .collect();
                let found = own.iter().find_map(|(from, to, trigger)| {
                    let near = |other: &&(Timestamp, Timestamp, &Trigger)| {
                        let early = from.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
                        let late = to.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
                        other.1 >= early && other.0 <= late
                    };
                    // It is in need only where all of them are down.
                    let down: Option<Vec<_>> = theirs
                        .iter()
                        .map(|falls| falls.iter().find(near).copied())
                        .collect();
                    down.map(|down| (*from, *trigger, down))
                });
                let Some((from, trigger, down)) = found else {
                    continue;
                };
                let whom: Vec<String> = of.iter().map(|at| name(hosts, *at)).collect();
                let when = host.zone.show(from);
                let message = format!(
                    "{} goes down {when} and {} {}, which go down about then",
                    name(hosts, index),
                    need.what,
                    whom.join(", ")
                );
                let message = if of.len() == 1 {
                    message.replace("which go down", "which goes down")
                } else {
                    message
                };
                let label = format!("{} {when}", action_word(trigger.action));
                let first = Evidence::span(trigger.schedule_place.clone(), label);
                let why = Evidence::span(need.place.clone(), format!("{} it", need.what));
                let mut finding = Finding::new(self.id(), whom.join(" "), message, first).with(why);
                for (at, (when, _, trigger)) in of.iter().zip(down) {
                    let zone = hosts.get(*at).map(|host| &host.zone);
                    let when = zone.map_or_else(String::new, |zone| zone.show(when));
                    let label = format!("{} {when}", action_word(trigger.action));
                    let place = &trigger.schedule_place;
                    finding = finding.with(evidence(hosts, index, *at, place, &label));
                }
                out.list.push((index, finding));
            }
        }
        out
    }
}
