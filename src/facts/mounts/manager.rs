//! Who mounts what fstab says.

use std::path::Path;

use crate::fact::Fact;
use crate::facts::Host;
use crate::facts::init::InitKind;

/// Who mounts what fstab says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// systemd-fstab-generator and systemd.
    Systemd,
    /// Debian's checkfs.sh and mountall.sh, started by sysvinit, runit or OpenRC.
    Scripts,
    /// OpenRC's own fsck, root and localmount.
    OpenRc,
    /// Void's core-services.
    Void,
    /// busybox's `mount -a` in its inittab.
    Busybox,
    /// Something else.
    Unknown,
}

/// What mounts the root file system, and /usr, before the init.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initrd {
    /// Debian's.
    InitramfsTools,
    /// dracut.
    Dracut,
    /// None is known to be made, or another.
    Other,
}

impl Manager {
    /// How it is called in a message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Scripts => "the init scripts",
            Self::OpenRc => "OpenRC",
            Self::Void => "runit",
            Self::Busybox => "busybox",
            Self::Unknown => "this init",
        }
    }
}

pub(super) fn of(host: &Host) -> Manager {
    let there = |path: &str| matches!(host.tree().resolve(Path::new(path)), Fact::Known(_));
    let scripts = || there("/etc/init.d/mountall.sh");
    let openrc = || there("/etc/init.d/localmount");
    match host.init_kind() {
        Some(InitKind::Systemd) => Manager::Systemd,
        Some(InitKind::Runit) if there("/etc/runit/core-services") => Manager::Void,
        Some(InitKind::Busybox) if openrc() => Manager::OpenRc,
        Some(InitKind::Busybox) => Manager::Busybox,
        Some(InitKind::SysV | InitKind::OpenRcInit | InitKind::Runit) if scripts() => {
            Manager::Scripts
        }
        Some(InitKind::SysV | InitKind::OpenRcInit) if openrc() => Manager::OpenRc,
        _ => Manager::Unknown,
    }
}

pub(super) fn initrd_of(host: &Host) -> Initrd {
    let there = |path: &str| matches!(host.tree().resolve(Path::new(path)), Fact::Known(_));
    if there("/usr/share/initramfs-tools/scripts/local") {
        Initrd::InitramfsTools
    } else if there("/usr/lib/dracut/modules.d") {
        Initrd::Dracut
    } else {
        Initrd::Other
    }
}
