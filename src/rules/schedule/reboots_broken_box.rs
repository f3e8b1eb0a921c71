//! `trigger-reboots-broken-box`: a reboot is on its way into a box that will not come
//! back as it was.

use super::{evidence, incomplete, verb, when_relative};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::{Starter, When};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Impact, Level, Rule, card};
use crate::text::escape_path;

pub(in crate::rules) struct RebootsBrokenBox;

impl Rule for RebootsBrokenBox {
    fn id(&self) -> &'static str {
        "trigger-reboots-broken-box"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let blockers: Vec<&Finding> = cx.before.iter().filter(|f| blocks(f)).collect();
        if blockers.is_empty() {
            return Err(Stop::NotApplicable(
                "nothing keeps this box from coming back",
            ));
        }
        super::schedules(host)?;
        let triggers = host.triggers();
        let listing = &triggers.list;
        let mut out = Findings::new();
        out.judged = triggers.decided;
        for trigger in &listing.items {
            let When::At(next) = trigger.when else {
                continue;
            };
            let at = escape_path(trigger.place.path());
            let command = trigger.command_place.text();
            let when = when_relative(host, trigger, next);
            let message = format!(
                "{} {} this box {when}, into the fault above",
                trigger.starter.name(),
                verb(trigger)
            );
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let mut finding =
                Finding::new(self.id(), format!("{at}:{command}"), message, first).with_all(pieces);
            let mut impact = vec![Impact::UnplannedReboot];
            for blocker in &blockers {
                let own = card(blocker.rule).map_or(&[][..], |card| card.impact.as_slice());
                let own = if blocker.impact.is_empty() {
                    own
                } else {
                    &blocker.impact
                };
                impact.extend(
                    own.iter()
                        .filter(|i| !impact.contains(i))
                        .copied()
                        .collect::<Vec<_>>(),
                );
                finding.joins.push((blocker.rule, blocker.subject.clone()));
            }
            let texts: Vec<&str> = blockers
                .iter()
                .take(3)
                .map(|b| b.message.as_str())
                .collect();
            let finding = finding.impact(&impact).with(Evidence::computed(format!(
                "the fault: {}",
                texts.join("; ")
            )));
            let finding = match &trigger.starter {
                Starter::Cron => finding.fix(
                    "Comment this line out until the blockers above are gone.",
                    &[],
                ),
                Starter::Timer(_) => {
                    finding.fix("Stop this timer until the blockers above are gone.", &[])
                }
                Starter::Other { .. } => {
                    finding.fix("Stop it until the blockers above are gone.", &[])
                }
            };
            out.push(if trigger.certain {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
        }
        incomplete(listing, &mut out);
        Ok(out)
    }
}

/// Whether a finding, before policy, keeps the box from coming back as it was.
fn blocks(finding: &Finding) -> bool {
    let level = card(finding.rule).map_or(Level::Note, |card| card.level);
    level.min(finding.at_most) == Level::Block
        && finding.confidence > Confidence::Possible
        && finding.rule != "trigger-boot-loop"
}
