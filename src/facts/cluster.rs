//! Pacemaker and corosync: what their files say, and whether the boot starts them.

use std::path::Path;

use super::Host;
use crate::fact::{Fact, Fault, Stop};
use crate::parse::cib::{self, Cib};
use crate::parse::corosync::{self, Corosync};
use crate::source::TreeKind;
use crate::text::escape;

/// Where corosync reads.
pub const COROSYNC: &str = "/etc/corosync/corosync.conf";

/// Where Pacemaker keeps what the cluster agreed on.
pub const CIB: &str = "/var/lib/pacemaker/cib/cib.xml";

/// corosync's configuration.
#[must_use]
pub fn corosync(host: &Host) -> Fact<Corosync> {
    let file = host.tree().read(Path::new(COROSYNC));
    file.map(|file| corosync::parse(&file))
}

/// The configuration that Pacemaker starts with.
#[must_use]
pub fn cib(host: &Host) -> Fact<Cib> {
    let file = host.tree().read(Path::new(CIB));
    match file.map(|file| cib::parse(&file)) {
        Fact::Known(Ok(cib)) => Fact::Known(cib),
        Fact::Known(Err(message)) => Fact::Broken(Fault {
            path: CIB.into(),
            place: None,
            message: format!("it cannot be read as XML: {}", escape(message.as_bytes())),
        }),
        Fact::Absent(looked) => Fact::Absent(looked),
        Fact::Broken(fault) => Fact::Broken(fault),
        Fact::Unknown(unknown) => Fact::Unknown(unknown),
        Fact::NotCovered(why) => Fact::NotCovered(why),
    }
}

/// Whether the boot starts one of some services; so it does where a tree does not tell.
///
/// # Errors
/// That nothing starts them, for this reason, or why that is not known.
pub fn starts(host: &Host, names: &[&str], why: &'static str) -> Result<(), Stop> {
    let enabled = host.enabled();
    let named = |name: &str| names.contains(&name.split(['@', '.']).next().unwrap_or(name));
    if enabled.items.iter().any(|enabled| named(&enabled.name)) {
        return Ok(());
    }
    if !enabled.gaps.is_empty() {
        return Err(Stop::Undecided(enabled.gaps.clone()));
    }
    if host.tree().coverage().kind == TreeKind::Partial {
        return Ok(());
    }
    Err(Stop::NotApplicable(why))
}
