"""Nothing changed: what every other row of a base is compared with."""

from . import mutation


@mutation(
    "baseline",
    "systemd systemd:direct systemd:bios sysvinit sysvinit:direct openrc runit trixie-systemd "
    "trixie-systemd:direct bullseye-systemd uefi sdboot dracut split split:bios lvm luks "
    "trixie-uki busybox networkd",
    "-",
    "OK",
    "unchanged",
)
def _baseline(tree):
    del tree
