//! Rules about process 1 and what is enabled to start after it.

mod dangling_enablement;
mod foreign_script;
mod half_migrated;
mod missing;
mod running_deleted;
mod script_interpreter_missing;
mod start_script_missing;

pub(super) use dangling_enablement::DanglingEnablement;
pub(super) use foreign_script::ForeignScript;
pub(super) use half_migrated::HalfMigrated;
pub(super) use missing::Missing;
pub(super) use running_deleted::RunningDeleted;
pub(super) use script_interpreter_missing::ScriptInterpreterMissing;
pub(super) use start_script_missing::StartScriptMissing;

use crate::facts::services::Enabled;

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
