//! Work that going down would cut off, and what makes going down slow.

use std::path::Path;

use super::of_running;
use super::proc::{Process, command_line, field, place_of};
use super::session::base_name;
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::text::Place;

/// What it costs to cut a job off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A file system or a disk may be left half-way.
    Surgery,
    /// It must be done again.
    Work,
}

/// A job at work.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// Its process.
    pub process: &'a Process,
    /// What it costs.
    pub weight: Weight,
}

/// Programs that change a file system or a disk in place. The kernel cuts names to 15
/// bytes.
const SURGERY: [&str; 22] = [
    "e2fsck",
    "fsck.ext2",
    "fsck.ext3",
    "fsck.ext4",
    "fsck.vfat",
    "fsck.fat",
    "fsck.f2fs",
    "fsck.btrfs",
    "xfs_repair",
    "resize2fs",
    "xfs_growfs",
    "mke2fs",
    "mkfs.ext4",
    "mkfs.xfs",
    "mkfs.btrfs",
    "pvmove",
    "lvconvert",
    "cryptsetup-reen",
    "parted",
    "sfdisk",
    "sgdisk",
    "growpart",
];

/// Programs whose work is lost where they are cut off.
const WORK: [&str; 19] = [
    "pg_dump",
    "pg_dumpall",
    "pg_basebackup",
    "pg_restore",
    "mysqldump",
    "mariadb-dump",
    "mariabackup",
    "xtrabackup",
    "mongodump",
    "mongorestore",
    "borg",
    "restic",
    "duplicity",
    "rsnapshot",
    "rdiff-backup",
    "rsync",
    "dd",
    "qemu-img",
    "vzdump",
];

/// The jobs at work, each program's first process only: the rest are its children.
#[must_use]
pub fn jobs(host: &Host) -> Vec<Job<'_>> {
    let list = &super::processes(host).items;
    let weigh = |process: &Process| {
        let named = |names: &[&str]| names.iter().any(|name| name.as_bytes() == process.name);
        if named(&SURGERY) {
            Some(Weight::Surgery)
        } else if named(&WORK) && !serves(host, process) {
            Some(Weight::Work)
        } else {
            None
        }
    };
    let is_child = |process: &Process| {
        let parent = list.iter().find(|p| p.pid == process.parent);
        parent.is_some_and(|parent| parent.name == process.name)
    };
    let at_work = list.iter().filter(|process| process.state != b'Z');
    let jobs = at_work.filter_map(|process| {
        let weight = weigh(process)?;
        (!is_child(process)).then_some(Job { process, weight })
    });
    jobs.collect()
}

/// A daemon that waits for others is not at work itself.
fn serves(host: &Host, process: &Process) -> bool {
    let words = command_line(host, process.pid);
    let is_daemon = |word: &Vec<u8>| matches!(&word[..], b"--daemon" | b"serve");
    words.iter().skip(1).any(is_daemon)
        // A name that belongs to something else.
        || words.first().is_some_and(|first| {
            let program = base_name(first);
            !program.is_empty() && !program.starts_with(&process.name) && !is_interpreter(program)
        })
}

fn is_interpreter(program: &[u8]) -> bool {
    [&b"python"[..], b"perl", b"ruby", b"sh", b"bash"]
        .iter()
        .any(|name| program.starts_with(name))
}

/// A RAID array that is being put together again.
#[derive(Clone, Debug)]
pub struct Rebuild {
    /// `md0`.
    pub array: String,
    /// `recovery`, `resync`, `reshape`, `check`.
    pub what: String,
    /// How far, as the kernel says it: `12.6%`.
    pub done: String,
    /// The line.
    pub place: Place,
}

/// The arrays of /proc/mdstat at work (Linux 6.1 `drivers/md/md.c`, `status_resync`).
#[must_use]
pub fn rebuilds(host: &Host) -> Listing<Rebuild> {
    of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new("/proc/mdstat"))) else {
            return;
        };
        let mut array = String::new();
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line);
            let mut words = text.split_ascii_whitespace();
            if let (Some(name), Some(":")) = (words.next(), words.next())
                && name.starts_with("md")
            {
                name.clone_into(&mut array);
                continue;
            }
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            let at = words.windows(3).find(|window| window.get(1) == Some(&"="));
            let Some([what, _, done]) = at else { continue };
            if matches!(*what, "recovery" | "resync" | "reshape") {
                out.items.push(Rebuild {
                    array: array.clone(),
                    what: (*what).to_owned(),
                    done: (*done).to_owned(),
                    place: file.place(span),
                });
            }
        }
    })
}

/// Swap in use beyond the memory that could take it back, in KiB, with the line of
/// /proc/meminfo: swapoff at shutdown then takes minutes, or fails.
#[must_use]
pub fn swap_beyond_memory(host: &Host) -> Fact<(u64, u64, Place)> {
    host.tree()
        .read(Path::new("/proc/meminfo"))
        .and_then(|file| {
            let value = |name: &str| -> Option<u64> {
                let (_, value) = field(&file, name)?;
                let text = String::from_utf8_lossy(value).into_owned();
                text.split_ascii_whitespace().next()?.parse().ok()
            };
            let values = (value("SwapTotal"), value("SwapFree"), value("MemAvailable"));
            let (Some(total), Some(free), Some(available)) = values else {
                return Fact::Absent(crate::fact::Looked::at("/proc/meminfo"));
            };
            // What is both in swap and in memory need not be read back.
            let cached = value("SwapCached").unwrap_or(0);
            let used = total.saturating_sub(free).saturating_sub(cached);
            Fact::Known((used, available, place_of(&file, "SwapFree")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Given;
    use crate::source::{Coverage, MemSource, Tree};

    fn host(source: MemSource) -> Host {
        let tree = Tree::for_tests(source, Coverage::live());
        Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default())
    }

    #[test]
    fn arrays_at_work_are_read_from_the_kernels_table() {
        let mut source = MemSource::new();
        source.file(
            "/proc/mdstat",
            "Personalities : [raid1]\nmd0 : active raid1 sdb1[2] sda1[0]\n      \
             976630336 blocks super 1.2 [2/1] [U_]\n      [==>...]  recovery = 12.6% \
             (123/976) finish=80.1min speed=1K/sec\n\nmd1 : active raid1 sdb2[1] sda2[0]\n      \
             100 blocks [2/2] [UU]\n      [>....]  check =  0.3% (1/2) finish=1min\n\nunused devices: <none>\n",
        );
        let found = rebuilds(&host(source)).items;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&*found[0].array, &*found[0].what, &*found[0].done),
            ("md0", "recovery", "12.6%")
        );
    }

    #[test]
    fn a_backup_is_work_and_a_daemon_of_the_same_name_is_not() {
        let status = |name: &str| {
            format!("Name:\t{name}\nState:\tS (sleeping)\nPPid:\t1\nTracerPid:\t0\nVmSize:\t1 kB\n")
        };
        let mut source = MemSource::new();
        source
            .file("/proc/10/status", status("rsync"))
            .file("/proc/10/cmdline", "rsync\0--daemon\0")
            .file("/proc/11/status", status("rsync"))
            .file("/proc/11/cmdline", "rsync\0-a\0/srv\0host:/\0")
            .file("/proc/12/status", status("e2fsck"))
            .file("/proc/12/cmdline", "e2fsck\0-f\0/dev/sdb1\0");
        let host = host(source);
        let found: Vec<_> = jobs(&host)
            .iter()
            .map(|j| (j.process.pid, j.weight))
            .collect();
        assert_eq!(found, [(11, Weight::Work), (12, Weight::Surgery)]);
    }
}
