"""Builds base roots: packages by mmdebstrap, configuration, initrd, boot loader."""

import os
import shutil
import subprocess
from pathlib import Path

from . import image, recipes, settle
from .paths import HERE, WORK, base_dir, run

EXCLUDED = ["doc", "man", "locale", "info", "lintian", "bash-completion", "icons"]
GUEST = HERE / "guest"


def bootstrap(base):
    """The packages of a base as a tar file, from the mirror the first time."""
    archive = WORK / "debootstrap" / f"{base.name}.tar"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    options = archive.parent / "dpkg.cfg"
    options.write_text("".join(f"path-exclude=/usr/share/{name}/*\n" for name in EXCLUDED))
    mirror = "deb http://deb.debian.org/debian"
    sources = [f"{mirror} {base.suite} main"]
    # The security archive of an old suite names packages that are gone.
    if base.suite != "bullseye":
        sources.append(f"{mirror} {base.suite}-updates main")
        sources.append(f"{mirror}-security {base.suite}-security main")
    partial = archive.with_suffix(".part.tar")
    run(
        *("mmdebstrap", "--variant=minbase", f"--dpkgopt={options}"),
        *("--aptopt=APT::Install-Recommends \"false\"", f"--include={','.join(base.packages())}"),
        *(base.suite, partial, *sources),
    )
    partial.rename(archive)
    return archive


def key_pair():
    """The key that logs in over SSH; the path of its private half."""
    key = WORK / "key"
    if not key.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bootlab", "-f", key)
    return key


def build(base):
    """Makes the tree of a base, once; the folder is complete when `ready` is there."""
    folder = base_dir(base.name)
    if (folder / "ready").exists():
        return
    archive = bootstrap(base)
    shutil.rmtree(folder, ignore_errors=True)
    tree = folder / "root"
    tree.mkdir(parents=True)
    run("tar", "-C", tree, "--numeric-owner", "--xattrs", "-xpf", archive)
    settle.configure(base, tree, key_pair().with_suffix(".pub").read_text(), GUEST)
    in_chroot(base, folder, tree)
    settle.finish(base, tree)
    (folder / "ready").touch()


def in_chroot(base, folder, tree):
    """Runs what only the installed system can: initrd and boot loader.

    On mounted file systems of the base's own layout and ids, so that generators see
    what they would see on the machine; what they wrote is taken back into the tree.
    """
    disk = folder / "build.img"
    mounted, dev = folder / "mnt", folder / "dev"
    for path in (mounted, dev):
        path.mkdir(exist_ok=True)
    image.assemble(base, tree, disk)
    loops = {}
    try:
        offsets = {part.name: (at, size) for _, part, at, size in image.parts(base)}
        for name, _ in image.mount_points(base):
            source, (at, size) = disk, offsets[name]
            if name in ("lvm", "luks"):
                # The generators see the file system inside; names are put right later.
                source, at = folder / "plain.img", 0
                image.empty(source, size)
                image.ext4(source, 0, size, base.uuid("root"), tree, "root")
            if name != "esp":
                loops[name] = run("losetup", "-f", "--show", "-o", at, "--sizelimit", size, source).strip()
        devices(base, dev, loops)
        for name, mount in image.mount_points(base):
            target = mounted / mount.lstrip("/")
            if name == "esp":
                # This kernel may not know vfat; it only has to be a mount point.
                run("mount", "-t", "tmpfs", "-o", "mode=700", "esp", target)
            else:
                run("mount", f"/dev/disk/by-partlabel/{name}", target)
        run("mount", "--bind", dev, mounted / "dev")
        run("mount", "-t", "proc", "proc", mounted / "proc")
        run("mount", "-t", "sysfs", "sysfs", mounted / "sys")
        for script in settle.scripts(base):
            chroot(mounted, script)
        for part in ["boot", "etc", "var/lib/initramfs-tools"]:
            if (mounted / part).exists():
                shutil.rmtree(tree / part, ignore_errors=True)
                run("cp", "-a", mounted / part, tree / part)
        if base.loader == "bios":
            for name in ("boot.img", "core.img"):
                shutil.copy(tree / "boot/grub/i386-pc" / name, folder / name)
    finally:
        for path in (mounted, "/dev", dev):
            subprocess.run(["umount", "-q", "-R", path], check=False)
        for loop in loops.values():
            run("losetup", "-d", loop)
        for name in ("build.img", "plain.img"):
            (folder / name).unlink(missing_ok=True)
    mounted.rmdir()
    dev.rmdir()


def devices(base, folder, loops):
    """A small /dev for the chroot and for the mounts before it.

    Loop devices get numbers of two digits and the links that udev makes:
    GRUB's scripts refuse a root on one of the first ten.
    Laid over this process's /dev, which is why it has a mount name space of its own.
    """
    run("mount", "-t", "tmpfs", "-o", "mode=755", "dev", folder)
    nodes = ["null:1:3", "zero:1:5", "full:1:7", "random:1:8", "urandom:1:9", "tty:5:0"]
    for node in nodes:
        name, major, minor = node.split(":")
        run("mknod", "-m", "666", folder / name, "c", major, minor)
    for kind in ("uuid", "partlabel"):
        (folder / "disk" / f"by-{kind}").mkdir(parents=True)
    for index, (name, loop) in enumerate(loops.items(), start=10):
        minor = os.minor(os.stat(loop).st_rdev)
        run("mknod", "-m", "660", folder / f"loop{index}", "b", "7", minor)
        ident = base.uuid("root" if name in ("lvm", "luks") else name)
        for link in (f"uuid/{ident}", f"partlabel/{name}"):
            (folder / f"disk/by-{link}").symlink_to(f"../../loop{index}")
    (folder / "fd").symlink_to("/proc/self/fd")
    run("mount", "--bind", folder, "/dev")


def chroot(tree, script):
    """Runs a shell script in a tree."""
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C",
        "SYSTEMD_RELAX_ESP_CHECKS": "1",
    }
    return run("chroot", tree, "sh", "-euc", script, env=environment)


def uml_layer():
    """Modules of the user-mode kernel, laid below a tree only where it is booted."""
    layer = WORK / "uml-layer"
    if layer.exists():
        return layer
    partial = WORK / "uml-layer.part"
    shutil.rmtree(partial, ignore_errors=True)
    source = sorted(Path("/usr/lib/uml/modules").iterdir())[-1]
    target = partial / "usr/lib/modules" / source.name
    wanted = ["kernel/fs", "kernel/net/sunrpc", "kernel/drivers/md", "kernel/drivers/block", "kernel/crypto", "kernel/lib", "kernel/net/core", "kernel/net/dns_resolver"]
    for part in wanted:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part)
    for name in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
        if (source / name).exists():
            shutil.copy(source / name, target / name)
    (partial / "lib").symlink_to("usr/lib")
    run("depmod", "-b", partial, source.name)
    (partial / "lib").unlink()
    partial.rename(layer)
    return layer


def shim():
    """The library preloaded into user-mode Linux; see uml_xstate.c."""
    library = WORK / "uml_xstate.so"
    source = HERE / "uml_xstate.c"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        run("gcc", "-O2", "-shared", "-fPIC", "-o", library, source)
    return library


def prepare(names):
    """Builds the named bases and what every boot needs."""
    key_pair()
    shim()
    uml_layer()
    for name in names:
        build(recipes.BASES[name])
