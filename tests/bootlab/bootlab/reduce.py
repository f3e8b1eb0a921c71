"""What of a file is kept in a manifest: the part of its content that can decide a boot."""

import re
import struct

from . import cpio, elf

# Folders that nothing in a boot looks at; what is below is left out of a manifest.
LEFT_OUT = re.compile(
    r"/usr/share/(doc|man|locale|icons|info|lintian|zoneinfo|i18n|perl5?|perl/.*|bash-completion|bug"
    r"|common-licenses|keyrings|zsh|vim|fonts|applications|pixmaps|gcc|gdb|python3?|menu|pam|polkit-1"
    r"|locale-langpack|debianutils|sensible-utils|tabset|terminfo|X11|consolefonts|consoletrans|keymaps)(/|$)"
    r"|/usr/lib/(python3[^/]*|locale|girepository-1.0|gcc|valgrind|debug)/"
    r"|/usr/lib/x86_64-linux-gnu/(perl|perl5|perl-base|gconv|gio|girepository-1.0|audit|engines-3|ossl-modules)/"
    r"|/var/(cache|log|tmp|backups)/.|/var/lib/(apt|cache)/.|/usr/lib/x86_64-linux-gnu/perl-base/"
)
# Text that is kept whole.
WHOLE = re.compile(
    r"/etc/|/root/|/var/spool/cron/|/var/lib/(systemd|dkms|initramfs-tools|ucf)/"
    r"|/var/lib/dpkg/(diversions|statoverride|triggers/|alternatives/|arch)"
    r"|(/usr)?/lib/(systemd|udev/rules\.d|modprobe\.d|sysctl\.d|tmpfiles\.d|sysusers\.d|modules-load\.d"
    r"|binfmt\.d|environment\.d|init|lsb|rc|runit|kernel|pam\.d|dracut/dracut\.conf\.d|os-release|dhcpcd)(/|$)"
    r"|/usr/share/(initramfs-tools|dbus-1|openssh)/|/usr/lib/os-release"
    r"|/boot/(grub/[^/]*$|loader/|config-|extlinux/|syslinux/)"
)
ESP_TEXT = re.compile(r"\.(cfg|conf|txt|csv|nsh|srel)$", re.I)
MODULE_LISTS = re.compile(r"/modules\.(dep|builtin|builtin\.modinfo|softdep|order)$")
# Too long to be worth it, or secret by its kind.
LENGTH_ONLY = re.compile(
    r"/etc/ssh/moduli$|/usr/lib/systemd/catalog/|(/usr)?/lib/udev/hwdb|/etc/udev/hwdb\.bin|\.mo$|/boot/grub/unicode\.pf2$"
    r"|/boot/grub/(fonts|locale|themes|i386-pc|x86_64-efi)/|/boot/System\.map|/usr/share/grub/.*\.pf2$"
    r"|/var/lib/systemd/(catalog|coredump|random-seed)"
)
# Text that scripts may read as theirs.
SOURCED = re.compile(r"/(usr/)?(lib|libexec|bin|sbin)/|/usr/share/(debconf|ucf|lsb|bash)/|/usr/share/.*\.sh$|/usr/local/|/opt/|/srv/")
INITRD = re.compile(r"/boot/(.*/)?(initrd|initramfs)[^/]*$")
# Files of which the undamaged one is asked for, if there is one.
DAMAGED = re.compile(rf"{INITRD.pattern}|/boot/.*/EFI/Linux/[^/]*\.efi$")
MODULE = re.compile(r"\.(ko(\.(xz|zst|gz))?|mod)$")
SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----"
FIELDS = re.compile(rb"^(Description|Homepage|Tag|Maintainer|Original-Maintainer)(-md5)?:")
SMALL = 64 << 10


def extents(path, data, original=None):
    """The kept ranges of a file: offset and bytes; `data` may have been changed first.

    Returns the length that the file has in the manifest, and the ranges.
    """
    if not data:
        return 0, []
    whole = [(0, data)]
    if INITRD.match(path):
        small = cpio.shrink(data, original)
        return len(small), [(0, small)]
    if path == "/var/lib/dpkg/status":
        small = status(data)
        return len(small), [(0, small)]
    if path.startswith("/var/lib/dpkg/info/"):
        return dpkg_info(path, data)
    if data[0x1FE:0x200] == b"\x55\xaa" and data[0x202:0x206] == b"HdrS":
        return len(data), kernel(data)
    if data[:2] == b"MZ":
        return len(data), program(data, original)
    if LENGTH_ONLY.search(path) or MODULE.search(path):
        return len(data), []
    if data.startswith(b"\x7fELF"):
        marks = re.search(r"/(init|busybox|systemd|telinit|openrc-init|runit-init)$", path)
        loader = re.search(r"/(ld[^/]*\.so[^/]*|libc[.-][^/]*so[^/]*)$", path)
        return len(data), elf.extents(data, bool(marks), bool(loader))
    if SECRET in data[:64]:
        return len(data), [(0, SECRET + b"\n")]
    if MODULE_LISTS.search(path) or WHOLE.match(path) and len(data) < 1 << 20:
        return len(data), whole
    if path.startswith("/boot/efi/") and ESP_TEXT.search(path):
        return len(data), whole
    if data.startswith(b"#!"):
        line = data.split(b"\n", 1)[0] + b"\n"
        shell = re.match(rb"#!\s*(/usr)?/(s?bin)/(sh|bash|dash|openrc-run|env\s+(sh|bash)|busybox sh)\b", line)
        return len(data), whole if shell and len(data) <= SMALL else [(0, line[:256])]
    if SOURCED.match(path) and len(data) <= SMALL and b"\0" not in data:
        return len(data), whole
    return len(data), []


def status(data):
    """dpkg's status without the words that are for people."""
    out, skipping = [], False
    for line in data.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            skipping = FIELDS.match(line) is not None
        if not skipping:
            out.append(line)
    return b"\n".join(out)


def dpkg_info(path, data):
    """Lists of files, without those that no manifest has; of the rest only the length."""
    if not path.endswith(".list"):
        return len(data), []
    lines = [line for line in data.split(b"\n") if not is_left_out(line)]
    small = b"\n".join(lines)
    return len(small), [(0, small)]


def is_left_out(line):
    """Whether a line of a list names a file that no manifest has."""
    return line.startswith(b"/usr/share") or LEFT_OUT.search(line.decode(errors="replace")) is not None


def kernel(data):
    """An x86 kernel: its headers, its version, its sections, its signature."""
    kept = {0: data[:4096]}
    (at,) = struct.unpack_from("<H", data, 0x20E)
    at += 0x200
    kept[at] = data[at : data.find(b"\0", at) + 1]
    kept |= certificates(data)
    return elf.merged(kept)


def certificates(data):
    """The signature table of a PE file."""
    try:
        (pe,) = struct.unpack_from("<I", data, 0x3C)
        (magic,) = struct.unpack_from("<H", data, pe + 24)
        table = pe + 24 + (112 if magic == 0x20B else 96) + 4 * 8
        at, size = struct.unpack_from("<II", data, table)
    except struct.error:
        return {}
    return {at: data[at : at + size]} if size and at < len(data) else {}


def sections(data):
    """Name, place and length of the sections of a PE file."""
    try:
        (pe,) = struct.unpack_from("<I", data, 0x3C)
        count, size = struct.unpack_from("<H12xH", data, pe + 6)
        first = pe + 24 + size
        for index in range(count):
            name, virtual, _, raw, at = struct.unpack_from("<8sIIII", data, first + 40 * index)
            yield name.rstrip(b"\0").decode(errors="replace"), at, min(raw, virtual) or raw
    except struct.error:
        return


def program(data, original=None):
    """An EFI program: headers and the sections of text; of a unified kernel image also
    the heads of the kernel in it, and the initrd, packed again, with zeros behind it."""
    kept = {0: data[:4096]}
    for name, at, length in sections(data):
        if name in (".osrel", ".cmdline", ".uname", ".sbat", ".sdmagic", ".pcrpkey", ".dtb"):
            kept[at] = data[at : at + min(length, SMALL)]
        elif name == ".linux":
            for offset, piece in kernel(data[at : at + length]):
                kept[at + offset] = piece
        elif name == ".initrd" and at < len(data):
            before = original[at : at + length] if original else None
            kept[at] = cpio.shrink(data[at : at + length], before)
    return elf.merged(kept)
