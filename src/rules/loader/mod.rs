//! Rules about the boot loader and the entry it starts when nobody touches a key.

mod cannot_read_features;
mod config_broken;
mod default_unmatched;
mod directory_not_mounted;
mod entry_ignored;
mod environment_broken;
mod esp_incomplete;
mod kernel_not_listed;
mod modules_missing;
mod one_shot_pending;
mod pointer_astray;
mod search_fails;
mod starts_no_kernel;
mod stops_at_prompt;

pub(super) use cannot_read_features::CannotReadFeatures;
pub(super) use config_broken::ConfigBroken;
pub(super) use default_unmatched::DefaultUnmatched;
pub(super) use directory_not_mounted::DirectoryNotMounted;
pub(super) use entry_ignored::EntryIgnored;
pub(super) use environment_broken::EnvironmentBroken;
pub(super) use esp_incomplete::EspIncomplete;
pub(super) use kernel_not_listed::KernelNotListed;
pub(super) use modules_missing::ModulesMissing;
pub(super) use one_shot_pending::OneShotPending;
pub(super) use pointer_astray::PointerAstray;
pub(super) use search_fails::SearchFails;
pub(super) use starts_no_kernel::StartsNoKernel;
pub(super) use stops_at_prompt::StopsAtPrompt;

use std::path::Path;

use super::chain::{LinkState, Summary};
use crate::boot::{Loader, Timeout};
use crate::fact::{Fact, Stop};
use crate::facts::boot::{BootEntry, Chosen, Esp, LoaderKind, Start};
use crate::facts::{Host, undecided};
use crate::text::{escape, escape_path};

/// The loader of a host whose configuration was read.
fn of(host: &Host) -> Result<&Chosen, Stop> {
    host.must_boot()?;
    match host.start() {
        Start::Loader(chosen) => Ok(chosen),
        Start::NotCovered(why) => Err(Stop::NotCovered(why.clone())),
        Start::Outside(_) => Err(Stop::NotApplicable("no boot loader in this tree")),
        Start::NoConfig { .. } => Err(Stop::NotApplicable("the loader has no configuration")),
        Start::Unmodelled(_) => Err(NOT_KNOWN),
        Start::Unknown(unknown) => Err(undecided(unknown.clone())),
    }
}

/// GRUB 2, where it is the loader.
fn grub(host: &Host) -> Result<&Chosen, Stop> {
    let chosen = of(host)?;
    if chosen.kind == LoaderKind::Grub {
        Ok(chosen)
    } else {
        Err(Stop::NotApplicable("not GRUB"))
    }
}

/// The EFI system partition, where the tree shows it.
fn esp(host: &Host) -> Result<&Esp, Stop> {
    let esp = host.esp();
    esp.ok_or(Stop::NotApplicable("no EFI system partition is to be seen"))
}

/// `loader-config-broken` has said why.
const NOT_KNOWN: Stop = Stop::NotApplicable("which kernel starts is not known");

/// The entry that starts a kernel, for the rules of the links behind the loader.
pub(super) fn entry(host: &Host) -> Result<&BootEntry, Stop> {
    host.must_boot()?;
    match host.start() {
        Start::NotCovered(why) => Err(Stop::NotCovered(why.clone())),
        Start::Unmodelled(_) | Start::NoConfig { .. } => Err(NOT_KNOWN),
        Start::Unknown(unknown) => Err(undecided(unknown.clone())),
        start @ (Start::Loader(_) | Start::Outside(_)) => {
            let starts = |entry: &&BootEntry| match &entry.entry.loader {
                Loader::Linux(_) | Loader::Unified => true,
                Loader::Chain
                | Loader::Menu
                | Loader::Firmware
                | Loader::PowerOff
                | Loader::Other(_)
                | Loader::Nothing => false,
            };
            start.entry().filter(starts).ok_or(NOT_KNOWN)
        }
    }
}

/// Whether a loader of this tree starts that entry. Where none does, the newest kernel
/// is looked at, and what is found may not matter.
pub(super) fn is_certain(host: &Host) -> bool {
    matches!(host.start(), Start::Loader(_))
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let chosen = match host.start() {
        Start::Loader(chosen) => chosen,
        Start::NoConfig { kind, config, .. } => {
            let text = format!("{} without {}", kind.name(), escape_path(config));
            return Summary::new(LinkState::Broken, text);
        }
        Start::Outside(outside) => return Summary::new(LinkState::None, outside.sign.clone()),
        Start::Unmodelled(unknown) | Start::Unknown(unknown) => {
            return Summary::new(LinkState::Unknown, unknown.to_string());
        }
        Start::NotCovered(why) => return Summary::new(LinkState::NotCovered, why.to_string()),
    };
    let name = name(chosen);
    let Some(entry) = &chosen.next.entry else {
        let state = if chosen.next.open.is_empty() {
            LinkState::Broken
        } else {
            LinkState::Unknown
        };
        return Summary::new(state, format!("{name} starts nothing by itself"));
    };
    let place = position(&entry.position);
    let title = escape(&entry.title);
    let wait = match chosen.next.timeout {
        Timeout::Seconds(0) => String::new(),
        Timeout::Seconds(seconds) => format!(", after {seconds} s"),
        Timeout::Forever | Timeout::Open => ", once a key is pressed".into(),
    };
    let wait = if chosen.next.timeout == Timeout::Open {
        String::new()
    } else {
        wait
    };
    // What the firmware holds against them is not in any file.
    let signed = if is_secure(host) {
        "; Secure Boot is on, and its signatures cannot be modelled"
    } else {
        ""
    };
    let text = format!("{name} boots entry {place}, \"{title}\"{wait}{signed}");
    Summary::new(LinkState::Ok, text)
}

/// UEFI 2.10, 3.3: one byte behind the four of its attributes, 1 where it is on.
const SECURE_BOOT: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Whether the firmware of the running system checks signatures.
fn is_secure(host: &Host) -> bool {
    let variable = host.tree().read(Path::new(SECURE_BOOT));
    matches!(variable, Fact::Known(file) if file.bytes().get(4) == Some(&1))
}

/// The loader with its version.
fn name(chosen: &Chosen) -> String {
    match &chosen.version {
        Some(version) => format!("{} {version}", chosen.kind.name()),
        None => chosen.kind.name().to_owned(),
    }
}

/// `1>2`, as GRUB writes it.
fn position(position: &[usize]) -> String {
    let numbers: Vec<String> = position.iter().map(usize::to_string).collect();
    numbers.join(">")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    fn secure(value: &[u8]) -> bool {
        let mut source = MemSource::new();
        source.file(SECURE_BOOT, value);
        let coverage = Coverage::full(true);
        let tree = Tree::for_tests(source, coverage);
        is_secure(&Host::new(
            tree,
            jiff::Timestamp::UNIX_EPOCH,
            Given::default(),
        ))
    }

    #[test]
    fn secure_boot_is_the_byte_behind_the_attributes() {
        assert!(secure(&[6, 0, 0, 0, 1]));
        assert!(!secure(&[6, 0, 0, 0, 0]));
        assert!(!secure(&[6, 0, 0, 0]));
    }
}
