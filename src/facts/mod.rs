//! What is known about one host, read lazily: one file per area.

pub mod access;
pub mod accounts;
pub mod apt;
pub mod boot;
pub mod boundary;
pub mod busy;
pub(crate) mod checks;
pub mod cluster;
pub mod cron;
pub mod crypt;
pub mod declared;
pub mod devices;
pub mod failover;
pub mod filters;
pub mod hooks;
mod host;
pub mod identity;
pub mod init;
pub mod kernels;
pub mod linkage;
pub mod merges;
pub mod mounts;
pub mod network;
pub mod packages;
mod paths;
pub mod programs;
pub mod renames;
pub mod running;
pub mod services;
pub mod shipped;
pub mod standing;
pub mod started;
pub mod stores;
pub mod sysctl;
pub mod systemd;
pub mod target;
pub mod transaction;
pub mod triggers;
mod world;
mod zone;

#[cfg(test)]
#[path = "../../tests/elf/maker.rs"]
pub(crate) mod elf_maker;

pub use crate::shell::pool;
pub use busy::callers;
pub use host::{Boots, Given, Host, INIT_PACKAGES, undecided};
pub use zone::read as zone_of;
