//! What takes a box down when something happens, and is no finding like the others.

use super::{Trigger, cloud_init, keys, next, panic, watchdog};
use crate::fact::Listing;
use crate::facts::Host;

/// Such a trigger, and why it stands beside the others.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Why.
    pub what: What,
    /// The trigger.
    pub trigger: Trigger,
}

/// Why a trigger stands beside the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A test that another machine decides.
    NeedsNetwork {
        /// Whether that is the way out of the box's own network.
        gateway: bool,
    },
    /// The box stops and stays so.
    StaysDead,
    /// What somebody has to set off: a key, a failure of the power. Or the very purpose
    /// of what does it, as with a watchdog.
    Purpose,
}

impl Beside {
    pub(super) const fn new(what: What, trigger: Trigger) -> Self {
        Self { what, trigger }
    }
}

/// Reads them; what else is found goes to `out`.
pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) -> Vec<Beside> {
    let mut beside = Vec::new();
    let watchdogs = watchdog::read(host, out, &mut beside);
    panic::read(host, &watchdogs, out, &mut beside);
    keys::read(host, out, &mut beside);
    next::read(host, out, &mut beside);
    cloud_init::read(host, out, &mut beside);
    beside.sort_by(|a, b| super::key(&a.trigger).cmp(&super::key(&b.trigger)));
    beside
}
