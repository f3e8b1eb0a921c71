//! What the site decides: configuration, waivers, verdict.

mod against;
mod config;
mod judge;
mod verdict;

pub use against::{Age, compare};
pub use config::{Config, ConfigError, Waiver};
pub use judge::{Judged, JudgedHost, Judgement, OpenRule, Standing, judge};
pub use verdict::{Exit, Verdict, worst};
