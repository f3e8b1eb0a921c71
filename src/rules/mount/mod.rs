//! Rules about what fstab mounts, and about swap.

mod check_due;
mod check_program_missing;
mod device_missing;
mod duplicate;
mod errors_recorded;
mod helper_missing;
mod hides_root_programs;
mod line_misread;
mod option_unknown;
mod parent_listed_later;
mod point_missing;
mod root_read_only;
mod source_missing;
mod swap_source_missing;
mod type_mismatch;
mod type_unsupported;
mod usr_needs_initrd;

pub(super) use check_due::CheckDue;
pub(super) use check_program_missing::CheckProgramMissing;
pub(super) use device_missing::{DeviceMissing, listed};
pub(super) use duplicate::Duplicate;
pub(super) use errors_recorded::ErrorsRecorded;
pub(super) use helper_missing::HelperMissing;
pub(super) use hides_root_programs::HidesRootPrograms;
pub(super) use line_misread::LineMisread;
pub(super) use option_unknown::OptionUnknown;
pub(super) use parent_listed_later::ParentListedLater;
pub(super) use point_missing::PointMissing;
pub(super) use root_read_only::RootReadOnly;
pub(super) use source_missing::SourceMissing;
pub(super) use swap_source_missing::SwapSourceMissing;
pub(super) use type_mismatch::TypeMismatch;
pub(super) use type_unsupported::TypeUnsupported;
pub(super) use usr_needs_initrd::UsrNeedsInitrd;

use super::chain::{LinkState, Summary};
use super::finding::{Evidence, Finding, Impact, Level};
use crate::fact::{Fact, Stop, Unknown, Why};
use crate::facts::Host;
use crate::facts::crypt::Unlock;
use crate::facts::devices::{Match, Spec};
use crate::facts::mounts::{Consequence, Failure, Manager, Mounts, Outcome, Plan, Role, Wait};
use crate::text::Place;

/// What the init of a host that boots will mount.
fn of(host: &Host) -> Result<&Mounts, Stop> {
    host.must_boot()?;
    host.must_start()?;
    let mounts = host.mounts();
    if mounts.manager == Manager::Unknown {
        return Err(Stop::NotApplicable("it is not known what this init mounts"));
    }
    mounts.fstab.require()?;
    Ok(mounts)
}

/// The lines that the boot carries out, with what happens when they fail in that way and
/// somebody would notice.
fn at_risk(mounts: &Mounts, failure: Failure) -> impl Iterator<Item = (&Plan, Consequence)> {
    let plans = mounts.plans.iter();
    let plans = plans.filter(|plan| !matches!(plan.role, Role::Api | Role::NoPlace));
    plans.filter_map(move |plan| {
        let consequence = mounts.consequence(plan, failure)?;
        let nothing = matches!(consequence.outcome, Outcome::Harmless | Outcome::NotTried);
        (!nothing).then_some((plan, consequence))
    })
}

/// How grave it is.
pub(super) fn weigh(consequence: &Consequence) -> (Level, &'static [Impact]) {
    let waits = matches!(consequence.wait, Wait::Seconds(_));
    match consequence.outcome {
        Outcome::Emergency | Outcome::Shell | Outcome::InitrdShell | Outcome::Stuck => {
            (Level::Block, &[Impact::NoBoot])
        }
        Outcome::RootReadOnly => (Level::Warn, &[Impact::NoService]),
        Outcome::Without if waits => (Level::Warn, &[Impact::Delay, Impact::NoService]),
        Outcome::Without if may_fail(consequence) => (Level::Note, &[Impact::NoService]),
        Outcome::Without => (Level::Warn, &[Impact::NoService]),
        Outcome::OnAccess | Outcome::NotTried | Outcome::Harmless => {
            (Level::Note, &[Impact::NoService])
        }
    }
}

/// Whether somebody wrote that it may fail.
fn may_fail(consequence: &Consequence) -> bool {
    let place = consequence.decided_by.as_ref();
    place.is_some_and(|place| place.bytes().starts_with(b"nofail"))
}

/// A finding about a line, as grave as what happens.
fn found(
    rule: &'static str,
    plan: &Plan,
    consequence: &Consequence,
    problem: &str,
    evidence: Evidence,
) -> Finding {
    let subject = plan.subject();
    let message = format!("{problem}; {}", consequence.says());
    let (level, impact) = weigh(consequence);
    let mut finding = Finding::new(rule, subject, message, evidence)
        .at_most(level)
        .impact(impact);
    if let Some(place) = &consequence.decided_by {
        finding = finding.with(Evidence::span(place.clone(), "this decides what happens"));
    }
    finding
}

/// A field of the line, or the line.
pub(super) fn field(plan: &Plan, index: usize) -> Place {
    let field = plan.entry.fields.get(index);
    field.cloned().unwrap_or_else(|| plan.entry.place.clone())
}

/// What the devices say about a name.
pub(super) enum Looked<'a> {
    /// It is there, or will be.
    There,
    /// It is not; and the line of crypttab it would come from, where there is one.
    Missing(Option<&'a Unlock>),
    /// Could not look.
    Open(Unknown),
    /// The devices, by their nature, cannot tell.
    Uncovered(Why),
}

/// Whether a device will be there: itself, or what crypttab makes it of.
pub(super) fn look<'a>(host: &'a Host, spec: &Spec) -> Looked<'a> {
    let making = host.crypt().making(spec);
    let spec = match making {
        Some(unlock) => match &unlock.device {
            Some(source) => source,
            // A file, or a word: no device is waited for.
            None => return Looked::There,
        },
        None => spec,
    };
    let devices = match host.devices() {
        Fact::Known(devices) => devices,
        Fact::Broken(fault) => return Looked::Open(fault.clone().into()),
        Fact::Unknown(unknown) => return Looked::Open(unknown.clone()),
        Fact::Absent(_) => return Looked::Uncovered(Why::NoDevices),
        Fact::NotCovered(why) => return Looked::Uncovered(why.clone()),
    };
    match devices.find(spec) {
        Match::One(_) | Match::Several(_) => Looked::There,
        Match::None => Looked::Missing(making),
        Match::Hidden(what) => Looked::Uncovered(Why::Hidden(what)),
        Match::Unread(unknown) => Looked::Open(unknown),
    }
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let mounts = host.mounts();
    let file = match &mounts.fstab {
        Fact::Known(_) => mounts,
        Fact::Absent(_) => return Summary::new(LinkState::None, "no /etc/fstab"),
        Fact::Broken(fault) => return Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => return Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => return Summary::new(LinkState::NotCovered, why.to_string()),
    };
    if file.manager == Manager::Unknown {
        return Summary::new(LinkState::NotExamined, "");
    }
    let tried = |plan: &&Plan| !plan.entry.is_noauto() && plan.role != Role::NoPlace;
    let tried: Vec<&Plan> = file.plans.iter().filter(tried).collect();
    let swaps = tried.iter().filter(|plan| plan.role == Role::Swap).count();
    let points = tried.iter().filter(|plan| plan.role != Role::Swap);
    let points: Vec<String> = points.map(|plan| plan.subject()).collect();
    if tried.is_empty() {
        return Summary::new(LinkState::None, "fstab mounts nothing");
    }
    let shown = points.iter().take(4).cloned().collect::<Vec<_>>().join(" ");
    let mut text = format!("{} of fstab: {shown}", tried.len());
    if points.len() > 4 {
        text.push_str(" ...");
    }
    match swaps {
        0 => {}
        1 => text.push_str(", swap"),
        more => text = format!("{text}, {more} swaps"),
    }
    let nofail = tried.iter().filter(|plan| plan.entry.is_nofail()).count();
    if nofail > 0 {
        text = format!("{text}; {nofail} nofail");
    }
    Summary::new(LinkState::Ok, text)
}
