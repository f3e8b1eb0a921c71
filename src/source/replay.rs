//! A recorded tree, read again.
//!
//! It answers what was answered when it was recorded, and what follows from that: what a
//! complete list of names lacks is not there. Anything else was not recorded, which is
//! neither there nor absent.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{Content, Record, Seen};
use super::{Blob, FileKind, Meta, ReadError, Source, Usage};

/// A recorded tree.
pub struct ReplaySource {
    paths: BTreeMap<PathBuf, Arc<Seen>>,
}

impl ReplaySource {
    /// The tree that `record` was taken of.
    #[must_use]
    pub fn new(record: Record) -> Self {
        let paths = record.paths.into_iter();
        Self {
            paths: paths.map(|(path, seen)| (path, Arc::new(seen))).collect(),
        }
    }

    /// What was answered about a path, for one kind of question.
    fn answered<'a, T>(
        &'a self,
        path: &Path,
        of: impl FnOnce(&'a Seen) -> Option<&'a Result<T, ReadError>>,
    ) -> Result<&'a T, ReadError> {
        match self.paths.get(path).and_then(|seen| of(seen)) {
            Some(answer) => answer.as_ref().map_err(Clone::clone),
            None => Err(self.follows(path)),
        }
    }

    /// What follows for a path about which nothing was asked.
    fn follows(&self, path: &Path) -> ReadError {
        if let Some(Seen {
            meta: Some(Err(error)),
            ..
        }) = self.paths.get(path).map(Arc::as_ref)
        {
            return error.clone();
        }
        let mut below = path;
        for dir in path.ancestors().skip(1) {
            let Some(seen) = self.paths.get(dir) else {
                below = dir;
                continue;
            };
            match &seen.meta {
                Some(Err(error @ (ReadError::NotFound | ReadError::NotDir))) => {
                    return error.clone();
                }
                Some(Ok(meta)) if meta.kind != FileKind::Dir => return ReadError::NotDir,
                Some(Ok(_) | Err(_)) | None => {}
            }
            if let Some(Ok(names)) = &seen.list
                && let Some(name) = below.file_name()
                && !holds(names, name)
            {
                return ReadError::NotFound;
            }
            below = dir;
        }
        ReadError::NotRecorded
    }

    fn content(&self, path: &Path) -> Result<&Content, ReadError> {
        match self.paths.get(path) {
            Some(seen) => Ok(&seen.content),
            None => Err(self.follows(path)),
        }
    }
}

/// Whether a list in byte order has a name.
fn holds(names: &[OsString], name: &OsStr) -> bool {
    names
        .binary_search_by(|known| known.as_os_str().cmp(name))
        .is_ok()
}

/// Why there is no content.
fn missing(source: &ReplaySource, path: &Path, content: &Content) -> ReadError {
    match &content.failed {
        Some(error) => error.clone(),
        None => match source.follows(path) {
            ReadError::NotFound => ReadError::NotFound,
            ReadError::NotDir => ReadError::NotDir,
            _ => ReadError::NotRecorded,
        },
    }
}

impl Source for ReplaySource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        self.answered(path, |seen| seen.meta.as_ref()).copied()
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.answered(path, |seen| seen.link.as_ref()).cloned()
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let content = self.content(path)?;
        let Some(bytes) = content.whole() else {
            return Err(missing(self, path, content));
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            let words = super::size_words(limit);
            return Err(ReadError::Limit(format!("larger than {words}")));
        }
        Ok(bytes.to_vec())
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let content = self.content(path)?;
        let wanted = usize::try_from(len).unwrap_or(usize::MAX);
        match (content.whole(), content.known(0, wanted)) {
            (Some(whole), _) => Ok(whole.get(..wanted).unwrap_or(whole).to_vec()),
            (None, Some(head)) if head.len() == wanted => Ok(head.to_vec()),
            (None, _) => Err(missing(self, path, content)),
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        let seen = self.paths.get(path);
        let seen = seen.ok_or_else(|| self.follows(path))?;
        let content = &seen.content;
        if content.failed == Some(ReadError::NotRecorded) {
            return Err(ReadError::NotRecorded);
        }
        let whole = content.whole().map(<[u8]>::len);
        let whole = whole.and_then(|len| u64::try_from(len).ok());
        let Some(len) = content.opened.or(whole) else {
            return Err(missing(self, path, content));
        };
        let seen = Arc::clone(seen);
        Ok(Box::new(ReplayBlob { seen, len }))
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let names = self.answered(path, |seen| seen.list.as_ref())?;
        if names.len() > limit {
            return Err(ReadError::Limit(format!("more than {limit} entries")));
        }
        Ok(names.clone())
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        self.answered(path, |seen| seen.usage.as_ref()).copied()
    }
}

/// A recorded file of which pieces are known.
struct ReplayBlob {
    seen: Arc<Seen>,
    len: u64,
}

impl Blob for ReplayBlob {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let content = &self.seen.content;
        if offset >= content.end.unwrap_or(self.len) || buffer.is_empty() {
            return Ok(0);
        }
        let Some(known) = content.known(offset, buffer.len()) else {
            let failed = content.failed.clone();
            return Err(failed.unwrap_or(ReadError::NotRecorded));
        };
        if let Some(target) = buffer.get_mut(..known.len()) {
            target.copy_from_slice(known);
        }
        Ok(known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Fact, Why};
    use crate::source::{
        Coverage, FaultSource, Injected, MemSource, Recorder, RecordingSource, Tree,
    };

    fn sample() -> MemSource {
        let mut source = MemSource::new();
        source
            .file("/etc/fstab", "UUID=a / ext4\n")
            .file("/etc/secret", "x")
            .file("/boot/vmlinuz", "0123456789")
            .link("/vmlinuz", "boot/vmlinuz")
            .dir("/etc/cron.d");
        source
    }

    /// What `ask` answers over a source, and over what was recorded of it.
    fn both<T>(ask: impl Fn(&dyn Source) -> T) -> (T, T) {
        let faults = [(PathBuf::from("/etc/secret"), Injected::Denied)];
        let source = FaultSource::new(sample(), faults);
        let recorder = Recorder::default();
        let recording = RecordingSource::new(Box::new(source), recorder.clone());
        let first = ask(&recording);
        let second = ask(&ReplaySource::new(recorder.take()));
        (first, second)
    }

    #[test]
    fn every_answer_is_given_again() {
        let paths = [
            "/",
            "/etc",
            "/etc/fstab",
            "/etc/secret",
            "/etc/none",
            "/etc/fstab/below",
            "/vmlinuz",
        ];
        for path in paths.map(Path::new) {
            let (first, second) = both(|source| {
                let head = source.read_head(path, 4);
                let blob = source.open(path).map(|blob| {
                    let mut buffer = [0; 8];
                    let mut reads = Vec::new();
                    for offset in [2, 9, 10, 40] {
                        reads.push((blob.read_at(offset, &mut buffer), buffer));
                    }
                    (blob.len(), reads)
                });
                (
                    source.lstat(path),
                    source.read_link(path),
                    source.list(path, 100),
                    source.usage(path),
                    head,
                    source.read(path, 1000),
                    blob,
                )
            });
            assert_eq!(first, second, "{}", path.display());
        }
    }

    #[test]
    fn a_name_that_a_complete_list_lacks_is_not_there_and_others_are_not_recorded() {
        let ask = |source: &dyn Source| {
            let _ = (source.lstat(Path::new("/")), source.list(Path::new("/"), 9));
            let _ = source.lstat(Path::new("/boot/vmlinuz"));
        };
        let recorder = Recorder::default();
        ask(&RecordingSource::new(Box::new(sample()), recorder.clone()));
        let replay = ReplaySource::new(recorder.take());
        let lstat = |path: &str| replay.lstat(Path::new(path));
        assert_eq!(lstat("/srv"), Err(ReadError::NotFound));
        assert_eq!(lstat("/srv/data/x"), Err(ReadError::NotFound));
        assert_eq!(lstat("/boot/vmlinuz/x"), Err(ReadError::NotDir));
        assert_eq!(lstat("/etc/fstab"), Err(ReadError::NotRecorded));
        let read = replay.read(Path::new("/boot/vmlinuz"), 100);
        assert_eq!(read, Err(ReadError::NotRecorded));
    }

    #[test]
    fn what_was_not_recorded_is_not_covered_rather_than_absent() {
        let source = ReplaySource::new(Record::default());
        let tree = Tree::for_tests(source, Coverage::live());
        let why = Why::NotRecorded("/etc/fstab".into());
        assert_eq!(
            tree.read(Path::new("/etc/fstab")),
            Fact::NotCovered(why.clone())
        );
        let entries = tree.entries(Path::new("/etc/fstab"));
        assert_eq!(entries.uncovered, [why]);
    }

    #[test]
    fn a_head_that_was_read_is_no_whole_file() {
        let recorder = Recorder::default();
        let recording = RecordingSource::new(Box::new(sample()), recorder.clone());
        let kernel = Path::new("/boot/vmlinuz");
        assert!(recording.read_head(kernel, 4).is_ok());
        let replay = ReplaySource::new(recorder.record());
        assert_eq!(replay.read_head(kernel, 3), Ok(b"012".to_vec()));
        assert_eq!(replay.read_head(kernel, 5), Err(ReadError::NotRecorded));
        assert_eq!(replay.read(kernel, 100), Err(ReadError::NotRecorded));
        assert!(recording.read_head(kernel, 99).is_ok());
        let replay = ReplaySource::new(recorder.record());
        assert_eq!(replay.read(kernel, 100), Ok(b"0123456789".to_vec()));
    }
}
