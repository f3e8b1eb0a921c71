//! Rules about what the init is told to reach.

mod default_unusable;
mod requirement_missing;

pub(super) use default_unusable::DefaultUnusable;
pub(super) use requirement_missing::RequirementMissing;

use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
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
            Summary::new(LinkState::Ok, format!("runlevel {level}"))
        }
        Fact::Known(Target::Runlevel(_)) => Summary::new(LinkState::Broken, "no default runlevel"),
        Fact::Absent(_) => Summary::new(LinkState::NotExamined, ""),
        Fact::Broken(fault) => Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}
