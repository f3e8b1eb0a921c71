//! Rules about a way in: sshd, and the accounts it lets in.

mod firewall_shuts;
mod host_keys_unusable;
mod listen_address_not_there;
mod nobody_gets_in;
mod nologin_left;
mod only_by_network;
mod pam_module_missing;
mod sshd_account_missing;
mod sshd_config_refused;
mod sshd_not_started;

pub(super) use firewall_shuts::FirewallShuts;
pub(super) use host_keys_unusable::HostKeysUnusable;
pub(super) use listen_address_not_there::ListenAddressNotThere;
pub(super) use nobody_gets_in::NobodyGetsIn;
pub(super) use nologin_left::NologinLeft;
pub(super) use only_by_network::OnlyByNetwork;
pub(super) use pam_module_missing::PamModuleMissing;
pub(super) use sshd_account_missing::SshdAccountMissing;
pub(super) use sshd_config_refused::SshdConfigRefused;
pub(super) use sshd_not_started::SshdNotStarted;

use super::chain::{LinkState, Summary};
use super::{Evidence, Finding, Level};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::access::doors::{self, Door, State};
use crate::facts::access::{Kept, Sshd, Starts};
use crate::parse::sshd_config::Config;
use crate::text::escape;

/// sshd of a host that has it.
fn installed(host: &Host) -> Result<&Sshd, Stop> {
    host.must_start()?;
    let sshd = host.access().sshd.require()?;
    sshd.ok_or(Stop::NotApplicable("there is no sshd"))
}

/// sshd of a host whose boot starts it.
fn coming(host: &Host) -> Result<&Sshd, Stop> {
    let sshd = installed(host)?;
    match &sshd.starts {
        Starts::Service(_) | Starts::Socket(_) => Ok(sshd),
        Starts::No(_) => Err(Stop::NotApplicable("nothing starts sshd")),
        Starts::Fails(_) => Err(Stop::NotApplicable("what starts sshd fails before it")),
        Starts::Unknown(open) => Err(Stop::Undecided(open.clone())),
        Starts::NotModelled => Err(Stop::NotApplicable("what this init starts is not followed")),
    }
}

/// Its configuration, where sshd takes it.
fn config(sshd: &Sshd) -> Result<&Config, Stop> {
    let config = sshd.config.require()?;
    let config = config.ok_or(Stop::NotApplicable("sshd has no configuration"))?;
    if !config.problems.is_empty() {
        return Err(Stop::NotApplicable("sshd refuses its configuration"));
    }
    if !config.open.is_empty() {
        return Err(Stop::Undecided(config.open.clone()));
    }
    match config.uncovered.first() {
        Some(why) => Err(Stop::NotCovered(why.clone())),
        None => Ok(config),
    }
}

/// Another program that lets somebody in makes it less grave.
fn weighed(host: &Host, finding: Finding) -> Finding {
    match host.access().others.first() {
        Some(other) => {
            let text = format!(
                "{} is started, and may let somebody in",
                escape(other.as_bytes())
            );
            finding.at_most(Level::Warn).with(Evidence::computed(text))
        }
        None => finding,
    }
}

/// The accounts that sshd lets in, in words; nothing where that is not known.
fn who(host: &Host, sshd: &Sshd) -> Option<String> {
    let Fact::Known(people) = host.people() else {
        return None;
    };
    let config = config(sshd).ok()?;
    let doors = doors::doors(host, config, people);
    let open: Vec<String> = doors.iter().filter_map(opened).collect();
    Some(match open.as_slice() {
        [] if doors.iter().any(|door| door.has_means) => return None,
        [] => "it lets no account in yet".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    })
}

fn opened(door: &Door) -> Option<String> {
    match &door.state {
        State::Open(by) => Some(format!("{} by {}", door.name, by.join(" or "))),
        State::Perhaps(_) | State::Shut(..) | State::Unknown(_) => None,
    }
}

/// Where one can log in at the machine itself, in words.
fn consoles(host: &Host) -> String {
    let names: Vec<String> = match host.systemd() {
        Fact::Known(boot) => boot
            .login_names()
            .iter()
            .map(|name| escape(name.as_bytes()))
            .collect(),
        _ => host
            .consoles()
            .items
            .iter()
            .map(|name| escape(name.as_bytes()))
            .collect(),
    };
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("; login on {one}"),
        [first, .., last] => format!("; login on {first} to {last}"),
    }
}

/// The chain's line.
pub(super) fn summary(host: &Host) -> Summary {
    let sshd = match &host.access().sshd {
        Fact::Known(sshd) => sshd,
        Fact::Absent(_) => {
            let others = host.access().others.first();
            let way = others.map_or("no sshd".to_owned(), |other| escape(other.as_bytes()));
            let state = if others.is_some() {
                LinkState::Ok
            } else {
                LinkState::None
            };
            return Summary::new(state, format!("{way}{}", consoles(host)));
        }
        Fact::Broken(fault) => return Summary::new(LinkState::Unknown, fault.message.clone()),
        Fact::Unknown(unknown) => return Summary::new(LinkState::Unknown, unknown.to_string()),
        Fact::NotCovered(why) => return Summary::new(LinkState::NotCovered, why.to_string()),
    };
    let on = sshd
        .listens(host.tree())
        .map_or(String::new(), |on| format!(" on {on}"));
    let by = |name: &String| escape(name.as_bytes());
    let text = match &sshd.starts {
        Starts::Service(name) => format!("sshd{on}, started by {}", by(name)),
        Starts::Socket(name) => format!("sshd, started by {}", by(name)),
        Starts::No(kept) => {
            let why = match kept {
                Kept::NotEnabled(_) => "sshd is not enabled",
                Kept::Masked(..) => "sshd is masked",
                Kept::Switch(_) => "sshd is switched off",
            };
            return Summary::new(LinkState::None, format!("{why}{}", consoles(host)));
        }
        Starts::Fails(name) => {
            return Summary::new(LinkState::Degraded, format!("{} is not started", by(name)));
        }
        Starts::Unknown(open) => {
            let text = open.first().map_or(String::new(), ToString::to_string);
            return Summary::new(LinkState::Unknown, text);
        }
        Starts::NotModelled => {
            let text = format!(
                "sshd, by services that cannot be modelled{}",
                consoles(host)
            );
            return Summary::new(LinkState::Ok, text);
        }
    };
    let who = who(host, sshd).map_or(String::new(), |who| format!("; {who}"));
    Summary::new(LinkState::Ok, format!("{text}{who}"))
}
