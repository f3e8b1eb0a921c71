//! Rules about the package database.

mod config_merge_pending;
mod file_half_unpacked;
mod half_configured;
mod init_provider_missing;
mod trigger_pending;

pub(super) use config_merge_pending::ConfigMergePending;
pub(super) use file_half_unpacked::FileHalfUnpacked;
pub(super) use half_configured::HalfConfigured;
pub(super) use init_provider_missing::InitProviderMissing;
pub(super) use trigger_pending::TriggerPending;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::packages::Packages;

/// The host's package databases, or why there is nothing to say.
fn databases(host: &Host) -> Result<&Packages, Stop> {
    let packages = host.packages().require()?;
    packages.ok_or(Stop::NotApplicable("no package database"))
}
