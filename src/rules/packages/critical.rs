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
