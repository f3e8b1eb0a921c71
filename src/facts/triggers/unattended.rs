//! unattended-upgrades that may reboot (2.9.1 `unattended-upgrade`,
//! `reboot_if_requested_and_needed`; apt 2.6.1 `apt.systemd.daily`).

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::command::{Judged, judge};
use super::timers::{Armed, armed_for, run_parts_of};
use super::{Starter, Trigger, When, delayed};
use crate::fact::{Fact, Listing, Unknown};
use crate::facts::Host;
use crate::facts::apt::{self, Apt};
use crate::facts::init::InitKind;
use crate::shell::power::{Delay, Down};
use crate::shell::{Call, Dialect, Program, Value};
use crate::source::TreeKind;
use crate::text::{Place, Span, escape};

/// The marker of packages that want a reboot; the script asks below /var/run.
const MARKER: &str = "/run/reboot-required";

/// Adds what unattended-upgrades does.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let program = Path::new("/usr/bin/unattended-upgrade");
    match host.resolve(program) {
        Fact::Absent(_) | Fact::Broken(_) => return,
        Fact::Unknown(unknown) => return out.gaps.push(unknown),
        Fact::Known(_) | Fact::NotCovered(_) => {}
    }
    let apt = apt::read(host.tree());
    let gaps = apt.open.gaps.clone();
    let known = gaps.is_empty();
    out.gaps.extend(gaps);
    if let Some(refusal) = apt
        .refusal
        .as_ref()
        .filter(|refusal| refusal.could_not_look)
    {
        let doubt = crate::fact::Doubt::CannotModel(refusal.message.clone());
        out.gaps.push(Unknown::at(refusal.place.clone(), doubt));
    }
    *decided += usize::from(known);
    if apt
        .config
        .is_set("Unattended-Upgrade::Automatic-Reboot", false)
    {
        out.items.extend(of_config(host, &apt));
    }
}

fn of_config(host: &Host, apt: &Apt) -> Option<Trigger> {
    let allowed = apt.config.value("Unattended-Upgrade::Automatic-Reboot")?;
    let place = allowed.place.clone()?;
    let asked = apt
        .config
        .value("Unattended-Upgrade::Automatic-Reboot-Time");
    let asked_place = asked.and_then(|asked| asked.place.clone());
    let time = asked.map_or(b"now".to_vec(), |asked| asked.value.clone());
    let (when, spread, by) = when(host, apt, &time);
    let mut conditions = Vec::new();
    let mut via: Vec<Place> = asked_place.clone().into_iter().collect();
    match marker(host) {
        Some(marker) => via.push(marker),
        None => conditions.push(format!("a package asks for a reboot: {MARKER}")),
    }
    if !apt
        .config
        .is_set("Unattended-Upgrade::Automatic-Reboot-WithUsers", true)
    {
        conditions.push("nobody is logged in".to_owned());
    }
    let starter = Starter::Other {
        name: "unattended-upgrades".to_owned(),
        noun: "an automatic upgrade",
    };
    let shown = escape(&time);
    Some(Trigger {
        later: Vec::new(),
        action: crate::shell::power::Kind::Reboot,
        starter,
        spread,
        when,
        schedule: format!("Automatic-Reboot-Time {shown}"),
        by,
        schedule_place: place.clone(),
        command_place: place.clone(),
        place,
        via,
        conditions,
        guard: None,
        certain: host.tree().coverage().kind != TreeKind::Partial && !host.zone().is_assumed(),
    })
}

/// The marker, where a running system has it.
fn marker(host: &Host) -> Option<Place> {
    if host.tree().coverage().kind != TreeKind::Live {
        return None;
    }
    match host.tree().read(Path::new(MARKER)) {
        Fact::Known(file) => Some(file.place(file.line_span(1))),
        Fact::Unknown(_) => {
            // It is there and cannot be read: that is enough.
            let file = crate::text::File::new(MARKER, "");
            Some(file.place(Span::new(0, 0)))
        }
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
    }
}

/// When, by how much chance, and because of whom.
fn when(host: &Host, apt: &Apt, time: &[u8]) -> (When, SignedDuration, String) {
    let own = "unattended-upgrades, as root".to_owned();
    let never = |why: String| (When::Never(why), SignedDuration::ZERO, own.clone());
    if let Some(refusal) = apt
        .refusal
        .as_ref()
        .filter(|refusal| !refusal.could_not_look)
    {
        return never(format!(
            "apt refuses {}: {}",
            refusal.place, refusal.message
        ));
    }
    if apt.config.number("APT::Periodic::Enable") == Some(0) {
        return never("APT::Periodic::Enable is 0".to_owned());
    }
    let Some(interval) = Interval::of(apt) else {
        return never("APT::Periodic::Unattended-Upgrade is 0 or not set".to_owned());
    };
    let Some(down) = asked(host, time) else {
        return never(format!("shutdown takes no time {}", escape(time)));
    };
    match armed_for(host, &["apt-daily-upgrade.service"]) {
        Some(armed) => {
            let runs = armed
                .iter()
                .filter_map(|armed| Some((run(host, &interval, armed)?, armed)));
            let soonest = runs.min_by_key(|(at, _)| *at);
            let Some((at, armed)) = soonest else {
                return never("apt-daily-upgrade.timer is not started".to_owned());
            };
            let then = delayed(at, &down, 0, host.zone());
            // A time of the day is no matter of chance.
            let spread = match down.delay {
                Delay::At { .. } => SignedDuration::ZERO,
                _ => armed.spread,
            };
            let by = format!(
                "unattended-upgrades, started by {}",
                escape(armed.timer.as_bytes())
            );
            (When::At(then), spread, by)
        }
        None => {
            let event = match host.init_kind() {
                None | Some(InitKind::Systemd) => "at the end of its daily run",
                Some(_) => "at the end of its daily run from /etc/cron.daily",
            };
            (When::On(event.to_owned()), SignedDuration::ZERO, own)
        }
    }
}

/// What `shutdown -r TIME` comes to.
fn asked(host: &Host, time: &[u8]) -> Option<Down> {
    let words = [&b"shutdown"[..], b"-r", time];
    let call = Call {
        program: Program::Words(words.map(|word| Value::known(word.to_vec())).to_vec()),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: Value::unknown(),
        stdin: None,
        dialect: Dialect::Sh,
    };
    match judge(host, &call, run_parts_of(host), 0) {
        Judged::Down(fall) => Some(fall.down),
        Judged::Not | Judged::Open(_) | Judged::NotCovered(_) => None,
    }
}

/// The first time at which the timer elapses and enough days have passed.
fn run(host: &Host, interval: &Interval, armed: &Armed) -> Option<Timestamp> {
    let stamp = host.resolve(Path::new("/var/lib/apt/periodic/upgrade-stamp"));
    let stamp = match stamp {
        Fact::Known(found) => Timestamp::from_second(found.meta.mtime).ok(),
        _ => None,
    };
    let mut times = armed.next.iter().copied();
    times.find(|at| stamp.is_none_or(|stamp| interval.has_passed(host, stamp, *at)))
}

/// How long `check_stamp` waits between two runs, from midnight to midnight.
struct Interval {
    seconds: i64,
}

impl Interval {
    /// Nothing where it never runs.
    fn of(apt: &Apt) -> Option<Self> {
        let option = apt.config.option("APT::Periodic::Unattended-Upgrade")?;
        let text = String::from_utf8_lossy(&option.value).into_owned();
        if text == "0" {
            return None;
        }
        let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(number) => (number, text.get(number.len()..).unwrap_or("")),
            None => (text.as_str(), "d"),
        };
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            _ => 24 * 60 * 60,
        };
        // `always`, and whatever the shell takes for nought.
        let number: i64 = number.parse().unwrap_or(0);
        Some(Self {
            seconds: number.saturating_mul(factor),
        })
    }

    fn has_passed(&self, host: &Host, stamp: Timestamp, at: Timestamp) -> bool {
        let midnight = |moment: Timestamp| {
            let day = host.zone().at(moment).start_of_day();
            day.map_or(moment, |day| day.timestamp())
        };
        let (stamp, now) = (midnight(stamp).as_second(), midnight(at).as_second());
        // A stamp of tomorrow is thrown away.
        stamp > now + 86_400 || now - stamp >= self.seconds
    }
}
