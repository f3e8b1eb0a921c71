//! What maintainer scripts and triggers make while a transaction goes on: nobody can
//! tell before how it will look, only that it will be there.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::claims::list_of;
use super::{Incoming, Transaction, Work};
use crate::fact::{Fact, Unknown};
use crate::facts::INIT_PACKAGES;
use crate::parse::archive::Member;
use crate::parse::dpkg::{Package, parse_list};

/// Packages that make an initrd.
const INITRD_MAKERS: [&str; 3] = ["initramfs-tools", "dracut", "tiny-initramfs"];
/// Packages that make GRUB's menu.
const MENU_MAKERS: [&str; 6] = [
    "grub-pc",
    "grub-efi-amd64",
    "grub-efi-arm64",
    "grub-efi-ia32",
    "grub-ieee1275",
    "grub-xen",
];
/// What depmod makes (kmod 30 `tools/depmod.c`).
pub(super) const MODULE_INDEXES: [&str; 12] = [
    "modules.alias",
    "modules.alias.bin",
    "modules.builtin.alias.bin",
    "modules.builtin.bin",
    "modules.dep",
    "modules.dep.bin",
    "modules.devname",
    "modules.softdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.weakdep",
    "modules.order",
];
/// What packages make of what they find, not of what they ship, when they are new.
const FIRST: [(&str, &str); 8] = [
    ("sysvinit-core", "/etc/inittab"),
    ("systemd", "/etc/machine-id"),
    ("openssh-server", "/etc/ssh/sshd_config"),
    ("openssh-server", "/etc/ssh/ssh_host_ed25519_key"),
    ("openssh-server", "/etc/ssh/ssh_host_rsa_key"),
    ("openssh-server", "/etc/ssh/ssh_host_ecdsa_key"),
    ("ifupdown", "/etc/network/interfaces"),
    ("mdadm", "/etc/mdadm/mdadm.conf"),
];

/// `ships` says whether a package brings a file to a path.
pub(super) fn lay_out(work: &Work<'_>, out: &mut Transaction, ships: &dyn Fn(&Path) -> bool) {
    let maker =
        |names: &'static [&'static str]| names.iter().copied().find(|name| work.has_after(name));
    let (initrd, menu) = (maker(&INITRD_MAKERS), maker(&MENU_MAKERS));
    let mut kernels_change = false;
    for one in &work.incoming {
        for release in one.deb.members.iter().filter_map(kernel) {
            kernels_change = true;
            if let Some(by) = initrd {
                made(out, format!("/boot/initrd.img-{release}"), by);
            }
            for index in MODULE_INDEXES {
                for dir in ["/usr/lib/modules", "/lib/modules"] {
                    let path = physical(work, format!("{dir}/{release}/{index}"));
                    if let Some(path) = path {
                        made(out, path, "depmod");
                    }
                }
            }
        }
    }
    let leaving: Vec<String> = work
        .leaving()
        .filter_map(|(p, _)| kernel_of(work, p, &mut out.gaps))
        .collect();
    for release in leaving {
        kernels_change = true;
        // initramfs-tools and dracut take theirs away by /etc/kernel/postrm.d.
        let image = PathBuf::from(format!("/boot/initrd.img-{release}"));
        let hooks =
            ["initramfs-tools", "dracut"].map(|name| format!("/etc/kernel/postrm.d/{name}"));
        let hook = |path: &String| matches!(work.tree.lstat(Path::new(path)), Fact::Known(_));
        if hooks.iter().any(hook) && !out.changes.made.contains_key(&image) {
            out.changes.gone.insert(image);
        }
    }
    if kernels_change {
        for link in ["/vmlinuz", "/vmlinuz.old", "/initrd.img", "/initrd.img.old"] {
            if matches!(work.tree.lstat(Path::new(link)), Fact::Known(_)) {
                made(out, link, "linux-update-symlinks");
            }
        }
    }
    let names = || {
        let going = work.leaving().map(|(package, _)| package.name.as_str());
        going.chain(work.incoming.iter().map(|i| i.package.name.as_str()))
    };
    let grub_changes = names().any(|name| name.starts_with("grub"));
    if let Some(by) = menu.filter(|_| kernels_change || grub_changes) {
        made(out, "/boot/grub/grub.cfg", by);
        made(out, "/boot/grub/grubenv", by);
    }
    if let Some(by) = initrd.filter(|_| initrds_change(work, &mut out.gaps)) {
        let there = work.tree.entries(Path::new("/boot")).items;
        for path in there {
            let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
            if name.starts_with(b"initrd.img-") && !out.changes.gone.contains(&path) {
                made(out, path, by);
            }
        }
    }
    let new: Vec<&Incoming> = work
        .incoming
        .iter()
        .filter(|incoming| incoming.replaces(work.db).is_none())
        .collect();
    for one in &new {
        let name = one.package.name.as_str();
        for (package, path) in FIRST {
            let there = matches!(work.tree.lstat(Path::new(path)), Fact::Known(_));
            if package == name && !there {
                made(out, path, package);
            }
        }
        enablement(one, out);
    }
    if names().any(|name| INIT_PACKAGES.iter().any(|(known, _)| *known == name)) {
        start_links(new.as_slice(), out);
    }
    out.changes.made.retain(|path, _| {
        // What a package ships is not made by it.
        !ships(path) || path.starts_with("/boot/grub")
    });
}

fn made(out: &mut Transaction, path: impl Into<PathBuf>, by: &str) {
    out.changes.made.insert(path.into(), by.to_owned());
}

/// The physical path of something new below a directory that is there.
fn physical(work: &Work<'_>, path: String) -> Option<PathBuf> {
    let path = PathBuf::from(path);
    let top = path.parent()?.parent()?;
    match work.tree.resolve(top) {
        Fact::Known(found) => Some(found.path.join(path.strip_prefix(top).ok()?)),
        _ => path.starts_with("/usr").then_some(path),
    }
}

/// The release of a kernel image.
fn kernel(member: &Member) -> Option<String> {
    release_in(&member.path)
}

fn release_in(path: &Path) -> Option<String> {
    let name = path.strip_prefix("/boot").ok()?.to_str()?;
    let release = name
        .strip_prefix("vmlinuz-")
        .or_else(|| name.strip_prefix("vmlinux-"))?;
    Some(release.to_owned())
}

fn kernel_of(work: &Work<'_>, package: &Package, gaps: &mut Vec<Unknown>) -> Option<String> {
    if !package.name.starts_with("linux-image-") {
        return None;
    }
    let list = list_of(work, package, gaps)?;
    let mut paths = parse_list(list.bytes());
    paths.find_map(|path| release_in(Path::new(std::str::from_utf8(path).ok()?)))
}

/// Whether initrds are made again: something that goes or comes has parts in them, or asks
/// for it (deb-triggers(5), `activate update-initramfs`).
fn initrds_change(work: &Work<'_>, gaps: &mut Vec<Unknown>) -> bool {
    let in_initrd = |path: &Path| {
        path.starts_with("/usr/share/initramfs-tools")
            || path.starts_with("/usr/lib/dracut")
            || path.starts_with("/etc/initramfs-tools")
    };
    let coming = work.incoming.iter().any(|one| {
        let asks = matches!(
            one.package.name.as_str(),
            "udev" | "systemd" | "kmod" | "busybox" | "initramfs-tools" | "initramfs-tools-core"
        );
        asks || one.deb.members.iter().any(|member| in_initrd(&member.path))
    });
    let going = work.leaving().any(|(package, _)| {
        let list = list_of(work, package, gaps);
        let mut paths = list.iter().flat_map(|list| parse_list(list.bytes()));
        paths.any(|path| in_initrd(Path::new(OsStr::from_bytes(path))))
    });
    coming || going
}

/// The links that deb-systemd-helper makes of `[Install]` when a package is new.
fn enablement(one: &Incoming, out: &mut Transaction) {
    for member in &one.deb.members {
        let unit = super::UNITS
            .iter()
            .find_map(|dir| member.path.strip_prefix(dir).ok());
        let Some(unit) = unit else { continue };
        // It is read already where it has units.
        let node = one.archive.whole().ok();
        let Some(node) = node.and_then(|all| all.get(&member.path)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&node.content);
        for line in text.lines() {
            let (key, value) = line.split_once('=').unwrap_or(("", ""));
            for word in value.split_whitespace() {
                let link = match key.trim() {
                    "WantedBy" => format!("{word}.wants/{}", unit.display()),
                    "RequiredBy" => format!("{word}.requires/{}", unit.display()),
                    "Alias" => word.to_owned(),
                    _ => continue,
                };
                let path = Path::new("/etc/systemd/system").join(link);
                made(out, path, &one.package.name);
            }
        }
    }
}

/// The links to start scripts, which the packages of another init make (insserv and
/// update-rc.d of init-system-helpers 1.65).
fn start_links(new: &[&Incoming], out: &mut Transaction) {
    let provides = |name: &str| new.iter().any(|one| one.package.name == name);
    let sysv = provides("sysvinit-core") || provides("initscripts");
    if sysv {
        for level in ["0", "1", "2", "3", "4", "5", "6", "S"] {
            made(out, format!("/etc/rc{level}.d"), "update-rc.d");
        }
        made(out, "/etc/init.d/.depend.start", "insserv");
        made(out, "/etc/init.d/.depend.boot", "insserv");
    }
}
