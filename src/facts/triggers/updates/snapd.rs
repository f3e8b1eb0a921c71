//! snapd, which reboots Ubuntu Core into a new base, kernel or gadget (2.64
//! `daemon/daemon.go`, `overlord/restart/restart.go`). On a classic system it waits for
//! somebody else to reboot.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::super::event::optional;
use super::super::{Trigger, When};
use super::Reboot;
use crate::fact::{Doubt, Fact, Listing, Unknown};
use crate::facts::Host;
use crate::source::TreeKind;
use crate::text::{File, Span, escape};

const STATE: &str = "/var/lib/snapd/state.json";

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    let core = matches!(host.os(), Fact::Known(os) if os.id == "ubuntu-core");
    if !core {
        return;
    }
    let Some(file) = optional(host, Path::new(STATE), out) else {
        return;
    };
    let place = file.place(file.line_span(1));
    let Ok(state) = serde_json::from_slice::<Value>(file.bytes()) else {
        let doubt = Doubt::CannotModel("snapd's state is no JSON".to_owned());
        return out.gaps.push(Unknown::at(place, doubt));
    };
    let data = state.get("data");
    let text = |name: &str| data?.get(name)?.as_str();
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    let config = |name: &str| {
        data?
            .get("config")?
            .get("core")?
            .get("refresh")?
            .get(name)?
            .as_str()
    };
    // It keeps the moment it has set while it waits for shutdown(8).
    let live = host.tree().coverage().kind == TreeKind::Live;
    let set = text("daemon-system-restart-at").and_then(moment);
    let at = set.filter(|at| live && *at >= host.now());
    let held = config("hold")
        .and_then(moment)
        .filter(|held| *held > host.now());
    let times = config("timer").unwrap_or("00:00~24:00/4");
    let times = escape(times.as_bytes());
    let when = match (at, held) {
        (Some(at), _) => When::At(at),
        (None, Some(held)) => {
            let held = host.zone().show(held);
            When::On(format!(
                "after {held}, when it refreshes what the system boots from"
            ))
        }
        (None, None) => {
            let text = "when it refreshes what the system boots from";
            When::On(format!("{text} (refresh.timer {times})"))
        }
    };
    // One line may be all of the file.
    let file = File::new(STATE, "");
    let place = file.place(Span::new(0, 0));
    let mut reboot = Reboot::new("snapd", when, place);
    if at.is_none() {
        let what = "a new base, kernel or gadget snap is there";
        reboot.conditions.push(what.to_owned());
    }
    out.items.push(reboot.trigger());
}
