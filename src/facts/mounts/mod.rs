//! What the init will mount, when, and what happens where it cannot.
//!
//! The same line of fstab stops one init and is passed over by another. Who mounts is
//! found out first; each line then has a plan, and each way to fail a consequence.

mod consequence;
mod fstype;
mod manager;
mod options;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Fact, Unknown};
use crate::parse::fstab::{self, Entry, Problem, Reader};
use crate::text::File;

use super::Host;
use super::devices::Spec;

pub use consequence::{Consequence, Failure, Outcome, Wait};
pub(super) use fstype::support;
pub use fstype::{Support, Types};
pub use manager::{Initrd, Manager};
pub use options::{Judged, judge as judge_option, judge_text as judge_option_text};

/// What will be mounted.
#[derive(Debug)]
pub struct Mounts {
    /// Who mounts.
    pub manager: Manager,
    /// The initrd that mounts / and /usr, where there is one.
    pub initrd: Initrd,
    /// fstab, or why there is none.
    pub fstab: Fact<Arc<File>>,
    /// The lines, as the one who mounts takes them.
    pub plans: Vec<Plan>,
    /// Lines that a reader ignores, or takes differently than they look.
    pub problems: Vec<Problem>,
}

/// One line and what it is for.
#[derive(Debug)]
pub struct Plan {
    /// The line.
    pub entry: Entry,
    /// What it is for.
    pub role: Role,
    /// The device it names, where it names one.
    pub device: Option<Spec>,
}

/// What a line of fstab is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The root file system: mounted before anybody reads fstab, then remounted.
    Root,
    /// /usr: the initrd mounts it, where there is one.
    Usr,
    /// Swap.
    Swap,
    /// A file system of the kernel that systemd mounts itself, whatever fstab says.
    Api,
    /// Not a path: no reader mounts it.
    NoPlace,
    /// Any other.
    Data,
}

impl Plan {
    /// Where it is mounted.
    #[must_use]
    pub fn point(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(self.entry.target.clone()))
    }

    /// Whether a file or directory is mounted over another place.
    #[must_use]
    pub fn is_bind(&self) -> bool {
        let by_option = self.entry.has("bind") || self.entry.has("rbind");
        by_option || matches!(self.entry.kind.as_slice(), b"bind" | b"rbind")
    }

    /// What the line is called in a message: its mount point, or the swap's source.
    #[must_use]
    pub fn subject(&self) -> String {
        crate::text::escape(match self.role {
            Role::Swap => &self.entry.source,
            _ => &self.entry.target,
        })
    }

    /// Whether it counts as a network file system: by its type or by `_netdev`
    /// (systemd 252, `fstype_is_network`; the scripts of sysvinit and OpenRC leave out
    /// about the same types).
    #[must_use]
    pub fn is_network(&self) -> bool {
        let kind = self.entry.kind.as_slice();
        let kind = kind.strip_prefix(b"fuse.").unwrap_or(kind);
        let types: [&[u8]; 18] = [
            b"afs",
            b"ceph",
            b"cifs",
            b"gfs",
            b"gfs2",
            b"ncp",
            b"ncpfs",
            b"nfs",
            b"nfs4",
            b"ocfs2",
            b"orangefs",
            b"pvfs2",
            b"smb3",
            b"smbfs",
            b"davfs",
            b"glusterfs",
            b"lustre",
            b"sshfs",
        ];
        self.entry.option("_netdev").is_some() || types.contains(&kind)
    }
}

/// What `host` will mount.
pub(super) fn read(host: &Host) -> Mounts {
    let manager = manager::of(host);
    let path = Path::new("/etc/fstab");
    let fstab = host.tree().read(path);
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    if let Fact::Known(file) = &fstab {
        let reader = match manager {
            Manager::Systemd | Manager::Busybox | Manager::Unknown => Reader::Getmntent,
            Manager::Scripts | Manager::OpenRc | Manager::Void => Reader::Libmount,
        };
        let entries = fstab::entries(file, reader).into_iter();
        plans.extend(entries.map(|entry| plan(entry, manager)));
        problems = fstab::problems(file);
    }
    Mounts {
        manager,
        initrd: manager::initrd_of(host),
        fstab,
        plans,
        problems,
    }
}

fn plan(entry: Entry, manager: Manager) -> Plan {
    let role = role(&entry, manager);
    let device = Spec::of(&entry.source);
    Plan {
        entry,
        role,
        device,
    }
}

fn role(entry: &Entry, manager: Manager) -> Role {
    if entry.kind == b"swap" {
        return Role::Swap;
    }
    let target = simplified(&entry.target);
    match target.as_slice() {
        b"/" => return Role::Root,
        b"/usr" => return Role::Usr,
        _ => {}
    }
    if !entry.target.contains(&b'/') || !entry.target.starts_with(b"/") {
        return Role::NoPlace;
    }
    let api: [&[u8]; 15] = [
        b"/proc",
        b"/sys",
        b"/dev",
        b"/run",
        b"/dev/shm",
        b"/dev/pts",
        b"/sys/kernel/security",
        b"/sys/fs/selinux",
        b"/sys/fs/cgroup",
        b"/sys/fs/pstore",
        b"/sys/firmware/efi/efivars",
        b"/sys/fs/bpf",
        b"/sys/fs/smackfs",
        b"/dev/console",
        b"/proc/kmsg",
    ];
    let below = target.starts_with(b"/sys/fs/cgroup/") || target.starts_with(b"/run/host");
    if manager == Manager::Systemd && (api.contains(&target.as_slice()) || below) {
        return Role::Api;
    }
    Role::Data
}

/// Doubled and closing slashes go.
fn simplified(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for part in path
        .split(|b| *b == b'/')
        .filter(|p| !p.is_empty() && *p != b".")
    {
        out.push(b'/');
        out.extend(part);
    }
    if out.is_empty() && path.starts_with(b"/") {
        out.push(b'/');
    }
    out
}

impl Mounts {
    /// The plan for a mount point: the one that counts, where several name it.
    #[must_use]
    pub fn at(&self, point: &Path) -> Option<&Plan> {
        let mut plans = self.plans.iter();
        plans.find(|plan| plan.role != Role::Swap && plan.point() == point)
    }

    /// Why fstab could not be read, where it could not.
    #[must_use]
    pub fn unread(&self) -> Option<Unknown> {
        match &self.fstab {
            Fact::Unknown(unknown) => Some(unknown.clone()),
            Fact::Broken(fault) => Some(fault.clone().into()),
            Fact::Known(_) | Fact::Absent(_) | Fact::NotCovered(_) => None,
        }
    }
}
