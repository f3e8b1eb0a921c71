//! Files of this machine that the user names beside a tree: a listing of devices, disk
//! images.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::path::Path;

use super::{Blob, FileKind, Pieces, ReadError, size_words};
use crate::time::Deadline;

/// The longest listing that is read.
const LONGEST: u64 = 64 << 20;
/// The longest snapshot that is read, as it lies on disk.
const LONGEST_SNAPSHOT: u64 = 1 << 30;

/// The bytes of a regular file that the user names.
///
/// # Errors
/// Where it is not there, not regular, too long, or cannot be read.
pub fn read_given(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_up_to(path, LONGEST)
}

/// The bytes of a snapshot that the user names.
///
/// # Errors
/// Where it is not there, not regular, too long, or cannot be read.
pub fn read_snapshot(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_up_to(path, LONGEST_SNAPSHOT)
}

/// Why others than root, and than who runs this, decide what a file of this machine says:
/// it or a directory above it is theirs, or they can write it. None where nobody else does.
#[must_use]
pub fn decided_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let own = rustix::process::geteuid().as_raw();
    let Ok(real) = std::fs::canonicalize(path) else {
        return Some(format!("{} cannot be looked at", path.display()));
    };
    // A link is as good as the directories that it stands in.
    let link = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let above = link.ancestors().skip(1).chain(real.ancestors());
    for part in above {
        let shown = part.display();
        let Ok(meta) = std::fs::metadata(part) else {
            return Some(format!("{shown} cannot be looked at"));
        };
        if meta.uid() != 0 && meta.uid() != own {
            return Some(format!("{shown} belongs to user {}", meta.uid()));
        }
        // In a directory such as /tmp nobody replaces what is another's.
        let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0;
        if meta.mode() & 0o022 != 0 && !sticky {
            return Some(format!("{shown} can be written by others than its owner"));
        }
    }
    None
}

/// Bytes that nobody can guess.
///
/// # Errors
/// Where the system gives none.
pub fn random() -> Result<[u8; 32], ReadError> {
    let mut bytes = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| ReadError::from_io(&error))?;
    Ok(bytes)
}

fn read_up_to(path: &Path, longest: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |error: std::io::Error| ReadError::from_io(&error);
    // Looked at before it is opened: a FIFO would wait for ever.
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(ReadError::NotRegular(FileKind::Dir));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let read = file.take(longest + 1).read_to_end(&mut bytes);
    read.map_err(failed)?;
    if bytes.len() > usize::try_from(longest).unwrap_or(usize::MAX) {
        let size = size_words(longest);
        return Err(ReadError::Limit(format!("larger than {size}")));
    }
    Ok(bytes)
}

/// A disk image or a disk that the user names, to be read in pieces.
///
/// # Errors
/// Where it is not there, neither a regular file nor a block device, or cannot be read.
pub fn open_given(path: &Path, deadline: Deadline) -> Result<Pieces, ReadError> {
    let failed = |error: std::io::Error| ReadError::from_io(&error);
    // Looked at before it is opened: a FIFO would wait for ever.
    let meta = std::fs::metadata(path).map_err(failed)?;
    let is_block = meta.file_type().is_block_device();
    if !meta.is_file() && !is_block {
        return Err(ReadError::NotRegular(FileKind::Dir));
    }
    let mut file = File::open(path).map_err(failed)?;
    let len = if is_block {
        file.seek(SeekFrom::End(0)).map_err(failed)?
    } else {
        meta.len()
    };
    Ok(Pieces::new(path, Box::new(Given { file, len }), deadline))
}

/// An open file of this machine.
struct Given {
    file: File,
    len: u64,
}

impl Blob for Given {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let read = self.file.read_at(buffer, offset);
        read.map_err(|error| ReadError::from_io(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_ours_where_nobody_else_can_write_it_or_what_is_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "").unwrap();
        let mode = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&path, 0o644);
        assert_eq!(decided_by_others(&path), None);
        mode(&path, 0o664);
        assert!(
            decided_by_others(&path)
                .unwrap()
                .contains("can be written by others")
        );
        mode(&path, 0o600);
        mode(dir.path(), 0o777);
        assert!(
            decided_by_others(&path)
                .unwrap()
                .contains("can be written by others")
        );
        let link = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(&path, link.path().join("y")).unwrap();
        assert!(decided_by_others(&link.path().join("y")).is_some());
        mode(dir.path(), 0o755);
        assert_eq!(decided_by_others(&link.path().join("y")), None);
        assert!(decided_by_others(&dir.path().join("none")).is_some());
    }
}
