"""Kernel, initrd, modules and command line: booted on a real kernel."""

import gzip
import shutil
import subprocess

from . import BAD, mutation
from .. import cpio

DIRECT = "systemd:direct"


def filtered(words, data):
    """Runs a filter."""
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def archive(tree):
    """The unpacked main archive of the initrd."""
    data = tree.bytes(tree.initrd())
    return filtered(["zstd", "-dcq"], data)


def rewrite(tree, change, pack=("zstd", "-q", "-3", "-c")):
    """Packs the initrd again after a change of its records."""
    records, _ = cpio.entries(archive(tree))
    records = change(records)
    tree.write(tree.initrd(), filtered(list(pack), b"".join(record.packed() for record in records)))


def named(records, name):
    """The records of a path and of what is below it."""
    wanted = name.encode()
    return [record for record in records if record.name == wanted or record.name.startswith(wanted + b"/")]


def without(*names):
    """A change that takes paths away."""

    def change(records):
        gone = {id(record) for name in names for record in named(records, name)}
        if not gone:
            raise RuntimeError(f"none of {names} in the initrd")
        return [record for record in records if id(record) not in gone]

    return change


@mutation("initrd_gone", f"systemd {DIRECT}", "initrd", "PANIC", "no initrd at all: the file is gone")
def _(tree):
    tree.remove(tree.initrd())


@mutation("initrd_zero", f"systemd {DIRECT}", "initrd", "PANIC", "the initrd is empty (disk was full)")
def _(tree):
    tree.truncate(tree.initrd(), 0)


@mutation("initrd_truncated", DIRECT, "initrd", "HANG", "the initrd cut in half")
def _(tree):
    tree.truncate(tree.initrd(), tree.at(tree.initrd()).stat().st_size // 2)


@mutation("initrd_tail_cut", f"{DIRECT} sysvinit:direct", "initrd", "INITRAMFS-SHELL", "the initrd lacks its last 64 KiB")
def _(tree):
    tree.truncate(tree.initrd(), -65536)


@mutation("initrd_byte_flipped", DIRECT, "initrd", "PANIC", "a kilobyte of zeros in the middle of the initrd")
def _(tree):
    middle = tree.at(tree.initrd()).stat().st_size // 2
    tree.fill(tree.initrd(), 0, middle, 1024)


@mutation("initrd_head_zeroed", DIRECT, "initrd", "PANIC", "the first 512 bytes of the initrd are zeros")
def _(tree):
    tree.fill(tree.initrd(), 0, 0, 512)


@mutation("initrd_text", DIRECT, "initrd", "PANIC", "the initrd is an error message")
def _(tree):
    tree.write(tree.initrd(), "cat: write error: No space left on device\n")


@mutation("initrd_lz4_frame", DIRECT, "initrd", "PANIC", "the initrd packed by lz4 without -l")
def _(tree):
    tree.write(tree.initrd(), filtered(["lz4", "-q", "-c"], archive(tree)))


@mutation("initrd_lz4_legacy", DIRECT, "-", "OK", "the initrd packed by lz4 -l")
def _(tree):
    tree.write(tree.initrd(), filtered(["lz4", "-lqc"], archive(tree)))


@mutation("initrd_xz_crc64", DIRECT, "initrd", "PANIC", "the initrd packed by xz with its usual check, CRC64")
def _(tree):
    tree.write(tree.initrd(), filtered(["xz", "-1", "-c"], archive(tree)))


@mutation("initrd_xz_crc32", DIRECT, "-", "OK", "the initrd packed by xz --check=crc32")
def _(tree):
    tree.write(tree.initrd(), filtered(["xz", "-1", "--check=crc32", "-c"], archive(tree)))


@mutation("initrd_gzip", DIRECT, "-", "OK", "the initrd packed by gzip")
def _(tree):
    tree.write(tree.initrd(), gzip.compress(archive(tree), 1))


@mutation("initrd_plain", DIRECT, "-", "OK", "the initrd not packed at all")
def _(tree):
    tree.write(tree.initrd(), archive(tree))


@mutation("initrd_zero_padded", DIRECT, "-", "OK", "the initrd padded with zeros to the next megabyte")
def _(tree):
    data = tree.bytes(tree.initrd())
    tree.write(tree.initrd(), data + bytes(-len(data) % (1 << 20)))


@mutation("initrd_junk_after", DIRECT, "-", "OK", "text after the end of the initrd")
def _(tree):
    data = tree.bytes(tree.initrd())
    tree.write(tree.initrd(), data + bytes(-len(data) % 4) + b"this is not an archive\n")


def microcode():
    """A small early archive, as for a processor."""
    folders = [b"kernel", b"kernel/x86", b"kernel/x86/microcode"]
    records = [cpio.Entry([i, 0o40755, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0], name, b"") for i, name in enumerate(folders, 1)]
    records.append(cpio.Entry([9, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], b"kernel/x86/microcode/AuthenticAMD.bin", bytes(64)))
    records.append(cpio.Entry([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], b"TRAILER!!!", b""))
    return b"".join(record.packed() for record in records)


@mutation("initrd_microcode_first", DIRECT, "-", "OK", "an early archive of microcode before the initrd")
def _(tree):
    early = microcode()
    tree.write(tree.initrd(), early + bytes(-len(early) % 512) + tree.bytes(tree.initrd()))


@mutation("initrd_microcode_only", DIRECT, "initrd", "PANIC", "the initrd holds microcode and nothing else")
def _(tree):
    tree.write(tree.initrd(), microcode())


@mutation("initrd_misaligned", DIRECT, "initrd", "PANIC", "a plain archive after an odd number of bytes")
def _(tree):
    early = microcode()
    tree.write(tree.initrd(), early + bytes(-len(early) % 4 + 1) + archive(tree))


@mutation("initrd_no_init", DIRECT, "initrd", "PANIC", "no /init in the initrd")
def _(tree):
    rewrite(tree, without("init"))


@mutation("initrd_init_not_exec", DIRECT, "initrd", "PANIC", "/init of the initrd has no execute bits")
def _(tree):
    def change(records):
        [init] = named(records, "init")
        init.fields[1] = 0o100644
        return records

    rewrite(tree, change)


@mutation("initrd_no_shell", DIRECT, "initrd", "PANIC", "no shell in the initrd")
def _(tree):
    rewrite(tree, without("usr/bin/sh", "usr/bin/busybox"))


@mutation("initrd_no_libc", DIRECT, "initrd", "INITRAMFS-SHELL", "no libc in the initrd")
def _(tree):
    rewrite(tree, without("usr/lib/x86_64-linux-gnu/libc.so.6"))


@mutation("initrd_no_modules", DIRECT, "initrd", "INITRAMFS-SHELL", "no modules in the initrd")
def _(tree):
    rewrite(tree, without(f"usr/lib/modules/{tree.version()}"))


@mutation("initrd_other_modules", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd of another kernel version")
def _(tree):
    version = tree.version().encode()

    def change(records):
        for record in records:
            record.name = record.name.replace(b"modules/" + version, b"modules/6.1.0-10-cloud-amd64")
        return records

    rewrite(tree, change)


@mutation("initrd_no_virtio_blk", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd lacks virtio_blk")
def _(tree):
    rewrite(tree, without(f"usr/lib/modules/{tree.version()}/kernel/drivers/block/virtio_blk.ko"))


@mutation("initrd_no_ext4", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd lacks ext4")
def _(tree):
    rewrite(tree, without(f"usr/lib/modules/{tree.version()}/kernel/fs/ext4"))


@mutation("initrd_no_modules_dep", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd lacks modules.dep.bin and modules.dep")
def _(tree):
    folder = f"usr/lib/modules/{tree.version()}"
    rewrite(tree, without(f"{folder}/modules.dep", f"{folder}/modules.dep.bin"))


@mutation("initrd_no_udev", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd lacks udev")
def _(tree):
    rewrite(tree, without("usr/lib/systemd/systemd-udevd", "usr/bin/udevadm"))


@mutation("initrd_no_mount_hooks", DIRECT, "initrd", "INITRAMFS-SHELL", "the initrd lacks scripts/local")
def _(tree):
    rewrite(tree, without("scripts/local"))


@mutation("kernel_gone", "systemd:bios", "kernel", "LOADER-PROMPT", "the kernel image removed")
def _(tree):
    tree.remove(tree.kernel())


@mutation("kernel_zero", "systemd:bios", "kernel", "LOADER-PROMPT", "the kernel image is empty")
def _(tree):
    tree.truncate(tree.kernel(), 0)


@mutation("kernel_truncated", "systemd:bios", "kernel", "HANG", "the kernel image cut in half")
def _(tree):
    tree.truncate(tree.kernel(), tree.at(tree.kernel()).stat().st_size // 2)


@mutation("kernel_tail_cut", "systemd:bios", "kernel", "HANG", "the kernel image lacks its last 64 KiB")
def _(tree):
    tree.truncate(tree.kernel(), -65536)


@mutation("kernel_signature_cut", "systemd:bios", "-", "OK", "the kernel image without its signature at the end")
def _(tree):
    data = tree.bytes(tree.kernel())
    setup, size = data[0x1F1], int.from_bytes(data[0x1F4:0x1F8], "little")
    tree.truncate(tree.kernel(), (setup + 1) * 512 + size * 16)


@mutation("kernel_text", "systemd:bios", "kernel", "LOADER-PROMPT", "the kernel image is a text file")
def _(tree):
    tree.write(tree.kernel(), "this is no kernel\n" * 100)


@mutation("kernel_middle_zeroed", "systemd:bios", "kernel", "HANG", "a megabyte of zeros in the kernel image")
def _(tree):
    tree.fill(tree.kernel(), 0, 4 << 20, 1 << 20)


@mutation("kernel_mode_000", "systemd:bios", "-", "OK", "kernel and initrd have mode 0000")
def _(tree):
    tree.chmod(tree.kernel(), 0)
    tree.chmod(tree.initrd(), 0)


@mutation("boot_emptied", "systemd:bios", "loader", "LOADER-PROMPT", "everything below /boot removed")
def _(tree):
    tree.empty_folder("/boot")


@mutation("kernel_package_half_removed", "systemd:bios", "kernel", "LOADER-PROMPT", "the kernel package removed by dpkg, grub.cfg as it was")
def _(tree):
    saved = tree.bytes("/boot/grub/grub.cfg")
    tree.chroot(f"dpkg --force-all --remove linux-image-{tree.version()} linux-image-cloud-amd64 || true")
    tree.write("/boot/grub/grub.cfg", saved)


@mutation("modules_gone", f"{DIRECT} sysvinit:direct", "network", "NO-NETWORK", "/lib/modules/VERSION removed")
def _(tree):
    tree.remove(f"/usr/lib/modules/{tree.version()}")


@mutation("modules_dep_gone", DIRECT, "-", "DEGRADED", "modules.dep* removed")
def _(tree):
    for path in tree.at(f"/usr/lib/modules/{tree.version()}").glob("modules.dep*"):
        path.unlink()


@mutation("modules_dep_zero", DIRECT, "-", "DEGRADED", "modules.dep and modules.dep.bin are empty files")
def _(tree):
    for path in tree.at(f"/usr/lib/modules/{tree.version()}").glob("modules.dep*"):
        path.write_bytes(b"")


@mutation("modules_other_version", DIRECT, "network", "NO-NETWORK", "/lib/modules has another version only (kernel half upgraded)")
def _(tree):
    folder = tree.at("/usr/lib/modules")
    shutil.move(folder / tree.version(), folder / "6.1.0-99-cloud-amd64")


@mutation("module_virtio_net_gone", DIRECT, "network", "NO-NETWORK", "the module of the network card removed from the root")
def _(tree):
    for path in tree.at(f"/usr/lib/modules/{tree.version()}").rglob("virtio_net.ko*"):
        path.unlink()


@mutation("module_virtio_net_blacklisted", DIRECT, "network", "NO-NETWORK", "modprobe.d blacklists the module of the network card")
def _(tree):
    tree.write("/etc/modprobe.d/x.conf", "blacklist virtio_net\n")


@mutation("module_install_false", DIRECT, "network", "NO-NETWORK", "modprobe.d: install virtio_net /bin/false")
def _(tree):
    tree.write("/etc/modprobe.d/x.conf", "install virtio_net /bin/false\n")


@mutation("modprobe_garbage", "systemd", "-", "OK", "modprobe.d with a line of garbage")
def _(tree):
    tree.write("/etc/modprobe.d/x.conf", "nonsense here\noptions\n")


# Changes of the command line of every entry.
LINES = [
    ("root_uuid_wrong", f"systemd sysvinit {DIRECT}", "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(tree.base.uuid("root"), BAD), "root= names a UUID that no disk has"),
    ("root_dev_wrong", f"{DIRECT}", "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=/dev/sda1"), "root=/dev/sda1 on a virtio machine"),
    ("root_dev_right", DIRECT, "-", "OK", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=/dev/vda2"), "root=/dev/vda2"),
    ("root_dev_whole_disk", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=/dev/vda"), "root= names the disk, not its partition"),
    ("root_partition_other", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=/dev/vda1"), "root= names the partition of the boot loader"),
    ("root_label", DIRECT, "-", "OK", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=LABEL=root"), "root= by label"),
    ("root_label_wrong", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", "root=LABEL=rootfs"), "root= by a label that no disk has"),
    ("root_partuuid", DIRECT, "-", "OK", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", f"root=PARTUUID=b0071ab0-{tree.base.number:04x}-4000-9000-000000000002"), "root= by the id of the partition"),
    ("root_partuuid_wrong", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')}", f"root=PARTUUID={BAD}"), "root= by an id that no partition has"),
    ("root_missing", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(f"root=UUID={tree.base.uuid('root')} ", ""), "no root= at all"),
    ("root_twice_last_wrong", DIRECT, "root", "INITRAMFS-SHELL", lambda _, line: f"{line} root=UUID={BAD}", "a second root=, which is wrong, comes last"),
    ("root_twice_first_wrong", DIRECT, "-", "OK", lambda _, line: f"root=UUID={BAD} {line}", "a second root=, which is wrong, comes first"),
    ("root_uuid_uppercase", DIRECT, "root", "INITRAMFS-SHELL", lambda tree, line: line.replace(tree.base.uuid("root"), tree.base.uuid("root").upper()), "root= has the UUID in capital letters"),
    ("rootfstype_wrong", f"systemd {DIRECT}", "root", "INITRAMFS-SHELL", lambda _, line: f"{line} rootfstype=xfs", "rootfstype=xfs for an ext4 root"),
    ("rootfstype_list", DIRECT, "-", "OK", lambda _, line: f"{line} rootfstype=ext4,xfs", "rootfstype= is a list with ext4 in it"),
    ("rootflags_bad", f"systemd {DIRECT}", "root", "INITRAMFS-SHELL", lambda _, line: f"{line} rootflags=subvol=@", "rootflags=subvol=@ for an ext4 root"),
    ("rootdelay_5", "systemd", "-", "OK", lambda _, line: f"{line} rootdelay=5", "rootdelay=5"),
    ("panic_root_wrong", f"systemd {DIRECT}", "root", "REBOOT-LOOP", lambda tree, line: line.replace(tree.base.uuid("root"), BAD) + " panic=5", "panic=5 and a wrong root="),
    ("panic_alone", "systemd", "-", "OK", lambda _, line: f"{line} panic=5", "panic=5"),
    ("init_arg_nonsense", "systemd sysvinit", "-", "OK", lambda _, line: f"{line} init=/no/such", "init=/no/such on the kernel command line"),
    ("init_arg_sh", f"systemd sysvinit", "init", "SHELL-PID1", lambda _, line: f"{line} init=/bin/sh", "init=/bin/sh left on the command line"),
    ("init_arg_bash", "systemd", "init", "SHELL-PID1", lambda _, line: f"{line} init=/bin/bash", "init=/bin/bash left on the command line"),
    ("init_arg_systemd", "systemd", "-", "OK", lambda _, line: f"{line} init=/lib/systemd/systemd", "init=/lib/systemd/systemd"),
    ("arg_single", "systemd sysvinit openrc", "target", "RESCUE", lambda _, line: f"{line} single", "`single` left on the command line"),
    ("arg_emergency", "systemd", "target", "EMERGENCY", lambda _, line: f"{line} emergency", "`emergency` left on the command line"),
    ("arg_3", "systemd sysvinit", "-", "OK", lambda _, line: f"{line} 3", "runlevel 3 on the command line"),
    ("arg_1", "sysvinit", "target", "RESCUE", lambda _, line: f"{line} 1", "runlevel 1 on the command line"),
    ("unit_arg_bogus", "systemd", "target", "RESCUE", lambda _, line: f"{line} systemd.unit=bogus.target", "systemd.unit=bogus.target on the command line"),
    ("unit_arg_rescue", "systemd trixie-systemd", "target", "RESCUE", lambda _, line: f"{line} systemd.unit=rescue.target", "systemd.unit=rescue.target left on the command line"),
    ("unit_arg_multiuser", "systemd", "-", "OK", lambda _, line: f"{line} systemd.unit=multi-user.target", "systemd.unit=multi-user.target"),
    ("mask_arg_ssh", "systemd", "access", "NO-SSH", lambda _, line: f"{line} systemd.mask=ssh.service", "systemd.mask=ssh.service on the command line"),
    ("mask_arg_basic", "systemd", "target", "FREEZE", lambda _, line: f"{line} systemd.mask=basic.target", "systemd.mask=basic.target on the command line"),
    ("resume_bad", f"systemd {DIRECT}", "-", "OK", lambda _, line: f"{line} resume=UUID={BAD}", "resume= names a UUID that no disk has"),
    ("fsck_skip", "systemd", "-", "OK", lambda _, line: f"{line} fsck.mode=skip", "fsck.mode=skip"),
    ("fsck_force", "systemd", "-", "OK", lambda _, line: f"{line} fsck.mode=force fsck.repair=yes", "fsck.mode=force"),
    ("break_arg", "systemd", "initrd", "INITRAMFS-SHELL", lambda _, line: f"{line} break=mount", "break=mount left on the command line"),
    ("break_premount", "sysvinit", "initrd", "INITRAMFS-SHELL", lambda _, line: f"{line} break", "break left on the command line"),
    ("cmdline_no_ro", "systemd sysvinit", "-", "OK", lambda _, line: line.replace(" ro ", " "), "no `ro` on the command line"),
    ("cmdline_rw", "systemd sysvinit", "-", "OK", lambda _, line: line.replace(" ro ", " rw "), "`rw` in place of `ro`"),
    ("cmdline_rw_no_fstab", "systemd sysvinit", "-", "OK", lambda _, line: line.replace(" ro ", " rw "), "`rw` on the command line and no fstab"),
    ("selinux_arg_enforcing", "systemd", "-", "OK", lambda _, line: f"{line} selinux=1 security=selinux enforcing=1", "SELinux enforcing on the command line, nothing installed for it"),
    ("ifnames_arg_gone", DIRECT, "network", "NO-NETWORK", lambda _, line: line.replace(" net.ifnames=0", ""), "net.ifnames=0 taken from the command line, interfaces says eth0"),
    ("console_arg_gone", DIRECT, "access", "NO-LOGIN", lambda _, line: line.replace("console=ttyS0,115200 ", ""), "console= taken from the command line"),
    ("console_arg_dead_last", DIRECT, "access", "NO-LOGIN", lambda _, line: f"{line} console=ttyS3", "a last console= of a line that is not there"),
    ("mem_tiny", DIRECT, "kernel", "PANIC", lambda _, line: f"{line} mem=64M", "mem=64M left on the command line"),
    ("rdinit_missing", DIRECT, "initrd", "PANIC", lambda _, line: f"{line} rdinit=/no/such", "rdinit=/no/such"),
    ("noinitrd_arg", DIRECT, "initrd", "PANIC", lambda _, line: f"{line} noinitrd", "noinitrd on the command line"),
    ("module_blacklist_arg", DIRECT, "root", "INITRAMFS-SHELL", lambda _, line: f"{line} module_blacklist=virtio_blk", "module_blacklist=virtio_blk on the command line"),
    ("cmdline_too_long", "systemd:bios", "kernel", "INITRAMFS-SHELL", lambda _, line: "console=ttyS0,115200 filler=" + "x" * 2040 + " " + line, "2047 bytes of other words before root="),
    ("quiet_splash", "systemd", "-", "OK", lambda _, line: f"{line} quiet splash loglevel=3 nosuchoption=1", "quiet, splash and an unknown word"),
    ("cgroup_v1_arg", "systemd trixie-systemd", "-", "OK", lambda _, line: f"{line} systemd.unified_cgroup_hierarchy=0", "the old control groups asked for on the command line"),
]
for _name, _bases, _link, _believed, _change, _what in LINES:

    @mutation(_name, _bases, _link, _believed, _what)
    def _(tree, change=_change, name=_name):
        tree.cmdline(lambda line: change(tree, line))
        if name.endswith("_no_fstab"):
            tree.remove("/etc/fstab")
