//! `trigger-unguarded`: nothing in front of a scheduled reboot can stop it.

use super::{incomplete, verb};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::When;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct Unguarded;

impl Rule for Unguarded {
    fn id(&self) -> &'static str {
        "trigger-unguarded"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::schedules(host)?;
        let triggers = host.triggers();
        let listing = &triggers.list;
        let mut out = Findings::new();
        out.judged = triggers.decided;
        for trigger in &listing.items {
            let due = matches!(trigger.when, When::At(_)) && trigger.has_command();
            if !due || trigger.guard.is_some() {
                continue;
            }
            let at = escape_path(trigger.place.path());
            let command = trigger.command_place.text();
            let message = format!(
                "nothing in front of this job can stop it when it {} the box",
                verb(trigger)
            );
            let evidence = Evidence::span(
                trigger.command_place.clone(),
                "runs whatever state the box is in",
            );
            let finding = Finding::new(self.id(), format!("{at}:{command}"), message, evidence);
            out.push(finding.follows(&["trigger-scheduled-reboot", "trigger-reboots-broken-box"]));
        }
        incomplete(listing, &mut out);
        Ok(out)
    }
}
