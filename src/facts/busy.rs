//! Whether a package manager is at work on this tree.

use std::path::Path;

use crate::fact::{Fact, Unknown};
use crate::source::Tree;
use crate::text::{Place, Span};

/// A held lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// The package manager.
    pub who: &'static str,
    /// Its lock file.
    pub lock: &'static str,
    /// The holder's process, 0 where the kernel does not tell.
    pub pid: u32,
    /// The line of `/proc/locks`.
    pub place: Place,
}

/// Lock files taken for the whole of a transaction with fcntl(2) or flock(2).
const LOCKS: [(&str, &str); 8] = [
    ("/var/lib/dpkg/lock-frontend", "apt or dpkg"),
    ("/var/lib/dpkg/lock", "dpkg"),
    ("/var/lib/rpm/.rpm.lock", "rpm"),
    ("/usr/lib/sysimage/rpm/.rpm.lock", "rpm"),
    ("/lib/apk/db/lock", "apk"),
    ("/usr/lib/apk/db/lock", "apk"),
    ("/var/db/.pkg.portage_lockfile", "emerge"),
    ("/run/zypp.pid", "zypper"),
];

/// The first package manager's lock that some process holds; Absent where none is.
///
/// Only a live tree has `/proc/locks`; an offline one is not covered.
///
/// A lock that one of `callers` holds is left out: whoever called us is at work for us.
pub fn read(tree: &Tree, callers: &[u32]) -> Fact<Busy> {
    tree.read(Path::new("/proc/locks")).and_then(|file| {
        let held: Vec<(Span, Held)> = file
            .lines()
            .filter_map(|(span, line)| Some((span, held(line)?)))
            .collect();
        let mut unreadable: Option<Unknown> = None;
        for (lock, who) in LOCKS {
            let found = match tree.resolve(Path::new(lock)) {
                Fact::Known(found) => found,
                Fact::Absent(_) | Fact::NotCovered(_) | Fact::Broken(_) => continue,
                Fact::Unknown(unknown) => {
                    unreadable.get_or_insert(unknown);
                    continue;
                }
            };
            for (span, held) in &held {
                if held.ino != found.meta.ino || callers.contains(&held.pid) {
                    continue;
                }
                let pid = held.pid;
                if held.dev == major_minor(found.meta.dev) || is_manager(tree, pid) {
                    return Fact::Known(Busy {
                        who,
                        lock,
                        pid,
                        place: file.place(*span),
                    });
                }
            }
        }
        match unreadable {
            Some(unknown) => Fact::Unknown(unknown),
            None => Fact::Absent(crate::fact::Looked {
                paths: LOCKS.iter().map(|(lock, _)| lock.into()).collect(),
                notes: Vec::new(),
            }),
        }
    })
}

/// A process and those that started it, as far as a live tree tells.
#[must_use]
pub fn callers(tree: &Tree, pid: u32) -> Vec<u32> {
    let mut chain = vec![pid];
    let mut at = pid;
    while chain.len() < MOST_CALLERS {
        let status = tree.read(Path::new(&format!("/proc/{at}/status")));
        let Fact::Known(file) = status else { break };
        let text = String::from_utf8_lossy(file.bytes()).into_owned();
        let parent = text.lines().find_map(|line| line.strip_prefix("PPid:"));
        match parent.and_then(|parent| parent.trim().parse().ok()) {
            Some(parent) if parent != 0 => at = parent,
            _ => break,
        }
        chain.push(at);
    }
    chain
}

/// How far the way up is followed.
const MOST_CALLERS: usize = 64;

/// Programs that change packages, as `/proc/PID/comm` has them: cut to 15 bytes.
const MANAGERS: [&[u8]; 14] = [
    b"apk",
    b"apt",
    b"apt-get",
    b"aptitude",
    b"dnf",
    b"dnf5",
    b"dpkg",
    b"emerge",
    b"packagekitd",
    b"rpm",
    b"synaptic",
    b"unattended-upgr",
    b"yum",
    b"zypper",
];

/// Whether a process is a package manager by its name.
///
/// Btrfs and overlayfs give a file another device number than `/proc/locks` has
/// (`st_dev` is of the subvolume, the lock's of the superblock); there an inode's
/// number alone would also fit a file of another file system.
fn is_manager(tree: &Tree, pid: u32) -> bool {
    let comm = format!("/proc/{pid}/comm");
    matches!(tree.read(Path::new(&comm)), Fact::Known(file) if MANAGERS.contains(&file.bytes().trim_ascii()))
}

/// A lock that excludes others, and its holder.
struct Held {
    pid: u32,
    dev: (u64, u64),
    ino: u64,
}

/// One line of `/proc/locks` (proc(5)): `1: POSIX ADVISORY WRITE 1234 fe:00:12345 0
/// EOF`. A waiter's line has `->` after the number and holds nothing.
fn held(line: &[u8]) -> Option<Held> {
    let text = std::str::from_utf8(line).ok()?;
    let mut fields = text.split_whitespace().skip(1);
    if fields.next()? == "->" {
        return None;
    }
    let mode = fields.nth(1)?;
    let pid: i64 = fields.next()?.parse().ok()?;
    let mut id = fields.next()?.split(':');
    let (major, minor, ino) = (id.next()?, id.next()?, id.next()?);
    let major = u64::from_str_radix(major, 16).ok()?;
    let minor = u64::from_str_radix(minor, 16).ok()?;
    (mode == "WRITE").then_some(Held {
        // -1 is an open file description's lock, of no one process.
        pid: u32::try_from(pid).unwrap_or(0),
        dev: (major, minor),
        ino: ino.parse().ok()?,
    })
}

/// The kernel's encoding of `st_dev` in user space (`gnu_dev_major`, glibc 2.36).
fn major_minor(dev: u64) -> (u64, u64) {
    let major = ((dev >> 8) & 0xfff) | ((dev >> 32) & !0xfff);
    let minor = (dev & 0xff) | ((dev >> 12) & !0xff);
    (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    fn busy(locks: &str) -> Fact<Busy> {
        let mut source = MemSource::new();
        source
            .file("/var/lib/dpkg/lock-frontend", "")
            .file("/proc/4242/comm", "unattended-upgr\n")
            .file("/proc/4243/comm", "less\n")
            .file("/proc/locks", locks);
        if let Some(node) = source.node_mut("/var/lib/dpkg/lock-frontend") {
            node.meta.dev = 0xfe01;
            node.meta.ino = 77;
        }
        let coverage = Coverage::live();
        let tree = Tree::for_tests(source, coverage);
        read(&tree, &[])
    }

    #[test]
    fn a_held_lock_names_the_process() {
        let fact = busy(
            "1: POSIX  ADVISORY  WRITE 9 fe:01:12 0 EOF\n\
            2: POSIX  ADVISORY  WRITE 4242 fe:01:77 0 EOF\n",
        );
        let Fact::Known(found) = fact else {
            panic!("not busy");
        };
        assert_eq!((found.pid, found.who), (4242, "apt or dpkg"));
        assert_eq!(found.place.start().line, 2);
    }

    #[test]
    fn the_lock_of_whoever_called_us_does_not_count() {
        let mut source = MemSource::new();
        source
            .file("/var/lib/dpkg/lock-frontend", "")
            .file(
                "/proc/locks",
                "1: POSIX ADVISORY WRITE 4242 fe:01:77 0 EOF\n",
            )
            .file("/proc/9/status", "Name:\tsh\nPPid:\t4242\n")
            .file("/proc/4242/status", "Name:\tapt\nPPid:\t1\n");
        if let Some(node) = source.node_mut("/var/lib/dpkg/lock-frontend") {
            node.meta.dev = 0xfe01;
            node.meta.ino = 77;
        }
        let tree = Tree::for_tests(source, Coverage::live());
        assert_eq!(callers(&tree, 9), [9, 4242, 1]);
        assert!(matches!(read(&tree, &[9]), Fact::Known(_)));
        assert!(matches!(read(&tree, &callers(&tree, 9)), Fact::Absent(_)));
    }

    #[test]
    fn on_btrfs_a_package_managers_lock_counts_by_its_inode() {
        let fact = busy("1: FLOCK  ADVISORY  WRITE 4242 00:1c:77 0 EOF\n");
        assert!(matches!(fact, Fact::Known(found) if found.pid == 4242));
    }

    #[test]
    fn a_waiter_a_reader_and_another_device_hold_nothing() {
        for line in [
            "1: -> POSIX  ADVISORY  WRITE 4242 fe:01:77 0 EOF\n",
            "1: POSIX  ADVISORY  READ 4242 fe:01:77 0 EOF\n",
            "1: POSIX  ADVISORY  WRITE 4243 fe:00:77 0 EOF\n",
            "1: POSIX  ADVISORY  WRITE 4244 fe:00:77 0 EOF\n",
            "1: POSIX  ADVISORY  WRITE 4242 fe:00:78 0 EOF\n",
            "garbage\n",
            "",
        ] {
            assert!(matches!(busy(line), Fact::Absent(_)), "{line}");
        }
    }
}
