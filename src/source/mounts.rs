//! Which paths lie on file systems that can hang.
//!
//! A thread inside `stat` on a dead network or FUSE mount cannot be abandoned: the
//! process would never be reaped. So the mount table is read first, and what lies
//! on such a mount is asked of a helper process only.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A mount of a kind that may never answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RiskyMount {
    /// Where, as the mount table says.
    pub(super) point: PathBuf,
    /// The file system type, such as `nfs4`.
    pub(super) kind: String,
}

/// The table, open, and what was last read of it.
static KNOWN: Mutex<Option<(File, Vec<RiskyMount>)>> = Mutex::new(None);

/// The risky mounts of this process as they are now; none where there is no table to read.
///
/// The table is read again only when the kernel says that it changed: it answers that it
/// has something urgent (proc(5): "a process can use poll(2) on this file").
pub(super) fn mounts_now() -> Vec<RiskyMount> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((table, mounts)) = known.as_ref()
        && !changed(table)
    {
        return mounts.clone();
    }
    let open = || File::open("/proc/self/mountinfo").ok();
    let Some(mut table) = known.take().map(|(table, _)| table).or_else(open) else {
        return Vec::new();
    };
    let mut text = Vec::new();
    let read = table.rewind().and_then(|()| table.read_to_end(&mut text));
    let mounts = match read {
        Ok(_) => risky_mounts(&text),
        Err(_) => return Vec::new(),
    };
    *known = Some((table, mounts.clone()));
    mounts
}

/// Whether a mount came or went since this was asked the last time.
fn changed(table: &File) -> bool {
    let urgent = PollFlags::PRI | PollFlags::ERR;
    let mut fds = [PollFd::new(table, PollFlags::PRI)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut fds, Some(&at_once)) {
        Ok(_) => fds.iter().any(|fd| fd.revents().intersects(urgent)),
        Err(_) => true,
    }
}

/// The risky mounts named in the text of `/proc/self/mountinfo` (proc(5)).
pub(super) fn risky_mounts(mountinfo: &[u8]) -> Vec<RiskyMount> {
    let lines = mountinfo.split(|b| *b == b'\n');
    lines.filter_map(risky_mount).collect()
}

fn risky_mount(line: &[u8]) -> Option<RiskyMount> {
    let mut fields = line.split(|b| *b == b' ');
    let point = unescape(fields.nth(4)?);
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let kind = String::from_utf8_lossy(kind).into_owned();
    is_risky(&kind).then(|| RiskyMount {
        point: PathBuf::from(OsString::from_vec(point)),
        kind,
    })
}

/// File systems whose server is another process or another machine.
fn is_risky(kind: &str) -> bool {
    kind.starts_with("fuse")
        || kind.starts_with("nfs")
        || matches!(
            kind,
            "autofs"
                | "cifs"
                | "smb3"
                | "smbfs"
                | "ceph"
                | "9p"
                | "virtiofs"
                | "afs"
                | "ncpfs"
                | "coda"
                | "lustre"
                | "beegfs"
                | "glusterfs"
                | "gfs2"
                | "ocfs2"
                | "orangefs"
        )
}

/// Octal escapes of the mount table: `\040` is a blank.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail
            .get(..3)
            .filter(|digits| *first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        let value = octal.and_then(|digits| {
            let text = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(text, 8).ok()
        });
        if let Some(byte) = value {
            out.push(byte);
            rest = tail.get(3..).unwrap_or(&[]);
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// The mount of `mounts` that `path` lies on, if one is the deepest above it.
///
/// Only risky mounts are in the list, so a harmless mount inside a risky one is
/// treated as risky too; reaching it means crossing the risky one.
pub(super) fn risky_above<'a>(mounts: &'a [RiskyMount], path: &Path) -> Option<&'a RiskyMount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
    above.max_by_key(|mount| mount.point.as_os_str().as_bytes().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        30 22 0:40 / /srv/nfs\\040home rw shared:5 - nfs4 srv:/home rw\n\
        31 22 0:41 / /mnt/s rw - fuse.sshfs h:/ rw\n\
        32 22 0:42 / /proc rw - proc proc rw\n\
        garbage\n";

    #[test]
    fn network_and_fuse_mounts_are_risky_and_local_ones_are_not() {
        let found = risky_mounts(TABLE);
        let points: Vec<&Path> = found.iter().map(|m| m.point.as_path()).collect();
        assert_eq!(points, [Path::new("/srv/nfs home"), Path::new("/mnt/s")]);
    }

    #[test]
    fn a_path_below_a_risky_mount_is_risky_and_its_sibling_is_not() {
        let mounts = risky_mounts(TABLE);
        assert!(risky_above(&mounts, Path::new("/mnt/s/etc/x")).is_some());
        assert!(risky_above(&mounts, Path::new("/mnt/s")).is_some());
        assert!(risky_above(&mounts, Path::new("/mnt/sx")).is_none());
    }

    #[test]
    fn a_cut_escape_is_kept_as_it_stands() {
        assert_eq!(unescape(b"a\\04"), b"a\\04");
        assert_eq!(unescape(b"a\\134b"), b"a\\b");
    }
}
