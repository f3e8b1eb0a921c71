//! Rows that files alone cannot decide, with the reason.

use serde::Deserialize;

use crate::truth::{Row, lab};

/// `exceptions.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    mutation: String,
    base: String,
    /// Only there; every boot path where it is absent.
    path: Option<String>,
    reason: String,
}

impl Exceptions {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(lab("exceptions.toml")).unwrap();
        let read: Self = toml::from_str(&text).unwrap();
        for one in &read.exception {
            assert!(one.reason.len() > 20, "{}: no reason", one.mutation);
        }
        read
    }

    /// Whether a row is one of them.
    pub(crate) fn covers(&self, row: &Row) -> bool {
        self.exception.iter().any(|one| one.is(row))
    }

    /// Exceptions that name no row.
    pub(crate) fn strangers(&self, rows: &[Row]) -> Vec<String> {
        let none = |one: &&Exception| !rows.iter().any(|row| one.is(row));
        let strangers = self.exception.iter().filter(none);
        let name =
            |one: &Exception| format!("{} {}: an exception of no row", one.mutation, one.base);
        strangers.map(name).collect()
    }
}

impl Exception {
    fn is(&self, row: &Row) -> bool {
        let path = self.path.as_ref().is_none_or(|path| *path == row.path);
        self.mutation == row.mutation && self.base == row.base && path
    }
}
