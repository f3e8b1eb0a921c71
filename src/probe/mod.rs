//! Questions that only a running daemon can answer: the only door to one.
//!
//! A probe asks a daemon of this very machine, over a socket of this machine, for what
//! changes nothing, and waits no longer than the deadline. It also runs the validators
//! that services bring along, those of one list, and the kernel keeps them from writing;
//! and the checks that the site's own policy declares. `--no-probe` asks nobody.

mod check;
#[cfg_attr(not(target_os = "linux"), path = "fence_elsewhere.rs")]
mod fence;
mod redis;
mod replay;
mod systemd;
mod validator;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use validator::{Said, Validator};

use crate::time::Deadline;

pub use check::CheckEnded;
pub use replay::{Answers, Asking, Replayed, Transcript};

/// Longest wait for one daemon: a guard has 10 s for everything.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Where a daemon listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An address of this machine.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => f.write_str(&crate::text::escape_path(path)),
        }
    }
}

/// Why a daemon did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nobody listens there.
    #[error("{0}")]
    Refused(String),
    /// It accepted the question and said nothing in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It answered with an error, or with what is no answer.
    #[error("{0}")]
    Error(String),
    /// It was not asked when the snapshot was taken.
    #[error("not in the snapshot")]
    NotRecorded,
    /// It would write, and this kernel cannot keep it from that.
    #[error("this kernel cannot keep it from writing")]
    Unfenced,
}

/// Asks daemons, or gives the answers they gave before.
pub trait Probe: Send + Sync {
    /// The answer of the Redis at `address` to a command, given by its words.
    ///
    /// # Errors
    /// Why there is none.
    fn redis(
        &self,
        address: &Address,
        password: Option<&[u8]>,
        command: &[&str],
        deadline: Deadline,
    ) -> Result<Vec<u8>, ProbeError>;

    /// What a validator says of its configuration.
    ///
    /// # Errors
    /// Why it says nothing.
    fn validate(&self, validator: &Validator, deadline: Deadline) -> Result<Said, ProbeError>;

    /// The units that systemd has loaded, one line each: name, load state, state, finer
    /// state, and the kind of the job that waits for it or `-`.
    ///
    /// # Errors
    /// Why there is no answer.
    fn systemd_units(&self, deadline: Deadline) -> Result<Vec<u8>, ProbeError>;

    /// What a check of the site's own comes to: its name, the program and its arguments,
    /// and how long it may take.
    ///
    /// # Errors
    /// Why it came to nothing.
    fn site_check(
        &self,
        name: &str,
        words: &[String],
        limit: Duration,
        deadline: Deadline,
    ) -> Result<CheckEnded, ProbeError>;
}

/// Why there was no answer.
fn failed(error: &std::io::Error) -> ProbeError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ProbeError::Silent,
        ErrorKind::UnexpectedEof => ProbeError::Error("it hung up".to_owned()),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text);
            ProbeError::Refused(text.to_ascii_lowercase())
        }
    }
}

/// The question for the units of systemd, as it is recorded.
const UNITS: &str = "systemd units";

/// Asks the daemons of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Live;

impl Probe for Live {
    fn redis(
        &self,
        address: &Address,
        password: Option<&[u8]>,
        command: &[&str],
        deadline: Deadline,
    ) -> Result<Vec<u8>, ProbeError> {
        redis::ask(address, password, command, deadline)
    }

    fn validate(&self, validator: &Validator, deadline: Deadline) -> Result<Said, ProbeError> {
        validator::run(validator, deadline)
    }

    fn systemd_units(&self, deadline: Deadline) -> Result<Vec<u8>, ProbeError> {
        systemd::units(deadline)
    }

    fn site_check(
        &self,
        _name: &str,
        words: &[String],
        limit: Duration,
        deadline: Deadline,
    ) -> Result<CheckEnded, ProbeError> {
        check::run(words, limit, deadline)
    }
}

/// Whom to ask: nobody, where none is given.
#[derive(Clone, Default)]
pub struct Probes(pub Option<Arc<dyn Probe>>);

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Probes"
        } else {
            "no probes"
        })
    }
}
