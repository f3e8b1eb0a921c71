//! A source that fails on purpose.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Blob, Meta, ReadError, Source, Usage};

/// A failure to inject at a path and everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// Permission denied: the entry is listed, nothing more is told.
    Denied,
    /// The disk answers with an I/O error.
    Io,
    /// No answer before the deadline.
    Hang,
    /// The directory lists it, but it is gone when looked at.
    Vanished,
    /// Reading ends after half of the bytes, with an error.
    Truncated,
}

/// A source with failures laid over another.
pub struct FaultSource<S> {
    inner: S,
    faults: BTreeMap<PathBuf, Injected>,
}

impl<S> FaultSource<S> {
    /// Lays `faults` over `inner`.
    pub fn new(inner: S, faults: impl IntoIterator<Item = (PathBuf, Injected)>) -> Self {
        Self {
            inner,
            faults: faults.into_iter().collect(),
        }
    }

    /// The failure at `path` or at a directory above it.
    fn at(&self, path: &Path) -> Option<Injected> {
        path.ancestors()
            .find_map(|dir| self.faults.get(dir))
            .copied()
    }

    /// Fails where a failure concerns the content of `path`.
    fn content(&self, path: &Path) -> Result<(), ReadError> {
        match self.at(path) {
            Some(Injected::Denied) => Err(ReadError::Denied),
            Some(Injected::Io | Injected::Truncated) => {
                Err(ReadError::Io("input/output error".into()))
            }
            Some(Injected::Hang) => Err(ReadError::Deadline),
            Some(Injected::Vanished) => Err(ReadError::NotFound),
            None => Ok(()),
        }
    }
}

/// A file of which only the first half can be read.
struct Half {
    inner: Box<dyn Blob>,
}

impl Blob for Half {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let left = (self.len() / 2).saturating_sub(offset);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if left == 0 && offset < self.len() {
            return Err(ReadError::Io("input/output error".into()));
        }
        let end = buffer.len().min(left);
        let buffer = buffer.get_mut(..end).unwrap_or(&mut []);
        self.inner.read_at(offset, buffer)
    }
}

impl<S: Source> Source for FaultSource<S> {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        // As on a real disk: an unreadable file still has an inode; what lies in
        // an unreadable directory does not even show that.
        match self.faults.get(path) {
            Some(Injected::Denied | Injected::Io | Injected::Truncated) => self.inner.lstat(path),
            _ => {
                self.content(path)?;
                self.inner.lstat(path)
            }
        }
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.content(path)?;
        self.inner.read_link(path)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        self.content(path)?;
        self.inner.read(path, limit)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        self.content(path)?;
        self.inner.read_head(path, len)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        if self.at(path) == Some(Injected::Truncated) {
            let inner = self.inner.open(path)?;
            return Ok(Box::new(Half { inner }));
        }
        self.content(path)?;
        self.inner.open(path)
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        self.content(path)?;
        self.inner.list(path, limit)
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        self.content(path)?;
        self.inner.usage(path)
    }
}
