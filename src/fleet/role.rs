//! Roles: what a site says of hosts that stand in for each other.

use std::path::PathBuf;

use crate::source::Glob;
use crate::text::Place;

/// Hosts that stand in for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The names of its hosts, or patterns, in small letters.
    pub hosts: Vec<String>,
    /// How many must be up at any time.
    pub at_least: usize,
    /// Files in which they are meant to be alike.
    pub same: Vec<PathBuf>,
    /// Where it stands.
    pub place: Option<Place>,
}

impl Role {
    /// Whether a host that is called so has it.
    #[must_use]
    pub fn has(&self, names: &[String]) -> bool {
        self.hosts.iter().any(|pattern| {
            let Some(regex) = Glob::parse(pattern) else {
                return false;
            };
            names.iter().any(|name| regex.is_match(name.as_bytes()))
        })
    }
}
