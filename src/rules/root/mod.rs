//! Rules about the root file system: what it is called, and who finds it.

mod ambiguous;
mod device_missing;
mod differs_from_fstab;
mod ends_in_shell;
mod flags_refused;
mod module_blocked;
mod name_unstable;
mod needs_initrd;
mod no_file_system;
mod not_given;
mod type_mismatch;
mod volume_excluded;
mod volume_not_listed;

pub(super) use ambiguous::Ambiguous;
pub(super) use device_missing::DeviceMissing;
pub(super) use differs_from_fstab::DiffersFromFstab;
pub(super) use ends_in_shell::EndsInShell;
pub(super) use flags_refused::FlagsRefused;
pub(super) use module_blocked::ModuleBlocked;
pub(super) use name_unstable::NameUnstable;
pub(super) use needs_initrd::NeedsInitrd;
pub(super) use no_file_system::NoFileSystem;
pub(super) use not_given::NotGiven;
pub(super) use type_mismatch::TypeMismatch;
pub(super) use volume_excluded::VolumeExcluded;
pub(super) use volume_not_listed::VolumeNotListed;

use super::chain::{LinkState, Summary};
use super::loader;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::stack::{Told, device, file_system};
use crate::facts::boot::{Finder, RootFacts, RootValue, Start};
use crate::facts::devices::{Devices, Spec};
use crate::rules::Evidence;

/// What the entry that boots says of its root.
fn of(host: &Host) -> Result<&RootFacts, Stop> {
    loader::entry(host)?;
    let root = host.root().require()?;
    root.ok_or(Stop::NotApplicable("which kernel starts is not known"))
}

/// The name of the root, where it is one of a block device.
fn named(root: &RootFacts) -> Result<(&RootValue, Spec), Stop> {
    let value = root.value.as_ref();
    let value = value.ok_or(Stop::NotApplicable("no root= is given"))?;
    let spec = Spec::of_root(&value.text);
    let spec = spec.ok_or(Stop::NotApplicable("root= names no block device"))?;
    Ok((value, spec))
}

/// The block devices of a host that has some.
pub(super) fn devices(host: &Host) -> Result<&Devices, Stop> {
    let devices = host.devices().require()?;
    devices.ok_or(Stop::NotApplicable("no devices"))
}

/// Where the command line stands.
pub(super) fn line(root: &RootFacts, label: impl Into<String>) -> Evidence {
    match &root.place {
        Some(place) => Evidence::span(place.clone(), label),
        None => Evidence::computed(label),
    }
}

/// What tells something about the root, as evidence.
pub(super) fn told(told: &Told) -> Evidence {
    match told {
        Told::Device(node) => Evidence::computed(format!("the root is {node}")),
        Told::Line(Some(place), what) => Evidence::span(place.clone(), *what),
        Told::Line(None, what) => Evidence::computed(*what),
        Told::Fstab(place) => Evidence::span(place.clone(), "fstab says it"),
    }
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let root = match host.root() {
        Fact::Known(root) => root,
        Fact::Absent(_) => return Summary::new(LinkState::Broken, "no entry to read it from"),
        Fact::Broken(fault) => return Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => return Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => return Summary::new(LinkState::NotCovered, why.to_string()),
    };
    let Some(name) = root.shown() else {
        // An assumed entry has no command line to read it from.
        let known = matches!(host.start(), Start::Loader(_));
        let state = if known {
            LinkState::Degraded
        } else {
            LinkState::NotCovered
        };
        return Summary::new(state, "no root= is known");
    };
    let node = device(host).map_or_else(String::new, |device| format!(" = {}", device.node));
    let kind = file_system(host).map_or_else(String::new, |kind| format!(", {}", kind.name));
    let finder = match root.finder {
        Finder::Unknown => String::new(),
        finder => format!(", found by {}", finder.name()),
    };
    Summary::new(LinkState::Ok, format!("{name}{node}{kind}{finder}"))
}
