//! What runs now and would be lost or in the way when the box goes down.
//!
//! Only a live tree has it: everything here is not covered elsewhere.

mod mounted;
mod proc;
mod serving;
mod session;
mod work;

pub use mounted::{Filled, Mounted, filled, mounted, on_memory, silent};
pub use proc::{Held, Process, held, processes, stuck, unit};
pub(super) use proc::{command_line, place_of, read as read_processes};
pub use serving::{Serving, Tested, booted, serving, tested, validate, younger};
pub use session::{Inhibitor, Session, inhibitors, sessions};
pub use work::{Job, Rebuild, Weight, jobs, rebuilds, swap_beyond_memory};

use crate::fact::{Listing, Stop, Why};
use crate::facts::Host;
use crate::source::TreeKind;

/// Whether there is a running system behind the tree.
///
/// # Errors
/// [`Stop::NotCovered`] where there is none.
pub fn must_run(host: &Host) -> Result<(), Stop> {
    match host.tree().coverage().kind {
        TreeKind::Live => Ok(()),
        TreeKind::Full | TreeKind::Partial => Err(Stop::NotCovered(Why::NoRuntime)),
    }
}

/// A list of what the running system has; not covered where there is none.
pub(super) fn of_running<T>(host: &Host, fill: impl FnOnce(&mut Listing<T>)) -> Listing<T> {
    let mut out = Listing::new();
    match must_run(host) {
        Err(Stop::NotCovered(why)) => out.uncovered.push(why),
        Ok(()) | Err(_) => fill(&mut out),
    }
    out
}
