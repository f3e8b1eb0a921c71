//! What is mounted now, how full it is, and what does not answer.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::of_running;
use crate::fact::{Doubt, Fact, Listing};
use crate::facts::Host;
use crate::parse::mountinfo::{self, Mount};
use crate::source::Usage;
use crate::text::Place;

const TABLE: &str = "/proc/self/mountinfo";

/// One mount that can be reached: none is mounted over it.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// What the table says.
    pub mount: Mount,
    /// Its line.
    pub place: Place,
}

impl Mounted {
    /// Where.
    #[must_use]
    pub fn point(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(&self.mount.point))
    }

    /// Whether the file system itself takes no writes; a mount alone may be read-only
    /// over one that does.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        let mut options = self.mount.super_options.split(|b| *b == b',');
        options.any(|option| option == b"ro")
    }

    /// Whether its content is on a disk of this box.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.mount.source.starts_with(b"/dev/")
            && !matches!(
                &self.mount.kind[..],
                b"squashfs" | b"erofs" | b"iso9660" | b"udf" | b"tmpfs"
            )
    }
}

/// What is mounted now; each point once, with what is on top.
#[must_use]
pub fn mounted(host: &Host) -> Listing<Mounted> {
    of_running(host, |out| {
        let Some(file) = out.take(host.tree().read(Path::new(TABLE))) else {
            return;
        };
        for (span, line) in file.lines() {
            // One line is a table of one.
            let Some(mount) = mountinfo::parse(line).pop() else {
                continue;
            };
            out.items
                .retain(|known: &Mounted| known.mount.point != mount.point);
            let place = file.place(span);
            out.items.push(Mounted { mount, place });
        }
    })
}

/// Mounts whose server does not answer: neither a look at them nor an unmount ends.
#[must_use]
pub fn silent(host: &Host) -> Listing<Mounted> {
    let mut out = Listing::new();
    let mounts = out.take_gaps(mounted(host));
    let silent = mounts.into_iter().filter(|mounted| {
        let answer = host.tree().lstat(mounted.point());
        matches!(&answer, Fact::Unknown(unknown) if unknown.doubt == Doubt::Deadline)
    });
    out.items = silent.collect();
    out
}

/// Where file systems in memory belong: nobody keeps anything there.
const VOLATILE: [&str; 8] = [
    "/run",
    "/var/run",
    "/tmp",
    "/var/tmp",
    "/dev",
    "/sys",
    "/proc",
    "/var/lock",
];

/// A file system and how full it is.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The mount.
    pub mounted: Mounted,
    /// How full.
    pub usage: Usage,
}

/// File systems in memory at places where data is kept.
#[must_use]
pub fn on_memory(host: &Host) -> Listing<Filled> {
    let in_memory = |mounted: &Mounted| {
        let point = mounted.point();
        let volatile = VOLATILE.iter().any(|dir| point.starts_with(dir));
        matches!(&mounted.mount.kind[..], b"tmpfs" | b"ramfs")
            && !volatile
            && point != Path::new("/")
    };
    measured(host, in_memory)
}

/// The file systems on disks of this box that take writes; bind mounts of the same one
/// once.
#[must_use]
pub fn filled(host: &Host) -> Listing<Filled> {
    measured(host, |mounted| {
        mounted.is_on_disk() && !mounted.is_read_only()
    })
}

fn measured(host: &Host, wanted: impl Fn(&Mounted) -> bool) -> Listing<Filled> {
    let mut out = Listing::new();
    let mut seen: Vec<(u32, u32)> = Vec::new();
    for mounted in out.take_gaps(mounted(host)) {
        if !wanted(&mounted) || seen.contains(&mounted.mount.number) {
            continue;
        }
        // One that ends meanwhile, or that may not be entered, has nothing to say.
        if let Fact::Known(usage) = host.tree().usage(mounted.point()) {
            seen.push(mounted.mount.number);
            out.items.push(Filled { mounted, usage });
        }
    }
    out
}
