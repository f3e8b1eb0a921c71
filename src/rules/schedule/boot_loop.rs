//! `trigger-boot-loop`: a job that takes the box down at every boot.

use super::{evidence, incomplete, verb};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::When;
use crate::rules::{Confidence, Cx, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct BootLoop;

impl Rule for BootLoop {
    fn id(&self) -> &'static str {
        "trigger-boot-loop"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::schedules(host)?;
        let triggers = host.triggers();
        let listing = &triggers.list;
        let mut out = Findings::new();
        out.judged = triggers.decided;
        for trigger in listing.items.iter().filter(|t| t.when == When::Boot) {
            let at = escape_path(trigger.place.path());
            let command = trigger.command_place.text();
            let (who, verb) = (trigger.starter.name(), verb(trigger));
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let message = format!("{who} {verb} this box at every boot");
            let mut finding =
                Finding::new(self.id(), format!("{at}:{command}"), message, first).with_all(pieces);
            if !trigger.conditions.is_empty() {
                finding.message = format!("{who} {verb} this box at boot, on a condition");
                finding = finding.at_most(Level::Warn).confidence(Confidence::Likely);
            }
            out.push(finding);
        }
        incomplete(listing, &mut out);
        Ok(out)
    }
}
