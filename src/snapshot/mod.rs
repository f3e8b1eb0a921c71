//! A host recorded: what was read of it, and what its daemons answered, in one file.
//!
//! A snapshot holds bytes, metadata and answers, never what was made of them: whatever a
//! later version of this program knows to read from the same bytes, it finds there. What
//! a snapshot does not hold is not covered, never absent.

mod secrets;
mod wire;
mod worded;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use secrets::{Key, key_of};

use crate::probe::{ProbeError, Probes, Replayed};
use crate::source::{
    Coverage, Limits, ReadError, Record, ReplaySource, Seen, Tree, TreeKind, size_words,
};
use crate::time::Deadline;
use wire::{Document, Text, WireAnswer, WireFailure, WireKind, WirePath, WireTree};

/// The name and version of the form.
pub const SCHEMA: &str = "comeback.snapshot/1";

/// The longest snapshot that is read, bytes after unpacking.
const LONGEST: u64 = 1 << 30;

/// Where the kernel names the boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A recorded host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was taken.
    pub taken: jiff::Timestamp,
    /// The host's name, where it has one.
    pub host: Option<String>,
    /// What it was called by the user, or by its directory.
    pub label: Option<String>,
    /// Which kind of tree.
    pub kind: TreeKind,
    /// Whether owners and modes are the host's.
    pub owners: bool,
    /// Where a partial tree is complete.
    pub covers: Vec<PathBuf>,
    /// Whether it was said to be whole.
    pub told_full: bool,
    /// What was read.
    pub record: Record,
    /// What was asked of daemons and what they said, by address and question.
    pub answers: BTreeMap<String, Result<Vec<u8>, ProbeError>>,
}

/// Why a file is no snapshot that this version reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Another schema, or another version of it.
    #[error("its schema is {0}; this version reads {SCHEMA}")]
    Schema(String),
    /// Cut off, or altered.
    #[error("no snapshot: {0}")]
    Form(String),
    /// Longer than is read.
    #[error("longer than {} unpacked", size_words(LONGEST))]
    TooLong,
    /// It could not be written.
    #[error("cannot be written: {0}")]
    Unwritten(String),
}

/// How a snapshot is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is: JSON.
    Plain,
    /// With zstd.
    Zstd,
    /// With gzip.
    Gzip,
}

impl Packing {
    /// What the name of a file asks for: `.zst`, `.gz`, or nothing.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().map(std::ffi::OsStr::as_encoded_bytes) {
            Some(b"zst" | b"zstd") => Self::Zstd,
            Some(b"gz") => Self::Gzip,
            _ => Self::Plain,
        }
    }

    /// How bytes are packed, by their beginning.
    fn seen(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\x28\xb5\x2f\xfd") {
            Self::Zstd
        } else if bytes.starts_with(b"\x1f\x8b") {
            Self::Gzip
        } else {
            Self::Plain
        }
    }
}

impl Snapshot {
    /// Replaces every secret by a digest under `key`. What is written has none.
    pub fn hide_secrets(&mut self, key: &Key) {
        secrets::hide(&mut self.record, key);
        for answer in self.answers.values_mut().flatten() {
            secrets::hide_answer(answer, key);
        }
    }

    /// Hides the secrets in bytes that are kept of the file at `path` elsewhere.
    pub fn hide_in(path: &Path, bytes: &mut [u8], key: &Key) {
        secrets::hide_in(path, bytes, key);
    }

    /// The boot it was taken in, as the kernel names it.
    #[must_use]
    pub fn boot(&self) -> Option<String> {
        let seen = self.record.paths.get(Path::new(BOOT_ID))?;
        let text = String::from_utf8_lossy(seen.content.whole()?).into_owned();
        Some(text.trim().to_owned())
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Where there is no room for them.
    pub fn to_bytes(&self, packing: Packing) -> Result<Vec<u8>, SnapshotError> {
        let failed = |error: String| SnapshotError::Unwritten(error);
        let document = self.document();
        let mut json = serde_json::to_vec(&document).map_err(|e| failed(e.to_string()))?;
        json.push(b'\n');
        match packing {
            Packing::Plain => Ok(json),
            Packing::Zstd => zstd::encode_all(&json[..], 0).map_err(|e| failed(e.to_string())),
            Packing::Gzip => {
                let level = flate2::Compression::default();
                let mut out = Vec::new();
                let mut packed = flate2::read::GzEncoder::new(&json[..], level);
                let read = packed.read_to_end(&mut out);
                read.map_err(|e| failed(e.to_string()))?;
                Ok(out)
            }
        }
    }

    fn document(&self) -> Document {
        let kind = match self.kind {
            TreeKind::Live => WireKind::Live,
            TreeKind::Full => WireKind::Full,
            TreeKind::Partial => WireKind::Partial,
        };
        let answers = self.answers.iter().map(|(asked, answer)| WireAnswer {
            asked: asked.clone(),
            answer: answer.as_ref().ok().map(|bytes| Text::of(bytes)),
            failed: answer.as_ref().err().and_then(|error| match error {
                ProbeError::Refused(text) => Some(WireFailure::Refused(text.clone())),
                ProbeError::Silent => Some(WireFailure::Silent),
                ProbeError::Error(text) => Some(WireFailure::Error(text.clone())),
                ProbeError::NotRecorded | ProbeError::Unfenced => None,
            }),
        });
        let paths = self.record.paths.iter();
        Document {
            schema: SCHEMA.to_owned(),
            comeback: env!("CARGO_PKG_VERSION").to_owned(),
            taken: self.taken.to_string(),
            host: self.host.clone(),
            boot: self.boot(),
            tree: WireTree {
                kind,
                owners: self.owners,
                covers: self.covers.iter().map(|path| Text::path(path)).collect(),
                label: self.label.clone(),
                told_full: self.told_full,
            },
            answers: answers.collect(),
            paths: paths.map(|(path, seen)| WirePath::of(path, seen)).collect(),
        }
    }

    /// Whether bytes look like a snapshot, packed or not; anything else is none.
    #[must_use]
    pub fn looks_like_one(bytes: &[u8]) -> bool {
        match Packing::seen(bytes) {
            Packing::Zstd | Packing::Gzip => true,
            Packing::Plain => bytes.trim_ascii_start().starts_with(b"{"),
        }
    }

    /// The snapshot in the bytes of a file.
    ///
    /// # Errors
    /// Where there is none that this version reads.
    pub fn parse(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let unpacked = unpack(bytes)?;
        let form = |error: serde_json::Error| SnapshotError::Form(error.to_string());
        // The schema first: another version may have another form.
        let head: Head = serde_json::from_slice(&unpacked).map_err(form)?;
        if head.schema != SCHEMA {
            return Err(SnapshotError::Schema(crate::text::escape(
                head.schema.as_bytes(),
            )));
        }
        let document: Document = serde_json::from_slice(&unpacked).map_err(form)?;
        drop(unpacked);
        let taken = document.taken.parse();
        let taken = taken.map_err(|_| SnapshotError::Form("no time it was taken".to_owned()))?;
        let mut answers = BTreeMap::new();
        for WireAnswer {
            asked,
            answer,
            failed,
        } in document.answers
        {
            let answer = match (answer, failed) {
                (Some(answer), _) => Ok(answer.into_bytes()?),
                (None, Some(WireFailure::Refused(text))) => Err(ProbeError::Refused(text)),
                (None, Some(WireFailure::Silent)) => Err(ProbeError::Silent),
                (None, Some(WireFailure::Error(text))) => Err(ProbeError::Error(text)),
                (None, None) => Err(ProbeError::NotRecorded),
            };
            answers.insert(asked, answer);
        }
        let mut paths: BTreeMap<PathBuf, Seen> = BTreeMap::new();
        for path in document.paths {
            let (path, seen) = path.into_seen()?;
            paths.insert(path, seen);
        }
        let covers = document.tree.covers.into_iter().map(Text::into_path);
        Ok(Self {
            taken,
            host: document.host,
            label: document.tree.label,
            kind: match document.tree.kind {
                WireKind::Live => TreeKind::Live,
                WireKind::Full => TreeKind::Full,
                WireKind::Partial => TreeKind::Partial,
            },
            owners: document.tree.owners,
            covers: covers.collect::<Result<_, _>>()?,
            told_full: document.tree.told_full,
            record: Record::of(paths),
            answers,
        })
    }

    /// The recorded tree, and its daemons, which say what they said.
    #[must_use]
    pub fn replay(self, deadline: Deadline) -> (Tree, Probes) {
        let coverage = match self.kind {
            TreeKind::Live => Coverage::live(),
            TreeKind::Full => Coverage::full(self.owners),
            TreeKind::Partial => Coverage::partial(self.covers),
        };
        let source = Box::new(ReplaySource::new(self.record));
        let tree = Tree::new(source, coverage, Limits::STANDARD, deadline);
        // What it does not hold was not asked.
        let probe = Replayed {
            answers: self.answers,
            otherwise: ProbeError::NotRecorded,
        };
        (tree, Probes(Some(Arc::new(probe))))
    }
}

/// What every version of the form has.
#[derive(serde::Deserialize)]
struct Head {
    schema: String,
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let form = |error: std::io::Error| {
        let error = ReadError::from_io(&error);
        SnapshotError::Form(error.to_string())
    };
    let mut out = Vec::new();
    match Packing::seen(bytes) {
        Packing::Plain => out.extend_from_slice(bytes),
        Packing::Zstd => {
            let reader = zstd::Decoder::new(bytes).map_err(form)?;
            reader
                .take(LONGEST + 1)
                .read_to_end(&mut out)
                .map_err(form)?;
        }
        Packing::Gzip => {
            let reader = flate2::read::GzDecoder::new(bytes);
            reader
                .take(LONGEST + 1)
                .read_to_end(&mut out)
                .map_err(form)?;
        }
    }
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(SnapshotError::TooLong);
    }
    Ok(out)
}

/// The schema of a snapshot, JSON.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn schema() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Document))?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{MemSource, Recorder, RecordingSource, Source as _};

    fn sample() -> Snapshot {
        let mut source = MemSource::new();
        source
            .file("/etc/hostname", "web1\n")
            .file("/etc/odd\u{fffd}", vec![0xff, 0, 1])
            .link("/vmlinuz", "boot/vmlinuz");
        let recorder = Recorder::default();
        let recording = RecordingSource::new(Box::new(source), recorder.clone());
        for path in [
            "/",
            "/etc",
            "/etc/hostname",
            "/etc/odd\u{fffd}",
            "/vmlinuz",
            "/none",
        ] {
            let path = Path::new(path);
            let _ = (recording.lstat(path), recording.read_link(path));
            let _ = (recording.list(path, 100), recording.read(path, 100));
            let _ = (recording.usage(path), recording.open(path).is_ok());
        }
        let answers = [
            ("127.0.0.1:6379 INFO".to_owned(), Ok(b"a:1\r\n".to_vec())),
            ("systemd units".to_owned(), Err(ProbeError::Silent)),
        ];
        Snapshot {
            taken: jiff::Timestamp::UNIX_EPOCH,
            host: Some("web1".to_owned()),
            label: None,
            kind: TreeKind::Full,
            owners: true,
            covers: vec!["/etc/cron.d".into()],
            told_full: true,
            record: recorder.take(),
            answers: answers.into(),
        }
    }

    #[test]
    fn what_is_written_is_read_again_however_it_is_packed() {
        let snapshot = sample();
        for packing in [Packing::Plain, Packing::Zstd, Packing::Gzip] {
            let bytes = snapshot.to_bytes(packing).unwrap();
            assert!(Snapshot::looks_like_one(&bytes));
            let read = Snapshot::parse(&bytes).unwrap();
            assert_eq!(read.record.paths, snapshot.record.paths, "{packing:?}");
            assert_eq!(read.answers, snapshot.answers);
            assert_eq!((read.taken, read.kind), (snapshot.taken, snapshot.kind));
            assert_eq!(
                (read.covers, read.told_full),
                (snapshot.covers.clone(), true)
            );
        }
    }

    #[test]
    fn another_schema_and_a_cut_file_are_told_apart() {
        let bytes = sample().to_bytes(Packing::Plain).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let other = text.replacen("snapshot/1", "snapshot/2", 1);
        let error = Snapshot::parse(other.as_bytes());
        assert_eq!(
            error,
            Err(SnapshotError::Schema("comeback.snapshot/2".into()))
        );
        for cut in [0, 1, 20, bytes.len() / 2, bytes.len() - 3] {
            let error = Snapshot::parse(&bytes[..cut]);
            assert!(matches!(error, Err(SnapshotError::Form(_))), "{cut}");
        }
        let packed = sample().to_bytes(Packing::Zstd).unwrap();
        for cut in [4, 9, packed.len() / 2, packed.len() - 1] {
            assert!(Snapshot::parse(&packed[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_path_that_leaves_the_tree_makes_no_snapshot() {
        let text = String::from_utf8(sample().to_bytes(Packing::Plain).unwrap()).unwrap();
        for path in ["etc/hostname", "/etc/../hostname", ""] {
            let path = format!("\"path\":\"{path}\"");
            let other = text.replacen("\"path\":\"/etc/hostname\"", &path, 1);
            assert_ne!(other, text);
            assert!(Snapshot::parse(other.as_bytes()).is_err(), "{path}");
        }
        let other = text.replacen("[\"hostname\"", "[\"../../hostname\"", 1);
        assert_ne!(other, text);
        assert!(Snapshot::parse(other.as_bytes()).is_err());
    }

    #[test]
    fn the_name_of_a_file_says_how_it_is_packed() {
        let of = |name: &str| Packing::of(Path::new(name));
        assert_eq!(of("before.json"), Packing::Plain);
        assert_eq!(of("before.json.zst"), Packing::Zstd);
        assert_eq!(of("/x/before.gz"), Packing::Gzip);
        assert_eq!(of("before"), Packing::Plain);
    }
}
