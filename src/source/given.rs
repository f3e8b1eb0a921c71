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
