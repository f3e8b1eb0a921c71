//! Rules about the kernel image and its modules.

mod broken;
mod command_line_changes;
mod command_line_too_long;
mod lacks_option;
mod memory_limited;
mod missing;
mod modules_index_missing;
mod modules_missing;
mod too_old;
mod wrong_architecture;

pub(super) use broken::Broken;
pub(super) use command_line_changes::CommandLineChanges;
pub(super) use command_line_too_long::CommandLineTooLong;
pub(super) use lacks_option::LacksOption;
pub(super) use memory_limited::MemoryLimited;
pub(super) use missing::Missing;
pub(super) use modules_index_missing::ModulesIndexMissing;
pub(super) use modules_missing::ModulesMissing;
pub(super) use too_old::TooOld;
pub(super) use wrong_architecture::WrongArchitecture;

use super::chain::{LinkState, Summary};
use super::loader;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{Kernel, Start};
use crate::text::{escape, size};

/// The kernel that starts; where its file is not there, another rule says so.
fn of(host: &Host) -> Result<&Kernel, Stop> {
    loader::entry(host)?;
    let kernel = host.kernel().require()?;
    kernel.ok_or(Stop::NotApplicable("the kernel's file is not there"))
}

/// What `uname -r` will say of the kernel that starts.
pub(super) fn release(host: &Host) -> Result<Vec<u8>, Stop> {
    let release = host.release();
    let release = release.require()?;
    release
        .cloned()
        .ok_or(Stop::NotApplicable("the image tells no release"))
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    if let Start::Outside(outside) = host.start()
        && let Some(running) = &outside.running
    {
        let text = format!("{}, from outside{}", escape(running), modules(host));
        return Summary::new(LinkState::Ok, text);
    }
    match host.kernel() {
        Fact::Known(kernel) => {
            let architecture = kernel.image.architecture;
            let architecture = architecture.map_or_else(String::new, |a| format!(" ({a})"));
            let text = format!(
                "{}{architecture}, {}{}",
                kernel.shown(),
                size(kernel.len),
                modules(host)
            );
            Summary::new(LinkState::Ok, text)
        }
        Fact::Absent(_) => Summary::new(LinkState::Broken, "no kernel"),
        Fact::Broken(fault) => Summary::new(LinkState::Broken, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}

fn modules(host: &Host) -> String {
    match host.modules() {
        Fact::Known(modules) => match modules.as_ref() {
            Fact::Known(modules) => match modules.loadable.len() {
                1 => ", 1 module".into(),
                count => format!(", {count} modules"),
            },
            Fact::Absent(_) => ", no modules".into(),
            Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => String::new(),
        },
        Fact::Absent(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => String::new(),
    }
}
