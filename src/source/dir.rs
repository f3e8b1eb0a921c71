//! A tree on disk: an unpacked root, a configuration repository, or `/` itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::at::Root;
use super::helper::{Helper, HelperCommand, Request};
use super::mounts::{RiskyMount, mounts_now, risky_above};
use super::{Blob, FileKind, Meta, ReadError, Repository, Source, Usage};
use crate::time::Deadline;

/// A tree below a directory of this machine.
pub struct DirSource {
    /// The root, absolute and without links, as the mount table names it.
    root: PathBuf,
    /// Absent where the root itself lies on a mount that may hang.
    handle: Option<Root>,
    /// Mounts that may hang; paths of this machine.
    risky: Vec<RiskyMount>,
    helper: Option<Helper>,
}

/// Why a directory cannot be examined.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory is not there or not readable; the user's mistake.
    #[error("{path}: {error}", path = crate::text::escape_path(.path))]
    Root {
        /// The directory asked for.
        path: PathBuf,
        /// What the system says.
        error: ReadError,
    },
}

impl DirSource {
    /// Opens the tree below `root`.
    ///
    /// `helper` starts the process that reads what lies on mounts that may hang;
    /// without one, such paths are answered with a limit error. `deadline` bounds
    /// the wait for it.
    ///
    /// # Errors
    /// [`OpenError`] where `root` is no directory or cannot be opened.
    pub fn open(
        root: &Path,
        helper: Option<HelperCommand>,
        deadline: Deadline,
    ) -> Result<Self, OpenError> {
        let failed = |error: ReadError| OpenError::Root {
            path: root.to_path_buf(),
            error,
        };
        let absolute = std::path::absolute(root).map_err(|e| failed(ReadError::from_io(&e)))?;
        let helper = helper.map(|command| Helper::new(command, deadline));
        let mut source = Self {
            root: absolute,
            handle: None,
            risky: mounts_now(),
            helper,
        };
        if risky_above(&source.risky, &source.root).is_some() {
            // Not even the root may be touched from here; the helper resolves it.
            source.lstat(Path::new("/")).map_err(failed)?;
            return Ok(source);
        }
        let canonical = source.root.canonicalize();
        source.root = canonical.map_err(|e| failed(ReadError::from_io(&e)))?;
        let root = &source.root;
        let concerns =
            |mount: &RiskyMount| root.starts_with(&mount.point) || mount.point.starts_with(root);
        source.risky.retain(concerns);
        source.handle = Some(Root::open(root).map_err(failed)?);
        Ok(source)
    }

    /// The source inside the helper process: `/`, with no mount held for risky.
    pub(super) fn for_helper() -> Result<Self, ReadError> {
        Ok(Self {
            root: PathBuf::from("/"),
            handle: Some(Root::open(Path::new("/"))?),
            risky: Vec::new(),
            helper: None,
        })
    }

    /// The root on this machine.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a `.git` (directory or file) stands at the root or above it.
    #[must_use]
    pub fn in_checkout(&self) -> bool {
        self.repository().is_some()
    }

    /// The nearest repository whose work tree holds the root.
    #[must_use]
    pub fn repository(&self) -> Option<Repository> {
        let risky = |dir: &Path| risky_above(&self.risky, dir).is_some();
        let mut above = self.root.ancestors().filter(|dir| !risky(dir));
        let top = above.find(|dir| std::fs::symlink_metadata(dir.join(".git")).is_ok())?;
        Some(Repository {
            git_dir: top.join(".git"),
            inside: self.root.strip_prefix(top).ok()?.to_path_buf(),
        })
    }

    /// Forgets `openat2`, to test the walk that replaces it.
    #[doc(hidden)]
    #[must_use]
    pub fn without_openat2(self) -> Self {
        if let Some(root) = &self.handle {
            root.without_openat2();
        }
        self
    }

    /// `path` as this machine names it.
    pub(super) fn on_machine(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("/") {
            Ok(below) if below.as_os_str().is_empty() => self.root.clone(),
            Ok(below) => self.root.join(below),
            Err(_) => self.root.join(path),
        }
    }

    /// Asks the helper process about a path on a risky mount; `None` elsewhere.
    fn risky<T>(
        &self,
        path: &Path,
        ask: impl FnOnce(&Helper, PathBuf) -> Result<T, ReadError>,
    ) -> Option<Result<T, ReadError>> {
        if self.risky.is_empty() {
            return None;
        }
        let full = self.on_machine(path);
        let mount = risky_above(&self.risky, &full)?;
        Some(match &self.helper {
            Some(helper) => ask(helper, full),
            None => Err(ReadError::Limit(format!(
                "on a {} mount that may hang, and no helper process to ask",
                mount.kind
            ))),
        })
    }

    fn at(&self) -> Result<&Root, ReadError> {
        let closed = || ReadError::Io("the root is not open".into());
        self.handle.as_ref().ok_or_else(closed)
    }

    /// Opens a regular file for reading; anything else is refused unopened.
    fn open_regular(&self, path: &Path) -> Result<(Meta, File), ReadError> {
        // Looked at before it is opened: opening a FIFO or a device can block or act.
        let meta = self.at()?.look(path)?;
        if meta.kind != FileKind::File {
            return Err(ReadError::NotRegular(meta.kind));
        }
        self.open_known(path)
    }

    /// The same for a file that was seen to be a regular one.
    fn open_known(&self, path: &Path) -> Result<(Meta, File), ReadError> {
        let (opened, file) = self.at()?.file(path)?;
        if opened.kind != FileKind::File {
            return Err(ReadError::NotRegular(opened.kind));
        }
        Ok((opened, file))
    }

    /// The content of a file that was seen to be a regular one, on no mount that may hang;
    /// see [`Source::read`].
    pub(super) fn read_known(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        whole(self.open_known(path)?, limit)
    }

    /// What is in the directory at `path`, by name; `None` where that would not tell
    /// everything that [`Source::lstat`] tells of each, or where there are more than `most`.
    pub(super) fn names(&self, path: &Path, most: usize) -> Option<Vec<Named>> {
        if !self.risky.is_empty() {
            return None;
        }
        let mut names = self.at().ok()?.looked_at(path, most)?;
        names.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        Some(names)
    }
}

/// An entry of a directory.
pub(super) struct Named {
    /// Its name.
    pub(super) name: OsString,
    /// What it is.
    pub(super) meta: Meta,
}

/// The content of an open file, at most `limit` bytes.
fn whole((meta, file): (Meta, File), limit: u64) -> Result<Vec<u8>, ReadError> {
    let too_large = || ReadError::Limit(format!("larger than {}", super::size_words(limit)));
    if meta.len > limit {
        return Err(too_large());
    }
    // One byte more shows a file that grew, or one of /proc that has no length.
    let content = take(file, meta.len, limit + 1)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > limit {
        return Err(too_large());
    }
    Ok(content)
}

/// An open file of the tree.
struct OnDisk {
    file: File,
    len: u64,
}

impl Blob for OnDisk {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let read = self.file.read_at(buffer, offset);
        read.map_err(|e| ReadError::from_io(&e))
    }
}

/// At most `limit` bytes of `file`, which has about `expected`.
fn take(file: File, expected: u64, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    let read = file.take(limit).read_to_end(&mut content);
    read.map_err(|e| ReadError::from_io(&e))?;
    Ok(content)
}

impl From<&rustix::fs::StatVfs> for Usage {
    fn from(stat: &rustix::fs::StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Self {
            bytes: bytes(stat.f_blocks),
            available: bytes(stat.f_bavail),
            free: bytes(stat.f_bfree),
            inodes: stat.f_files,
            inodes_free: stat.f_ffree,
        }
    }
}

impl Source for DirSource {
    fn lstat(&self, path: &Path) -> Result<Meta, ReadError> {
        let request = |helper: &Helper, full| helper.lstat(&Request::Lstat(full));
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        self.at()?.look(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let request = |helper: &Helper, full| helper.read_link(&Request::ReadLink(full));
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        self.at()?.link(path)
    }

    fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let request = |helper: &Helper, full| helper.read(&Request::Read(full, limit));
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        whole(self.open_regular(path)?, limit)
    }

    fn read_head(&self, path: &Path, len: u64) -> Result<Vec<u8>, ReadError> {
        let request = |helper: &Helper, full| helper.read(&Request::ReadHead(full, len));
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        let (meta, file) = self.open_regular(path)?;
        take(file, meta.len.min(len), len)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Blob>, ReadError> {
        let request = |helper: &Helper, full: PathBuf| {
            let meta = helper.lstat(&Request::Lstat(full.clone()))?;
            if meta.kind != FileKind::File {
                return Err(ReadError::NotRegular(meta.kind));
            }
            Ok(helper.blob(full, meta.len))
        };
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        let (meta, file) = self.open_regular(path)?;
        let len = meta.len;
        Ok(Box::new(OnDisk { file, len }))
    }

    fn list(&self, path: &Path, limit: usize) -> Result<Vec<OsString>, ReadError> {
        let request = |helper: &Helper, full| helper.list(&Request::List(full, limit));
        if let Some(answer) = self.risky(path, request) {
            return answer;
        }
        let mut names = self.at()?.names(path, limit)?;
        names.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        Ok(names)
    }

    fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        if risky_above(&self.risky, &self.on_machine(path)).is_some() {
            // Its server may never answer, and its disk is another machine's.
            return Err(ReadError::Limit("on a mount that may hang".into()));
        }
        self.at()?.usage(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("etc/sub")).unwrap();
        std::fs::write(root.join("etc/a"), b"content").unwrap();
        std::fs::write(root.join("etc/sub/b"), b"b").unwrap();
        symlink("/etc/passwd", root.join("etc/out")).unwrap();
        symlink("/etc", root.join("dirlink")).unwrap();
        symlink("/dev/zero", root.join("etc/zero")).unwrap();
        dir
    }

    /// The same tree, with `openat2` and with the walk that replaces it.
    fn both(dir: &tempfile::TempDir) -> [DirSource; 2] {
        let open = || DirSource::open(dir.path(), None, Deadline::none()).unwrap();
        [open(), open().without_openat2()]
    }

    #[test]
    fn physical_paths_are_read_and_listed() {
        let dir = sample();
        for source in both(&dir) {
            let read = source.read(Path::new("/etc/a"), 100);
            assert_eq!(read, Ok(b"content".to_vec()));
            let names = source.list(Path::new("/etc"), 100).unwrap();
            assert_eq!(names, ["a", "out", "sub", "zero"]);
            assert_eq!(source.list(Path::new("/"), 9).unwrap(), ["dirlink", "etc"]);
            let target = source.read_link(Path::new("/etc/out"));
            assert_eq!(target, Ok(PathBuf::from("/etc/passwd")));
            let none = source.lstat(Path::new("/etc/none"));
            assert_eq!(none, Err(ReadError::NotFound));
        }
    }

    #[test]
    fn no_link_is_followed_at_the_end_or_on_the_way() {
        let dir = sample();
        for source in both(&dir) {
            for path in ["/etc/out", "/etc/zero"] {
                let read = source.read(Path::new(path), 100);
                assert_eq!(read, Err(ReadError::NotRegular(FileKind::Link)), "{path}");
            }
            assert!(source.read(Path::new("/dirlink/passwd"), 1 << 20).is_err());
            assert!(source.list(Path::new("/dirlink"), 100).is_err());
            assert!(source.lstat(Path::new("/etc/../../etc/passwd")).is_err());
        }
    }

    #[test]
    fn a_link_that_takes_the_place_of_a_directory_is_not_followed_either() {
        for forgets in [false, true] {
            let (dir, outside) = (sample(), sample());
            let root = dir.path();
            std::fs::write(outside.path().join("etc/secret"), b"secret").unwrap();
            let [with, without] = both(&dir);
            let source = if forgets { without } else { with };
            assert!(source.lstat(Path::new("/etc/a")).is_ok());
            std::fs::rename(root.join("etc"), root.join("old")).unwrap();
            symlink(outside.path().join("etc"), root.join("etc")).unwrap();
            assert!(source.lstat(Path::new("/etc/secret")).is_err());
            assert!(source.read(Path::new("/etc/secret"), 100).is_err());
        }
    }

    #[test]
    fn what_is_made_in_a_directory_that_was_looked_at_is_seen() {
        let dir = sample();
        for source in both(&dir) {
            let made = dir.path().join("etc/new");
            let new = Path::new("/etc/new");
            assert_eq!(source.lstat(new), Err(ReadError::NotFound));
            std::fs::write(&made, b"new").unwrap();
            assert_eq!(source.lstat(new).map(|meta| meta.len), Ok(3));
            std::fs::remove_file(&made).unwrap();
            assert_eq!(source.lstat(new), Err(ReadError::NotFound));
        }
    }

    #[test]
    fn a_fifo_is_seen_and_never_opened() {
        let dir = sample();
        let fifo = dir.path().join("etc/fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        for source in both(&dir) {
            let read = source.read(Path::new("/etc/fifo"), 100);
            assert_eq!(read, Err(ReadError::NotRegular(FileKind::Fifo)));
        }
    }

    #[test]
    fn limits_on_size_and_entries_hold() {
        let dir = sample();
        for source in both(&dir) {
            assert!(matches!(
                source.read(Path::new("/etc/a"), 6),
                Err(ReadError::Limit(_))
            ));
            assert!(source.read(Path::new("/etc/a"), 7).is_ok());
            assert!(matches!(
                source.list(Path::new("/etc"), 3),
                Err(ReadError::Limit(_))
            ));
        }
    }

    #[test]
    fn a_missing_root_is_an_error_with_its_name() {
        let error = DirSource::open(Path::new("/no/such"), None, Deadline::none());
        let error = error.err().map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some("/no/such: no such file or directory")
        );
    }

    #[test]
    fn a_checkout_is_recognised_by_a_git_directory_or_file_above() {
        let dir = sample();
        let at = |path: &str| {
            let root = dir.path().join(path);
            DirSource::open(&root, None, Deadline::none())
                .unwrap()
                .in_checkout()
        };
        assert!(!at("etc/sub"));
        std::fs::write(dir.path().join("etc/.git"), b"gitdir: x").unwrap();
        assert!(at("etc/sub"));
    }
}
