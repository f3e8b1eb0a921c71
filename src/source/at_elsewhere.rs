//! The same on a system that is not Linux, where checkouts are examined and no machine is:
//! each directory above a path is looked at before what is below it, so no link of the
//! tree is followed; one that is swapped in meanwhile would be.

use std::ffi::OsString;
use std::fs::{File, FileType, Metadata};
use std::io::Error;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use super::dir::Named;
use super::{FileKind, Meta, ReadError, Usage};

/// The root of a tree.
pub(super) struct Root {
    path: PathBuf,
}

fn failed(error: Error) -> ReadError {
    ReadError::from_io(&error)
}

impl Root {
    /// The directory at `root`, a path of this machine without links.
    pub(super) fn open(root: &Path) -> Result<Self, ReadError> {
        let meta = root.symlink_metadata().map_err(failed)?;
        if !meta.is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self {
            path: root.to_path_buf(),
        })
    }

    /// There is none to forget.
    pub(super) const fn without_openat2(&self) {
        let _ = self;
    }

    /// `path` as this machine names it, once all that is above it are directories.
    fn at(&self, path: &Path) -> Result<PathBuf, ReadError> {
        let mut at = self.path.clone();
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            match component {
                Component::Normal(name) => at.push(name),
                Component::CurDir | Component::RootDir => continue,
                // Physical paths have neither; refusing keeps the walk inside the root.
                Component::ParentDir | Component::Prefix(_) => return Err(ReadError::NotFound),
            }
            let is_last = components.peek().is_none();
            if !is_last && !at.symlink_metadata().map_err(failed)?.is_dir() {
                return Err(failed(std::io::ErrorKind::NotADirectory.into()));
            }
        }
        Ok(at)
    }

    /// What is at `path`.
    pub(super) fn look(&self, path: &Path) -> Result<Meta, ReadError> {
        let meta = self.at(path)?.symlink_metadata().map_err(failed)?;
        Ok(meta_from(&meta))
    }

    /// Where the link at `path` points.
    pub(super) fn link(&self, path: &Path) -> Result<PathBuf, ReadError> {
        self.at(path)?.read_link().map_err(failed)
    }

    /// Opens a file that was seen to be a regular one: opening a FIFO or a device can
    /// block or act.
    pub(super) fn file(&self, path: &Path) -> Result<(Meta, File), ReadError> {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        let mut how = File::options();
        how.read(true)
            .custom_flags(flags.bits().try_into().unwrap_or(0));
        let file = how.open(self.at(path)?).map_err(failed)?;
        Ok((meta_from(&file.metadata().map_err(failed)?), file))
    }

    /// The names in a directory, in the order of the disk; an error beyond `most`.
    pub(super) fn names(&self, path: &Path, most: usize) -> Result<Vec<OsString>, ReadError> {
        let at = self.at(path)?;
        // The last of a path may be a link as well.
        if !at.symlink_metadata().map_err(failed)?.is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        let mut names = Vec::new();
        for entry in at.read_dir().map_err(failed)? {
            if names.len() >= most {
                return Err(ReadError::Limit(format!("more than {most} entries")));
            }
            names.push(entry.map_err(failed)?.file_name());
        }
        Ok(names)
    }

    /// The same with what each is; nothing where that would not tell everything that
    /// [`Root::look`] tells of each.
    pub(super) fn looked_at(&self, path: &Path, most: usize) -> Option<Vec<Named>> {
        let names = self.names(path, most).ok()?;
        let look = |name: OsString| {
            let meta = self.look(&path.join(&name)).ok()?;
            Some(Named { name, meta })
        };
        names.into_iter().map(look).collect()
    }

    /// How full the file system at `path` is.
    pub(super) fn usage(&self, path: &Path) -> Result<Usage, ReadError> {
        let stat = rustix::fs::statvfs(self.at(path)?);
        let stat = stat.map_err(|error| failed(error.into()))?;
        Ok(Usage::from(&stat))
    }
}

/// The part of a system's metadata that rules may ask for.
fn meta_from(meta: &Metadata) -> Meta {
    Meta {
        kind: kind_of(meta.file_type()),
        len: meta.len(),
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
        nlink: meta.nlink(),
        mtime: meta.mtime(),
        dev: meta.dev(),
        ino: meta.ino(),
    }
}

fn kind_of(kind: FileType) -> FileKind {
    match kind {
        kind if kind.is_file() => FileKind::File,
        kind if kind.is_dir() => FileKind::Dir,
        kind if kind.is_symlink() => FileKind::Link,
        kind if kind.is_fifo() => FileKind::Fifo,
        kind if kind.is_socket() => FileKind::Socket,
        kind if kind.is_block_device() => FileKind::BlockDevice,
        _ => FileKind::CharDevice,
    }
}
