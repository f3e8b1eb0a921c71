//! What is known about one host, read lazily: one file per area.

pub mod accounts;
pub mod boot;
pub mod busy;
pub mod cron;
pub mod crypt;
pub mod devices;
pub mod failover;
mod host;
pub mod identity;
pub mod init;
pub mod kernels;
pub mod linkage;
pub mod merges;
pub mod mounts;
pub mod packages;
pub mod programs;
pub mod services;
pub mod started;
pub mod systemd;
pub mod target;
pub mod transaction;
pub mod triggers;
mod world;
mod zone;

#[cfg(test)]
#[path = "../../tests/elf/maker.rs"]
mod elf_maker;

pub use busy::callers;
pub use host::{Boots, Given, Host, INIT_PACKAGES, undecided};
pub use zone::read as zone_of;
