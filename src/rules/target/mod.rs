//! Rules about what the init is told to reach.

mod default_unusable;
mod level_overridden;
mod requirement_missing;
mod runlevel_empty;

pub(super) use default_unusable::DefaultUnusable;
pub(super) use level_overridden::LevelOverridden;
pub(super) use requirement_missing::RequirementMissing;
pub(super) use runlevel_empty::RunlevelEmpty;

use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::{Enabled, System};
use crate::facts::target::{Runlevel, Target, Unit};

/// The target of a host whose init has one that is known here.
fn of(host: &Host) -> Result<&Target, Stop> {
    host.must_start()?;
    let target = host.target().require()?;
    target.ok_or(Stop::NotApplicable("this init has no target that is read"))
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    match host.target() {
        Fact::Known(Target::Systemd(target)) => match &target.unit {
            Unit::Loaded(_) => {
                let text = format!("{}, and all it requires is there", target.name);
                Summary::new(LinkState::Ok, text)
            }
            Unit::Masked(_) | Unit::Missing(_) => Summary::new(LinkState::Broken, &*target.name),
            Unit::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
            Unit::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
        },
        Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => {
            Summary::new(LinkState::Ok, format!("runlevel {level}{}", behind(host)))
        }
        Fact::Known(Target::Runlevel(_)) => Summary::new(LinkState::Broken, "no default runlevel"),
        Fact::Absent(_) => of_another_init(host),
        Fact::Broken(fault) => Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}

/// The target of an init that is neither systemd nor sysvinit.
fn of_another_init(host: &Host) -> Summary {
    let kind = host.init_kind();
    let name = match kind {
        Some(InitKind::OpenRcInit) => "OpenRC's default runlevel",
        Some(InitKind::Busybox) => "what inittab lists",
        Some(InitKind::Runit) => "runit's second stage",
        Some(InitKind::Dinit | InitKind::S6 | InitKind::Finit) => {
            let name = kind.map_or("", InitKind::name);
            let text = format!("{name}'s services cannot be modelled");
            return Summary::new(LinkState::NotExamined, text);
        }
        _ => return Summary::new(LinkState::NotExamined, ""),
    };
    Summary::new(LinkState::Ok, format!("{name}{}", behind(host)))
}

/// How many services are started, and where one can log in.
fn behind(host: &Host) -> String {
    let level = match host.target() {
        Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => Some(level.to_string()),
        _ => None,
    };
    let calls = &host.openrc_calls().items;
    let here = |enabled: &&Enabled| match (enabled.system, &level) {
        (System::SysV, Some(level)) => enabled.level == *level || enabled.level == "S",
        (System::SysV, None) => matches!(enabled.level.as_str(), "2" | "S"),
        (System::OpenRc, _) => calls.iter().any(|call| call.level == enabled.level),
        (System::Systemd, _) => false,
    };
    let count = host.enabled().items.iter().filter(here).count();
    let word = if count == 1 { "service" } else { "services" };
    let consoles = host.consoles().items;
    let logins = match consoles.as_slice() {
        [] => String::new(),
        [one] => format!("; getty on {one}"),
        [first, .., last] => format!("; getty on {first} to {last}"),
    };
    format!(": {count} {word}{logins}")
}
