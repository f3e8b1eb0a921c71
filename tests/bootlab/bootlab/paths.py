"""Where work files are, and which programs the lab needs."""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
LAB = HERE.parent
REPOSITORY = LAB.parent.parent
WORK = Path(os.environ.get("COMEBACK_BOOTLAB", REPOSITORY / "target" / "bootlab"))
TRUTH = LAB / "truth.tsv"
MANIFESTS = LAB / "manifests"

# Program: the Debian package that has it.
NEEDED = {
    "mmdebstrap": "mmdebstrap",
    "linux.uml": "user-mode-linux",
    "gcc": "gcc",
    "qemu-system-x86_64": "qemu-system-x86",
    "mkfs.ext4": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "sfdisk": "fdisk",
    "losetup": "mount",
    "blkid": "util-linux",
    "unshare": "util-linux",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "ip": "iproute2",
    "busybox": "busybox-static",
    "ssh": "openssh-client",
    "depmod": "kmod",
    "cpio": "cpio",
    "xz": "xz-utils",
    "zstd": "zstd",
    "lz4": "lz4",
    "lvm": "lvm2",
    "cryptsetup": "cryptsetup-bin",
    "qemu-img": "qemu-utils",
}
OVMF = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")


def missing():
    """Lines that say what the machine lacks; none when it has all."""
    lines = [
        f"{program} (package {package})"
        for program, package in NEEDED.items()
        if shutil.which(program) is None
    ]
    if not OVMF.exists():
        lines.append(f"{OVMF} (package ovmf)")
    if not Path("/dev/net/tun").exists():
        lines.append("/dev/net/tun")
    if os.geteuid() != 0:
        lines.append("root: loop mounts, chroots and network name spaces need it")
    return lines


def run(*command, **options):
    """Runs a command to its end and returns its output; its failure is an error."""
    words = [str(word) for word in command]
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(words, capture_output=True, check=False, **options)
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(words)}: status {done.returncode}\n{said}")
    return done.stdout.decode(errors="replace")


def base_dir(name):
    """The work folder of a base."""
    return WORK / "bases" / name
