//! The parts of a boot that some package has to do, and what shows that a box uses them.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Looked};
use crate::facts::Host;
use crate::rules::{Evidence, Impact, Level};

/// A part of the boot that some package has to do.
pub(super) struct Role {
    pub(super) subject: &'static str,
    /// Packages that do it; a star stands for the rest of a name that begins with a digit.
    pub(super) packages: &'static [&'static str],
    /// What is then the matter; stands behind the names.
    pub(super) what: &'static str,
    pub(super) impact: &'static [Impact],
    pub(super) level: Level,
    /// What shows that the box uses it.
    pub(super) used: fn(&Host) -> Fact<Evidence>,
}

pub(super) const ROLES: [Role; 5] = [
    Role {
        subject: "kernel",
        packages: &["linux-image-*", "linux-image-unsigned-*"],
        what: "no kernel is left in /boot",
        impact: &[Impact::NoBoot],
        level: Level::Block,
        used: kernel,
    },
    Role {
        subject: "loader",
        packages: &[
            "extlinux",
            "grub-efi-amd64",
            "grub-efi-arm64",
            "grub-efi-ia32",
            "grub-ieee1275",
            "grub-legacy",
            "grub-pc",
            "grub-xen",
            "lilo",
            "systemd-boot",
            "u-boot-menu",
        ],
        what: "nothing is left that keeps a boot loader, and a purge takes its files away",
        impact: &[Impact::NoBoot],
        level: Level::Block,
        used: loader,
    },
    Role {
        subject: "initrd",
        packages: &["initramfs-tools", "dracut", "tiny-initramfs", "booster"],
        what: "nothing is left that makes an initrd, and the next kernel has none",
        impact: &[Impact::NoBoot],
        level: Level::Warn,
        used: initrd,
    },
    Role {
        subject: "network",
        packages: &[
            "connman",
            "dhcpcd",
            "dhcpcd5",
            "ifupdown",
            "ifupdown-ng",
            "ifupdown2",
            "netplan.io",
            "network-manager",
            "wicked",
        ],
        what: "nothing is left that brings up the network",
        impact: &[Impact::NoNetwork, Impact::NoAccess],
        level: Level::Block,
        used: network,
    },
    Role {
        subject: "access",
        packages: &["openssh-server", "dropbear", "dropbear-run", "tinysshd"],
        what: "nothing is left that lets anybody in from outside",
        impact: &[Impact::NoAccess],
        level: Level::Block,
        used: access,
    },
];

fn kernel(before: &Host) -> Fact<Evidence> {
    match before.kernels().items.first() {
        Some(kernel) => Fact::Known(Evidence::path(&kernel.path, "is there now")),
        None => Fact::Absent(Looked::at("/boot")),
    }
}

fn there(host: &Host, path: &str, text: &'static str) -> Fact<Evidence> {
    let found = host.tree().lstat(Path::new(path));
    found.map(|found| Evidence::path(found.path, text))
}

fn loader(before: &Host) -> Fact<Evidence> {
    for config in [
        "/boot/grub/grub.cfg",
        "/boot/extlinux/extlinux.conf",
        "/boot/loader",
    ] {
        let found = there(before, config, "is what boots now");
        if !matches!(found, Fact::Absent(_)) {
            return found;
        }
    }
    Fact::Absent(Looked::at("/boot/grub/grub.cfg"))
}

fn initrd(before: &Host) -> Fact<Evidence> {
    let entries = before.tree().entries(Path::new("/boot"));
    let is_initrd = |path: &&PathBuf| {
        let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
        name.starts_with(b"initrd.img-")
    };
    match entries.items.iter().find(is_initrd) {
        Some(path) => Fact::Known(Evidence::path(path, "was made by it")),
        None => Fact::Absent(Looked::at("/boot")),
    }
}

/// An interface that comes up at boot; `NetworkManager` and the like need no line for one.
fn network(before: &Host) -> Fact<Evidence> {
    let only_ifupdown = matches!(before.packages(), Fact::Known(packages)
        if packages.has("ifupdown") && !packages.has("network-manager"));
    if !only_ifupdown {
        return Fact::Known(Evidence::computed("it configures the network now"));
    }
    let mut files = vec![PathBuf::from("/etc/network/interfaces")];
    files.extend(
        before
            .tree()
            .entries(Path::new("/etc/network/interfaces.d"))
            .items,
    );
    for path in &files {
        let file = match before.tree().read(path) {
            Fact::Known(file) => file,
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
        };
        for (span, line) in file.lines() {
            let text = String::from_utf8_lossy(line).into_owned();
            let mut words = text.split_whitespace();
            let comes_up = words
                .next()
                .is_some_and(|word| word == "auto" || word.starts_with("allow-"));
            if comes_up && words.any(|name| name != "lo") {
                return Fact::Known(Evidence::span(file.place(span), "comes up at boot now"));
            }
        }
    }
    Fact::Absent(Looked {
        paths: files,
        notes: Vec::new(),
    })
}

/// Whether systemd's own network service is enabled, which belongs to no package of its
/// own.
pub(super) fn networkd(host: &Host) -> bool {
    let links = [
        "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
        "/etc/systemd/system/dbus-org.freedesktop.network1.service",
    ];
    let is_there = |path: &&str| matches!(host.tree().lstat(Path::new(path)), Fact::Known(_));
    links.iter().any(is_there)
}

/// A service that is enabled now.
fn access(before: &Host) -> Fact<Evidence> {
    let names = ["ssh", "sshd", "dropbear", "tinysshd"];
    let found = before.enabled().items.iter().find(|enabled| {
        let name = enabled.name.split(['.', '@']).next().unwrap_or("");
        names.contains(&name)
    });
    match found {
        Some(enabled) => {
            let text = format!("starts at boot now, in {}", enabled.level);
            Fact::Known(Evidence::path(&enabled.link, text))
        }
        None => Fact::Absent(Looked::at("/etc/systemd/system")),
    }
}
