//! `trigger-watchdog-needs-network`: a watchdog resets the box when another is gone.

use super::evidence;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::{Trigger, WATCHDOG, What, When};
use crate::rules::{Cx, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct NeedsNetwork;

impl Rule for NeedsNetwork {
    fn id(&self) -> &'static str {
        "trigger-watchdog-needs-network"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let triggers = host.triggers();
        let mut out = Findings::new();
        for beside in &triggers.beside {
            let What::NeedsNetwork { gateway } = beside.what else {
                continue;
            };
            let trigger = &beside.trigger;
            out.judged += 1;
            let (message, level) = match (&trigger.when, gateway) {
                (When::Never(why), _) => {
                    let message = format!("{} never runs: {why}", trigger.starter.noun());
                    (message, Level::Note)
                }
                (when, true) => {
                    let what = words(when);
                    let message = format!(
                        "the watchdog daemon reboots this box {what}: that is its router, and \
                         the router's next restart is this box's too"
                    );
                    (message, Level::Warn)
                }
                (when, false) => {
                    let what = words(when);
                    let message = format!("the watchdog daemon reboots this box {what}");
                    (message, Level::Note)
                }
            };
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let at = escape_path(trigger.place.path());
            let subject = format!("{at}:{}", trigger.command_place.text());
            let finding = Finding::new(self.id(), subject, message, first).with_all(pieces);
            out.push(finding.at_most(level));
        }
        super::gaps_below(host, &["/etc/watchdog", "/etc/default/watchdog"], &mut out);
        let tests = |trigger: &Trigger| trigger.starter.name() == WATCHDOG;
        if out.judged == 0 && out.open.is_empty() && !triggers.list.items.iter().any(tests) {
            let why = "no watchdog daemon tests anything";
            return Err(super::not_applicable(host, why));
        }
        Ok(out)
    }
}

fn words(when: &When) -> &str {
    match when {
        When::On(event) => event,
        When::At(_) | When::Boot | When::NextBoot(_) | When::AfterBoot(_) | When::Never(_) => "",
    }
}
