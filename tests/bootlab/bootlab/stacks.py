"""Roots below LVM and LUKS, made without the device mapper.

The machine that builds may have none: volumes are laid out by the tools with
activation off, and LUKS is written by qemu-img and then given its second version.
"""

import re
from pathlib import Path

from .paths import run

MAPPED = {"lvm": "/dev/mapper/lab-root", "luks": "/dev/mapper/lab_crypt"}
KEY = b"bootlab key, forty bytes, never a secret"
MIB = 1 << 20


def fill(base, name, image, offset, size, tree, ext4):
    """Fills a partition with a stack and the root on it."""
    part = Path(f"{image}.{name}")
    with open(part, "wb") as file:
        file.truncate(size)
    if name == "lvm":
        lvm(base, part, size, tree, ext4)
    else:
        luks(base, part, size, tree, ext4)
    run("dd", f"if={part}", f"of={image}", "bs=1M", f"seek={offset // MIB}", "conv=notrunc,sparse")
    part.unlink()


def lvm(base, part, size, tree, ext4):
    """A volume group `lab` with the one volume `root`."""
    loop = run("losetup", "-f", "--show", part).strip()
    quiet = ["--driverloaded", "n", "-y", "-q", "-q", "--nohints", "--config"]
    only = f'devices {{ use_devicesfile=0 filter=["a|{loop}|","r|.*|"] }} global {{ event_activation=0 }}'
    try:
        run("lvm", "pvcreate", *quiet, only, "--dataalignment", "1m", loop)
        run("lvm", "vgcreate", *quiet, only, "lab", loop)
        run("lvm", "lvcreate", *quiet, only, "-an", "-Zn", "-Wn", "-l", "100%FREE", "-n", "root", "lab")
    finally:
        run("losetup", "-d", loop)
    inside = size - 8 * MIB
    ext4(part, MIB, inside, base.uuid("root"), tree, "root")


def luks(base, part, size, tree, ext4):
    """LUKS2 with one key, the lab's, around the root."""
    plain = Path(f"{part}.plain")
    with open(plain, "wb") as file:
        file.truncate(size - 16 * MIB)
    ext4(plain, 0, size - 16 * MIB, base.uuid("root"), tree, "root")
    encrypt(plain, part, base.uuid("luks"), size)
    plain.unlink()


def encrypt(plain, out, ident, size):
    """Writes `out`, `size` bytes long: LUKS2 around the image `plain`.

    qemu-img encrypts, in a LUKS1 image; its volume key and what it encrypted then go
    below a LUKS2 header, whose data are encrypted in the same way.
    """
    key, volume, first = (Path(f"{out}.{name}") for name in ("key", "volume", "first"))
    key.write_bytes(KEY)
    secret = f"secret,id=key,file={key}"
    options = "key-secret=key,iter-time=100,cipher-mode=xts,ivgen-alg=plain64"
    run("qemu-img", "convert", "-f", "raw", "-O", "luks", "--object", secret, "-o", options, plain, first)
    volume.unlink(missing_ok=True)
    dump = ["luksDump", "-q", "--dump-volume-key", "--volume-key-file", volume]
    run("cryptsetup", *dump, "--key-file", key, first)
    with open(out, "wb") as file:
        file.truncate(size)
    run(
        *("cryptsetup", "luksFormat", "-q", "--type", "luks2", "--uuid", ident),
        *("--sector-size", "512", "--cipher", "aes-xts-plain64", "--key-size", "512"),
        *("--volume-key-file", volume, "--key-file", key),
        *("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", out),
    )
    found = re.search(r"Payload offset:\s*(\d+)", run("cryptsetup", "luksDump", first))
    with open(first, "rb") as old, open(out, "r+b") as new:
        old.seek(int(found[1]) * 512)
        new.seek(16 * MIB)
        while data := old.read(MIB):
            new.write(data)
    for path in (key, volume, first):
        path.unlink()
