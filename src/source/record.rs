//! What was read of a tree, kept so that it can be read again elsewhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Blob, FileKind, Meta, ReadError, Source, Usage};

/// The longest file of which pieces are kept, bytes: of a larger one only the answer that
/// it is there.
const PIECES: u64 = 96 << 20;
/// The most bytes of content that are kept altogether.
const CONTENT: u64 = 640 << 20;

/// What was answered about one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What `lstat` said.
    pub meta: Option<Result<Meta, ReadError>>,
    /// The text of the link.
    pub link: Option<Result<PathBuf, ReadError>>,
    /// The names in the directory, in byte order.
    pub list: Option<Result<Vec<OsString>, ReadError>>,
    /// How full the file system is.
    pub usage: Option<Result<Usage, ReadError>>,
    /// What was read of the file.
    pub content: Content,
}

/// What was read of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The bytes, by where they begin; no two touch or overlap.
    pub pieces: BTreeMap<u64, Vec<u8>>,
    /// Where the file ends, as far as that is known.
    pub end: Option<u64>,
    /// Its length as it was opened, where it was opened to be read in pieces.
    pub opened: Option<u64>,
    /// Why it could not be read, where it could not.
    pub failed: Option<ReadError>,
}

/// Everything that was answered about a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// By physical path.
    pub paths: BTreeMap<PathBuf, Seen>,
    /// Bytes of content kept.
    bytes: u64,
}

impl Content {
    /// Adds bytes; what is known already stays.
    pub fn add(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset.saturating_add(length(bytes));
        let before = self.pieces.range(..=offset).next_back();
        let touches = before.filter(|(at, piece)| at.saturating_add(length(piece)) >= offset);
        let start = touches.map_or(offset, |(at, _)| *at);
        let known = touches.map(|(at, _)| *at);
        let mut joined = Vec::new();
        if let Some(piece) = known.and_then(|at| self.pieces.remove(&at)) {
            joined = piece;
        }
        extend(&mut joined, start, offset, bytes);
        while let Some((at, _)) = self.pieces.range(start..=end).next() {
            let at = *at;
            if let Some(piece) = self.pieces.remove(&at) {
                extend(&mut joined, start, at, &piece);
            }
        }
        self.pieces.insert(start, joined);
    }

    /// The bytes from `offset` on that are known, at most `len`; nothing where the first
    /// of them is not.
    #[must_use]
    pub fn known(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let (at, piece) = self.pieces.range(..=offset).next_back()?;
        let skip = usize::try_from(offset - at).ok()?;
        let rest = piece.get(skip..).filter(|rest| !rest.is_empty())?;
        rest.get(..len.min(rest.len()))
    }

    /// The whole file, where all of it is known.
    #[must_use]
    pub fn whole(&self) -> Option<&[u8]> {
        let end = self.end?;
        if end == 0 {
            return Some(&[]);
        }
        let piece = self.pieces.get(&0)?;
        (length(piece) == end).then_some(piece)
    }

    /// How many bytes are kept.
    fn kept(&self) -> u64 {
        self.pieces.values().map(|piece| length(piece)).sum()
    }
}

/// Appends to bytes that begin at `start` those of `more` that lie behind their end.
fn extend(joined: &mut Vec<u8>, start: u64, offset: u64, more: &[u8]) {
    let end = start.saturating_add(length(joined));
    let skip = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
    joined.extend_from_slice(more.get(skip..).unwrap_or(&[]));
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Record {
    /// A record of these answers.
    #[must_use]
    pub const fn of(paths: BTreeMap<PathBuf, Seen>) -> Self {
        Self { paths, bytes: 0 }
    }

    /// Adds a file that was made of others.
    pub fn add(&mut self, path: &Path, bytes: &[u8]) {
        let len = length(bytes);
        let mut parents: Vec<&Path> = path.ancestors().skip(1).collect();
        parents.pop();
        let meta = |kind, len| Meta {
            kind,
            len,
            mode: 0o444,
            uid: 0,
            gid: 0,
            nlink: 1,
            mtime: 0,
            dev: 0,
            ino: 0,
        };
        for parent in parents {
            self.at(parent).meta = Some(Ok(meta(FileKind::Dir, 0)));
        }
        self.at(path).meta = Some(Ok(meta(FileKind::File, len)));
        self.keep(path, 0, bytes, Some(len));
    }

    fn at(&mut self, path: &Path) -> &mut Seen {
        if !self.paths.contains_key(path) {
            self.paths.insert(path.to_path_buf(), Seen::default());
        }
        self.paths.entry(path.to_path_buf()).or_default()
    }

    /// Keeps bytes of a file, while there is room for them.
    fn keep(&mut self, path: &Path, offset: u64, bytes: &[u8], end: Option<u64>) {
        let full = self.bytes.saturating_add(length(bytes)) > CONTENT;
        let content = &mut self.at(path).content;
        if full || content.failed == Some(ReadError::NotRecorded) {
            content.pieces.clear();
            content.end = None;
            content.failed = Some(ReadError::NotRecorded);
            return;
        }
        let before = content.kept();
        content.add(offset, bytes);
        content.end = end.or(content.end);
        let kept = content.kept();
        self.bytes = self.bytes.saturating_add(kept.saturating_sub(before));
    }
}

/// A source that remembers its answers.
pub struct RecordingSource {
    inner: Box<dyn Source>,
    record: Recorder,
}

/// The answers of a [`RecordingSource`], while it goes on.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    /// What was answered so far.
    #[must_use]
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    /// Takes what was answered so far away.
    #[must_use]
    pub fn take(&self) -> Record {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordingSource {
    /// `inner`, of which `record` keeps every answer.
    #[must_use]
    pub fn new(inner: Box<dyn Source>, record: Recorder) -> Self {
        Self { inner, record }
    }

    /// Remembers what was read from the beginning: `asked` bytes at most.
    fn remember(&self, path: &Path, asked: u64, read: &Result<Vec<u8>, ReadError>) {
        let mut record = self.record.lock();
        match read {
            Ok(bytes) => {
                let len = length(bytes);
                let end = (len < asked).then_some(len);
                record.keep(path, 0, bytes, end);
            }
            Err(error) => record.at(path).content.failed = Some(error.clone()),
        }
    }
}

impl Source for RecordingSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        let answer = self.inner.lstat(path);
        self.record.lock().at(path).meta = Some(answer.clone());
        answer
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let answer = self.inner.read_link(path);
        self.record.lock().at(path).link = Some(answer.clone());
        answer
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let answer = self.inner.read(path, limit);
        // A file that is read whole is shorter than any number.
        self.remember(path, u64::MAX, &answer);
        answer
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let answer = self.inner.read_head(path, len);
        self.remember(path, len, &answer);
        answer
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        match self.inner.open(path) {
            Ok(inner) => {
                let mut record = self.record.lock();
                let content = &mut record.at(path).content;
                content.opened = Some(inner.len());
                if inner.len() > PIECES {
                    content.failed = Some(ReadError::NotRecorded);
                }
                let record = self.record.clone();
                let path = path.to_path_buf();
                Ok(Box::new(RecordingBlob {
                    inner,
                    path,
                    record,
                }))
            }
            Err(error) => {
                self.record.lock().at(path).content.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let answer = self.inner.list(path, limit);
        self.record.lock().at(path).list = Some(answer.clone());
        answer
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        let answer = self.inner.usage(path);
        self.record.lock().at(path).usage = Some(answer.clone());
        answer
    }
}

/// An open file of which every piece that is read is kept.
struct RecordingBlob {
    inner: Box<dyn Blob>,
    path: PathBuf,
    record: Recorder,
}

impl Blob for RecordingBlob {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let answer = self.inner.read_at(offset, buffer);
        match &answer {
            Ok(read) => {
                let bytes = buffer.get(..*read).unwrap_or(&[]);
                let end = (*read == 0 && !buffer.is_empty()).then_some(offset);
                self.record.lock().keep(&self.path, offset, bytes, end);
            }
            Err(error) => {
                let mut record = self.record.lock();
                record.at(&self.path).content.failed = Some(error.clone());
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_touch_or_overlap_become_one() {
        let mut content = Content::default();
        content.add(4, b"efgh");
        content.add(12, b"mn");
        assert_eq!(content.pieces.len(), 2);
        content.add(0, b"abcdef");
        content.add(8, b"ijklmnop");
        assert_eq!(content.pieces.len(), 1);
        assert_eq!(content.known(2, 4), Some(&b"cdef"[..]));
        assert_eq!(content.known(14, 9), Some(&b"op"[..]));
        assert_eq!(content.known(16, 1), None);
        assert_eq!(content.whole(), None);
        content.end = Some(16);
        assert_eq!(content.whole(), Some(&b"abcdefghijklmnop"[..]));
    }

    #[test]
    fn a_piece_within_another_changes_nothing() {
        let mut content = Content::default();
        content.add(0, b"abcdef");
        content.add(2, b"xx");
        content.add(0, b"");
        assert_eq!(content.known(0, 99), Some(&b"abcdef"[..]));
    }
}
