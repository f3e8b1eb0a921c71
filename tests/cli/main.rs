//! The program as its users meet it: the compiled binary on trees made for each
//! test, with an empty environment, a fixed zone and a fixed clock.
//!
//! Nothing here needs root or the network, and only `running` looks at this machine. What only root
//! or a FUSE device can show says so and is left out without them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that cannot go on must stop with a message; its helpers are its own"
)]

mod against;
mod attacks;
mod baseline;
mod contrib;
mod declared;
mod devices;
mod exits;
mod fleet;
mod formats;
mod fuzzed;
mod guard;
mod hostile;
mod hung;
mod kinds;
mod layouts;
mod policy;
mod prefixes;
mod reports;
mod running;
mod snapshots;
mod stranger;
mod support;
mod waivers;

/// What `fuzz/` tries, without its engine.
#[path = "../../fuzz/src/lib.rs"]
mod targets;
