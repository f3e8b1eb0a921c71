//! Reports: wire structs and one file per format.

mod brief;
mod json;
mod model;
mod one_rule;
mod snippet;
mod text;
mod triggers;
mod wrap;

pub use brief::{brief, one_line};
pub use json::{json, jsonl, schema};
pub use model::{Report, SCHEMA};
pub use one_rule::rule_text;
pub use text::text;
pub use triggers::{triggers_json, triggers_text};
pub use wrap::paragraph;

use std::path::PathBuf;

use crate::policy::{Exit, JudgedHost};

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
    /// What `--against` compared with.
    pub against: Option<String>,
    /// The hosts, in the order given.
    pub hosts: Vec<ShownHost>,
    /// Whether `--hosts` asked for several.
    pub fleet: bool,
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
}
