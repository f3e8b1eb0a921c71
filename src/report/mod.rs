//! Reports: wire structs and one file per format.

mod brief;
mod fleet;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markup;
mod model;
mod nagios;
mod one_rule;
mod plan;
mod prometheus;
mod sarif;
mod snippet;
mod spot;
mod text;
mod triggers;
mod wrap;

pub use brief::{brief, one_line};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use json::{json, jsonl, schema};
pub use junit::junit;
pub use model::{Report, SCHEMA};
pub use nagios::nagios;
pub use one_rule::rule_text;
pub use plan::{Planned, plan_ansible, plan_json, plan_schema, plan_text};
pub use prometheus::prometheus;
pub use sarif::sarif;
pub use text::text;
pub use triggers::{triggers_json, triggers_text};
pub use wrap::paragraph;

use std::path::PathBuf;

use crate::policy::{Exit, JudgedHost, StaleWaiver};
use crate::rules::Level;

/// A whole run, ready to be shown.
#[derive(Debug)]
pub struct Outcome {
    /// The moment the run speaks of.
    pub now: jiff::Timestamp,
    /// Whether `--now` set it.
    pub now_given: bool,
    /// How far ahead the schedules were looked at.
    pub horizon: jiff::SignedDuration,
    /// The policy file in force.
    pub policy: Option<PathBuf>,
    /// Waivers that accept nothing.
    pub stale: Vec<StaleWaiver>,
    /// What `--against` compared with.
    pub against: Option<String>,
    /// The hosts, in the order given.
    pub hosts: Vec<ShownHost>,
    /// Whether `--hosts` asked for several.
    pub fleet: bool,
    /// The failing level.
    pub fail_on: Level,
    /// The exit status.
    pub exit: Exit,
    /// `-v`.
    pub verbose: bool,
}

/// A judged host and how its paths are shown.
#[derive(Debug)]
pub struct ShownHost {
    /// The host.
    pub host: JudgedHost,
    /// What stands before its paths: the directory it was read from, in a fleet.
    pub prefix: String,
    /// The directory it was read from, relative to that of the run where it lies below
    /// it; none for the running system.
    pub root: Option<PathBuf>,
}
