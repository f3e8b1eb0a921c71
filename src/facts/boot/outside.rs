//! A kernel that no loader of this tree starts: a hypervisor, a network or another
//! disk brings it, or the tree is a root that was never installed on a machine.

use std::path::Path;

use super::loaders::{BootEntry, Outside, Start, as_bytes, assumed};
use crate::boot::{Entry, Loader, Root, RootSpec, Written, compare_systemd};
use crate::fact::{Fact, Why};
use crate::facts::Host;
use crate::source::{Tree, TreeKind};
use crate::text::{File, Span, escape_path};

/// How a kernel starts that no loader in this tree starts.
pub(super) fn read(host: &Host) -> Start {
    let tree = host.tree();
    if let Some(gap) = host.kernels().gaps.first() {
        return Start::Unknown(gap.clone());
    }
    if tree.coverage().kind == TreeKind::Live {
        return running(host);
    }
    if let Some(why) = host.kernels().uncovered.first() {
        return Start::NotCovered(why.clone());
    }
    match newest(host) {
        Some(entry) => Start::Outside(Box::new(Outside {
            sign: "no boot loader in this tree: whatever starts it, the newest kernel of /boot \
                   is looked at"
                .into(),
            entry: Some(entry),
            running: None,
        })),
        None => Start::NotCovered(Why::KernelOutside),
    }
}

/// The running system: its own command line, and the kernel it was started with.
fn running(host: &Host) -> Start {
    let tree = host.tree();
    let line = match tree.read(Path::new("/proc/cmdline")) {
        Fact::Known(file) => file,
        Fact::Unknown(unknown) => return Start::Unknown(unknown),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {
            return Start::NotCovered(Why::KernelOutside);
        }
    };
    let release = match tree.read(Path::new("/proc/sys/kernel/osrelease")) {
        Fact::Known(file) => Some(file.bytes().trim_ascii().to_vec()),
        _ => None,
    };
    let place = line.place(Span::new(0, line.bytes().len()));
    let mut entry = Entry::new(b"the running kernel".to_vec(), Vec::new(), place);
    entry.loader = Loader::Linux("outside".into());
    Start::Outside(Box::new(Outside {
        sign: "no boot loader and no kernel on its disks: the kernel comes from outside".into(),
        entry: Some(BootEntry {
            entry,
            kernel: None,
            initrds: Vec::new(),
            cmdline: line.bytes().trim_ascii().to_vec(),
        }),
        running: release,
    }))
}

/// The newest kernel of /boot with the initrd of its name.
fn newest(host: &Host) -> Option<BootEntry> {
    let tree = host.tree();
    let kernels = host.kernels().items.iter().filter(|kernel| {
        let name = kernel
            .path
            .file_name()
            .map_or(&[][..], |n| n.as_encoded_bytes());
        // vmlinuz and vmlinuz.old are links to others of the list.
        kernel.version.is_some() && !name.ends_with(b".old")
    });
    let name = |path: &Path| {
        path.file_name()
            .map_or(Vec::new(), |n| n.as_encoded_bytes().to_vec())
    };
    let best = kernels.max_by(|a, b| compare_systemd(&name(&a.path), &name(&b.path)))?;
    let file = File::new(&best.path, Vec::new());
    let place = file.place(Span::new(0, 0));
    let mut entry = Entry::new(name(&best.path), Vec::new(), place.clone());
    entry.loader = Loader::Linux("assumed".into());
    entry.certain = false;
    let written = |path: &Path| Written {
        path: as_bytes(path),
        root: Root {
            spec: RootSpec::Loader,
            otherwise: None,
            place: None,
        },
        place: place.clone(),
    };
    entry.kernel = Some(written(&best.path));
    let initrd = initrd_of(tree, &best.path);
    entry.initrds.extend(initrd.as_deref().map(written));
    let cmdline = match tree.read(Path::new("/etc/kernel/cmdline")) {
        Fact::Known(file) => file.bytes().trim_ascii().to_vec(),
        _ => Vec::new(),
    };
    Some(BootEntry {
        kernel: Some(assumed(tree, &best.path)),
        initrds: initrd.iter().map(|path| assumed(tree, path)).collect(),
        cmdline,
        entry,
    })
}

/// The initrd that belongs to a kernel by its name, as grub-mkconfig looks for it
/// (GRUB 2.06 `util/grub.d/10_linux.in`).
pub(super) fn initrd_of(tree: &Tree, kernel: &Path) -> Option<std::path::PathBuf> {
    let name = kernel.file_name()?.to_str()?;
    let version = name.split_once('-').map_or("", |(_, version)| version);
    let dir = kernel.parent()?;
    let names = [
        format!("initrd.img-{version}"),
        format!("initramfs-{version}.img"),
        format!("initrd-{version}.img"),
        format!("initrd-{version}"),
        format!("initramfs-{version}"),
        format!("initramfs-genkernel-{version}"),
        format!("initramfs-genkernel-x86_64-{version}"),
    ];
    let mut paths = names.iter().map(|name| dir.join(name));
    paths.find(|path| matches!(tree.resolve(path), Fact::Known(_)))
}

impl Outside {
    /// What is known of the kernel, for people.
    #[must_use]
    pub fn kernel(&self) -> String {
        let file = self.entry.as_ref().and_then(|entry| entry.kernel.as_ref());
        match (file, &self.running) {
            (Some(file), _) => escape_path(&file.path),
            (None, Some(release)) => crate::text::escape(release),
            (None, None) => String::new(),
        }
    }
}
