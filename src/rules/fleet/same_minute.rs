//! `fleet-same-minute`: a large part of the hosts goes down in the same minute.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::spans::horizon;
use super::{evidence, name};
use crate::facts::triggers::{Trigger, action_word};
use crate::rules::{Cx, Examined, Finding, FleetRule, Together};

/// At least so many, and this part of all: fewer are what a schedule looks like.
const FEWEST: usize = 3;
const PART: usize = 4;

pub(in crate::rules) struct SameMinute;

impl FleetRule for SameMinute {
    fn id(&self) -> &'static str {
        "fleet-same-minute"
    }

    fn check(&self, hosts: &[Examined], cx: &Cx<'_>) -> Together {
        let mut out = Together::new("nothing takes it down by itself");
        let mut minutes: BTreeMap<i64, BTreeMap<usize, (Timestamp, &Trigger)>> = BTreeMap::new();
        for (index, host) in hosts.iter().enumerate() {
            let until = horizon(host, cx);
            let mut down = false;
            // What chance spreads is spread.
            let spread = |trigger: &Trigger| trigger.spread.as_mins() >= 5;
            let triggers = host.triggers.iter();
            for trigger in triggers.filter(|t| !t.is_preview() && !spread(t)) {
                for at in trigger.times(until) {
                    down = true;
                    let minute = at.as_second().div_euclid(60);
                    let here = minutes.entry(minute).or_default();
                    here.entry(index).or_insert((at, trigger));
                }
            }
            if down {
                out.judged.insert(index);
            }
            let open = host.member.iter().flat_map(|member| &member.times);
            out.open
                .extend(open.map(|unknown| (index, unknown.clone())));
        }
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for here in minutes.values() {
            let enough = here.len() >= FEWEST && here.len() * PART >= hosts.len();
            // A daily schedule is told once.
            if !enough || here.keys().all(|index| told.contains(index)) {
                continue;
            }
            told.extend(here.keys().copied());
            let Some((first, (at, _))) = here.iter().next() else {
                continue;
            };
            let zone = hosts.get(*first).map(|host| &host.zone);
            let when = zone.map_or_else(String::new, |zone| zone.show(*at));
            let message = format!(
                "{} of {} hosts go down in the same minute, {when}",
                here.len(),
                hosts.len()
            );
            for (index, (_, trigger)) in here {
                let label = format!("{} {when}", action_word(trigger.action));
                let place = &trigger.schedule_place;
                let place = evidence(hosts, *index, *index, place, &label);
                let subject = name(hosts, *index);
                out.list.push((
                    *index,
                    Finding::new(self.id(), subject, message.clone(), place),
                ));
            }
        }
        out
    }
}
