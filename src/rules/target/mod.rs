//! Rules about what the init is told to reach.

mod critical_unit_masked;
mod default_unusable;
mod first_boot;
mod job_never_ends;
mod level_overridden;
mod login_missing;
mod offline_update_pending;
mod ordering_cycle;
mod requirement_fails;
mod requirement_missing;
mod runlevel_empty;
mod systemd_line;
mod units_conflict;

pub(super) use critical_unit_masked::CriticalUnitMasked;
pub(super) use default_unusable::DefaultUnusable;
pub(super) use first_boot::FirstBoot;
pub(super) use job_never_ends::JobNeverEnds;
pub(super) use level_overridden::LevelOverridden;
pub(super) use login_missing::LoginMissing;
pub(super) use offline_update_pending::OfflineUpdatePending;
pub(super) use ordering_cycle::OrderingCycle;
pub(super) use requirement_fails::RequirementFails;
pub(super) use requirement_missing::RequirementMissing;
pub(super) use runlevel_empty::RunlevelEmpty;
pub(super) use units_conflict::UnitsConflict;

use super::Evidence;
use super::chain::{LinkState, Summary};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::facts::services::{Enabled, System};
use crate::facts::systemd::{Cause, Dep, End, Ix, LoadState, Systemd, Unit, edge_between};
use crate::facts::target::{Runlevel, Target};
use crate::text::escape;

/// The target of a host whose init has one that is known here.
fn of(host: &Host) -> Result<&Target, Stop> {
    host.must_start()?;
    let target = host.target().require()?;
    target.ok_or(Stop::NotApplicable("this init has no target that is read"))
}

/// The boot of a host whose init is systemd.
pub(super) fn systemd(host: &Host) -> Result<&Systemd, Stop> {
    host.must_start()?;
    let boot = host.systemd().require()?;
    boot.ok_or(Stop::NotApplicable("the init is not systemd"))
}

/// A unit's name for people.
pub(super) fn name(boot: &Systemd, ix: Ix) -> String {
    escape(boot.plan.units.id(ix).as_bytes())
}

/// A few names for people: the first ones, and how many more; none where there is none.
pub(super) fn listed(names: &[impl AsRef<str>]) -> Option<String> {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN);
    let mut text: Vec<String> = shown.map(|name| escape(name.as_ref().as_bytes())).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => {}
        more => text.push(format!("{more} more")),
    }
    let (last, rest) = text.split_last()?;
    Some(if rest.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", rest.join(", "))
    })
}

/// The same of units.
pub(super) fn names(boot: &Systemd, list: &[Ix]) -> String {
    let ids: Vec<&str> = list.iter().map(|ix| boot.plan.units.id(*ix)).collect();
    listed(&ids).unwrap_or_else(|| "nothing".to_owned())
}

/// Why an edge is there.
pub(super) fn because(cause: &Cause, label: &str) -> Evidence {
    match cause {
        Cause::Line(place) => Evidence::span(place.clone(), label),
        Cause::Link(path) => Evidence::path(path, label),
        Cause::Generated {
            by,
            origin: Some(place),
        } => Evidence::span(place.clone(), format!("{label}, by {by}")),
        Cause::Generated { by, origin: None } => Evidence::computed(format!("{label}, by {by}")),
        Cause::Implicit(why) => Evidence::computed(format!("{label}: {why}")),
    }
}

/// Each unit of a chain with what makes it ask for the next.
pub(super) fn edges<'a>(boot: &'a Systemd, chain: &'a [Ix]) -> impl Iterator<Item = Evidence> + 'a {
    chain.windows(2).filter_map(|pair| {
        let (from, to) = (*pair.first()?, *pair.last()?);
        let (dep, cause) = edge_between(&boot.plan.units, from, to)?;
        Some(because(cause, &asks(boot, from, dep, to)))
    })
}

/// `basic.target requires sysinit.target`.
fn asks(boot: &Systemd, from: Ix, dep: Dep, to: Ix) -> String {
    let verb = match dep {
        Dep::Requires => "requires",
        Dep::BindsTo => "is bound to",
        Dep::Requisite => "needs the active",
        Dep::Wants | Dep::Upholds => "wants",
        Dep::Before => "comes before",
        Dep::After => "comes after",
        _ => "asks for",
    };
    format!("{} {verb} {}", name(boot, from), name(boot, to))
}

/// What shows that a unit is refused.
pub(super) fn state_evidence(unit: &Unit) -> Option<Evidence> {
    match &unit.state {
        LoadState::Masked(path) => Some(Evidence::path(path, "masks it")),
        LoadState::NotFound(looked) => Some(Evidence::from(looked)),
        LoadState::BadSetting(refusal) | LoadState::Error(refusal) => {
            let place = refusal.place.clone();
            let span = place.map(|place| Evidence::span(place, &*refusal.why));
            let path = || Some(Evidence::path(unit.path.as_ref()?, &*refusal.why));
            span.or_else(path)
        }
        LoadState::Loaded | LoadState::Unknown(_) | LoadState::NotCovered(_) => None,
    }
}

/// What a boot that ends so comes to, as the end of a sentence.
fn end_words(boot: &Systemd) -> String {
    match &boot.course.end {
        End::Reaches => "the boot goes on".to_owned(),
        End::FallsShort(_) if boot.comes_up() => {
            let anchor = boot.anchor().map_or("", |unit| unit.id.as_str());
            format!("{anchor} is never reached")
        }
        End::FallsShort(_) => {
            "the boot stops half-way, with no login, no network and no emergency shell".to_owned()
        }
        End::Rescue => "the boot ends in rescue mode".to_owned(),
        End::Emergency(_) => "the boot ends in emergency mode".to_owned(),
        End::Freezes => "systemd freezes".to_owned(),
        End::PowersOff(_) => "the machine goes off".to_owned(),
        End::Reboots(_) => "the machine reboots, for ever".to_owned(),
        End::Hangs(_) => "the boot waits for ever".to_owned(),
    }
}

/// Where the command line that asks for a unit stands.
pub(super) fn word_evidence(host: &Host, word: &str) -> Evidence {
    let label = format!("{word} is on it");
    match host.start().entry() {
        Some(entry) => match &entry.entry.cmdline {
            Some(line) => Evidence::span(line.place.clone(), label),
            None => Evidence::path(entry.entry.place.file.path(), label),
        },
        None => Evidence::computed(label),
    }
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    match host.target() {
        Fact::Known(Target::Systemd) => systemd_line::summary(host),
        Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => {
            Summary::new(LinkState::Ok, format!("runlevel {level}{}", behind(host)))
        }
        Fact::Known(Target::Runlevel(_)) => Summary::new(LinkState::Broken, "no default runlevel"),
        Fact::Absent(_) => of_another_init(host),
        Fact::Broken(fault) => Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => Summary::new(LinkState::NotCovered, why.to_string()),
    }
}

/// The target of an init that is neither systemd nor sysvinit.
fn of_another_init(host: &Host) -> Summary {
    let kind = host.init_kind();
    let name = match kind {
        Some(InitKind::OpenRcInit) => "OpenRC's default runlevel",
        Some(InitKind::Busybox) => "what inittab lists",
        Some(InitKind::Runit) => "runit's second stage",
        Some(InitKind::Dinit | InitKind::S6 | InitKind::Finit) => {
            let name = kind.map_or("", InitKind::name);
            let text = format!("{name}'s services cannot be modelled");
            return Summary::new(LinkState::NotExamined, text);
        }
        _ => return Summary::new(LinkState::NotExamined, ""),
    };
    Summary::new(LinkState::Ok, format!("{name}{}", behind(host)))
}

/// How many services are started, and where one can log in.
fn behind(host: &Host) -> String {
    let level = match host.target() {
        Fact::Known(Target::Runlevel(Runlevel::Level(level, _))) => Some(level.to_string()),
        _ => None,
    };
    let calls = &host.openrc_calls().items;
    let here = |enabled: &&Enabled| match (enabled.system, &level) {
        (System::SysV, Some(level)) => enabled.level == *level || enabled.level == "S",
        (System::SysV, None) => matches!(enabled.level.as_str(), "2" | "S"),
        (System::OpenRc, _) => calls.iter().any(|call| call.level == enabled.level),
        (System::Systemd, _) => false,
    };
    let count = host.enabled().items.iter().filter(here).count();
    let word = if count == 1 { "service" } else { "services" };
    let consoles = host.consoles().items;
    let logins = match consoles.as_slice() {
        [] => String::new(),
        [one] => format!("; getty on {one}"),
        [first, .., last] => format!("; getty on {first} to {last}"),
    };
    format!(": {count} {word}{logins}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::facts::elf_maker::Elf;
    use crate::source::{Coverage, MemSource, Tree};

    #[test]
    fn of_an_init_whose_services_are_not_modelled_that_is_said() {
        let said = |name: &str| {
            let mut source = MemSource::new();
            source
                .file_mode(format!("/bin/{name}"), Elf::default().bytes(), 0o755)
                .link("/sbin/init", format!("/bin/{name}"));
            let tree = Tree::for_tests(source, Coverage::full(true));
            let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
            let line = of_another_init(&host);
            (line.state, line.text)
        };
        let text = "dinit's services cannot be modelled".to_owned();
        assert_eq!(said("dinit"), (LinkState::NotExamined, text));
        assert_eq!(said("something"), (LinkState::NotExamined, String::new()));
        let runs = "OpenRC's default runlevel: 0 services".to_owned();
        assert_eq!(said("openrc-init"), (LinkState::Ok, runs));
    }
}
