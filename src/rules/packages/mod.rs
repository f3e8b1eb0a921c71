//! Rules about the package database.

mod boundary_crossed;
mod config_merge_pending;
mod critical;
mod dependency_unmet;
mod file_altered;
mod file_half_unpacked;
mod half_configured;
mod init_provider_missing;
mod init_providers_clash;
mod kernel_incomplete;
mod reboot_required;
mod releases_mixed;
mod role_removed;
mod roles;
mod running_modules_removed;
mod set_split;
mod transaction_interrupted;
mod trigger_pending;

pub(super) use boundary_crossed::BoundaryCrossed;
pub(super) use config_merge_pending::ConfigMergePending;
pub(super) use dependency_unmet::DependencyUnmet;
pub(super) use file_altered::FileAltered;
pub(super) use file_half_unpacked::FileHalfUnpacked;
pub(super) use half_configured::HalfConfigured;
pub(super) use init_provider_missing::InitProviderMissing;
pub(super) use init_providers_clash::InitProvidersClash;
pub(super) use kernel_incomplete::KernelIncomplete;
pub(super) use reboot_required::RebootRequired;
pub(super) use releases_mixed::ReleasesMixed;
pub(super) use role_removed::RoleRemoved;
pub(super) use running_modules_removed::RunningModulesRemoved;
pub(super) use set_split::SetSplit;
pub(super) use transaction_interrupted::TransactionInterrupted;
pub(super) use trigger_pending::TriggerPending;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::packages::{Dpkg, Packages};

/// The host's package databases, or why there is nothing to say.
fn databases(host: &Host) -> Result<&Packages, Stop> {
    let packages = host.packages().require()?;
    packages.ok_or(Stop::NotApplicable("no package database"))
}

/// dpkg's database, or why there is nothing to say.
fn dpkg(host: &Host) -> Result<&Dpkg, Stop> {
    let packages = databases(host)?;
    packages.dpkg.as_ref().ok_or(Stop::NotApplicable("no dpkg"))
}
