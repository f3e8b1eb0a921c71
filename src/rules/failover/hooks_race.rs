//! `failover-hooks-race`: two hooks that run side by side and undo each other.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{Failover, HookCall};
use crate::parse::keepalived::{HookState, Subject};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::Effect;
use crate::text::{Place, escape};

use super::change::{Change, change, effects};

pub(in crate::rules) struct HooksRace;

/// Whether keepalived starts both without waiting for one of them (keepalived 2.2.7
/// `keepalived/vrrp/vrrp_notify.c`): the hooks of one instance, or of a group and of
/// what belongs to it. What a FIFO is told comes one after the other.
fn side_by_side(failover: &Failover, a: &HookCall, b: &HookCall) -> bool {
    if a.state != b.state || a.command.place == b.command.place {
        return false;
    }
    let member = |group: &HookCall, of: &HookCall| {
        let mut groups = failover.config.groups.iter();
        group.subject == Subject::Group
            && of.subject == Subject::Instance
            && groups.any(|known| {
                known.name.value == group.name && known.members.iter().any(|m| m.value == of.name)
            })
    };
    a.subject == b.subject && a.name == b.name || member(a, b) || member(b, a)
}

/// What a call leaves of each thing that it changes: the last change of it.
fn left(call: &HookCall) -> Vec<(Place, Vec<Vec<u8>>)> {
    let mut all: Vec<(Place, Vec<Vec<u8>>)> = Vec::new();
    for (effect, words) in effects(call) {
        let Some(new) = change(&words) else { continue };
        all.retain(|(_, old)| {
            let old: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
            change(&old).is_none_or(|old| !old.same(&new))
        });
        let words = words.into_iter().map(<[u8]>::to_vec).collect();
        all.push((place(effect), words));
    }
    all
}

fn place(effect: &Effect) -> Place {
    effect.place.clone()
}

/// What `set` leaves and `taken` takes away.
fn clash(set: &HookCall, taken: &HookCall) -> Option<(Place, Place, String)> {
    let taken = left(taken);
    for (set_at, words) in left(set) {
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Some(up) = change(&words).filter(|change| change.sets) else {
            continue;
        };
        for (down_at, words) in &taken {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let down: Option<Change<'_>> = change(&words);
            if down.is_some_and(|down| down.undoes(&up)) {
                let what = format!("{} {}", up.kind, escape(up.what));
                return Some((set_at, down_at.clone(), what));
            }
        }
    }
    None
}

impl Rule for HooksRace {
    fn id(&self) -> &'static str {
        "failover-hooks-race"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        super::unread_hooks(failover, &mut out);
        let asked = [HookState::Master, HookState::Backup, HookState::Fault];
        let calls: Vec<&HookCall> = failover
            .calls
            .iter()
            .filter(|call| asked.contains(&call.state))
            .collect();
        let mut told: Vec<(&Place, &Place)> = Vec::new();
        for set in &calls {
            let others = calls
                .iter()
                .filter(|other| side_by_side(failover, set, other));
            for taken in others {
                let pair = (&set.command.place, &taken.command.place);
                if told.contains(&pair) {
                    continue;
                }
                let Some((up, down, what)) = clash(set, taken) else {
                    continue;
                };
                told.push(pair);
                let owner = super::called(set.subject, &set.name);
                let state = set.state.word();
                let message = format!(
                    "two hooks run at once when {owner} becomes {state}: one sets up {what}, \
                     the other takes it away"
                );
                let finding = Finding::new(
                    self.id(),
                    format!("{} {state}", escape(&set.name)),
                    message,
                    Evidence::span(down, "stays gone if it comes last"),
                )
                .with(Evidence::span(up, "stays if it comes last"))
                .with(Evidence::span(set.command.place.clone(), "one"))
                .with(Evidence::span(taken.command.place.clone(), "the other"));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        Ok(out)
    }
}
