//! What the site decides: configuration, waivers, verdict.

mod against;
mod baseline;
mod config;
mod declared;
mod inline;
mod judge;
mod layout;
mod roles;
mod stale;
mod verdict;

pub use against::{Age, compare};
pub use baseline::{Baseline, Compared};
pub use config::{Config, ConfigError, GuardPolicy, Setting, Waiver};
pub use inline::{Inline, parse_comment};
pub use judge::{Judged, JudgedHost, Judgement, OpenRule, Standing, judge};
pub use layout::{LayerOf, Layout};
pub use stale::{StaleWaiver, stale};
pub use verdict::{Exit, Verdict, worst};
