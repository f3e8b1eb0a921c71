//! Rules about the initrd of the entry that boots.

mod broken;
mod config_outdated;
mod for_another_kernel;
mod format_refused;
mod incomplete;
mod init_unusable;
mod lacks_root_module;
mod lacks_root_tool;
mod missing;
mod resume_missing;
mod update_skipped;
mod update_unfinished;

pub(super) use broken::Broken;
pub(super) use config_outdated::ConfigOutdated;
pub(super) use for_another_kernel::ForAnotherKernel;
pub(super) use format_refused::FormatRefused;
pub(super) use incomplete::Incomplete;
pub(super) use init_unusable::InitUnusable;
pub(super) use lacks_root_module::LacksRootModule;
pub(super) use lacks_root_tool::LacksRootTool;
pub(super) use missing::Missing;
pub(super) use resume_missing::ResumeMissing;
pub(super) use update_skipped::UpdateSkipped;
pub(super) use update_unfinished::UpdateUnfinished;

use super::chain::{LinkState, Summary};
use super::loader;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{InitrdFacts, Start};
use crate::parse::elf::Elf;
use crate::parse::initrd::{Packing, Problem, ProblemKind};
use crate::text::{escape, size};

/// The initrd that gets unpacked.
fn of(host: &Host) -> Result<&InitrdFacts, Stop> {
    loader::entry(host)?;
    let initrd = host.initrd().require()?;
    initrd.ok_or(Stop::NotApplicable(
        "the entry that boots has no initrd to read",
    ))
}

/// The initrd, where all of it gets unpacked.
fn whole(host: &Host) -> Result<&InitrdFacts, Stop> {
    let facts = of(host)?;
    if is_whole(facts) {
        Ok(facts)
    } else {
        Err(Stop::NotApplicable("the initrd is not whole"))
    }
}

/// Whether all of it gets unpacked; where not, one rule says so for all.
fn is_whole(facts: &InitrdFacts) -> bool {
    let nothing = facts.initrd.rootfs.is_empty() || facts.initrd.is_microcode_only();
    let stopped = facts.initrd.stopped();
    !nothing && stopped.is_none_or(|problem| is_behind_the_end(facts, problem))
}

/// Whether a problem is only what stands behind a whole archive: the kernel complains
/// and keeps all it has.
fn is_behind_the_end(facts: &InitrdFacts, problem: &Problem) -> bool {
    let last = facts.initrd.segments.last();
    let whole = last.is_some_and(|segment| segment.has_trailer);
    let junk = matches!(
        problem.kind,
        ProblemKind::BadMagic {
            misaligned: false,
            ..
        }
    );
    junk && whole && !facts.initrd.is_microcode_only()
}

/// The first library that a program of the initrd needs and that is nowhere in it.
fn missing_library<'a>(facts: &InitrdFacts, elf: &'a Elf) -> Option<&'a [u8]> {
    let is_there = |name: &[u8]| {
        let mut paths = facts.initrd.rootfs.iter();
        paths.any(|(path, _)| path.rsplit(|byte| *byte == b'/').next() == Some(name))
    };
    let mut needed = elf.needed.iter();
    needed.find(|name| !is_there(name)).map(Vec::as_slice)
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    if let Start::Outside(outside) = host.start()
        && outside.running.is_some()
    {
        return Summary::new(LinkState::None, "from outside, if there is one");
    }
    match host.initrd() {
        Fact::Known(initrd) => Summary::new(LinkState::Ok, describe(initrd)),
        Fact::Absent(_) => {
            let names_one = host.start().entry().is_some_and(|e| !e.initrds.is_empty());
            if names_one {
                Summary::new(LinkState::Broken, "not there")
            } else {
                Summary::new(LinkState::None, "the entry that boots names none")
            }
        }
        Fact::Broken(fault) => Summary::new(LinkState::Broken, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}

fn describe(initrd: &InitrdFacts) -> String {
    let largest = initrd.initrd.segments.iter().max_by_key(|s| s.unpacked);
    let packing = match largest.map(|segment| segment.packing) {
        Some(Packing::Compressed(compression)) => format!(" {compression}"),
        Some(Packing::Plain) => " not compressed".to_owned(),
        None => String::new(),
    };
    let releases = initrd.initrd.module_releases();
    let releases: Vec<String> = releases.iter().map(|release| escape(release)).collect();
    let modules = if releases.is_empty() {
        "no modules".to_owned()
    } else {
        format!(
            "{} modules for {}",
            initrd.modules.len(),
            releases.join(", ")
        )
    };
    format!(
        "{}{packing}, {}, {} files, {modules}",
        size(initrd.len()),
        initrd.initrd.generator,
        initrd.initrd.rootfs.len()
    )
}
