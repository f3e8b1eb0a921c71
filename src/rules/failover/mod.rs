//! Rules about VRRP and its hooks.

mod acts_on_missing;
mod address_also_static;
mod address_dropped;
mod addresses_foreign;
mod build_options_missing;
mod check_too_shallow;
mod check_void;
mod command_misread;
mod commands;
mod config_broken;
mod group_broken;
mod hook_missing;
mod hook_not_executable;
mod hook_unparsable;
mod include_missing;
mod instance_faults;
mod instance_not_handled;
mod interface_missing;
mod left_over;
mod mixed_families;
mod not_undone;
mod nothing_resets;
mod nothing_tracked;
mod password_cut;
mod peers_missing;
mod preempts_anyway;
mod renamed_on_one_side;
mod route_only_by_hook;
mod script_behind_link;
mod script_names_unknown_instance;
mod script_not_allowed;
mod script_user_missing;
mod security;
mod targets;
mod trackers;
mod ucarp_alias_missing;
mod undone_by_another;
mod weight_without_effect;

pub(super) use acts_on_missing::ActsOnMissing;
pub(super) use address_also_static::AddressAlsoStatic;
pub(super) use address_dropped::AddressDropped;
pub(super) use addresses_foreign::AddressesForeign;
pub(super) use build_options_missing::BuildOptionsMissing;
pub(super) use check_too_shallow::CheckTooShallow;
pub(super) use check_void::CheckVoid;
pub(super) use command_misread::CommandMisread;
pub(super) use config_broken::ConfigBroken;
pub(super) use group_broken::GroupBroken;
pub(super) use hook_missing::HookMissing;
pub(super) use hook_not_executable::HookNotExecutable;
pub(super) use hook_unparsable::HookUnparsable;
pub(super) use include_missing::IncludeMissing;
pub(super) use instance_not_handled::InstanceNotHandled;
pub(super) use interface_missing::InterfaceMissing;
pub(super) use mixed_families::MixedFamilies;
pub(super) use not_undone::NotUndone;
pub(super) use nothing_resets::NothingResets;
pub(super) use nothing_tracked::NothingTracked;
pub(super) use password_cut::PasswordCut;
pub(super) use peers_missing::PeersMissing;
pub(super) use preempts_anyway::PreemptsAnyway;
pub(super) use renamed_on_one_side::RenamedOnOneSide;
pub(super) use route_only_by_hook::RouteOnlyByHook;
pub(super) use script_behind_link::ScriptBehindLink;
pub(super) use script_names_unknown_instance::ScriptNamesUnknownInstance;
pub(super) use script_not_allowed::ScriptNotAllowed;
pub(super) use script_user_missing::ScriptUserMissing;
pub(super) use ucarp_alias_missing::UcarpAliasMissing;
pub(super) use undone_by_another::UndoneByAnother;
pub(super) use weight_without_effect::WeightWithoutEffect;

use std::path::{Path, PathBuf};

use super::chain::{LinkState, Summary};
use super::{Confidence, Finding, Findings};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::failover::{Failover, Handling, HookCall};
use crate::parse::keepalived::Subject;
use crate::text::escape;

/// keepalived's side of the host, or why there is nothing to say.
fn configured(host: &Host) -> Result<&Failover, Stop> {
    if not_installed(host) {
        return Err(Stop::NotApplicable("keepalived is not installed"));
    }
    let failover = host.failover().require()?;
    failover.ok_or(Stop::NotApplicable("keepalived is not configured"))
}

/// A finding that depends on keepalived's version: likely where that is not known.
fn by_version(failover: &Failover, finding: Finding) -> Finding {
    match failover.version {
        Some(_) => finding,
        None => finding.confidence(Confidence::Likely),
    }
}

/// Whether nothing can read what was left of keepalived's configuration: dpkg, the
/// only database there, does not list it (or removed it and kept the configuration),
/// and its program is not there.
fn not_installed(host: &Host) -> bool {
    let Fact::Known(packages) = host.packages() else {
        return false;
    };
    let unlisted = packages.all_read().is_ok() && !packages.has("keepalived");
    let gone = |path: &str| matches!(host.resolve(Path::new(path)), Fact::Absent(_));
    unlisted && PROGRAMS.iter().all(|path| gone(path))
}

/// Where keepalived is installed by distributions, and by hand.
const PROGRAMS: [&str; 3] = [
    "/usr/sbin/keepalived",
    "/sbin/keepalived",
    "/usr/local/sbin/keepalived",
];

/// What could not be read of the configuration itself.
fn open_parts(failover: &Failover, out: &mut Findings) {
    out.open.extend(failover.config.open.iter().cloned());
    out.uncovered.extend(failover.uncovered.iter().cloned());
}

/// keepalived's side of a host that has hooks, and an answer that begins with what
/// could not be read of the configuration.
fn hooks(host: &Host) -> Result<(&Failover, Findings), Stop> {
    let failover = configured(host)?;
    if failover.calls.is_empty() {
        return Err(Stop::NotApplicable("keepalived calls no hooks"));
    }
    let mut out = Findings::new();
    open_parts(failover, &mut out);
    let covered = |call: &&HookCall| !matches!(call.program, Fact::NotCovered(_));
    out.judged = failover.calls.iter().filter(covered).count();
    Ok((failover, out))
}

/// What could not be read of the hooks; what is only beyond the evaluator is told by the
/// rule that asks for every name.
fn unread_hooks(failover: &Failover, out: &mut Findings) {
    for call in &failover.calls {
        if let Handling::Undecided(open) = &call.handling {
            let unread = open.iter().filter(|unknown| unknown.could_not_look());
            out.open.extend(unread.cloned());
        }
    }
}

/// Each program once, with the first call of it.
fn programs(failover: &Failover) -> Vec<(&PathBuf, &HookCall)> {
    let mut programs: Vec<(&PathBuf, &HookCall)> = Vec::new();
    for call in &failover.calls {
        let Some(path) = &call.path else { continue };
        if !programs.iter().any(|(known, _)| *known == path) {
            programs.push((path, call));
        }
    }
    programs
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
        Fact::Known(_) if not_installed(host) => Summary::new(
            LinkState::None,
            "keepalived is configured and not installed",
        ),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    fn stops(source: MemSource) -> bool {
        let tree = Tree::for_tests(source, Coverage::full(true));
        let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
        matches!(configured(&host), Err(Stop::NotApplicable(_)))
    }

    #[test]
    fn a_configuration_that_a_removed_keepalived_left_is_not_judged() {
        let mut source = MemSource::new();
        source.file("/etc/keepalived/keepalived.conf", "vrrp_instance a {\n}\n");
        assert!(!stops(source.clone()), "no database tells");
        let status = |state: &str| format!("Package: keepalived\nStatus: {state}\nVersion: 2\n");
        source.file("/var/lib/dpkg/status", status("deinstall ok config-files"));
        assert!(stops(source.clone()));
        source.file("/usr/local/sbin/keepalived", "\x7fELF");
        assert!(!stops(source.clone()), "built by hand");
        source.remove("/usr/local/sbin/keepalived");
        source.file("/var/lib/dpkg/status", status("install ok installed"));
        assert!(!stops(source));
    }
}
