//! Several hosts at once: what each is to the others, which of them must not be down
//! together, and in which waves they can be rebooted.
//!
//! A host's own facts are gone when the last one is read, so that ten thousand hosts
//! fit into memory: what the others need to know of it is a [`Member`].

mod directory;
mod groups;
mod member;
mod needs;
mod plan;
mod role;
mod router;

pub use directory::Directory;
pub use groups::{Group, GroupKind, Seat, groups, taken_down};
pub use member::{Member, Need};
pub use needs::{needs, providers};
pub use plan::{Constraint, Plan, Wave, plan};
pub use role::Role;
pub use router::{Difference, Router};
