//! Does an effect take this host down: reboot, power off, halt, kexec?
//!
//! Rules of the programs: systemd's `shutdown`, `reboot` and `systemctl` (252 to
//! 257), sysvinit's `shutdown` (3.06), busybox, `kexec-tools`, util-linux'
//! `rtcwake`, logind's and systemd's D-Bus interfaces, the signals of systemd(1).

mod judge;
mod programs;
mod words;

use super::value::Value;
use super::{Action, Effect, Scope};

pub use judge::{Judgement, TakesDown, takes_down};
pub(super) use programs::is_power_program;

/// What an effect does to a host's power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// A host goes down.
    Down(Down),
    /// A scheduled shutdown is cancelled.
    Cancel(Host),
}

/// A host going down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// How.
    pub kind: Kind,
    /// Which one.
    pub host: Host,
    /// When, from the moment the command runs.
    pub delay: Delay,
}

/// How a host goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It comes back through the firmware.
    Reboot,
    /// Only userspace starts again.
    SoftReboot,
    /// It comes back without the firmware.
    Kexec,
    /// It stays off.
    PowerOff,
    /// It stays on without running.
    Halt,
    /// The kernel is made to panic.
    Crash,
}

/// Which host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// The one the script runs on.
    This,
    /// Another one, or a virtual machine or container, as it is named.
    Other(Value),
    /// Not known which.
    Unknown,
}

/// When a host goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// At once.
    Now,
    /// After so many minutes.
    Minutes(u64),
    /// At this time of the day.
    At {
        /// Hour, 0 to 23.
        hour: u8,
        /// Minute, 0 to 59.
        minute: u8,
    },
    /// Not known.
    Unknown,
}

/// What one effect does to a host's power; `None` where it does nothing, and
/// where that depends on a value that is not known ([`takes_down`] tells these
/// apart).
#[must_use]
pub fn power(effect: &Effect) -> Option<Power> {
    match verdict(effect) {
        Verdict::Power(power) => Some(power),
        Verdict::Nothing | Verdict::Unsure(_) => None,
    }
}

/// The same with the third answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Power(Power),
    /// It does not.
    Nothing,
    /// It depends on something that is not known: says on what.
    Unsure(&'static str),
}

pub(super) fn verdict(effect: &Effect) -> Verdict {
    let verdict = match &effect.action {
        Action::Run { argv, .. } => programs::program(argv),
        Action::Write { path, data, .. } => write(path, data),
    };
    let Verdict::Power(mut power) = verdict else {
        return verdict;
    };
    let elsewhere = match &effect.scope {
        Scope::Here => None,
        Scope::Machine(host) => Some(Host::Other(host.clone())),
        Scope::Container => Some(Host::Other(Value::known("container"))),
        // systemd's programs refuse in a chroot, `reboot -f` does not
        Scope::Root(_) => Some(Host::Unknown),
    };
    let host = match &mut power {
        Power::Down(down) => {
            if effect.deferred {
                down.delay = Delay::Unknown;
            }
            &mut down.host
        }
        Power::Cancel(host) => host,
    };
    if let (Some(elsewhere), Host::This) = (elsewhere, &*host) {
        *host = elsewhere;
    }
    Verdict::Power(power)
}

/// The kernel takes the first character written to the trigger.
fn write(path: &Value, data: &Value) -> Verdict {
    if !path.is(b"/proc/sysrq-trigger") {
        return Verdict::Nothing;
    }
    match (data.prefix().first(), data.bytes()) {
        (Some(b'b'), _) => down(Kind::Reboot, Delay::Now),
        (Some(b'o'), _) => down(Kind::PowerOff, Delay::Now),
        (Some(b'c'), _) => down(Kind::Crash, Delay::Now),
        (Some(_), _) | (None, Some(_)) => Verdict::Nothing,
        (None, None) => Verdict::Unsure("what is written to /proc/sysrq-trigger is not known"),
    }
}

fn down(kind: Kind, delay: Delay) -> Verdict {
    Verdict::Power(Power::Down(Down {
        kind,
        host: Host::This,
        delay,
    }))
}

fn down_at(kind: Kind, host: Host) -> Verdict {
    Verdict::Power(Power::Down(Down {
        kind,
        host,
        delay: Delay::Now,
    }))
}
