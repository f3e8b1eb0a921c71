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
        let cron = super::cron(host)?;
        let listing = host.triggers();
        let mut out = Findings::new();
        for trigger in listing.items.iter().filter(|t| t.when == When::Boot) {
            let at = escape_path(trigger.place.path());
            let command = trigger.command_place.text();
            let verb = verb(trigger);
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let message = format!("cron {verb} this box at every boot");
            let mut finding =
                Finding::new(self.id(), format!("{at}:{command}"), message, first).with_all(pieces);
            if !trigger.conditions.is_empty() {
                finding.message = format!("cron {verb} this box at boot, on a condition");
                finding = finding.at_most(Level::Warn).confidence(Confidence::Likely);
            }
            out.push(finding);
        }
        incomplete(cron, listing, &mut out);
        Ok(out)
    }
}
