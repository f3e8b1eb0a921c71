"""A tree that a mutation changes: a base below, what was changed above."""

import os
import re
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path

from . import build
from .paths import WORK, base_dir, run


def row_dir(base, mutation):
    """The work folder of a mutation of a base."""
    return WORK / "rows" / base / mutation


@contextmanager
def overlay(layers, at, upper=None):
    """Layers over each other, the first on top; changes go to `upper`, if any."""
    at.mkdir(parents=True, exist_ok=True)
    options = "lowerdir=" + ":".join(str(layer) for layer in layers)
    if upper is not None:
        work = Path(f"{upper}.work")
        for folder in (upper, work):
            folder.mkdir(parents=True, exist_ok=True)
        options += f",upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "-o", options, "overlay", at)
    try:
        yield Tree(at)
    finally:
        run("umount", "-R", at)
        at.rmdir()
        if upper is not None:
            shutil.rmtree(work)


def mutated(base, mutation, fresh=False):
    """Makes the changes of a mutation, once; the folder that holds them."""
    upper = row_dir(base.name, mutation.name) / "upper"
    if upper.exists() and not fresh:
        return upper
    shutil.rmtree(upper, ignore_errors=True)
    partial = upper.with_name("upper.part")
    shutil.rmtree(partial, ignore_errors=True)
    with overlay([base_dir(base.name) / "root"], upper.with_name("mutate"), partial) as tree:
        tree.base = base
        mutation.change(tree)
    partial.rename(upper)
    return upper


@contextmanager
def whole(base, mutation, uml=False):
    """The mutated tree as it is packed, for reading."""
    layers = [mutated(base, mutation), base_dir(base.name) / "root"]
    if uml:
        layers.append(build.uml_layer())
    with overlay(layers, row_dir(base.name, mutation.name) / f"whole.{os.getpid()}") as tree:
        yield tree


class Tree:
    """A folder seen as a root: paths are absolute inside it, no link is followed out."""

    base = None

    def __init__(self, root):
        self.root = Path(root)

    def at(self, path):
        """Where a path is outside; links in its folders are followed inside the root."""
        done = self.root
        left = [part for part in str(path).split("/") if part]
        hops = 0
        while left:
            part = left.pop(0)
            if part == "..":
                done = done.parent if done != self.root else done
                continue
            step = done / part
            if left and step.is_symlink() and hops < 40:
                hops += 1
                target = os.readlink(step)
                if target.startswith("/"):
                    done = self.root
                left = [p for p in target.split("/") if p and p != "."] + left
                continue
            done = step
        return done

    def exists(self, path):
        """Whether something is there, a dangling link included."""
        return os.path.lexists(self.at(path))

    def read(self, path):
        """The text of a file."""
        return self.at(path).read_text(errors="surrogateescape")

    def bytes(self, path):
        """The bytes of a file."""
        return self.at(path).read_bytes()

    def write(self, path, text, mode=None):
        """Replaces a file, or makes it with the folders above it."""
        target = self.at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
        target.write_bytes(data)
        if mode is not None:
            target.chmod(mode)

    def append(self, path, text):
        """Adds to the end of a file."""
        self.write(path, self.read(path) + text)

    def sub(self, path, pattern, new, count=0):
        """Replaces what matches in a file; no match is an error."""
        text, times = re.subn(pattern, new, self.read(path), count=count, flags=re.M)
        if times == 0:
            raise RuntimeError(f"{path}: nothing matches {pattern}")
        self.write(path, text)

    def remove(self, *paths):
        """Takes away files and whole folders; each must be there."""
        for path in paths:
            target = self.at(path)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink()

    def link(self, path, target):
        """Makes a symbolic link, in place of what was there."""
        place = self.at(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place):
            self.remove(path)
        place.symlink_to(target)

    def mkdir(self, path, mode=0o755):
        """Makes a folder."""
        self.at(path).mkdir(parents=True, exist_ok=True)
        self.at(path).chmod(mode)

    def chmod(self, path, mode):
        """Sets permission bits."""
        self.at(path).chmod(mode)

    def truncate(self, path, length):
        """Cuts a file; a negative length is counted from its end."""
        target = self.at(path)
        size = target.stat().st_size
        os.truncate(target, length if length >= 0 else max(0, size + length))

    def fill(self, path, byte, offset=0, length=None):
        """Overwrites part of a file with one byte value."""
        data = bytearray(self.bytes(path))
        end = len(data) if length is None else offset + length
        data[offset:end] = bytes([byte]) * (end - offset)
        self.write(path, bytes(data))

    def empty_folder(self, path):
        """Takes away everything below a folder."""
        for entry in self.at(path).iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def chroot(self, script):
        """Runs a shell script in the tree, with a /proc and a bare /dev."""
        proc, dev = self.at("/proc"), self.at("/dev")
        run("mount", "-t", "proc", "proc", proc)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", dev)
        try:
            for name, minor in (("null", 3), ("zero", 5), ("urandom", 9)):
                os.mknod(dev / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            return build.chroot(self.root, script)
        finally:
            run("umount", dev)
            run("umount", proc)

    def version(self):
        """The release of the installed kernel."""
        [version] = {entry.name for entry in self.at("/usr/lib/modules").iterdir() if entry.name[0].isdigit()} if self.exists("/usr/lib/modules") else {entry.name for entry in self.at("/lib/modules").iterdir()}
        return version

    def kernel(self):
        """The path of the kernel that boots."""
        return f"/boot/vmlinuz-{self.version()}"

    def initrd(self):
        """The path of the initrd that boots."""
        return f"/boot/initrd.img-{self.version()}"

    def cmdline(self, change):
        """Changes the command line of the boot entries: a function of its text."""
        if self.exists("/boot/grub/grub.cfg"):
            lines = self.read("/boot/grub/grub.cfg").splitlines(keepends=True)
            for index, line in enumerate(lines):
                found = re.match(r"(\s*linux\s+\S+\s+)(.*)(\n)", line)
                if found:
                    lines[index] = found[1] + change(found[2].rstrip()) + found[3]
            self.write("/boot/grub/grub.cfg", "".join(lines))
            return
        entries = self.at("/boot/efi/loader/entries")
        for entry in entries.glob("*.conf"):
            lines = entry.read_text().splitlines()
            for index, line in enumerate(lines):
                key, _, rest = line.partition(" ")
                if key == "options":
                    lines[index] = f"options    {change(rest.strip())}"
            entry.write_text("\n".join(lines) + "\n")
