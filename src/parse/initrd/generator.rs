//! Which program made an initrd, by the files that only it puts in.

use std::fmt;

use super::rootfs::{Lookup, Rootfs};

/// The program that made an initrd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Debian's initramfs-tools: `scripts/functions` and `conf/arch.conf`.
    InitramfsTools,
    /// dracut: `usr/lib/dracut` or one of its state files.
    Dracut,
    /// Arch's mkinitcpio: `init_functions` and `config`.
    Mkinitcpio,
    /// Alpine's mkinitfs: `nlplug-findfs`, as a program or named in `init`.
    Mkinitfs,
    /// Gentoo's genkernel: `etc/initrd.defaults`.
    Genkernel,
    /// None of these.
    Unknown,
}

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InitramfsTools => "initramfs-tools",
            Self::Dracut => "dracut",
            Self::Mkinitcpio => "mkinitcpio",
            Self::Mkinitfs => "mkinitfs",
            Self::Genkernel => "genkernel",
            Self::Unknown => "an unknown generator",
        })
    }
}

pub(super) fn detect(rootfs: &Rootfs) -> Generator {
    let has = |path: &str| matches!(rootfs.resolve(path.as_bytes()), Lookup::Found { .. });
    let any = |paths: &[&str]| paths.iter().any(|path| has(path));
    if has("scripts/functions") && has("conf/arch.conf") {
        return Generator::InitramfsTools;
    }
    let dracut = [
        "usr/lib/dracut",
        "lib/dracut",
        "dracut-state.sh",
        "usr/lib/dracut-state.sh",
    ];
    if any(&dracut) {
        return Generator::Dracut;
    }
    if has("init_functions") && has("config") {
        return Generator::Mkinitcpio;
    }
    if any(&["sbin/nlplug-findfs", "usr/sbin/nlplug-findfs"]) || init_names(rootfs) {
        return Generator::Mkinitfs;
    }
    if has("etc/initrd.defaults") {
        return Generator::Genkernel;
    }
    Generator::Unknown
}

/// Whether the kept part of `init` names Alpine's device finder.
fn init_names(rootfs: &Rootfs) -> bool {
    let Lookup::Found { entry, .. } = rootfs.resolve(b"init") else {
        return false;
    };
    let name = b"nlplug-findfs";
    entry.content.as_ref().is_some_and(|content| {
        let mut windows = content.bytes.windows(name.len());
        windows.any(|window| window == name)
    })
}
