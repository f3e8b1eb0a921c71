//! Rules about single units of systemd that the boot starts.

mod config_untried;
mod environment_missing;
mod executable_missing;
mod only_now;
mod program_deleted;
mod rejected;

pub(super) use config_untried::ConfigUntried;
pub(super) use environment_missing::EnvironmentMissing;
pub(super) use executable_missing::ExecutableMissing;
pub(super) use only_now::OnlyNow;
pub(super) use program_deleted::ProgramDeleted;
pub(super) use rejected::Rejected;

use super::target::{because, name, names, systemd};
use super::{Evidence, Finding, Level};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::systemd::{
    Effect, End, Fate, Ix, Systemd, Trouble, TroubleKind, fall_of, root_of,
};

/// The boot of a host whose systemd gets as far as to start services.
fn of(host: &Host) -> Result<&Systemd, Stop> {
    let boot = systemd(host)?;
    if boot.course.end == End::Freezes {
        return Err(Stop::NotApplicable("systemd starts no unit at all"));
    }
    Ok(boot)
}

/// What stops units at their start, of these kinds: the first of each unit. Units that
/// the whole boot falls with are another rule's, as are those systemd is made of.
fn troubled<'a>(
    boot: &'a Systemd,
    kinds: &'a [TroubleKind],
) -> impl Iterator<Item = (Ix, &'a Trouble)> {
    const OWN: [&str; 2] = ["systemd-journald.service", "systemd-udevd.service"];
    let blamed = match &boot.course.end {
        End::FallsShort(_) => boot.plan.anchor,
        End::Emergency(by) | End::PowersOff(by) | End::Reboots(by) => *by,
        End::Reaches | End::Rescue | End::Freezes | End::Hangs(_) => None,
    };
    let blamed = blamed.map(|ix| root_of(&boot.course.fates, ix));
    let certain = move |ix: &Ix| {
        let decided = matches!(
            boot.course.fates.get(ix),
            Some(Fate::Fails | Fate::Dies | Fate::Skipped)
        );
        decided && boot.runs.contains(ix) && Some(*ix) != blamed
    };
    let first = |(ix, list): (&Ix, &'a Vec<Trouble>)| Some((*ix, list.first()?));
    boot.troubles
        .iter()
        .filter_map(first)
        .filter(move |(ix, trouble)| {
            let own = OWN.contains(&boot.plan.units.id(*ix));
            certain(ix) && kinds.contains(&trouble.kind) && !own
        })
}

/// The finding of a unit that does not start because of one trouble.
fn finding(rule: &'static str, boot: &Systemd, ix: Ix, trouble: &Trouble) -> Finding {
    let id = name(boot, ix);
    let fate = match trouble.effect {
        Effect::Fails => "fails at boot",
        Effect::Dies => "is dead as soon as it is started at boot",
        Effect::Skips => "is passed over at boot",
        Effect::Waits => "waits for ever",
    };
    let mut message = format!("{id} {fate}: {}", trouble.message);
    let fall = fall_of(&boot.course.fates, ix);
    if !fall.is_empty() {
        message = format!("{message}; with it goes {}", names(boot, &fall));
    }
    let evidence = Evidence::span(trouble.place.clone(), &*trouble.message);
    let finding = Finding::new(rule, id, message, evidence);
    let finding = finding.with_all(trouble.looked.as_ref().map(Evidence::from));
    finding.with_all(way(boot, ix))
}

/// Why the boot starts a unit.
fn way(boot: &Systemd, ix: Ix) -> Option<Evidence> {
    let transaction = boot.plan.transaction.as_ref()?;
    let way = transaction.way_to(&boot.plan.units, ix);
    let (_, _, cause) = way.last()?;
    Some(because(cause, "makes the boot start it"))
}

/// Lowers what somebody did on purpose.
fn on_purpose(finding: Finding) -> Finding {
    finding.at_most(Level::Note)
}
