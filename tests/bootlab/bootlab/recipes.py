"""What each base root is made of: Debian suite, packages, init, loader, disk layout.

A base is realistic and small: the cloud kernel, one network card, SSH, cron, a log
daemon. Identifiers are fixed, so that every build names its file systems alike.
"""

from dataclasses import dataclass

COMMON = (
    "udev openssh-server ifupdown iproute2 cron rsyslog logrotate kmod procps "
    "e2fsprogs fdisk less linux-image-cloud-amd64 busybox-static zstd"
).split()

INITS = {
    "systemd": ["systemd-sysv", "libpam-systemd", "dbus"],
    "sysvinit": ["sysvinit-core", "dbus"],
    "openrc": ["sysvinit-core", "openrc", "dbus"],
    "runit": ["runit-init", "getty-run", "dbus"],
    "busybox": ["dbus"],
}

LOADERS = {
    "bios": ["grub-pc"],
    "uefi": ["grub-efi-amd64", "grub-efi-amd64-signed", "shim-signed"],
    "sdboot": ["systemd-boot"],
    "none": [],
}

PASSWORD = "bootlab"
HOSTNAME = "bootlab"
CMDLINE = "console=ttyS0,115200 net.ifnames=0"


@dataclass(frozen=True)
class Base:
    """One base root."""

    name: str
    number: int
    suite: str = "bookworm"
    init: str = "systemd"
    loader: str = "bios"
    layout: str = "plain"
    extra: tuple = ()
    without: tuple = ()
    initrd: str = "initramfs-tools"
    dhcp: str = "isc-dhcp-client"
    cmdline: str = CMDLINE
    # Which boot path a mutation of this base takes unless it says otherwise.
    path: str = "uml"

    def packages(self):
        """Debian packages, sorted."""
        wanted = set(COMMON) | set(INITS[self.init]) | set(LOADERS[self.loader])
        wanted |= {self.initrd, self.dhcp} | set(self.extra)
        return sorted(wanted - set(self.without) - {""})

    def uuid(self, part):
        """The fixed UUID of one of its file systems: root, boot, usr, data, swap."""
        index = ["root", "boot", "usr", "data", "swap", "luks", "disk", "lvm"].index(part)
        return f"b0071ab0-{self.number:04x}-4000-8000-00000000000{index + 1}"

    def esp_serial(self):
        """The volume serial of its EFI system partition, as vfat prints it."""
        return f"B007-1A{self.number:02X}"


BASES = {
    base.name: base
    for base in [
        Base("bookworm-systemd", 1),
        Base("bookworm-sysvinit", 2, init="sysvinit"),
        Base("bookworm-openrc", 3, init="openrc"),
        Base("bookworm-runit", 4, init="runit"),
        Base("trixie-systemd", 5, suite="trixie", dhcp="dhcpcd-base"),
        Base("bullseye-systemd", 6, suite="bullseye"),
        Base("bookworm-uefi", 7, loader="uefi", layout="esp", path="uefi"),
        Base("bookworm-sdboot", 8, loader="sdboot", layout="esp", path="sdboot"),
        Base("bookworm-dracut", 9, initrd="dracut", path="direct"),
        Base("bookworm-split", 10, layout="split"),
        Base("bookworm-lvm", 11, layout="lvm", extra=("lvm2",), path="direct"),
        Base(
            "bookworm-luks",
            12,
            layout="luks",
            extra=("cryptsetup", "cryptsetup-initramfs"),
            path="direct",
        ),
        Base(
            "trixie-uki",
            13,
            suite="trixie",
            loader="sdboot",
            layout="esp",
            extra=("systemd-ukify", "systemd-boot-efi"),
            dhcp="dhcpcd-base",
            path="sdboot",
        ),
        Base("bookworm-busybox", 14, init="busybox", extra=("sysvinit-core",)),
        Base(
            "bookworm-networkd",
            15,
            without=("ifupdown",),
            dhcp="",
        ),
    ]
}
