"""What the boot loader would start, for machines that are booted without one.

A tiny emulation: the first entry of GRUB's configuration, or the first of a boot
loader specification. Trees whose loader is damaged are booted through the loader.
"""

import re


def default_entry(tree):
    """Kernel path, initrd path (or None) and command line of the first entry."""
    if tree.exists("/boot/grub/grub.cfg"):
        return grub(tree)
    entries = sorted(tree.at("/boot/efi/loader/entries").glob("*.conf"))
    fields = dict(
        line.split(None, 1) for line in entries[-1].read_text().splitlines() if " " in line
    )
    initrd = fields.get("initrd")
    return "/boot/efi" + fields["linux"], initrd and "/boot/efi" + initrd, fields["options"]


def grub(tree):
    """The first entry of grub.cfg."""
    text = tree.read("/boot/grub/grub.cfg")
    entry = text[text.index("\nmenuentry ") :]
    entry = entry[: entry.index("\n}\n")]
    linux = re.search(r"(?m)^\s*linux\s+(\S+)(.*)$", entry)
    initrd = re.search(r"(?m)^\s*initrd\s+(\S+)", entry)
    # On a partition of its own, /boot is GRUB's root.
    prefix = "" if linux[1].startswith("/boot/") else "/boot"
    return prefix + linux[1], initrd and prefix + initrd[1], linux[2].strip()
