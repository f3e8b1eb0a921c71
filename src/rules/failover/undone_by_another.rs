//! `failover-undone-by-another`: one instance takes away what another set up.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::keepalived::{HookState, Subject};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

use super::change::{change, effects, together};

pub(in crate::rules) struct UndoneByAnother;

impl Rule for UndoneByAnother {
    fn id(&self) -> &'static str {
        "failover-undone-by-another"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        super::unread_hooks(failover, &mut out);
        let of = |states: &'static [HookState]| {
            let all = failover.calls.iter();
            all.filter(move |c| c.subject == Subject::Instance && states.contains(&c.state))
        };
        let mut told: Vec<(&[u8], &[u8])> = Vec::new();
        for setter in of(&[HookState::Master]) {
            let leaving = of(&[HookState::Backup, HookState::Fault]);
            for other in leaving.filter(|other| other.name != setter.name) {
                let pair = (setter.name.as_slice(), other.name.as_slice());
                if told.contains(&pair) || together(&failover.config, pair.0, pair.1) {
                    continue;
                }
                let clash = effects(setter).find_map(|(set, words)| {
                    let set_up = change(&words)?;
                    effects(other).find_map(|(taken, words)| {
                        let down = change(&words)?;
                        let what = escape(down.what);
                        let hit = down.undoes(&set_up);
                        hit.then(|| (set, taken, format!("{} {what}", down.kind)))
                    })
                });
                let Some((set, taken, what)) = clash else {
                    continue;
                };
                told.push(pair);
                let (a, b) = (escape(&setter.name), escape(&other.name));
                let state = other.state.word();
                let message = format!("{b}, when it becomes {state}, takes away {what} of {a}");
                let at = Evidence::span(taken.place.clone(), format!("done for {b} {state}"));
                let label = format!("done for {a} MASTER");
                let finding = Finding::new(self.id(), format!("{a} {b}"), message, at)
                    .with(Evidence::span(set.place.clone(), label))
                    .with(Evidence::computed("no sync group has both of them"));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        Ok(out)
    }
}
