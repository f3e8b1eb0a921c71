//! What mounts, automounts and swaps get by themselves, and what needs them (systemd 257
//! `src/core/mount.c`, `automount.c`, `swap.c`, `unit.c`).

use std::path::Path;

use super::implicit::DEFAULT;
use super::loader::Loader;
use super::unit::{Cause, Dep, Ix, LoadState};
use crate::parse::unit::{self, UnitType};

/// File system types that need the network (`fstype_is_network`).
const NETWORK_TYPES: [&str; 18] = [
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "gfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncp",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "pvfs2",
    "smb3",
    "smbfs",
    "sshfs",
];

/// Whether a file system of that type needs the network; `fuse.` before it does not
/// matter.
pub(super) fn is_network(fs_type: &str) -> bool {
    NETWORK_TYPES.contains(&fs_type.strip_prefix("fuse.").unwrap_or(fs_type))
}

/// Whether an option stands in a list separated by commas.
pub(super) fn has_option(options: &str, name: &str) -> bool {
    options
        .split(',')
        .any(|option| option == name || option.split('=').next() == Some(name))
}

/// Whether the last of two opposite options is the first.
pub(super) fn last_is(options: &str, yes: &str, no: &str) -> bool {
    let mut words = options.split(',').rev();
    words.find(|word| *word == yes || *word == no) == Some(yes)
}

impl Loader<'_> {
    pub(super) fn mount(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let mount = unit.settings.mount.clone();
        let named = unit::to_path(&unit.id);
        let named = named.map(|path| String::from_utf8_lossy(&path).into_owned());
        let Some(target) = mount.target.map(|(path, _)| path).or(named) else {
            return;
        };
        // The root's own unit logs nowhere.
        if target != "/" {
            self.exec(ix);
        }
        self.default_slice(ix);
        let options = &mount.options;
        let fs_type = mount.fs_type.as_deref().unwrap_or("");
        let is_bind = has_option(options, "bind")
            || has_option(options, "rbind")
            || matches!(fs_type, "bind" | "rbind");
        let by_network = has_option(options, "_netdev") || is_network(fs_type);
        if let Some((what, _)) = &mount.what {
            let root_only = matches!(what.as_str(), "/dev/root" | "/dev/nfs");
            if !is_bind && !root_only && target != "/" {
                let bound = has_option(options, "x-systemd.device-bound")
                    && !has_option(options, "x-systemd.device-bound=no");
                let dep = if bound { Dep::BindsTo } else { Dep::Requires };
                self.device(ix, what, dep);
            }
            let is_loop = has_option(options, "loop");
            if what.starts_with('/') && (is_bind || is_loop || !by_network) {
                self.need_mounts(ix, what, true);
            }
        }
        if target != "/"
            && let Some(parent) = Path::new(&target).parent()
        {
            self.need_mounts(ix, parent, true);
        }
        let stays = matches!(target.as_str(), "/" | "/usr")
            || (target == "/etc" && self.version >= 251)
            || ["/run/initramfs", "/proc", "/sys", "/dev"]
                .iter()
                .any(|dir| Path::new(&target).starts_with(dir))
            || has_option(options, "x-initrd.mount");
        if !self.wants_defaults(ix) || stays {
            return;
        }
        let (after, before) = if by_network {
            ("remote-fs-pre.target", "remote-fs.target")
        } else {
            ("local-fs-pre.target", "local-fs.target")
        };
        if !last_is(options, "nofail", "fail") {
            self.edges(ix, &[Dep::Before], before, &DEFAULT);
        }
        self.edges(ix, &[Dep::After], after, &DEFAULT);
        self.on_shutdown(ix, "umount.target");
        if fs_type == "tmpfs" {
            self.edges(ix, &[Dep::After], "swap.target", &DEFAULT);
        }
        if by_network {
            self.edges(ix, &[Dep::After], "network.target", &DEFAULT);
            let deps = [Dep::Wants, Dep::After];
            self.edges(ix, &deps, "network-online.target", &DEFAULT);
        }
    }

    pub(super) fn automount(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let id = unit.id.clone();
        let target = unit.settings.node.clone().map(|(path, _)| path);
        let named = || unit::to_path(&id).map(|p| String::from_utf8_lossy(&p).into_owned());
        let target = target.or_else(named);
        if let Some(name) = unit::change_suffix(&id, UnitType::Mount) {
            let cause = Cause::Implicit("what it mounts has its name");
            self.edges(ix, &[Dep::Before, Dep::Triggers], &name, &cause);
        }
        if let Some(parent) = target.as_deref().map(Path::new).and_then(Path::parent) {
            self.need_mounts(ix, parent, true);
        }
        if self.wants_defaults(ix) {
            self.edges(ix, &[Dep::Before], "local-fs.target", &DEFAULT);
            self.edges(ix, &[Dep::After], "local-fs-pre.target", &DEFAULT);
            self.on_shutdown(ix, "umount.target");
        }
    }

    pub(super) fn swap(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        let named = unit::to_path(&unit.id).map(|p| String::from_utf8_lossy(&p).into_owned());
        let Some(what) = unit.settings.node.clone().map(|(path, _)| path).or(named) else {
            return;
        };
        self.need_mounts(ix, &what, true);
        if what.starts_with("/dev/") {
            self.device(ix, &what, Dep::Requires);
        } else {
            let cause = Cause::Implicit("a swap file needs a writable root");
            self.edges(ix, &[Dep::After], "systemd-remount-fs.service", &cause);
        }
        self.exec(ix);
        self.default_slice(ix);
        if self.wants_defaults(ix) && !self.container {
            self.edges(ix, &[Dep::Before], "swap.target", &DEFAULT);
            self.on_shutdown(ix, "umount.target");
        }
    }

    /// Edges to the device at a path (`unit_add_node_dependency`).
    pub(super) fn device(&mut self, ix: Ix, path: &str, dep: Dep) {
        let is_device = path
            .strip_prefix("/dev/")
            .or_else(|| path.strip_prefix("/sys/"))
            .is_some_and(|rest| !rest.is_empty());
        if !is_device || self.container {
            return;
        }
        let cause = Cause::Implicit("the device it is on");
        if let Some(name) = unit::from_path(path.as_bytes(), UnitType::Device) {
            self.edges(ix, &[Dep::After, dep], &name, &cause);
        }
        if dep != Dep::BindsTo
            && self.version >= 245
            && path.starts_with("/dev/")
            && let Some(escaped) = unit::escape_path(path.as_bytes())
        {
            let name = format!("blockdev@{escaped}.target");
            self.edges(ix, &[Dep::After], &name, &cause);
        }
    }

    pub(super) fn is_extrinsic(&self, ix: Ix) -> bool {
        let Some(unit) = self.units.get(ix) else {
            return false;
        };
        let path = unit::to_path(&unit.id).map(|p| String::from_utf8_lossy(&p).into_owned());
        path.is_some_and(|path| {
            matches!(path.as_str(), "/" | "/usr")
                || (path == "/etc" && self.version >= 251)
                || ["/run/initramfs", "/proc", "/sys", "/dev"]
                    .iter()
                    .any(|dir| Path::new(&path).starts_with(dir))
        }) || has_option(&unit.settings.mount.options, "x-initrd.mount")
    }

    /// `unit_add_mount_dependencies`.
    pub(super) fn mounts_of(&mut self, ix: Ix) {
        let Some(unit) = self.units.get(ix) else {
            return;
        };
        if !matches!(unit.state, LoadState::Loaded) {
            return;
        }
        for need in unit.settings.mounts_for.clone() {
            for at in need.path.ancestors() {
                let name = mount_name(at);
                let Some(mount) = name.and_then(|name| self.units.find(&name)) else {
                    continue;
                };
                let Some(found) = self.units.get(mount) else {
                    continue;
                };
                if !matches!(found.state, LoadState::Loaded) {
                    continue;
                }
                let cause = match &need.place {
                    Some(place) => Cause::Line(place.clone()),
                    None => Cause::Implicit("it needs what is mounted there"),
                };
                let has_file = found.fragment.is_some();
                self.edge(ix, Dep::After, mount, cause.clone());
                if has_file {
                    let dep = if need.required {
                        Dep::Requires
                    } else {
                        Dep::Wants
                    };
                    self.edge(ix, dep, mount, cause);
                }
            }
        }
    }
}

/// The mount unit of a path.
pub(super) fn mount_name(path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt as _;
    unit::from_path(path.as_os_str().as_bytes(), UnitType::Mount)
}
