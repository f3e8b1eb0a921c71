//! An archive of a transaction: its control files are read at once, its data when
//! somebody asks for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::fact::{Doubt, Unknown};
use crate::parse::archive::{Fault, Member, Wanted};
use crate::parse::deb::{self, Deb};
use crate::parse::package_file::{self, PackageFile};
use crate::parse::rpm_file::{self, RpmFile};
use crate::source::{FileKind, Node, Pieces, ReadError, open_given};
use crate::time::Deadline;

/// Largest file whose content is read, bytes.
const LARGEST: u64 = 64 << 20;
/// Most content that is kept, over all archives, bytes.
const KEPT: u64 = 256 << 20;
/// An archive of modules is never read whole above this size, bytes.
const LARGE: u64 = 4 << 20;
/// Above this size an archive is read no further than to the file below `/etc` that is
/// asked for, bytes.
const LONG: u64 = 256 << 10;
/// So often; then it is read whole.
const EARLY: usize = 3;

/// Largest file below `/usr/share` whose content is kept, bytes.
const SMALL: u64 = 16 << 10;
/// Directories of `/usr/share` whose files are for people to read or look at.
const FOR_PEOPLE: [&[u8]; 9] = [
    b"doc",
    b"doc-base",
    b"fonts",
    b"help",
    b"icons",
    b"info",
    b"locale",
    b"man",
    b"zoneinfo",
];

/// How an archive is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Deb,
    Rpm,
    /// Of pacman or apk.
    Tar,
}

/// Whose content is kept.
#[derive(Clone, Copy)]
enum What<'a> {
    /// Of what is asked for while a box starts.
    Likely,
    /// The same, up to one file.
    UpTo(&'a Path),
    /// Of everything.
    All,
    /// Of one file, which is the last that is read.
    Single(&'a Path),
}

/// An archive on disk.
pub(super) struct Archive {
    file: PathBuf,
    format: Format,
    /// Its size in bytes.
    pub(super) size: u64,
    deadline: Deadline,
    /// What is still free of [`KEPT`].
    room: Arc<AtomicU64>,
    /// Everything in it, by its path as shipped.
    whole: OnceLock<Result<BTreeMap<PathBuf, Arc<Node>>, ReadError>>,
    /// The same with what nobody was expected to ask for.
    full: OnceLock<Result<BTreeMap<PathBuf, Arc<Node>>, ReadError>>,
    /// What stands in front of a file that was asked for, and how often it was read.
    early: Mutex<(BTreeMap<PathBuf, Arc<Node>>, usize)>,
    /// Files that were read alone.
    single: Mutex<BTreeMap<PathBuf, Arc<Node>>>,
}

/// How many bytes of content all archives of a transaction may keep.
pub(super) fn room() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(KEPT))
}

impl Archive {
    fn new(
        file: &Path,
        format: Format,
        deadline: Deadline,
        room: &Arc<AtomicU64>,
    ) -> Result<(Self, Pieces), Unknown> {
        let opened = open_given(file, deadline);
        let opened = opened.map_err(|error| odd(file, error.to_string()))?;
        let archive = Self {
            file: file.to_path_buf(),
            format,
            size: opened.len(),
            deadline,
            room: Arc::clone(room),
            whole: OnceLock::new(),
            full: OnceLock::new(),
            early: Mutex::default(),
            single: Mutex::new(BTreeMap::new()),
        };
        Ok((archive, opened))
    }

    /// Opens an archive, and reads its data where `is_read` says so.
    pub(super) fn deb(
        file: &Path,
        deadline: Deadline,
        room: &Arc<AtomicU64>,
        is_read: &dyn Fn(&Deb, &[PathBuf], u64) -> bool,
    ) -> Result<(Self, Deb), Unknown> {
        let (archive, opened) = Self::new(file, Format::Deb, deadline, room)?;
        let mut reader = std::io::BufReader::with_capacity(1 << 16, opened.reader_from(0));
        let is_read = |deb: &Deb, paths: &[PathBuf]| is_read(deb, paths, archive.size);
        let read = archive.wanted(What::Likely, |wanted| {
            deb::read(&mut reader, &is_read, wanted)
        });
        let mut deb = read.map_err(|fault| odd(file, fault.to_string()))?;
        if deb.is_whole {
            let _ = archive.whole.set(Ok(nodes(&mut deb.members)));
        }
        Ok((archive, deb))
    }

    /// Opens a package of rpm: its header describes everything but the contents.
    pub(super) fn rpm(
        file: &Path,
        deadline: Deadline,
        room: &Arc<AtomicU64>,
    ) -> Result<(Self, RpmFile), Unknown> {
        let (archive, opened) = Self::new(file, Format::Rpm, deadline, room)?;
        let mut reader = std::io::BufReader::with_capacity(1 << 16, opened.reader_from(0));
        let read = archive.wanted(What::Likely, |wanted| {
            rpm_file::read(&mut reader, false, wanted)
        });
        Ok((archive, read.map_err(|fault| odd(file, fault.to_string()))?))
    }

    /// Opens a package of pacman or apk, and reads all of it.
    pub(super) fn tar(
        file: &Path,
        deadline: Deadline,
        room: &Arc<AtomicU64>,
    ) -> Result<(Self, PackageFile), Unknown> {
        let (archive, opened) = Self::new(file, Format::Tar, deadline, room)?;
        let mut reader = std::io::BufReader::with_capacity(1 << 18, opened.reader_from(0));
        let read = archive.wanted(What::Likely, |wanted| {
            package_file::read(&mut reader, wanted)
        });
        let mut package = read.map_err(|fault| odd(file, fault.to_string()))?;
        let _ = archive.whole.set(Ok(nodes(&mut package.members)));
        Ok((archive, package))
    }

    /// Hands `read` what is wanted.
    fn wanted<T>(
        &self,
        what: What<'_>,
        read: impl FnOnce(&Wanted<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        read(&Wanted {
            enough: &|path| matches!(what, What::Single(last) | What::UpTo(last) if last == path),
            keep: &|path, len| {
                len <= LARGEST
                    && match what {
                        What::Likely | What::UpTo(_) => is_kept(path, len) && self.take(len),
                        What::All => self.take(len),
                        What::Single(last) => last == path,
                    }
            },
            expired: &|| self.deadline.passed(),
        })
    }

    /// A question about it that stays open.
    pub(super) fn odd(&self, what: String) -> Unknown {
        odd(&self.file, what)
    }

    /// Takes `len` bytes of the room that is left.
    fn take(&self, len: u64) -> bool {
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(len)
            });
        taken.is_ok()
    }

    fn again(&self, what: What<'_>) -> Result<Vec<Member>, ReadError> {
        let opened = open_given(&self.file, self.deadline)?;
        let mut reader = std::io::BufReader::with_capacity(1 << 18, opened.reader_from(0));
        let read = self.wanted(what, |wanted| match self.format {
            Format::Deb => deb::read(&mut reader, &|_, _| true, wanted).map(|deb| deb.members),
            Format::Rpm => rpm_file::read(&mut reader, true, wanted).map(|file| {
                let members = file.members.into_iter();
                members.map(|shipped| shipped.member).collect()
            }),
            Format::Tar => package_file::read(&mut reader, wanted).map(|file| file.members),
        });
        read.map_err(|fault| match fault {
            Fault::Late => ReadError::Deadline,
            fault => ReadError::Io(format!("{} {fault}", self.file.display())),
        })
    }

    /// Everything in it, by its path as shipped.
    pub(super) fn whole(&self) -> Result<&BTreeMap<PathBuf, Arc<Node>>, ReadError> {
        let read = || {
            self.again(What::Likely)
                .map(|mut members| nodes(&mut members))
        };
        let whole = self.whole.get_or_init(read);
        whole.as_ref().map_err(Clone::clone)
    }

    /// A file that it is known to have. dpkg-deb goes by name and lets links come last
    /// (dpkg 1.21 `src/deb/build.c`), so what is below `/etc` is found near the beginning.
    pub(super) fn known(&self, shipped: &Path) -> Result<Option<Arc<Node>>, ReadError> {
        let comes_first = self.format == Format::Deb && shipped.starts_with("/etc");
        if comes_first && self.size > LONG && !self.is_read() {
            let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
            let (nodes_early, times) = &mut *early;
            if let Some(node) = nodes_early.get(shipped) {
                return Ok(Some(Arc::clone(node)));
            }
            if *times < EARLY {
                *times += 1;
                nodes_early.extend(nodes(&mut self.again(What::UpTo(shipped))?));
                if let Some(node) = nodes_early.get(shipped) {
                    return Ok(Some(Arc::clone(node)));
                }
            }
        }
        Ok(self.whole()?.get(shipped).cloned())
    }

    /// Everything in it, read once more for the contents that were left out.
    pub(super) fn full(&self) -> Result<&BTreeMap<PathBuf, Arc<Node>>, ReadError> {
        let read = || self.again(What::All).map(|mut members| nodes(&mut members));
        self.full.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Whether that is known without reading it now.
    pub(super) fn is_read(&self) -> bool {
        self.whole.get().is_some()
    }

    /// One file, with its content, of an archive that is read no further.
    pub(super) fn single(&self, shipped: &Path) -> Result<Option<Arc<Node>>, ReadError> {
        let known = |single: &BTreeMap<PathBuf, Arc<Node>>| single.get(shipped).cloned();
        let lock = || self.single.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = known(&lock()) {
            return Ok(Some(node));
        }
        let mut found = nodes(&mut self.again(What::Single(shipped))?);
        let Some(node) = found.remove(shipped) else {
            return Ok(None);
        };
        // Too large, or another name of something that was not kept.
        if !has_content(&node) {
            return Err(ReadError::Limit(
                "too large to be read of an archive".into(),
            ));
        }
        if self.take(node.meta.len) {
            lock().insert(shipped.to_path_buf(), Arc::clone(&node));
        }
        Ok(Some(node))
    }

    /// Whether it is too large to be read whole where that can be helped.
    pub(super) fn is_large(&self) -> bool {
        self.size > LARGE
    }

    /// Whether these paths are of an archive of modules, which is too large to be read for
    /// the sake of its links: there are none.
    pub(super) fn is_of_modules(&self, paths: &[Member]) -> bool {
        self.is_large() && paths.iter().any(|member| is_in_modules(&member.path))
    }
}

/// Whether a path is below the directory of a kernel's modules.
pub(super) fn is_in_modules(path: &Path) -> bool {
    path.starts_with("/lib/modules") || path.starts_with("/usr/lib/modules")
}

/// Whether the content of a file is kept when its archive is read: modules, and what
/// nobody reads while a box starts, are not.
fn is_kept(path: &Path, len: u64) -> bool {
    let of_initrd = path.starts_with("/usr/share/initramfs-tools");
    // Such as what starts services by their names on the bus, and what scripts include.
    let of_programs = len <= SMALL
        && path.components().nth(3).is_some_and(|name| {
            let name = name.as_os_str().as_encoded_bytes();
            !FOR_PEOPLE.contains(&name)
        });
    let of_module = is_in_modules(path)
        && path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().windows(3).any(|end| end == b".ko"));
    !of_module && (of_initrd || of_programs || !path.starts_with("/usr/share"))
}

/// The members by path; a hard link is its other name.
fn nodes(members: &mut [Member]) -> BTreeMap<PathBuf, Arc<Node>> {
    let mut out: BTreeMap<PathBuf, Arc<Node>> = BTreeMap::new();
    for member in members.iter_mut().filter(|member| !member.is_hard_link) {
        let mut node = Node::new(member.kind, member.mode);
        node.meta.len = member.len;
        node.content = Arc::new(member.content.take().unwrap_or_else(Vec::new));
        node.target.clone_from(&member.target);
        (node.meta.uid, node.meta.gid) = member.owner;
        node.meta.mtime = member.mtime;
        out.insert(member.path.clone(), Arc::new(node));
    }
    for member in members.iter().filter(|member| member.is_hard_link) {
        if let Some(first) = out.get(&member.target).cloned() {
            out.insert(member.path.clone(), first);
        }
    }
    out
}

/// A question about an archive that stays open.
fn odd(file: &Path, what: String) -> Unknown {
    Unknown::new(file, Doubt::CannotModel(what))
}

/// Whether the content of a node is there.
pub(super) fn has_content(node: &Node) -> bool {
    node.meta.kind != FileKind::File
        || u64::try_from(node.content.len()).is_ok_and(|len| len == node.meta.len)
}
