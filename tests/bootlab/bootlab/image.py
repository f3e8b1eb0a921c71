"""Disk images: partitions at fixed places, file systems packed straight into them.

Nothing is mounted: ext4 is made by `mkfs.ext4 -d` at its offset, vfat with mtools,
BIOS GRUB by putting its two images where `grub-install` puts them.
"""

import shutil
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import stacks
from .paths import run

SECTOR = 512
MIB = 1 << 20
FIRST = 1  # MiB before the first partition
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
# GRUB of bookworm and e2fsck of bullseye do not know the newest features.
EXT4 = "^metadata_csum_seed,^orphan_file"


@dataclass(frozen=True)
class Part:
    """One partition: what it is, its size, and where it is mounted."""

    name: str
    mib: int
    mount: str = ""


ROOT = 900
LAYOUTS = {
    "plain": [Part("bios", 1), Part("root", ROOT, "/")],
    "esp": [Part("esp", 128, "/boot/efi"), Part("root", ROOT, "/")],
    "split": [
        Part("bios", 1),
        Part("boot", 200, "/boot"),
        Part("usr", 700, "/usr"),
        Part("root", 300, "/"),
    ],
    "lvm": [Part("bios", 1), Part("boot", 200, "/boot"), Part("lvm", ROOT, "/")],
    "luks": [Part("bios", 1), Part("boot", 200, "/boot"), Part("luks", ROOT, "/")],
}
TYPES = {"bios": BIOS_BOOT, "esp": ESP}


def parts(base):
    """The partitions of a base: number, part, first byte, length in bytes."""
    at = FIRST * MIB
    listed = []
    for number, part in enumerate(LAYOUTS[base.layout], start=1):
        listed.append((number, part, at, part.mib * MIB))
        at += part.mib * MIB
    return listed


def partuuid(base, number):
    """The fixed unique id of a partition."""
    return f"b0071ab0-{base.number:04x}-4000-9000-00000000000{number}"


def mount_points(base):
    """Partition name and mount point, parents first."""
    mounts = [(part.mount, part.name) for _, part, _, _ in parts(base) if part.mount]
    return [(name, mount) for mount, name in sorted(mounts)]


def empty(path, size):
    """A sparse file."""
    with open(path, "wb") as image:
        image.truncate(size)


def ext4(image, offset, size, ident, tree, label):
    """An ext4 file system of `tree` at an offset of an image."""
    run(
        *("mkfs.ext4", "-q", "-F", "-b", "4096", "-O", EXT4, "-U", ident, "-L", label),
        *("-E", f"offset={offset},hash_seed={ident},lazy_itable_init=1"),
        *("-d", tree, image, f"{size // 1024}K"),
    )


def vfat(image, offset, size, serial, tree):
    """A FAT32 file system of `tree` at an offset of an image."""
    part = Path(f"{image}.esp")
    empty(part, size)
    run("mkfs.vfat", "-F", "32", "-n", "ESP", "-i", serial.replace("-", ""), part)
    entries = sorted(Path(tree).iterdir()) if Path(tree).is_dir() else []
    if entries:
        run("mcopy", "-s", "-Q", "-i", part, *entries, "::/")
    run("dd", f"if={part}", f"of={image}", "bs=1M", f"seek={offset // MIB}", "conv=notrunc,sparse")
    part.unlink()


def assemble(base, tree, image, boot=None):
    """Packs a tree into a disk image, laid out as its base wants it.

    Runs in a mount name space of its own: what belongs to another partition is hidden
    while one is packed. `boot` holds GRUB's two BIOS images.
    """
    tree = Path(tree)
    listed = parts(base)
    empty(image, listed[-1][2] + listed[-1][3] + MIB)
    table = f"label: gpt\nlabel-id: {base.uuid('disk')}\n"
    for number, part, at, size in listed:
        kind = TYPES.get(part.name, LINUX)
        table += f"start={at // SECTOR},size={size // SECTOR},type={kind},"
        table += f"uuid={partuuid(base, number)}\n"
    run("sh", "-c", f"printf %s '{table}' | sfdisk -q {image}")
    hidden = []
    for _, part, at, size in sorted(listed, key=lambda row: -len(row[1].mount)):
        source = tree / part.mount.lstrip("/")
        if part.name == "esp":
            vfat(image, at, size, base.esp_serial(), source)
        elif part.name == "bios":
            if boot is not None:
                bios_boot(image, at, boot)
            continue
        elif part.name in ("lvm", "luks"):
            stacks.fill(base, part.name, image, at, size, source, ext4)
        else:
            ext4(image, at, size, base.uuid(part.name), source, part.name)
        if part.mount != "/" and source.is_dir() and not source.is_symlink():
            run("mount", "-t", "tmpfs", "-o", "mode=755", "none", source)
            hidden.append(source)
    for source in reversed(hidden):
        run("umount", source)


def bios_boot(image, at, folder):
    """Puts GRUB's boot sector and core where `grub-install` would."""
    code = bytearray((Path(folder) / "boot.img").read_bytes()[:SECTOR])
    core = bytearray((Path(folder) / "core.img").read_bytes())
    sector = at // SECTOR
    code[0x5C:0x64] = struct.pack("<Q", sector)
    code[0x66:0x68] = b"\x90\x90"  # take the drive that the firmware names
    core[0x1F4:0x1FC] = struct.pack("<Q", sector + 1)
    with open(image, "r+b") as disk:
        disk.write(code[:440])
        disk.seek(at)
        disk.write(core)


def data_disk(path, ident, label="data", mib=64):
    """A second disk with one ext4 file system on it, no partitions."""
    empty(path, mib * MIB)
    hollow = Path(f"{path}.tree")
    hollow.mkdir()
    (hollow / "kept").write_text("data\n")
    ext4(path, 0, mib * MIB, ident, hollow, label)
    shutil.rmtree(hollow)


def probe(image, offset, size):
    """What blkid says of a place in an image, as a dictionary."""
    text = run(
        "sh", "-c", f"blkid -p -O {offset} -S {size} -o export {image} || true"
    )
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


SHOWN = ["LABEL", "UUID", "UUID_SUB", "VERSION", "BLOCK_SIZE", "TYPE"]


def devices(base, image, extra=()):
    """The text that `blkid -o export` prints for the disks of a machine.

    `extra` are further disks without partitions: device name and image.
    """
    blocks = []

    def block(name, found, more=()):
        lines = [f"DEVNAME={name}"]
        lines += [f"{key}={found[key]}" for key in SHOWN if key in found]
        blocks.append("\n".join(lines + list(more)) + "\n")

    for number, part, at, size in parts(base):
        found = probe(image, at, size) if part.name != "bios" else {}
        found.pop("VERSION", None)
        block(f"/dev/vda{number}", found, [f"PARTUUID={partuuid(base, number)}"])
        if part.name in ("lvm", "luks"):
            inner = {"LABEL": "root", "UUID": base.uuid("root"), "BLOCK_SIZE": "4096"}
            block(stacks.MAPPED[part.name], inner | {"TYPE": "ext4"})
    for name, path in extra:
        found = probe(path, 0, Path(path).stat().st_size)
        if found:
            found.pop("VERSION", None)
            block(name, found)
    return "\n".join(blocks)


def guid(text):
    """The bytes of a GUID as GPT stores it."""
    return uuid.UUID(text).bytes_le
