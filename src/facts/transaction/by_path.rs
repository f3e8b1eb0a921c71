//! Maps by path, for the hundreds of thousands of a large transaction.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

/// A map by absolute path. Hashing them as `HashMap` does would take a tenth of the time
/// that a transaction is laid out in. Paths are compared as bytes, which takes a fraction of the
/// time: all that come here are spelled in one way, without `//`, `.` and `..`.
pub(super) struct ByPath<T>(HashMap<OsString, T, RandomState>);

/// A set of such paths.
pub(super) type PathSet = ByPath<()>;

impl<T> Default for ByPath<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T> ByPath<T> {
    pub(super) fn get(&self, path: &Path) -> Option<&T> {
        self.0.get(path.as_os_str())
    }

    pub(super) fn get_mut(&mut self, path: &Path) -> Option<&mut T> {
        self.0.get_mut(path.as_os_str())
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path.as_os_str())
    }

    pub(super) fn insert(&mut self, path: PathBuf, value: T) {
        self.0.insert(path.into_os_string(), value);
    }

    pub(super) fn remove(&mut self, path: &Path) {
        self.0.remove(path.as_os_str());
    }

    /// All of them, in no order.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (PathBuf, T)> {
        let entries = self.0.into_iter();
        entries.map(|(path, value)| (PathBuf::from(path), value))
    }
}

impl PathSet {
    pub(super) fn note(&mut self, path: &Path) {
        self.insert(path.to_path_buf(), ());
    }
}
