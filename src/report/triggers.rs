//! `comeback triggers`: what takes a box down by itself, soonest first.

use std::fmt::Write as _;

use jiff::SignedDuration;

use super::model::{WireTrigger, trigger};
use super::wrap::wrap;
use crate::facts::Host;
use crate::facts::triggers::{Trigger, When, action_word};
use crate::text::escape;
use crate::time::relative;

/// The list for people.
#[must_use]
pub fn triggers_text(host: &Host, horizon: Option<SignedDuration>) -> String {
    let listing = &host.triggers().list;
    let zone = host.zone();
    let now = host.now();
    let mut out = format!("{}   {}\n", escape(host.name().as_bytes()), zone.show(now));
    let (mut shown, later) = within(host, horizon);
    shown.extend(host.triggers().beside.iter().map(|beside| &beside.trigger));
    if shown.is_empty() && later == 0 {
        let text = if listing.gaps.is_empty() {
            "nothing found that takes this box down by itself"
        } else {
            "nothing found so far, and not everything could be read"
        };
        let _ = writeln!(out, "\n{text}");
    }
    for trigger in shown {
        let word = action_word(trigger.action);
        let when = match trigger.when {
            When::At(at) => {
                let spread = trigger.spread_words();
                format!("{}   {}{spread}", zone.show(at), relative(now, at))
            }
            When::Boot | When::NextBoot(_) | When::AfterBoot(_) | When::On(_) | When::Never(_) => {
                trigger.when_words()
            }
        };
        let head = format!("{word}   {when}");
        let _ = writeln!(out, "\n{}", wrap(&head, 0, 4));
        let _ = writeln!(
            out,
            "    {}: {}",
            trigger.place,
            trigger.command_place.text()
        );
        let by = format!("schedule: {}   by: {}", trigger.schedule, trigger.by);
        let _ = writeln!(out, "    {}", wrap(&by, 4, 8));
        for place in &trigger.via {
            let _ = writeln!(out, "    by way of {place}: {}", place.text());
        }
        for condition in &trigger.conditions {
            let text = format!("only if {}", escape(condition.as_bytes()));
            let _ = writeln!(out, "    {}", wrap(&text, 4, 8));
        }
        if trigger.is_preview() {
            let _ = writeln!(out, "    preview: by its source alone, not tried");
        }
        match &trigger.guard {
            Some(guard) => {
                let _ = writeln!(out, "    guard: {}", escape(guard.as_bytes()));
            }
            None => {
                let _ = writeln!(out, "    guard: none");
            }
        }
    }
    if later > 0 {
        let _ = writeln!(out, "\n{later} more beyond the horizon");
    }
    if !listing.gaps.is_empty() {
        let _ = writeln!(out, "\nnot decided:");
        for gap in &listing.gaps {
            let _ = writeln!(out, "  {}", wrap(&gap.to_string(), 2, 4));
        }
    }
    if !listing.uncovered.is_empty() {
        let mut reasons: Vec<String> = listing.uncovered.iter().map(ToString::to_string).collect();
        reasons.dedup();
        let _ = writeln!(out, "\nnot covered: {}", wrap(&reasons.join("; "), 13, 13));
    }
    let text = "read: cron, fcron, systemd timers and units, at, pending shutdowns, \
                automatic updates (unattended-upgrades, dnf-automatic, transactional-update, \
                os-update, rebootmgr, zincati, locksmith, kured, snapd), cloud-init, boot \
                scripts, watchdogs, kernel panics, keys, hooks of other programs.";
    let _ = writeln!(out, "\n{}", wrap(text, 0, 2));
    out
}

/// What fires within the horizon, or at no time that is known; and how many do later.
fn within(host: &Host, horizon: Option<SignedDuration>) -> (Vec<&Trigger>, usize) {
    let all = &host.triggers().list.items;
    let shown: Vec<&Trigger> = all
        .iter()
        .filter(|trigger| match (trigger.next_at(), horizon) {
            (Some(at), Some(horizon)) => at.duration_since(host.now()) <= horizon,
            _ => true,
        })
        .collect();
    let later = all.len() - shown.len();
    (shown, later)
}

/// The list for programs, schema `comeback.triggers/1`.
///
/// # Errors
/// Those of the serialiser.
pub fn triggers_json(
    host: &Host,
    horizon: Option<SignedDuration>,
) -> Result<String, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct List {
        schema: &'static str,
        host: String,
        at: String,
        triggers: Vec<WireTrigger>,
        beyond_horizon: usize,
        undecided: Vec<String>,
        not_covered: Vec<String>,
    }
    let listing = &host.triggers().list;
    let (mut shown, later) = within(host, horizon);
    shown.extend(host.triggers().beside.iter().map(|beside| &beside.trigger));
    let list = List {
        schema: "comeback.triggers/1",
        host: escape(host.name().as_bytes()),
        at: host.now().to_string(),
        triggers: shown.into_iter().map(trigger).collect(),
        beyond_horizon: later,
        undecided: listing.gaps.iter().map(ToString::to_string).collect(),
        not_covered: listing.uncovered.iter().map(ToString::to_string).collect(),
    };
    serde_json::to_string_pretty(&list).map(|text| text + "\n")
}
