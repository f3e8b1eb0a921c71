//! `failover-not-undone`: what a hook sets up for MASTER and nothing takes down again.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{Handling, HookCall};
use crate::parse::keepalived::HookState;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Effect};
use crate::text::escape;

pub(in crate::rules) struct NotUndone;

/// What lasts until it is undone.
fn lasting(effect: &Effect) -> Option<&'static str> {
    let Action::Run { argv, .. } = &effect.action else {
        return None;
    };
    let words: Vec<&[u8]> = argv.iter().filter_map(|word| word.bytes()).collect();
    let first = words.first().copied().unwrap_or(b"");
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let has = |word: &[u8]| words.contains(&word);
    let adds = has(b"add") || has(b"replace") || has(b"append");
    match base {
        b"ip" if adds && (has(b"route") || has(b"r")) => Some("route"),
        b"ip" if adds && has(b"rule") => Some("rule"),
        b"ip" if adds && (has(b"addr") || has(b"address") || has(b"a")) => Some("address"),
        b"systemctl" | b"service" | b"rc-service" if has(b"start") => Some("service"),
        _ => None,
    }
}

impl Rule for NotUndone {
    fn id(&self) -> &'static str {
        "failover-not-undone"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        super::unread_hooks(failover, &mut out);
        let of = |call: &HookCall, state: HookState| {
            let same = |c: &&HookCall| c.subject == call.subject && c.name == call.name;
            failover
                .calls
                .iter()
                .filter(same)
                .filter(move |c| c.state == state)
                .collect::<Vec<_>>()
        };
        let masters = failover
            .calls
            .iter()
            .filter(|c| c.state == HookState::Master);
        for call in masters {
            let Handling::Handled(effects) = &call.handling else {
                continue;
            };
            let set = effects.iter().find_map(|e| Some((lasting(e)?, e)));
            let Some((what, effect)) = set else { continue };
            // Anything that is done on the way out may undo it.
            let states = [HookState::Backup, HookState::Fault];
            let calls: Vec<_> = states.iter().flat_map(|state| of(call, *state)).collect();
            let nothing = calls
                .iter()
                .all(|c| matches!(c.handling, Handling::Nothing(_) | Handling::NotCalled(_)));
            if !nothing {
                continue;
            }
            let name = escape(&call.name);
            let owner = super::called(call.subject, &call.name);
            let message = format!("{owner} sets a {what} as MASTER, and no hook takes it down");
            let at = Evidence::span(effect.place.clone(), "stays when the addresses move away");
            let label = "called for MASTER; nothing is done for BACKUP and FAULT";
            let finding = Finding::new(self.id(), name, message, at)
                .with(Evidence::span(call.command.place.clone(), label));
            out.push(finding.confidence(Confidence::Likely));
        }
        Ok(out)
    }
}
