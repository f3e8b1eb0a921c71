//! Checksums of files, as package managers keep them.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::source::{Meta, Pieces};

/// The checksums of files that were read, by what tells that one is the same: for trees
/// that have most files in common, as a root before and after a transaction.
#[derive(Debug, Default)]
pub struct Sums(Mutex<HashMap<(Same, usize), Vec<u8>>>);

/// One file, as long as nobody writes to it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Same {
    dev: u64,
    ino: u64,
    len: u64,
    mtime: i64,
}

impl Same {
    /// Nothing where the file is of no disk, and its number counts in its own source alone.
    const fn of(meta: &Meta) -> Option<Self> {
        if meta.dev == 0 {
            return None;
        }
        Some(Self {
            dev: meta.dev,
            ino: meta.ino,
            len: meta.len,
            mtime: meta.mtime,
        })
    }
}

impl Sums {
    /// The checksum of so many hexadecimal digits, of a file that was read before.
    pub(super) fn known(&self, file: &Meta, digits: usize) -> Option<Vec<u8>> {
        let key = (Same::of(file)?, digits);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).cloned()
    }

    /// Keeps the checksum of a file, in hexadecimal.
    pub(super) fn note(&self, file: &Meta, sum: &[u8]) {
        if let Some(same) = Same::of(file) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert((same, sum.len()), sum.to_vec());
        }
    }
}

/// The MD5 of some bytes, in hexadecimal, as dpkg keeps it.
#[must_use]
pub fn md5_of(bytes: &[u8]) -> String {
    let mut hash = Hash::Md5(Md5::new());
    hash.update(bytes);
    hash.hex()
}

/// The checksum of that many hexadecimal digits: MD5 or SHA-256.
pub(crate) fn sum_of(bytes: &[u8], digits: usize) -> Option<Vec<u8>> {
    let mut hash = Hash::of_len(digits)?;
    hash.update(bytes);
    Some(hash.hex().into_bytes())
}

/// The same of a whole file; nothing where it cannot be read to its end, which the file then
/// tells.
pub(super) fn sum_of_file(file: &Pieces, digits: usize) -> Option<Vec<u8>> {
    let mut hash = Hash::of_len(digits)?;
    let mut reader = file.reader_from(0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Some(hash.hex().into_bytes()),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or(&[])),
            Err(_) => return None,
        }
    }
}

enum Hash {
    Md5(Md5),
    Sha256(Sha256),
}

impl Hash {
    /// By the number of its hexadecimal digits.
    fn of_len(digits: usize) -> Option<Self> {
        match digits {
            32 => Some(Self::Md5(Md5::new())),
            64 => Some(Self::Sha256(Sha256::new())),
            _ => None,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    fn hex(self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let bytes = match self {
            Self::Md5(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
        };
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileKind, Node};

    fn on_disk(ino: u64) -> Meta {
        let mut meta = Node::new(FileKind::File, 0o644).meta;
        (meta.dev, meta.ino, meta.len, meta.mtime) = (1, ino, 5, 7);
        meta
    }

    #[test]
    fn a_sum_is_known_of_the_file_that_was_summed_as_it_was_then() {
        let sums = Sums::default();
        let sum = md5_of(b"bytes").into_bytes();
        let file = on_disk(2);
        assert_eq!(sums.known(&file, 32), None);
        sums.note(&file, &sum);
        assert_eq!(sums.known(&file, 32), Some(sum));
        assert_eq!(sums.known(&file, 64), None);
        let mut changed = file;
        changed.mtime += 1;
        assert_eq!(sums.known(&changed, 32), None);
        changed = file;
        changed.len += 1;
        assert_eq!(sums.known(&changed, 32), None);
        assert_eq!(sums.known(&on_disk(3), 32), None);
    }

    #[test]
    fn what_is_on_no_disk_is_summed_each_time() {
        let sums = Sums::default();
        let mut made_up = on_disk(2);
        made_up.dev = 0;
        sums.note(&made_up, b"0123456789abcdef0123456789abcdef");
        assert_eq!(sums.known(&made_up, 32), None);
    }

    #[test]
    fn sums_are_those_of_the_tools() {
        assert_eq!(md5_of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum_of(b"abc", 64).as_deref(), Some(sha256.as_bytes()));
        assert_eq!(sum_of(b"abc", 40), None);
    }
}
