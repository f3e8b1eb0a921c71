//! Rules about VRRP and its hooks.

mod config_broken;
mod hook_missing;
mod hook_not_executable;
mod instance_faults;
mod instance_not_handled;
mod mixed_families;
mod script_names_unknown_instance;

pub(super) use config_broken::ConfigBroken;
pub(super) use hook_missing::HookMissing;
pub(super) use hook_not_executable::HookNotExecutable;
pub(super) use instance_not_handled::InstanceNotHandled;
pub(super) use mixed_families::MixedFamilies;
pub(super) use script_names_unknown_instance::ScriptNamesUnknownInstance;

use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::failover::{Failover, HookCall};
use crate::facts::{Host, undecided};
use crate::parse::keepalived::Subject;
use crate::text::escape;

/// keepalived's side of the host, or why there is nothing to say.
fn configured(host: &Host) -> Result<&Failover, Stop> {
    match host.failover() {
        Fact::Known(failover) => Ok(failover),
        Fact::Absent(_) => Err(Stop::NotApplicable("keepalived is not configured")),
        Fact::Broken(fault) => Err(undecided(fault.clone().into())),
        Fact::Unknown(unknown) => Err(undecided(unknown.clone())),
        Fact::NotCovered(why) => Err(Stop::NotCovered(why.clone())),
    }
}

/// What could not be read of the configuration itself.
fn open_parts(failover: &Failover, out: &mut super::Findings) {
    out.open.extend(failover.config.open.iter().cloned());
    out.uncovered.extend(failover.uncovered.iter().cloned());
}

/// How many hook calls could be judged.
fn judged_calls(failover: &Failover) -> usize {
    let covered = |call: &&HookCall| !matches!(call.program, Fact::NotCovered(_));
    failover.calls.iter().filter(covered).count()
}

/// `instance gw4`, `group gw`.
fn called(subject: Subject, name: &[u8]) -> String {
    let word = match subject {
        Subject::Instance => "instance",
        Subject::Group => "group",
    };
    format!("{word} {}", escape(name))
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    match host.failover() {
        Fact::Known(failover) => {
            let instances = &failover.config.instances;
            if instances.is_empty() {
                return Summary::new(LinkState::None, "keepalived has no VRRP instance");
            }
            let names: Vec<String> = instances
                .iter()
                .take(4)
                .map(|i| escape(&i.name.value))
                .collect();
            let more = instances.len() - names.len();
            let mut text = format!("keepalived: {}", names.join(", "));
            if more > 0 {
                text = format!("{text} and {more} more");
            }
            let mut hooks: Vec<_> = failover
                .calls
                .iter()
                .filter_map(|c| c.path.clone())
                .collect();
            hooks.sort();
            hooks.dedup();
            if !hooks.is_empty() {
                let plural = if hooks.len() == 1 { "" } else { "s" };
                text = format!("{text}; {} hook program{plural}", hooks.len());
            }
            Summary::new(LinkState::Ok, text)
        }
        Fact::Absent(_) => Summary::new(LinkState::None, "keepalived is not configured"),
        Fact::Broken(fault) => Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}
