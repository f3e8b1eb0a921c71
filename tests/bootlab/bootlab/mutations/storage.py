"""fsck, second disks, crypttab, LVM, LUKS, separate file systems, dracut."""

from . import BAD, mutation
from .. import stacks
from ..image import data_disk, parts
from ..paths import run

DATA = "b0071ab0-dada-4000-8000-000000000001"
LUKS_DATA = "b0071ab0-dada-4000-8000-000000000002"
INNER = "b0071ab0-dada-4000-8000-000000000003"


def plain(path):
    """A healthy data disk."""
    data_disk(path, DATA)


def debugfs(path, *requests):
    """Changes an ext4 file system by debugfs."""
    for request in requests:
        run("debugfs", "-w", "-R", request, path)


def root_at(base, packed):
    """How e2fsprogs names the root of a packed image."""
    for _, part, at, _ in parts(base):
        if part.name == "root":
            return f"{packed}?offset={at}"
    raise RuntimeError("no root")


def luks_disk(path):
    """A LUKS2 disk, its key the lab's, with ext4 in it."""
    inner = path.with_suffix(".inner")
    data_disk(inner, INNER, "vault", 32)
    stacks.encrypt(inner, path, LUKS_DATA, 64 << 20)
    inner.unlink()


def mounted(tree, options="defaults 0 2"):
    """A line for the data disk."""
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", f"UUID={DATA} /srv/data ext4 {options}\n")


INITS = "systemd sysvinit openrc runit"


@mutation("data_disk", INITS, "-", "OK", "a second disk, mounted by fstab", disks=(("data", plain),))
def _(tree):
    mounted(tree)


@mutation("data_disk_dirty", "systemd sysvinit", "-", "OK", "the data disk was not unmounted cleanly", disks=(("data", lambda path: (plain(path), debugfs(path, "set_super_value state 0"))),))
def _(tree):
    mounted(tree)


@mutation("data_disk_errors", INITS, "-", "OK", "the data disk is marked as having errors", disks=(("data", lambda path: (plain(path), debugfs(path, "set_super_value state 3"))),))
def _(tree):
    mounted(tree)


@mutation("data_disk_broken", INITS, "mounts", "EMERGENCY", "the data disk has damage that fsck -p does not repair", disks=(("data", lambda path: (plain(path), broken(path))),))
def _(tree):
    mounted(tree)


@mutation("data_disk_broken_nofail", "systemd sysvinit", "-", "DEGRADED", "the same with nofail", disks=(("data", lambda path: (plain(path), broken(path))),))
def _(tree):
    mounted(tree, "nofail 0 2")


@mutation("data_disk_broken_pass0", "systemd", "-", "OK", "the same with fsck pass 0", disks=(("data", lambda path: (plain(path), broken(path))),))
def _(tree):
    mounted(tree, "defaults 0 0")


def broken(path):
    """Two files claim the same block, and the root folder is not one: not for -p."""
    debugfs(path, "set_super_value state 3", "clri lost+found", "set_inode_field kept mode 0", "set_inode_field <2> links_count 77")


@mutation("data_disk_no_superblock", "systemd sysvinit", "mounts", "EMERGENCY", "the data disk's superblock is zeros: no UUID is found", disks=(("data", lambda path: (plain(path), zero(path, 1024, 1024))),))
def _(tree):
    mounted(tree)


@mutation("data_disk_max_mounts", "systemd", "-", "OK", "the data disk is due for a check", disks=(("data", lambda path: (plain(path), debugfs(path, "set_super_value max_mnt_count 1", "set_super_value mnt_count 40"))),))
def _(tree):
    mounted(tree)


@mutation("data_disk_type_wrong", "systemd sysvinit", "mounts", "EMERGENCY", "fstab says xfs of an ext4 data disk", disks=(("data", plain),))
def _(tree):
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", f"UUID={DATA} /srv/data xfs defaults 0 0\n")


@mutation("data_disk_by_name", "sysvinit", "-", "OK", "the data disk by its device name", disks=(("data", plain),))
def _(tree):
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "/dev/ubdb /srv/data ext4 defaults 0 2\n")


@mutation("data_disk_bad_mount_option", "systemd", "mounts", "EMERGENCY", "an option that ext4 does not know", disks=(("data", plain),))
def _(tree):
    mounted(tree, "defaults,subvol=@ 0 2")


@mutation("data_disk_fsck_gone", "systemd sysvinit", "-", "OK", "fsck.ext4 removed from the root", disks=(("data", plain),))
def _(tree):
    mounted(tree)
    for name in ("fsck.ext4", "fsck.ext3", "fsck.ext2", "e2fsck"):
        tree.remove(f"/usr/sbin/{name}")


@mutation("data_disk_duplicate_uuid", "systemd", "-", "OK", "two disks with the same UUID (a clone was attached)", disks=(("data", plain), ("clone", plain)))
def _(tree):
    mounted(tree)


@mutation("data_disk_usr", "systemd", "root", "PANIC", "fstab mounts an empty data disk on /usr", disks=(("data", plain),))
def _(tree):
    tree.append("/etc/fstab", f"UUID={DATA} /usr ext4 defaults 0 2\n")


@mutation("data_disk_etc", "systemd", "services", "NO-SSH", "fstab mounts an empty data disk on /etc", disks=(("data", plain),))
def _(tree):
    tree.append("/etc/fstab", f"UUID={DATA} /etc ext4 defaults 0 2\n")


@mutation("data_disk_root_home", "systemd", "access", "NO-SSH", "fstab mounts an empty data disk on /root", disks=(("data", plain),))
def _(tree):
    tree.append("/etc/fstab", f"UUID={DATA} /root ext4 defaults 0 2\n")


@mutation("data_disk_var", "systemd sysvinit", "-", "OK", "fstab mounts an empty data disk on /var", disks=(("data", plain),))
def _(tree):
    tree.append("/etc/fstab", f"UUID={DATA} /var ext4 defaults 0 2\n")


def zero(path, at, length):
    """Puts zeros on a disk."""
    with open(path, "r+b") as disk:
        disk.seek(at)
        disk.write(bytes(length))


@mutation("root_dirty", "systemd sysvinit", "-", "OK", "the root was not unmounted cleanly", disk=lambda base, packed: debugfs(root_at(base, packed), "set_super_value state 0"))
def _(tree):
    del tree


@mutation("root_errors", INITS, "-", "OK", "the root is marked as having errors", disk=lambda base, packed: debugfs(root_at(base, packed), "set_super_value state 3"))
def _(tree):
    del tree


@mutation("root_broken", "systemd sysvinit", "root", "INITRAMFS-SHELL", "the root has damage that fsck -p does not repair", disk=lambda base, packed: debugfs(root_at(base, packed), "set_super_value state 3", "clri lost+found", "set_inode_field <2> links_count 99"))
def _(tree):
    del tree


@mutation("root_no_superblock", "systemd", "root", "INITRAMFS-SHELL", "the root's superblock is zeros", disk=lambda base, packed: zero(packed, [at for _, part, at, _ in parts(base) if part.name == "root"][0] + 1024, 1024))
def _(tree):
    del tree


@mutation("root_max_mounts", "systemd", "-", "OK", "the root is due for a check", disk=lambda base, packed: debugfs(root_at(base, packed), "set_super_value max_mnt_count 1", "set_super_value mnt_count 40"))
def _(tree):
    del tree


@mutation("root_read_only_feature", "systemd", "mounts", "ROOT-RO", "the root has the feature read-only", disk=lambda base, packed: debugfs(root_at(base, packed), "feature read-only"))
def _(tree):
    del tree


# Lines of crypttab without a disk for them.
CRYPTTAB = [
    ("crypttab_bad", "-", "OK", f"vault UUID={BAD} none luks", "", "crypttab entry of a UUID that no disk has"),
    ("crypttab_bad_noauto", "-", "OK", f"vault UUID={BAD} none luks,noauto", "", "the same with noauto"),
    ("crypttab_bad_nofail", "-", "OK", f"vault UUID={BAD} none luks,nofail", "", "the same with nofail"),
    ("crypttab_bad_mounted", "mounts", "EMERGENCY", f"vault UUID={BAD} none luks", "/dev/mapper/vault /srv/data ext4 defaults 0 2", "the same, and fstab mounts it"),
    ("crypttab_bad_mounted_nofail", "-", "OK", f"vault UUID={BAD} none luks,nofail", "/dev/mapper/vault /srv/data ext4 nofail 0 2", "the same, and fstab mounts it with nofail"),
    ("crypttab_garbage", "-", "OK", "what", "", "a line of garbage in crypttab"),
    ("crypttab_swap_random", "-", "OK", f"cswap UUID={BAD} /dev/urandom swap,cipher=aes-xts-plain64", "/dev/mapper/cswap none swap sw 0 0", "swap with a random key on a disk that is not there"),
]
for _name, _link, _believed, _line, _mount, _what in CRYPTTAB:

    @mutation(_name, "luks", _link, _believed, _what)
    def _(tree, line=_line, mount=_mount):
        tree.append("/etc/crypttab", line + "\n")
        if mount:
            tree.mkdir("/srv/data")
            tree.append("/etc/fstab", mount + "\n")


@mutation("luks_data_key_file", "luks", "-", "OK", "a second LUKS disk with a key file, mounted by fstab", disks=(("vault", luks_disk),))
def _(tree):
    tree.append("/etc/crypttab", f"vault UUID={LUKS_DATA} /etc/keys/root.key luks\n")
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "/dev/mapper/vault /srv/data ext4 defaults 0 2\n")


@mutation("luks_data_key_missing", "luks", "mounts", "EMERGENCY", "its key file is not there", disks=(("vault", luks_disk),))
def _(tree):
    tree.append("/etc/crypttab", f"vault UUID={LUKS_DATA} /etc/keys/vault.key luks\n")
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "/dev/mapper/vault /srv/data ext4 defaults 0 2\n")


@mutation("luks_data_passphrase", "luks", "mounts", "HANG", "it needs a passphrase typed", disks=(("vault", luks_disk),))
def _(tree):
    tree.append("/etc/crypttab", f"vault UUID={LUKS_DATA} none luks\n")
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "/dev/mapper/vault /srv/data ext4 defaults 0 2\n")


@mutation("luks_root_crypttab_gone", "luks", "-", "OK", "no crypttab on the root; the initrd has its own")
def _(tree):
    tree.remove("/etc/crypttab")


@mutation("luks_root_key_gone", "luks", "-", "OK", "the key file removed from the root; the initrd has its own")
def _(tree):
    tree.remove("/etc/keys/root.key")


@mutation("luks_root_initrd_without_key", "luks", "root", "HANG", "the initrd was made again without the key file")
def _(tree):
    tree.remove("/etc/keys/root.key")
    tree.sub("/etc/crypttab", "/etc/keys/root.key", "none")
    tree.chroot("update-initramfs -u")


@mutation("luks_root_initrd_without_cryptsetup", "luks", "root", "INITRAMFS-SHELL", "the initrd was made again without cryptsetup-initramfs")
def _(tree):
    tree.chroot("dpkg --force-all --remove cryptsetup-initramfs; update-initramfs -u")


@mutation("lvm_root_other_vg", "lvm", "root", "INITRAMFS-SHELL", "root= names another volume group (it was renamed)")
def _(tree):
    tree.cmdline(lambda line: line.replace("/dev/mapper/lab-root", "/dev/mapper/vg0-root"))


@mutation("lvm_initrd_without_lvm", "lvm", "root", "INITRAMFS-SHELL", "the initrd was made again without lvm2")
def _(tree):
    tree.chroot("dpkg --force-all --remove lvm2; update-initramfs -u")


@mutation("lvm_fstab_other_name", "lvm", "-", "OK", "fstab names the root as /dev/lab/root")
def _(tree):
    tree.sub("/etc/fstab", "/dev/mapper/lab-root", "/dev/lab/root")


@mutation("lvm_fstab_vg_gone", "lvm", "mounts", "EMERGENCY", "fstab mounts a volume that is not there")
def _(tree):
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", "/dev/mapper/lab-data /srv/data ext4 defaults 0 2\n")


@mutation("lvm_devices_file_empty", "lvm", "-", "OK", "lvm's system.devices on the root is empty")
def _(tree):
    tree.write("/etc/lvm/devices/system.devices", "")


@mutation("lvm_boot_uuid_wrong", "lvm", "mounts", "EMERGENCY", "the /boot line of fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /boot ", f"UUID={BAD} /boot ")


@mutation("split_usr_uuid_wrong", "split", "root", "INITRAMFS-SHELL", "the /usr line of fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /usr ", f"UUID={BAD} /usr ")


@mutation("split_usr_line_gone", "split", "root", "INITRAMFS-SHELL", "no /usr line in fstab")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /usr .*\n", "")


@mutation("split_usr_nofail", "split", "-", "OK", "the /usr line of fstab says nofail")
def _(tree):
    tree.sub("/etc/fstab", r"^(UUID=\S+ /usr ext4) defaults", r"\1 nofail")


@mutation("split_usr_noauto", "split", "-", "OK", "the /usr line of fstab says noauto")
def _(tree):
    tree.sub("/etc/fstab", r"^(UUID=\S+ /usr ext4) defaults", r"\1 noauto")


@mutation("split_usr_ro", "split", "-", "OK", "the /usr line of fstab says ro")
def _(tree):
    tree.sub("/etc/fstab", r"^(UUID=\S+ /usr ext4) defaults", r"\1 ro")


@mutation("split_boot_uuid_wrong", "split", "mounts", "EMERGENCY", "the /boot line of fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /boot ", f"UUID={BAD} /boot ")


@mutation("split_boot_line_gone", "split", "-", "OK", "no /boot line in fstab")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /boot .*\n", "")


@mutation("split_fstab_gone", "split", "root", "INITRAMFS-SHELL", "no /etc/fstab with /usr on a file system of its own")
def _(tree):
    tree.remove("/etc/fstab")


@mutation("dracut_root_uuid_wrong", "dracut", "root", "INITRAMFS-SHELL", "root= names a UUID that no disk has")
def _(tree):
    tree.cmdline(lambda line: line.replace(tree.base.uuid("root"), BAD))


@mutation("dracut_os_release_gone", "dracut", "init", "INITRAMFS-SHELL", "no os-release on the root")
def _(tree):
    tree.remove("/etc/os-release", "/usr/lib/os-release")


@mutation("dracut_sbin_init_gone", "dracut", "-", "OK", "/sbin/init removed, systemd is there")
def _(tree):
    tree.remove("/sbin/init")


@mutation("dracut_systemd_gone", "dracut", "init", "SHELL-PID1", "systemd's binary removed")
def _(tree):
    tree.remove("/usr/lib/systemd/systemd")


@mutation("dracut_init_arg_nonsense", "dracut", "init", "INITRAMFS-SHELL", "init=/no/such on the command line")
def _(tree):
    tree.cmdline(lambda line: line + " init=/no/such")


@mutation("dracut_fstab_root_wrong", "dracut", "mounts", "ROOT-RO", "the / line of fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ / ", f"UUID={BAD} / ")


@mutation("dracut_no_dev_dir", "dracut", "-", "OK", "no /dev directory on the root")
def _(tree):
    tree.remove("/dev")


@mutation("dracut_no_proc_dir", "dracut", "init", "FREEZE", "no /proc directory on the root")
def _(tree):
    tree.remove("/proc")


@mutation("dracut_rd_break", "dracut", "initrd", "INITRAMFS-SHELL", "rd.break left on the command line")
def _(tree):
    tree.cmdline(lambda line: line + " rd.break")


@mutation("dracut_initrd_gone", "dracut", "initrd", "PANIC", "the initrd removed")
def _(tree):
    tree.remove(tree.initrd())


@mutation("dracut_rootfstype_wrong", "dracut", "root", "INITRAMFS-SHELL", "rootfstype=xfs for an ext4 root")
def _(tree):
    tree.cmdline(lambda line: line + " rootfstype=xfs")


@mutation("dracut_fstab_bad_uuid", "dracut", "mounts", "EMERGENCY", "a data mount with a UUID that no disk has")
def _(tree):
    tree.mkdir("/srv/data")
    tree.append("/etc/fstab", f"UUID={BAD} /srv/data ext4 defaults 0 2\n")
