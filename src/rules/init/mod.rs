//! Rules about process 1 and what is enabled to start after it.

mod accounts_missing;
mod cannot_start;
mod cgroup_v1_ignored;
mod changes_at_reboot;
mod console_login_missing;
mod dangling_enablement;
mod directories_missing;
mod foreign_script;
mod half_migrated;
mod inittab_line_ignored;
mod is_a_shell;
mod missing;
mod name_ignored;
mod need_unmet;
mod os_release_missing;
mod program_broken;
mod root_directory_mode;
mod running_deleted;
mod script_interpreter_missing;
mod script_link_ignored;
mod script_not_executable;
mod second_system;
mod selinux_policy_missing;
mod shell_missing;
mod start_script_missing;
mod system_type_wrong;
mod systemd_incomplete;
mod usr_merge_broken;

pub(super) use accounts_missing::AccountsMissing;
pub(super) use cannot_start::CannotStart;
pub(super) use cgroup_v1_ignored::CgroupV1Ignored;
pub(super) use changes_at_reboot::ChangesAtReboot;
pub(super) use console_login_missing::ConsoleLoginMissing;
pub(super) use dangling_enablement::DanglingEnablement;
pub(super) use directories_missing::DirectoriesMissing;
pub(super) use foreign_script::ForeignScript;
pub(super) use half_migrated::HalfMigrated;
pub(super) use inittab_line_ignored::InittabLineIgnored;
pub(super) use is_a_shell::IsAShell;
pub(super) use missing::Missing;
pub(super) use name_ignored::NameIgnored;
pub(super) use need_unmet::NeedUnmet;
pub(super) use os_release_missing::OsReleaseMissing;
pub(super) use program_broken::ProgramBroken;
pub(super) use root_directory_mode::RootDirectoryMode;
pub(super) use running_deleted::RunningDeleted;
pub(super) use script_interpreter_missing::ScriptInterpreterMissing;
pub(super) use script_link_ignored::ScriptLinkIgnored;
pub(super) use script_not_executable::ScriptNotExecutable;
pub(super) use second_system::SecondSystem;
pub(super) use selinux_policy_missing::SelinuxPolicyMissing;
pub(super) use shell_missing::ShellMissing;
pub(super) use start_script_missing::StartScriptMissing;
pub(super) use system_type_wrong::SystemTypeWrong;
pub(super) use systemd_incomplete::SystemdIncomplete;
pub(super) use usr_merge_broken::UsrMergeBroken;

use super::Evidence;
use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::init::{Candidate, Dead, Ending, InitKind, Program};
use crate::facts::linkage::Failure;
use crate::facts::services::Enabled;
use crate::facts::{Host, undecided};
use crate::text::escape_path;

/// What the next boot comes to, where it starts an init at all.
fn ending(host: &Host) -> Result<Ending<'_>, Stop> {
    host.must_start()?;
    host.init().ending().map_err(|open| match open {
        Fact::Unknown(unknown) => undecided(unknown),
        Fact::NotCovered(why) => Stop::NotCovered(why),
        _ => Stop::NotApplicable("no init is known of"),
    })
}

/// How a boot ends that starts nothing, for the end of a sentence.
const fn fate(dead: Dead) -> &'static str {
    match dead {
        Dead::Panic => "the kernel panics",
        Dead::InitramfsShell => "the boot stops at a shell of the initramfs",
        Dead::Emergency => "the boot stops in the initrd's emergency mode",
        Dead::Freeze => "the boot stops in the initrd, without a shell",
    }
}

/// What is wrong with a program, as evidence: the file at fault, and where was looked
/// for what it lacks.
fn evidence(failure: &Failure) -> Vec<Evidence> {
    let mut pieces = vec![Evidence::path(&failure.object, failure.message.clone())];
    pieces.extend(failure.looked.iter().map(Evidence::from));
    pieces
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    match host.init().ending() {
        Ok(Ending::Starts(candidate, program)) => {
            let mut text = escape_path(&candidate.path);
            if program.found.path != candidate.path {
                text = format!("{text} -> {}", escape_path(&program.found.path));
            }
            text = format!("{text} ({})", known_as(host, candidate, program));
            Summary::new(LinkState::Ok, text)
        }
        Ok(Ending::Dies(candidate, _, _)) => {
            let text = format!("{} does not start", escape_path(&candidate.path));
            Summary::new(LinkState::Broken, text)
        }
        Ok(Ending::Shell(_)) => Summary::new(LinkState::Broken, "a bare root shell is process 1"),
        Ok(Ending::Nothing(Dead::Panic)) => {
            Summary::new(LinkState::Broken, "nothing the kernel can start")
        }
        Ok(Ending::Nothing(dead)) => Summary::new(LinkState::Broken, fate(dead)),
        Err(Fact::Unknown(unknown)) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Err(Fact::NotCovered(why)) => Summary::new(LinkState::NotCovered, why.to_string()),
        Err(_) => Summary::new(LinkState::Unknown, ""),
    }
}

/// The kind of an init, with its version and package where a database tells.
fn known_as(host: &Host, candidate: &Candidate, program: &Program) -> String {
    let kind = program.kind.name();
    if program.is_script {
        return format!("a script for {kind}").replace("a script for a script", "a script");
    }
    // The link belongs to a package of its own (systemd-sysv); one that leads to
    // busybox was made by hand in another's place.
    let mut names = [&candidate.path, &program.found.path];
    if program.kind == InitKind::Busybox {
        names.reverse();
    }
    let mut owners = names.into_iter().map(|path| host.owner(path));
    let Some(Fact::Known(package)) = owners.find(|owner| matches!(owner, Fact::Known(_))) else {
        return kind.to_owned();
    };
    let version = match host.packages() {
        Fact::Known(packages) => packages.version_of(&package).map(str::to_owned),
        _ => None,
    };
    match version {
        Some(version) => {
            // The distribution's own revision behind the program's version is noise here.
            let version = version.split(['-', '+']).next().unwrap_or("");
            format!("{kind} {version}, package {package}")
        }
        None => format!("{kind}, package {package}"),
    }
}

/// Services without which nobody gets in or nothing is reachable.
const ESSENTIAL: [&str; 12] = [
    "ssh",
    "sshd",
    "dropbear",
    "networking",
    "network",
    "NetworkManager",
    "systemd-networkd",
    "wicked",
    "udev",
    "localmount",
    "mountall",
    "fsck",
];

/// Whether the loss of a service means no way in.
fn is_essential(enabled: &Enabled) -> bool {
    let name = enabled.name.as_str();
    ESSENTIAL.contains(&name) || name.starts_with("net.") && name != "net.lo"
}
