//! What is tried with hostile input: one function for each target.
//!
//! None of them may panic, run away, or take more memory than its reader allows; some
//! check more than that, as they say. `tests/fuzzed.rs` runs them over the seeds and over
//! every input that once was a finding.

mod boot;
mod packs;
pub mod seeds;
mod texts;
pub mod whole;

pub use self::boot::{images, initrds, loaders};
pub use self::packs::packages;
pub use self::texts::{keepalived, policies, schedules, shell, tables};
pub use self::whole::{snapshots, trees};

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("tables", tables),
    ("schedules", schedules),
    ("keepalived", keepalived),
    ("shell", shell),
    ("loaders", loaders),
    ("initrds", initrds),
    ("images", images),
    ("packages", packages),
    ("snapshots", snapshots),
    ("trees", trees),
    ("policies", policies),
];

/// The first byte, which chooses a reader, and the rest.
fn choice(data: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((usize::from(*first), rest))
}
