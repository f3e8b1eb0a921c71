"""The configuration of a base: what an administrator and an installer would have set."""

import os
import re
import shutil
from pathlib import Path

from . import image, recipes, stacks

# `openssl passwd -6 -salt bootlab bootlab`; a password that protects nothing.
HASH = (
    "$6$bootlab$j6fmKQKIMI7KUnhKAD0rTHdkNE7a/uYYADqSt3KZs7EJ3DmR231t2VLB"
    "LMvd8rRHRSNWIrBWEV1gE5s79l8d30"
)
GRUB_DEFAULT = """\
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{cmdline}"
GRUB_TERMINAL=console
GRUB_DISABLE_OS_PROBER=true
"""
INTERFACES = """\
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
"""
NETWORK = """\
[Match]
Name=eth0

[Network]
DHCP=yes
"""
BUSYBOX_INITTAB = """\
::sysinit:/etc/init.d/rc S
::wait:/etc/init.d/rc 2
ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/init.d/rc 0
"""
DRACUT = """\
hostonly="no"
compress="zstd"
add_dracutmodules+=" systemd observer "
"""
SERIAL_GETTY = "T0:23:respawn:/sbin/getty -L ttyS0 115200 vt100"


def machine_id(base):
    """Thirty-two digits, fixed for each base."""
    return f"b0071ab0{base.number:04x}4000a000000000000000"[:32].ljust(32, "0")


def fstab(base):
    """The fstab of a base."""
    options = {"/": "errors=remount-ro 0 1", "/boot/efi": "umask=0077 0 1"}
    lines = ["# /etc/fstab: static file system information."]
    for name, mount in image.mount_points(base):
        kind = "vfat" if name == "esp" else "ext4"
        if name in stacks.MAPPED:
            source = stacks.MAPPED[name]
        else:
            source = f"UUID={base.esp_serial() if name == 'esp' else base.uuid(name)}"
        lines.append(f"{source} {mount} {kind} {options.get(mount, 'defaults 0 2')}")
    return "\n".join(lines) + "\n"


def write(tree, path, text, mode=0o644):
    """Writes a file of a tree."""
    target = tree / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def configure(base, tree, key, guest):
    """Everything that is set before the installed system's own tools run."""
    write(tree, "etc/hostname", recipes.HOSTNAME + "\n")
    write(tree, "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {recipes.HOSTNAME}\n")
    write(tree, "etc/fstab", fstab(base))
    write(tree, "etc/machine-id", machine_id(base) + "\n", 0o444)
    write(tree, "etc/resolv.conf", "nameserver 10.0.2.2\n")
    write(tree, "root/.ssh/authorized_keys", key, 0o600)
    (tree / "root/.ssh").chmod(0o700)
    shadow = (tree / "etc/shadow").read_text().splitlines(keepends=True)
    shadow = [f"root:{HASH}:" + line.split(":", 2)[2] if line.startswith("root:") else line for line in shadow]
    (tree / "etc/shadow").write_text("".join(shadow))
    if "ifupdown" in base.packages():
        write(tree, "etc/network/interfaces", INTERFACES)
    else:
        write(tree, "etc/systemd/network/10-eth0.network", NETWORK)
    if base.loader in ("bios", "uefi"):
        write(tree, "etc/default/grub", GRUB_DEFAULT.format(cmdline=base.cmdline))
    else:
        write(tree, "etc/kernel/cmdline", f"root=UUID={base.uuid('root')} ro {base.cmdline}\n")
    if base.layout in ("esp",):
        (tree / "boot/efi").mkdir(parents=True, exist_ok=True)
    inits(base, tree)
    observer(base, tree, guest)
    luks(base, tree)


def inits(base, tree):
    """A serial console for inits that do not find it themselves."""
    inittab = tree / "etc/inittab"
    if base.init == "busybox":
        write(tree, "etc/inittab", BUSYBOX_INITTAB)
        (tree / "sbin/init").unlink()
        (tree / "sbin/init").symlink_to("/bin/busybox")
        if not (tree / "sbin/getty").exists():
            (tree / "sbin/getty").symlink_to("agetty")
    elif inittab.exists():
        text = inittab.read_text()
        wanted = f"#{SERIAL_GETTY.replace('115200', '9600')}"
        if wanted not in text:
            raise RuntimeError(f"{inittab}: no line for a serial console")
        inittab.write_text(text.replace(wanted, SERIAL_GETTY))
    if base.init == "runit" and not (tree / "etc/runit/runsvdir/default/getty-ttyS0").is_symlink():
        (tree / "etc/runit/runsvdir/default/getty-ttyS0").symlink_to("/etc/sv/getty-ttyS0")


def observer(base, tree, guest):
    """The observer, as an administrator's own part of the initrd."""
    if base.initrd == "dracut":
        write(tree, "etc/dracut.conf.d/lab.conf", DRACUT)
        folder = tree / "usr/lib/dracut/modules.d/99observer"
        folder.mkdir(parents=True)
        shutil.copy(guest / "dracut-module-setup.sh", folder / "module-setup.sh")
        shutil.copy(guest / "dracut-start.sh", folder / "start.sh")
        shutil.copy(guest / "observe", folder / "observe")
        for name in ("module-setup.sh", "start.sh"):
            (folder / name).chmod(0o755)
        return
    scripts = tree / "etc/initramfs-tools/scripts"
    shutil.copy(guest / "observer", scripts / "init-bottom/observer")
    (scripts / "init-bottom/observer").chmod(0o755)
    shutil.copy(guest / "observe", scripts / "observe")
    # Below BIOS and in user-mode Linux the swap that a guess would name is not there.
    write(tree, "etc/initramfs-tools/conf.d/resume", "RESUME=none\n")


def luks(base, tree):
    """Keys and tables of an encrypted root."""
    if base.layout != "luks":
        return
    write(tree, "etc/keys/root.key", stacks.KEY.decode(), 0o400)
    (tree / "etc/keys").chmod(0o700)
    options = "luks,initramfs,discard"
    write(tree, "etc/crypttab", f"lab_crypt UUID={base.uuid('luks')} /etc/keys/root.key {options}\n")
    hook = tree / "etc/cryptsetup-initramfs/conf-hook"
    hook.write_text(hook.read_text() + 'KEYFILE_PATTERN="/etc/keys/*.key"\n')
    write(tree, "etc/initramfs-tools/conf.d/umask", "UMASK=0077\n")


GRUB_BIOS = """
mkdir -p /boot/grub/i386-pc
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst /usr/lib/grub/i386-pc/boot.img /boot/grub/i386-pc/
grub-editenv /boot/grub/grubenv create
grub-mkimage -O i386-pc -p '(hd0,gpt2){prefix}' -o /boot/grub/i386-pc/core.img biosdisk part_gpt ext2
"""
GRUB_UEFI = """
mkdir -p /boot/efi/EFI/debian /boot/efi/EFI/BOOT /boot/grub/x86_64-efi
cp /usr/lib/shim/shimx64.efi.signed /boot/efi/EFI/debian/shimx64.efi
cp /usr/lib/shim/shimx64.efi.signed /boot/efi/EFI/BOOT/BOOTX64.EFI
for d in debian BOOT; do
    cp /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed /boot/efi/EFI/$d/grubx64.efi
    cp /usr/lib/shim/mmx64.efi /boot/efi/EFI/$d/mmx64.efi 2>/dev/null ||
        cp /usr/lib/shim/mmx64.efi.signed /boot/efi/EFI/$d/mmx64.efi
done
cp /usr/lib/grub/x86_64-efi/*.mod /usr/lib/grub/x86_64-efi/*.lst /boot/grub/x86_64-efi/
grub-editenv /boot/grub/grubenv create
cat >/boot/efi/EFI/debian/grub.cfg <<END
search.fs_uuid {uuid} root hd0,gpt2
set prefix=(\\$root)'/boot/grub'
configfile \\$prefix/grub.cfg
END
cp /boot/efi/EFI/debian/grub.cfg /boot/efi/EFI/BOOT/grub.cfg
"""
SDBOOT = """
version=$(ls /lib/modules)
bootctl install --esp-path=/boot/efi --no-variables --make-machine-id-directory=yes
export BOOT_ROOT=/boot/efi KERNEL_INSTALL_BOOT_ROOT=/boot/efi
printf 'layout=bls\\nBOOT_ROOT=/boot/efi\\n' >/etc/kernel/install.conf
printf 'timeout 1\\n' >/boot/efi/loader/loader.conf
kernel-install add $version /boot/vmlinuz-$version /boot/initrd.img-$version
"""
UKI = """
version=$(ls /lib/modules)
bootctl install --esp-path=/boot/efi --no-variables
printf 'timeout 1\\n' >/boot/efi/loader/loader.conf
mkdir -p /boot/efi/EFI/Linux
ukify build --linux=/boot/vmlinuz-$version --initrd=/boot/initrd.img-$version --uname=$version \\
    --cmdline=@/etc/kernel/cmdline --os-release=@/etc/os-release \\
    --output=/boot/efi/EFI/Linux/debian-$version.efi
"""


def scripts(base):
    """Shell scripts for the mounted and entered tree, in order."""
    listed = []
    if base.initrd == "dracut":
        listed.append("v=$(ls /lib/modules); dracut --quiet --force /boot/initrd.img-$v $v")
    else:
        listed.append("update-initramfs -u -k all")
    if base.loader == "bios":
        prefix = "/grub" if (base.layout in ("split", "lvm", "luks")) else "/boot/grub"
        listed += [GRUB_BIOS.format(prefix=prefix), "grub-mkconfig -o /boot/grub/grub.cfg"]
    elif base.loader == "uefi":
        listed += [GRUB_UEFI.format(uuid=base.uuid("root")), "grub-mkconfig -o /boot/grub/grub.cfg"]
    elif "systemd-ukify" in base.extra:
        listed.append(UKI)
    elif base.loader == "sdboot":
        listed.append(SDBOOT)
    if base.init == "systemd" and "ifupdown" not in base.packages():
        listed.append("systemctl enable systemd-networkd")
    return listed


def finish(base, tree):
    """What comes last: names that the build machine could not see, and not the first boot."""
    config = tree / "boot/grub/grub.cfg"
    if base.layout in stacks.MAPPED and config.exists():
        wanted = f"root=UUID={base.uuid('root')}"
        text = config.read_text()
        config.write_text(text.replace(wanted, f"root={stacks.MAPPED[base.layout]}"))
    if config.exists():
        # The partition table, which a loop device does not show.
        lines = r"\1insmod part_gpt\n\1insmod ext2\n\1set root='hd0,gpt2'\n"
        config.write_text(re.sub(r"(?m)^(\s+)insmod ext2\n", lines, config.read_text()))
    for folder in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(tree / folder, ignore_errors=True)
    # Newer than /usr: the machine has been booted since it was last changed.
    for path in ("etc/.updated", "var/.updated"):
        Path(tree / path).touch()
    now = Path(tree / "etc/.updated").stat().st_mtime
    usr = (tree / "usr").stat().st_mtime
    if usr > now:
        os.utime(tree / "usr", (now, now))
