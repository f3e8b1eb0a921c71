//! The drivers that the boot needs before it can mount the root, and where they come from.

use std::collections::BTreeSet;

use super::stack::{self, FileSystem, Told};
use super::{InitrdFacts, InitrdKind, fold, module_name};
use crate::fact::{Fact, Unknown};
use crate::facts::Host;
use crate::parse::initrd::Lookup;

/// A driver without which the root is not found or not mounted.
pub struct Driver {
    /// Names of modules, any of which is enough.
    pub names: &'static [&'static str],
    /// What it is for: `ext4`, or `/dev/vda`.
    pub of: String,
    /// Whether it drives the disk, not the file system on it.
    pub is_disk: bool,
    /// What tells that it is needed.
    pub told: Told,
    /// Whether devices tell it, or the command line, not what is merely configured.
    pub certain: bool,
}

/// Names of disks by the drivers that give them (Linux 6.1 `drivers/block/virtio_blk.c`,
/// `drivers/scsi/sd.c`, `drivers/nvme/host/core.c`, `drivers/mmc/core/block.c` and
/// `drivers/block/xen-blkfront.c`).
const DISKS: [(&str, &[&str]); 5] = [
    ("vd", &["virtio_blk"]),
    ("sd", &["sd_mod"]),
    ("nvme", &["nvme"]),
    ("mmcblk", &["mmc_block"]),
    ("xvd", &["xen_blkfront"]),
];

/// Drivers of the disks in use; one of them, at least, brings the root.
const ANY_DISK: [&str; 7] = [
    "virtio_blk",
    "sd_mod",
    "nvme",
    "mmc_block",
    "xen_blkfront",
    "ubd",
    "hv_storvsc",
];

/// What the root needs, as far as it is known.
#[must_use]
pub fn needed(host: &Host) -> Vec<Driver> {
    let mut drivers = Vec::new();
    if let (Some(device), Fact::Known(devices)) = (stack::device(host), host.devices())
        && devices.nodes_named
    {
        let mut seen = BTreeSet::new();
        let mut left = vec![device];
        // As deep as any stack goes, and an end for a list that leads in a circle.
        for _ in 0..64 {
            let Some(device) = left.pop() else { break };
            let parents = device
                .parents
                .iter()
                .filter_map(|at| devices.items.get(*at));
            left.extend(parents);
            let name = device.node.strip_prefix("/dev/").unwrap_or("");
            let of_name = |(head, _): &&(&str, _)| {
                let rest = name.strip_prefix(head);
                rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            };
            let Some((_, names)) = DISKS.iter().find(of_name) else {
                continue;
            };
            if seen.insert(*names) {
                drivers.push(Driver {
                    names,
                    of: device.node.clone(),
                    is_disk: true,
                    told: Told::Device(device.node.clone()),
                    certain: true,
                });
            }
        }
    }
    if let Some(FileSystem {
        name,
        told,
        certain,
    }) = stack::file_system(host)
    {
        let names = stack::modules_of(&name);
        if !names.is_empty() {
            drivers.push(Driver {
                names,
                of: name,
                is_disk: false,
                told,
                certain,
            });
        }
    }
    drivers
}

/// Names of what the kernel that starts has inside, where a list tells it.
///
/// # Errors
/// What could not be read.
pub fn built_in(host: &Host) -> Result<Option<BTreeSet<Vec<u8>>>, Unknown> {
    let modules = match host.modules() {
        Fact::Known(modules) => modules,
        Fact::Unknown(unknown) => return Err(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(None),
    };
    match modules.as_ref() {
        Fact::Known(modules) => Ok(modules.builtin.clone()),
        Fact::Unknown(unknown) => Err(unknown.clone()),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => Ok(None),
    }
}

impl Driver {
    /// Its usual name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or("")
    }

    /// Whether one of its names is in a set.
    #[must_use]
    pub fn is_in(&self, names: &BTreeSet<Vec<u8>>) -> bool {
        let mut own = self.names.iter();
        own.any(|name| names.contains(&fold(name.as_bytes())))
    }
}

/// Whether the kernel has a driver for the root's disk and file system inside.
#[must_use]
pub fn are_built_in(host: &Host) -> bool {
    let Ok(Some(builtin)) = built_in(host) else {
        return false;
    };
    let needed = needed(host);
    let any = |names: &[&str]| names.iter().any(|n| builtin.contains(&fold(n.as_bytes())));
    let disk_is_known = needed.iter().any(|driver| driver.is_disk);
    let kind_is_known = needed.iter().any(|driver| !driver.is_disk);
    (disk_is_known || any(&ANY_DISK))
        && (kind_is_known || any(&["ext4"]))
        && needed.iter().all(|driver| driver.is_in(&builtin))
}

/// Whether the kernel finds and mounts the root without any initrd.
#[must_use]
pub fn kernel_can_mount(host: &Host) -> bool {
    let Fact::Known(root) = host.root() else {
        return false;
    };
    let native = root.value.as_ref();
    let native = native.is_some_and(|value| value.form.is_for_the_kernel(&value.text));
    native && are_built_in(host)
}

/// The index by which kmod finds modules.
const INDEX: &[u8] = b"modules.dep.bin";

/// The modules in an initrd that its programs load into one kernel.
pub struct Loadable {
    /// Their names, `-` written as `_`.
    pub names: BTreeSet<Vec<u8>>,
    /// Whether the index is there without which kmod finds none of them
    /// (`modules.dep.bin`, kmod 30 libkmod/libkmod-module.c).
    pub has_index: bool,
}

impl InitrdFacts {
    /// What it holds for the kernel of this release.
    #[must_use]
    pub fn loadable(&self, release: &[u8]) -> Loadable {
        let rootfs = &self.initrd.rootfs;
        let mut names = BTreeSet::new();
        // Where modprobe is busybox's, the text of the index is enough.
        let mut has_index = !matches!(
            self.kind,
            InitrdKind::InitramfsTools | InitrdKind::Dracut | InitrdKind::Systemd
        );
        for folder in [&b"lib/modules/"[..], b"usr/lib/modules/"] {
            let at = [folder, release].concat();
            let Lookup::Found { path, .. } = rootfs.resolve(&at) else {
                continue;
            };
            let index = [path.as_slice(), b"/", INDEX].concat();
            has_index |= rootfs.get(&index).is_some();
            let below = [path.as_slice(), b"/"].concat();
            let inside = rootfs.iter().filter(|(path, _)| path.starts_with(&below));
            names.extend(inside.filter_map(|(path, _)| module_name(path)));
        }
        Loadable { names, has_index }
    }
}
