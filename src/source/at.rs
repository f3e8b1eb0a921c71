//! What lies below a root, without any link followed.
//!
//! Every path is opened relative to the root's descriptor with `openat2` and
//! `RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS`, so a link swapped in while we look
//! is refused instead of followed. Kernels and sandboxes without `openat2` get a
//! walk with `O_NOFOLLOW`, component by component.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, fstatvfs, openat, openat2,
    readlinkat, statat,
};
use rustix::io::Errno;

use super::dir::Named;
use super::{FileKind, Meta, ReadError, Usage};

/// The root of a tree, open.
pub(super) struct Root {
    handle: OwnedFd,
    no_openat2: AtomicBool,
    /// Directories that something was looked at in, the last one first.
    recent: Mutex<VecDeque<(OsString, Arc<OwnedFd>)>>,
}

/// So many directories are kept open. What is looked at lies side by side, mostly, and a
/// file system of which one is open cannot be unmounted.
const RECENT: usize = 8;

fn failed(error: Errno) -> ReadError {
    ReadError::from_io(&error.into())
}

impl Root {
    /// Opens the directory at `root`, a path of this machine without links.
    pub(super) fn open(root: &Path) -> Result<Self, ReadError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            handle: rustix::fs::open(root, flags, Mode::empty()).map_err(failed)?,
            no_openat2: AtomicBool::new(false),
            recent: Mutex::default(),
        })
    }

    /// Forgets `openat2`.
    pub(super) fn without_openat2(&self) {
        self.no_openat2.store(true, Ordering::Relaxed);
    }

    /// Opens `path` without following any link.
    fn at(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, ReadError> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let below = path.strip_prefix("/").unwrap_or(path);
        let below = if below.as_os_str().is_empty() {
            Path::new(".")
        } else {
            below
        };
        if !self.no_openat2.load(Ordering::Relaxed) {
            let resolve =
                ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            // O_PATH|O_NOFOLLOW opens a final link itself, which NO_SYMLINKS allows.
            match openat2(&self.handle, below, flags, Mode::empty(), resolve) {
                Ok(fd) => return Ok(fd),
                // Old kernels answer ENOSYS; some sandboxes EPERM. Remembered, so that
                // it is asked once and never in a loop.
                Err(Errno::NOSYS | Errno::PERM) => self.without_openat2(),
                Err(error) => return Err(failed(error)),
            }
        }
        walk(&self.handle, below, flags)
    }

    /// What is at `path`.
    pub(super) fn look(&self, path: &Path) -> Result<Meta, ReadError> {
        // One name in a directory that is open takes a third of the time.
        if let (Some(dir), Some(name)) = (path.parent(), path.file_name())
            && let Some(dir) = self.recent(dir)
        {
            let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
            return stat.map(|stat| meta_from(&stat)).map_err(failed);
        }
        let fd = self.at(path, OFlags::PATH)?;
        fstat(&fd).map(|stat| meta_from(&stat)).map_err(failed)
    }

    /// The directory at `path`, where it is one.
    fn recent(&self, path: &Path) -> Option<Arc<OwnedFd>> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent()
            .iter()
            .find(|(known, _)| known == path.as_os_str())
            .map(|(_, dir)| Arc::clone(dir));
        if known.is_some() {
            return known;
        }
        let dir = self.at(path, OFlags::PATH | OFlags::DIRECTORY).ok()?;
        let dir = Arc::new(dir);
        let mut recent = recent();
        recent.truncate(RECENT - 1);
        recent.push_front((path.into(), Arc::clone(&dir)));
        Some(dir)
    }

    /// Where the link at `path` points.
    pub(super) fn link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let fd = self.at(path, OFlags::PATH)?;
        let target = readlinkat(&fd, "", Vec::new()).map_err(failed)?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// Opens a file that was seen to be a regular one: opening a FIFO or a device can
    /// block or act.
    pub(super) fn file(&self, path: &Path) -> Result<(Meta, File), ReadError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = self.at(path, flags)?;
        let stat = fstat(&fd).map_err(failed)?;
        Ok((meta_from(&stat), File::from(fd)))
    }

    /// The names in a directory, in the order of the disk; an error beyond `most`.
    pub(super) fn names(&self, path: &Path, most: usize) -> Result<Vec<OsString>, ReadError> {
        names(&mut self.dir(path)?, most)
    }

    /// The same with what each is; nothing where that would not tell everything that
    /// [`Root::look`] tells of each.
    pub(super) fn looked_at(&self, path: &Path, most: usize) -> Option<Vec<Named>> {
        let mut dir = self.dir(path).ok()?;
        let names = names(&mut dir, most).ok()?;
        let at = dir.fd().ok()?;
        // A directory can be readable where what is in it is not to be looked at.
        statat(at, ".", AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let look = |name: OsString| {
            let stat = statat(at, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let meta = meta_from(&stat);
            Some(Named { name, meta })
        };
        names.into_iter().map(look).collect()
    }

    fn dir(&self, path: &Path) -> Result<Dir, ReadError> {
        Dir::new(self.at(path, OFlags::RDONLY | OFlags::DIRECTORY)?).map_err(failed)
    }

    /// How full the file system at `path` is.
    pub(super) fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        let stat = fstatvfs(self.at(path, OFlags::PATH)?).map_err(failed)?;
        Ok(Usage::from(&stat))
    }
}

fn names(dir: &mut Dir, most: usize) -> Result<Vec<OsString>, ReadError> {
    let mut names = Vec::new();
    while let Some(entry) = dir.read() {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        if names.len() >= most {
            return Err(ReadError::Limit(format!("more than {most} entries")));
        }
        names.push(OsString::from_vec(name.to_vec()));
    }
    Ok(names)
}

/// The walk for systems without `openat2`: each parent must be a real directory.
fn walk(root: &OwnedFd, below: &Path, flags: OFlags) -> Result<OwnedFd, ReadError> {
    let parent_flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at: Option<OwnedFd> = None;
    let mut components = below.components().peekable();
    while let Some(component) = components.next() {
        let name = match component {
            Component::Normal(name) => name,
            Component::CurDir => std::ffi::OsStr::new("."),
            // Physical paths have neither; refusing keeps the walk inside the root.
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(ReadError::NotFound);
            }
        };
        let last = components.peek().is_none();
        let flags = if last { flags } else { parent_flags };
        let dir = at.as_ref().map_or(root.as_fd(), |fd| fd.as_fd());
        let next = openat(dir, name, flags, Mode::empty()).map_err(failed)?;
        at = Some(next);
    }
    at.ok_or(ReadError::NotFound)
}

/// The part of a system's metadata that rules may ask for.
fn meta_from(stat: &Stat) -> Meta {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Dir,
        FileType::Symlink => FileKind::Link,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::CharacterDevice | FileType::Unknown => FileKind::CharDevice,
    };
    Meta {
        kind,
        len: u64::try_from(stat.st_size).unwrap_or(0),
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        nlink: stat.st_nlink,
        mtime: stat.st_mtime,
        dev: stat.st_dev,
        ino: stat.st_ino,
    }
}
