//! Reports: wire structs and one file per format.

mod brief;
mod each;
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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::policy::{Exit, JudgedHost, StaleWaiver};
use crate::rules::Level;
use crate::text::escape_path;

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
    /// Files that stand elsewhere, as where a layout lays the files of roles under those
    /// of a host: the path in the tree, and the file from the directory of the run.
    pub elsewhere: BTreeMap<PathBuf, PathBuf>,
}

/// How the files of a host are called.
#[derive(Clone, Copy)]
struct Paths<'a> {
    prefix: &'a str,
    elsewhere: Option<&'a BTreeMap<PathBuf, PathBuf>>,
}

impl ShownHost {
    const fn paths(&self) -> Paths<'_> {
        Paths {
            prefix: self.prefix.as_str(),
            elsewhere: Some(&self.elsewhere),
        }
    }
}

impl Paths<'_> {
    /// As on the host itself.
    const PLAIN: Self = Self {
        prefix: "",
        elsewhere: None,
    };

    /// A file, escaped.
    fn show(self, path: &Path) -> String {
        match self.elsewhere.and_then(|elsewhere| elsewhere.get(path)) {
            Some(file) => escape_path(file),
            None => format!("{}{}", self.prefix, escape_path(path)),
        }
    }
}
