//! Packages without which a box does not boot or is not reached.

/// Packages whose half-done state can keep a box from booting or from being
/// reached: by name, or by prefix where it ends in a hyphen.
const CRITICAL: [&str; 40] = [
    "linux-image-",
    "linux-base",
    "initramfs-tools",
    "initramfs-tools-core",
    "dracut",
    "dracut-core",
    "grub-",
    "shim-signed",
    "systemd-boot",
    "libc6",
    "libc-bin",
    "systemd",
    "systemd-sysv",
    "libsystemd0",
    "libsystemd-shared",
    "sysvinit-core",
    "sysv-rc",
    "initscripts",
    "insserv",
    "startpar",
    "openrc",
    "runit",
    "runit-init",
    "udev",
    "libudev1",
    "mount",
    "util-linux",
    "e2fsprogs",
    "xfsprogs",
    "btrfs-progs",
    "lvm2",
    "dmsetup",
    "mdadm",
    "cryptsetup",
    "kmod",
    "bash",
    "dash",
    "coreutils",
    "busybox",
    "openssh-server",
];

/// Packages behind the network and the login.
const NETWORK: [&str; 8] = [
    "ifupdown",
    "network-manager",
    "netplan.io",
    "netbase",
    "iproute2",
    "isc-dhcp-client",
    "libpam-runtime",
    "login",
];

/// Whether the boot hangs on a package of that name.
pub(super) fn boots(name: &str) -> bool {
    is_one_of(name, &CRITICAL)
}

/// Whether the network or the login hangs on a package of that name.
pub(super) fn connects(name: &str) -> bool {
    is_one_of(name, &NETWORK)
}

fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|known| {
        if known.ends_with('-') {
            name.starts_with(known)
        } else {
            name == *known
        }
    })
}

/// Packages of Gentoo that a boot, the network or the login hangs on; a category where it
/// ends in a slash.
const OF_GENTOO: [&str; 20] = [
    "app-shells/bash",
    "net-misc/dhcpcd",
    "net-misc/netifrc",
    "net-misc/openssh",
    "sys-apps/baselayout",
    "sys-apps/coreutils",
    "sys-apps/iproute2",
    "sys-apps/kmod",
    "sys-apps/openrc",
    "sys-apps/shadow",
    "sys-apps/systemd",
    "sys-apps/sysvinit",
    "sys-apps/util-linux",
    "sys-boot/",
    "sys-fs/",
    "sys-kernel/",
    "sys-libs/glibc",
    "sys-libs/musl",
    "sys-libs/pam",
    "virtual/udev",
];

/// Whether an entry, `sys-apps/openrc-0.54`, is of one of these.
pub(super) fn merges(package: &str) -> bool {
    OF_GENTOO.iter().any(|known| {
        package.strip_prefix(known).is_some_and(|rest| {
            let version = rest.strip_prefix('-').and_then(|rest| rest.chars().next());
            known.ends_with('/') || version.is_some_and(|first| first.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toy_that_was_not_merged_keeps_nothing_down() {
        for package in ["sys-apps/openrc-0.54", "sys-kernel/gentoo-kernel-6.6.30"] {
            assert!(merges(package), "{package}");
        }
        for package in [
            "app-misc/toy-1",
            "app-shells/bash-completion-2.11",
            "sys-apps/openrc",
        ] {
            assert!(!merges(package), "{package}");
        }
    }
}
