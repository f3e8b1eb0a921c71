//! Waivers that accept nothing: ended, without anything to accept, or not understood.

use super::config::{LONGEST_DAYS, Waiver};
use super::judge::{JudgedHost, Standing};
use crate::rules::{Ended, Level};
use crate::text::Place;

/// A waiver that does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleWaiver {
    /// The rule it names, where it names one.
    pub rule: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Why it does nothing.
    pub why: String,
}

/// The waivers of a policy and of the files, over all hosts of a run, that accept
/// nothing. What a rule could not answer, or a host that was not looked at, leaves a
/// waiver as it is.
#[must_use]
pub fn stale(waivers: &[Waiver], hosts: &[&JudgedHost]) -> Vec<StaleWaiver> {
    let mut all = Vec::new();
    for waiver in waivers {
        let Some(place) = &waiver.place else { continue };
        if let Some(why) = does_nothing(waiver, hosts) {
            all.push(StaleWaiver {
                rule: Some(waiver.rule.clone()),
                place: place.clone(),
                why,
            });
        }
    }
    for host in hosts {
        for inline in &host.inline {
            let (rule, why) = match &inline.parsed {
                Err(why) => (None, Some(why.clone())),
                Ok(waivers) => waivers
                    .iter()
                    .map(|waiver| (waiver, inline_does_nothing(host, waiver)))
                    .find(|(_, why)| why.is_some())
                    .map_or((None, None), |(waiver, why)| {
                        (Some(waiver.rule.clone()), why)
                    }),
            };
            let place = inline.place.clone();
            all.extend(why.map(|why| StaleWaiver { rule, place, why }));
        }
    }
    all
}

fn does_nothing(waiver: &Waiver, hosts: &[&JudgedHost]) -> Option<String> {
    let named: Vec<&&JudgedHost> = hosts
        .iter()
        .filter(|host| waiver.covers(&waiver.rule, &host.examined.name))
        .collect();
    let today = |host: &JudgedHost| host.examined.zone.at(host.examined.now).date();
    let ended = |host: &&&JudgedHost| !waiver.holds(today(host));
    let (first, rest) = named.split_first()?;
    if ended(first) && rest.iter().all(ended) {
        return Some(format!("ended on {}", waiver.until));
    }
    if named.iter().any(|host| leaves_open(waiver, host)) {
        return None;
    }
    let matches = |host: &&&&JudgedHost| {
        let mut found = host.findings.iter();
        found.any(|judged| {
            judged.finding.rule == waiver.rule && waiver.covers_subject(&judged.finding.subject)
        })
    };
    let matched: Vec<&&&JudgedHost> = named.iter().filter(|host| matches(host)).collect();
    if matched.is_empty() {
        return Some("there is nothing for it to accept".to_owned());
    }
    too_long(waiver, matched.iter().map(|host| **host).copied())
}

/// Whether a host cannot tell if there is something to accept.
fn leaves_open(waiver: &Waiver, host: &JudgedHost) -> bool {
    let mut runs = host.examined.runs.iter();
    let run = runs.find(|run| run.card.id == waiver.rule);
    !run.is_some_and(|run| {
        matches!(
            run.ended,
            Ended::Passed | Ended::Found | Ended::NotApplicable(_)
        )
    })
}

/// Where it covers a blocker and ends too late for that.
fn too_long<'a>(waiver: &Waiver, hosts: impl Iterator<Item = &'a JudgedHost>) -> Option<String> {
    let mut refused = false;
    for host in hosts {
        let today = host.examined.zone.at(host.examined.now).date();
        refused |= !waiver.may_block(today)
            && host.findings.iter().any(|judged| {
                judged.finding.rule == waiver.rule
                    && waiver.covers_subject(&judged.finding.subject)
                    && judged.level == Level::Block
                    && !matches!(judged.standing, Standing::Waived { .. })
            });
    }
    refused
        .then(|| format!("ends more than {LONGEST_DAYS} days from now, too late for what blocks"))
}

fn inline_does_nothing(host: &JudgedHost, waiver: &Waiver) -> Option<String> {
    let today = host.examined.zone.at(host.examined.now).date();
    if !waiver.holds(today) {
        return Some(format!("ended on {}", waiver.until));
    }
    if leaves_open(waiver, host) {
        return None;
    }
    let waived = host.findings.iter().any(|judged| {
        judged.finding.rule == waiver.rule
            && matches!(judged.standing, Standing::Waived { inline: true, .. })
    });
    if waived {
        return None;
    }
    too_long(waiver, std::iter::once(host))
        .or_else(|| Some("there is nothing for it to accept".to_owned()))
}
