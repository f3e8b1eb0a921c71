//! A file of a tree that is read in pieces: kernels, initrds, disk images.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use super::{Blob, ReadError};
use crate::fact::Unknown;
use crate::time::Deadline;

/// An open file, with the deadline of its tree.
///
/// A piece that cannot be read is remembered: whoever read through
/// [`Pieces::bytes`] asks [`Pieces::failed`] before believing what he made of it.
pub struct Pieces {
    path: PathBuf,
    blob: Box<dyn Blob>,
    deadline: Deadline,
    failed: RefCell<Option<ReadError>>,
}

impl Pieces {
    pub(super) fn new(path: &Path, blob: Box<dyn Blob>, deadline: Deadline) -> Self {
        Self {
            path: path.to_path_buf(),
            blob,
            deadline,
            failed: RefCell::new(None),
        }
    }

    /// The path it was asked for by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.blob.len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `len` bytes from `offset` on, fewer at the end of the file, none after a
    /// failure.
    #[must_use]
    pub fn bytes(&self, offset: u64, len: usize) -> Vec<u8> {
        // No more than there is, so that a length from a hostile header costs nothing.
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(left)];
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match self.read_at(at, rest) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) => {
                    self.failed.replace(Some(error));
                    return Vec::new();
                }
            }
        }
        bytes.truncate(done);
        bytes
    }

    /// Why a piece could not be read, where one could not.
    #[must_use]
    pub fn failed(&self) -> Option<Unknown> {
        let error = self.failed.borrow().clone()?;
        Some(Unknown::new(&self.path, error.doubt()))
    }

    /// Whether the time for this tree is up.
    #[must_use]
    pub fn expired(&self) -> bool {
        self.deadline.passed()
    }

    /// The file as a stream, from this byte on.
    #[must_use]
    pub const fn reader_from(&self, offset: u64) -> Reader<'_> {
        Reader {
            file: self,
            at: offset,
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        if self.deadline.passed() {
            return Err(ReadError::Deadline);
        }
        self.blob.read_at(offset, buffer)
    }
}

/// A stream over a file; see [`Pieces::reader_from`].
pub struct Reader<'a> {
    file: &'a Pieces,
    at: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.file.read_at(self.at, buffer) {
            Ok(read) => {
                self.at += u64::try_from(read).map_err(io::Error::other)?;
                Ok(read)
            }
            Err(error) => {
                let text = error.to_string();
                self.file.failed.replace(Some(error));
                Err(io::Error::other(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use crate::fact::{Doubt, Fact, Unknown};
    use crate::source::{Coverage, FaultSource, Injected, Limits, MemSource, Pieces, Source, Tree};
    use crate::time::Deadline;

    fn open(source: impl Source + 'static) -> Pieces {
        let coverage = Coverage::full(true);
        let limits = Limits {
            file_bytes: 4,
            ..Limits::STANDARD
        };
        let tree = Tree::new(Box::new(source), coverage, limits, Deadline::none());
        match tree.open("/boot/initrd.img".as_ref()) {
            Fact::Known(pieces) => pieces,
            other => panic!("{:?}", other.map(|p| p.len())),
        }
    }

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        source
            .file("/boot/initrd-6.1", "0123456789")
            .link("/boot/initrd.img", "initrd-6.1");
        source
    }

    #[test]
    fn pieces_come_from_anywhere_in_a_file_over_the_limit_for_whole_ones() {
        let pieces = open(sample());
        assert_eq!(pieces.len(), 10);
        assert_eq!(pieces.bytes(3, 4), b"3456");
        assert_eq!(pieces.bytes(8, 100), b"89");
        assert_eq!(pieces.bytes(u64::MAX, 100), b"");
        let mut all = String::new();
        pieces.reader_from(0).read_to_string(&mut all).unwrap();
        assert_eq!(all, "0123456789");
        assert_eq!(pieces.failed(), None);
    }

    #[test]
    fn a_file_longer_than_its_content_ends_in_zeros() {
        let mut source = sample();
        source.node_mut("/boot/initrd-6.1").unwrap().meta.len = 12;
        assert_eq!(open(source).bytes(8, 9), b"89\0\0");
    }

    #[test]
    fn a_piece_that_cannot_be_read_is_remembered_and_not_taken_for_the_end() {
        let faults = [("/boot/initrd-6.1".into(), Injected::Truncated)];
        let pieces = open(FaultSource::new(sample(), faults));
        assert_eq!(pieces.bytes(0, 5), b"01234");
        assert_eq!(pieces.bytes(0, 6), b"");
        let doubt = Doubt::Io("input/output error".into());
        let expected = Unknown::new("/boot/initrd.img", doubt);
        assert_eq!(pieces.failed(), Some(expected));
        let mut all = Vec::new();
        assert!(pieces.reader_from(0).read_to_end(&mut all).is_err());
    }
}
