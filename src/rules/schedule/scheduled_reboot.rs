//! `trigger-scheduled-reboot`: this box goes down by itself.

use super::{evidence, incomplete, verb, when_relative};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::triggers::{Starter, When, intended};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;
use crate::time::relative;

pub(in crate::rules) struct ScheduledReboot;

impl Rule for ScheduledReboot {
    fn id(&self) -> &'static str {
        "trigger-scheduled-reboot"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        super::schedules(host)?;
        let triggers = host.triggers();
        let listing = &triggers.list;
        let mut out = Findings::new();
        out.judged = triggers.decided;
        for trigger in &listing.items {
            let at = escape_path(trigger.place.path());
            let command = trigger.command_place.text();
            let subject = format!("{at}:{command}");
            let verb = verb(trigger);
            let (message, level) = match &trigger.when {
                When::At(next) => {
                    let soon = next.duration_since(host.now()) <= cx.horizon;
                    let when = when_relative(host, trigger, *next);
                    let level = if soon { Level::Warn } else { Level::Note };
                    let who = trigger.starter.name();
                    (format!("{who} {verb} this box {when}"), level)
                }
                // A boot loop is a rule of its own.
                When::Boot => continue,
                When::NextBoot(why) => {
                    let who = trigger.starter.name();
                    let message = format!("{who} {verb} this box soon after its next boot: {why}");
                    (message, Level::Warn)
                }
                When::AfterBoot(_) => {
                    let (who, when) = (trigger.starter.name(), trigger.when_words());
                    (format!("{who} {verb} this box {when}"), Level::Warn)
                }
                When::On(event) => {
                    let who = trigger.starter.name();
                    (format!("{who} {verb} this box {event}"), Level::Note)
                }
                When::Never(why) => {
                    let noun = trigger.starter.noun();
                    let message = format!("{noun} that {verb} this box never runs: {why}");
                    (message, Level::Note)
                }
            };
            let mut pieces = evidence(host, trigger).into_iter();
            let Some(first) = pieces.next() else { continue };
            let mended = intended(host, trigger).map(|next| {
                let when = format!("{}, {}", host.zone().show(next), relative(host.now(), next));
                Evidence::computed(format!("mending it arms it: it would run next {when}"))
            });
            let mut finding = Finding::new(self.id(), subject, message, first)
                .with_all(pieces)
                .with_all(mended)
                .at_most(level)
                .follows(&["trigger-reboots-broken-box"]);
            if let When::On(_) = trigger.when {
                let fix = "Take it out if its reason is gone, or stop it while you work on \
                           what sets it off.";
                finding = finding.fix(fix, &[]);
            } else if trigger.guard.is_some() {
                finding = finding.fix(GUARDED, &[]);
            } else if let Some((text, commands)) = fix(&trigger.starter) {
                finding = finding.fix(text, commands);
            }
            if trigger.is_preview() {
                finding = finding.at_most(Level::Note);
            }
            if !trigger.certain {
                finding = finding.confidence(Confidence::Likely);
            }
            out.push(finding);
        }
        incomplete(listing, &mut out);
        Ok(out)
    }
}

/// What to do about a job that has its guard already.
const GUARDED: &str = "Remove the job if its reason is gone; the guard in front of it stays.";

/// What to do about a program that installs updates.
const FORBID: (&str, &[&str]) = (
    "Forbid it where the line stands, or choose a time at which somebody looks.",
    &[],
);

/// What to do about it, where that is not the card's.
fn fix(starter: &Starter) -> Option<(&'static str, &'static [&'static str])> {
    let Starter::Other { name, noun } = starter else {
        return None;
    };
    Some(match name.as_str() {
        _ if *noun == "an automatic update" => FORBID,
        "at" => (
            "Remove the job if its reason is gone: atq lists it, atrm removes it.",
            &["atq"],
        ),
        "a pending shutdown" => ("Cancel it if it is not meant.", &["shutdown -c"]),
        "unattended-upgrades" => FORBID,
        "cloud-init" => ("Take it out where it has done its work, or expect it.", &[]),
        _ => return None,
    })
}
