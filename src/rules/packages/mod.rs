//! Rules about the package database.

mod config_merge_pending;
mod half_configured;
mod init_provider_missing;

pub(super) use config_merge_pending::ConfigMergePending;
pub(super) use half_configured::HalfConfigured;
pub(super) use init_provider_missing::InitProviderMissing;
