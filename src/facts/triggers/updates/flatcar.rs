//! locksmith, the reboot manager of Flatcar and of `CoreOS` before it (0.7.0
//! `locksmithctl/daemon.go`, `pkg/timeutil/periodic.go`, `systemd/locksmithd.service`).
//!
//! | input | locksmithd |
//! |---|---|
//! | `REBOOT_STRATEGY` not set | `reboot`: as soon as update-engine has an update |
//! | `etcd-lock` | the same, once etcd grants the lock |
//! | `off` | does nothing |
//! | a window | `23:00` is every day, `Thu 23:00` once a week, both by the box's clock |
//! | one of start and length without the other | it dies before the reboot |

use std::path::Path;

use jiff::SignedDuration;

use super::super::event::is_enabled;
use super::super::{Trigger, When};
use super::{Reboot, Window, assigned, clock, files, weekday};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::unit::{TimeSpan, parse_span};
use crate::text::escape;

/// `EnvironmentFile=` of the service, of both names of the system.
const FILES: [&str; 4] = [
    "/usr/share/coreos/update.conf",
    "/etc/coreos/update.conf",
    "/usr/share/flatcar/update.conf",
    "/etc/flatcar/update.conf",
];

const UNIT: &str = "/usr/lib/systemd/system/locksmithd.service";

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    let is = |path: &str| matches!(host.resolve(Path::new(path)), Fact::Known(_));
    let told = FILES.iter().any(|path| is(path));
    if !(is("/usr/lib/locksmith/locksmithd") || told) || !is_enabled(host, &["locksmithd"]) {
        return;
    }
    let found = files(host, &FILES, out);
    let strategy = assigned(&found, "REBOOT_STRATEGY").filter(|told| !told.value.is_empty());
    let place = match &strategy {
        Some(told) => told.place.clone(),
        None => match host.tree().read(Path::new(UNIT)) {
            Fact::Known(unit) => unit.place(unit.line_span(1)),
            _ => return,
        },
    };
    let mut reboot = Reboot::new("locksmithd", When::On(String::new()), place);
    reboot
        .conditions
        .push("update-engine has an update".to_owned());
    match strategy.as_ref().map_or("reboot", |told| &told.value) {
        "off" => return,
        "reboot" => {}
        "etcd-lock" => reboot.conditions.push("etcd grants the lock".to_owned()),
        other => {
            let other = escape(other.as_bytes());
            reboot.when = When::Never(format!("locksmithd knows no strategy {other}"));
            return out.items.push(reboot.trigger());
        }
    }
    let either = |name: &str| {
        let own = assigned(&found, &format!("LOCKSMITHD_{name}"));
        let own = own.filter(|told| !told.value.is_empty());
        own.or_else(|| assigned(&found, name).filter(|told| !told.value.is_empty()))
    };
    match (
        either("REBOOT_WINDOW_START"),
        either("REBOOT_WINDOW_LENGTH"),
    ) {
        (None, None) => {
            reboot.when = When::On("as soon as an update is there".to_owned());
        }
        (Some(start), Some(length)) => {
            reboot.via = vec![start.place.clone(), length.place.clone()];
            let now = host.zone().at(host.now());
            match window(&start.value, &length.value).and_then(|window| window.next(&now)) {
                Some((at, left)) => {
                    reboot.when = When::At(at);
                    reboot.spread = left;
                }
                None => {
                    let why = "locksmithd does not take the window, and ends before the reboot";
                    reboot.when = When::Never(why.to_owned());
                }
            }
        }
        (Some(one), None) | (None, Some(one)) => {
            reboot.via = vec![one.place];
            let why = "a window has a start and a length: locksmithd ends before the reboot";
            reboot.when = When::Never(why.to_owned());
        }
    }
    out.items.push(reboot.trigger());
}

fn window(start: &str, length: &str) -> Option<Window> {
    let words: Vec<&str> = start.split_whitespace().collect();
    let (day, time) = match words.as_slice() {
        [time] => (None, *time),
        [day, time] => (Some(weekday(day)?), *time),
        _ => return None,
    };
    let (hour, minute) = clock(time)?;
    // Go's durations are a part of systemd's: `1h30m`, but no number without a unit.
    let ends_in_unit = length.ends_with(|c: char| c.is_ascii_alphabetic());
    let length = match parse_span(length).filter(|_| ends_in_unit)? {
        TimeSpan::For(span) => SignedDuration::try_from(span).ok()?,
        TimeSpan::Infinite => return None,
    };
    let period = if day.is_some() { 7 * 24 } else { 24 };
    (length < SignedDuration::from_hours(period)).then_some(Window {
        day,
        hour,
        minute,
        length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_taken_as_locksmithd_takes_it() {
        for (start, length, taken) in [
            ("14:00", "1h", true),
            ("Thu 23:00", "1h30m", true),
            ("thu 23:00", "90m", true),
            ("Thursday 23:00", "1h", false),
            ("24:00", "1h", false),
            ("14:00", "24h", false),
            ("Thu 14:00", "24h", true),
            ("14:00", "90", false),
            ("every day 14:00", "1h", false),
        ] {
            assert_eq!(window(start, length).is_some(), taken, "{start} {length}");
        }
    }
}
