//! When a host goes down by what it has scheduled.

use jiff::{SignedDuration, Timestamp};

use crate::facts::triggers::Trigger;
use crate::rules::{Cx, Examined};

/// Two hosts that go down within so long of each other may be down together: a server
/// that checks its memory and its disks takes that long to come back.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(30);

/// The spans within the horizon in which a host goes down, and by what. What a guard
/// stands before asks first: only what just happens is reckoned with.
pub(super) fn spans<'a>(
    host: &'a Examined,
    cx: &Cx<'_>,
) -> impl Iterator<Item = (Timestamp, Timestamp, &'a Trigger)> {
    let until = horizon(host, cx);
    let triggers = host.triggers.iter();
    let triggers = triggers.filter(|trigger| !trigger.is_preview() && trigger.guard.is_none());
    triggers.flat_map(move |trigger| {
        trigger.times(until).map(move |from| {
            let to = from.checked_add(trigger.spread).unwrap_or(Timestamp::MAX);
            (from, to, trigger)
        })
    })
}

/// The end of what is looked at.
pub(super) fn horizon(host: &Examined, cx: &Cx<'_>) -> Timestamp {
    host.now.checked_add(cx.horizon).unwrap_or(Timestamp::MAX)
}
