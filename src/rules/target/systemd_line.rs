//! What the chain says of systemd's target: which, who chose it, how far the boot comes.

use std::path::Path;

use crate::fact::Fact;
use crate::facts::systemd::{Asked, End, Fate, Systemd};
use crate::facts::{Boots, Host};
use crate::rules::chain::{LinkState, Summary};
use crate::text::escape;

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let boot = match host.systemd() {
        Fact::Known(boot) => boot,
        Fact::Absent(_) => return Summary::new(LinkState::NotExamined, ""),
        Fact::Broken(fault) => return Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => return Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => return Summary::new(LinkState::NotCovered, why.to_string()),
    };
    if let Some(open) = boot.open().first() {
        return Summary::new(LinkState::Unknown, open.to_string());
    }
    let told = told(boot);
    let first = boot.plan.units.get(boot.plan.first);
    if let Some(first) = first.filter(|unit| unit.state.refuses()) {
        let end = super::end_words(boot);
        let text = format!("{told}, {}: {end}", first.state.words());
        return Summary::new(LinkState::Broken, text);
    }
    let state = match &boot.course.end {
        End::Reaches => LinkState::Ok,
        End::FallsShort(_) if boot.comes_up() => LinkState::Degraded,
        End::FallsShort(_)
        | End::Rescue
        | End::Emergency(_)
        | End::Freezes
        | End::PowersOff(_)
        | End::Reboots(_)
        | End::Hangs(_) => LinkState::Broken,
    };
    if state == LinkState::Broken {
        return Summary::new(state, format!("{told}: {}", super::end_words(boot)));
    }
    let starts = boot.course.fates.values();
    let starts = starts.filter(|fate| **fate == Fate::Starts).count();
    let word = if starts == 1 { "unit" } else { "units" };
    let logins = match boot.login_names().as_slice() {
        [] if matches!(host.boots(), Boots::InitOnly(_)) => String::new(),
        [] => "; no login at the machine".to_owned(),
        names => format!("; login on {}", escape(names.join(", ").as_bytes())),
    };
    Summary::new(state, format!("{told}: {starts} {word}{logins}"))
}

/// The target, and who chose it.
fn told(boot: &Systemd) -> String {
    let first = boot.plan.units.get(boot.plan.first);
    let id = first.map_or("default.target", |unit| unit.id.as_str());
    let by = match &boot.plan.asked {
        Asked::Word(word) => format!("by \"{word}\" on the command line"),
        Asked::Default => match boot.plan.default.as_deref().and_then(Path::parent) {
            None => "which no directory has".to_owned(),
            Some(dir) if dir.starts_with("/etc") => "the default set in /etc".to_owned(),
            Some(dir) if dir.starts_with("/run") => "the default a generator sets".to_owned(),
            Some(_) => "the vendor's default".to_owned(),
        },
    };
    escape(format!("{id}, {by}").as_bytes())
}
