"""Boot loaders: GRUB on BIOS and UEFI, systemd-boot, what stands on the ESP."""

import re

from . import BAD, mutation

CFG = "/boot/grub/grub.cfg"
BIOS = "systemd:bios"
ESP = "/boot/efi"


def default(tree, value):
    """Sets the default entry where nothing else does."""
    tree.sub(CFG, r'^   set default="0"$', f'   set default="{value}"')


def second_entry(tree, title="Rescue", more="systemd.unit=rescue.target", kernel=None):
    """Adds an entry by hand, at the end."""
    first = re.search(r"\nmenuentry .*?\n}\n", tree.read(CFG), re.S)[0]
    entry = re.sub(r"menuentry '[^']*'", f"menuentry '{title}'", first, count=1)
    entry = re.sub(r"option '[^']*'", f"option '{title.lower()}'", entry, count=1)
    entry = re.sub(r"(\n\s*linux\s.*)", rf"\1 {more}", entry, count=1)
    if kernel:
        entry = re.sub(r"(\n\s*linux\s+)\S+", rf"\1{kernel}", entry, count=1)
    tree.append(CFG, entry)


def env(*lines):
    """A block of GRUB's environment."""
    text = "# GRUB Environment Block\n" + "".join(f"{line}\n" for line in lines)
    return text + "#" * (1024 - len(text))


@mutation("bios_cfg_gone", BIOS, "loader", "LOADER-PROMPT", "no grub.cfg")
def _(tree):
    tree.remove(CFG)


@mutation("bios_cfg_empty", BIOS, "loader", "LOADER-PROMPT", "grub.cfg is empty")
def _(tree):
    tree.write(CFG, "")


@mutation("bios_cfg_truncated", BIOS, "loader", "LOADER-PROMPT", "grub.cfg cut in the middle of the first menu entry")
def _(tree):
    text = tree.read(CFG)
    tree.write(CFG, text[: text.index("\tlinux\t") + 20])


@mutation("bios_cfg_cut_late", BIOS, "-", "OK", "grub.cfg cut after its last menu entry")
def _(tree):
    text = tree.read(CFG)
    tree.write(CFG, text[: text.index("### END /etc/grub.d/10_linux")])


@mutation("bios_cfg_no_entries", BIOS, "loader", "LOADER-PROMPT", "grub.cfg without menu entries (update-grub saw no kernel)")
def _(tree):
    text = tree.read(CFG)
    start, end = text.index("menuentry 'Debian"), text.index("### END /etc/grub.d/10_linux")
    tree.write(CFG, text[:start] + text[end:])


@mutation("bios_cfg_brace_missing", BIOS, "loader", "LOADER-PROMPT", "grub.cfg lacks a closing brace")
def _(tree):
    text = tree.read(CFG)
    tree.write(CFG, text.replace("\n}\nsubmenu", "\nsubmenu", 1))


@mutation("bios_cfg_new_left", BIOS, "-", "OK", "a grub.cfg.new was left behind")
def _(tree):
    tree.write("/boot/grub/grub.cfg.new", "menuentry {\n")


@mutation("bios_grub_dir_gone", BIOS, "loader", "LOADER-PROMPT", "/boot/grub removed")
def _(tree):
    tree.remove("/boot/grub")


@mutation("bios_modules_gone", BIOS, "loader", "LOADER-PROMPT", "/boot/grub/i386-pc removed")
def _(tree):
    tree.remove("/boot/grub/i386-pc")


@mutation("bios_normal_mod_gone", BIOS, "loader", "LOADER-PROMPT", "GRUB's normal.mod removed")
def _(tree):
    tree.remove("/boot/grub/i386-pc/normal.mod")


@mutation("bios_linux_mod_gone", BIOS, "loader", "LOADER-PROMPT", "GRUB's linux.mod removed")
def _(tree):
    tree.remove("/boot/grub/i386-pc/linux.mod")


@mutation("bios_default_99", BIOS, "-", "OK", 'default="99" with two entries')
def _(tree):
    default(tree, "99")


@mutation("bios_default_text", BIOS, "-", "OK", 'default="No Such Entry"')
def _(tree):
    default(tree, "No Such Entry")


@mutation("bios_default_title", BIOS, "target", "RESCUE", "default names a rescue entry by its title")
def _(tree):
    second_entry(tree)
    default(tree, "Rescue")


@mutation("bios_default_number", BIOS, "target", "RESCUE", "default names a rescue entry by its number")
def _(tree):
    second_entry(tree)
    default(tree, "2")


@mutation("bios_default_digit_title", BIOS, "-", "OK", "default is a title that begins with a digit: it is read as a number")
def _(tree):
    second_entry(tree, "0x rescue")
    default(tree, "0x rescue")


@mutation("bios_default_submenu", BIOS, "-", "OK", "default is the first entry of the submenu, by number")
def _(tree):
    default(tree, "1>0")


@mutation("bios_default_recovery", BIOS, "target", "RESCUE", "default is the recovery entry of the submenu")
def _(tree):
    default(tree, "1>1")


@mutation("bios_default_submenu_bare", BIOS, "-", "OK", "default is the submenu itself")
def _(tree):
    default(tree, "1")


@mutation("bios_default_sub_title_bare", BIOS, "-", "OK", "default is the title of an entry in the submenu, without the submenu")
def _(tree):
    version = tree.version()
    default(tree, f"Debian GNU/Linux, with Linux {version} (recovery mode)")


@mutation("bios_saved_entry", BIOS, "target", "RESCUE", "default is saved, grubenv has a rescue entry saved")
def _(tree):
    second_entry(tree)
    tree.sub(CFG, r'^   set default="0"$', '   set default="${saved_entry}"')
    tree.write("/boot/grub/grubenv", env("saved_entry=Rescue"))


@mutation("bios_saved_gone", BIOS, "-", "OK", "default is saved, grubenv names an entry that is not there")
def _(tree):
    tree.sub(CFG, r'^   set default="0"$', '   set default="${saved_entry}"')
    tree.write("/boot/grub/grubenv", env("saved_entry=Old kernel"))


@mutation("bios_next_entry", BIOS, "target", "RESCUE", "grubenv has a rescue entry as the next one")
def _(tree):
    second_entry(tree)
    tree.write("/boot/grub/grubenv", env("next_entry=Rescue"))


@mutation("bios_grubenv_zero", BIOS, "-", "OK", "grubenv is empty")
def _(tree):
    tree.write("/boot/grub/grubenv", "")


@mutation("bios_grubenv_garbage", BIOS, "-", "OK", "grubenv has no signature")
def _(tree):
    tree.write("/boot/grub/grubenv", "\x01" * 1024)


@mutation("bios_grubenv_short", BIOS, "-", "OK", "grubenv is 100 bytes long")
def _(tree):
    tree.write("/boot/grub/grubenv", env("a=b")[:100])


@mutation("bios_timeout_forever", BIOS, "loader", "LOADER-PROMPT", "timeout=-1: the menu waits for ever")
def _(tree):
    tree.sub(CFG, r"^(\s*)set timeout=1$", r"\1set timeout=-1")


@mutation("bios_timeout_unset", BIOS, "loader", "LOADER-PROMPT", "no timeout is set")
def _(tree):
    tree.sub(CFG, r"^\s*set timeout(_style)?=\w+$", "true")


@mutation("bios_timeout_20", BIOS, "-", "OK", "timeout=20")
def _(tree):
    tree.sub(CFG, r"^(\s*)set timeout=1$", r"\1set timeout=20")


@mutation("bios_recordfail", BIOS, "-", "OK", "recordfail=1 in grubenv")
def _(tree):
    tree.write("/boot/grub/grubenv", env("recordfail=1"))


@mutation("bios_superusers", BIOS, "loader", "LOADER-PROMPT", "superusers set, entries are not unrestricted")
def _(tree):
    text = tree.read(CFG)
    tree.write(CFG, 'set superusers="admin"\npassword admin secret\n' + text)


@mutation("bios_superusers_unrestricted", BIOS, "-", "OK", "superusers set, the entries are unrestricted")
def _(tree):
    text = tree.read(CFG).replace("--class debian", "--unrestricted --class debian")
    tree.write(CFG, 'set superusers="admin"\npassword admin secret\n' + text)


@mutation("bios_fallback", BIOS, "-", "OK", "the default entry's kernel is gone, fallback names one that is there")
def _(tree):
    second_entry(tree, "Second", "nothing=1")
    text = tree.read(CFG).replace("/boot/vmlinuz-", "/boot/no-vmlinuz-", 1)
    tree.write(CFG, 'set fallback="2"\n' + text)


@mutation("bios_fallback_missing", BIOS, "kernel", "LOADER-PROMPT", "the first entry's kernel is gone and there is no fallback")
def _(tree):
    text = tree.read(CFG).replace("/boot/vmlinuz-", "/boot/no-vmlinuz-", 1)
    tree.write(CFG, text)


@mutation("bios_root_uuid", BIOS, "root", "INITRAMFS-SHELL", "root= has a wrong UUID (search is right)")
def _(tree):
    tree.sub(CFG, rf"root=UUID={tree.base.uuid('root')}", f"root=UUID={BAD}")


@mutation("bios_search_uuid", BIOS, "-", "OK", "search has a wrong UUID (root= is right)")
def _(tree):
    tree.sub(CFG, rf"^(\s*search .*){tree.base.uuid('root')}", rf"\g<1>{BAD}")


@mutation("bios_search_and_set_wrong", BIOS, "loader", "LOADER-PROMPT", "search has a wrong UUID and set root names another partition")
def _(tree):
    tree.sub(CFG, rf"^(\s*search .*){tree.base.uuid('root')}", rf"\g<1>{BAD}")
    tree.sub(CFG, r"set root='hd0,gpt2'", "set root='hd0,gpt5'")


@mutation("bios_initrd_line_gone", BIOS, "initrd", "PANIC", "the entries have no initrd line")
def _(tree):
    tree.sub(CFG, r"^\s*initrd\s.*$", "")


@mutation("bios_initrd_path_wrong", BIOS, "initrd", "PANIC", "the entries name an initrd that is not there")
def _(tree):
    tree.sub(CFG, r"(\n\s*initrd\s+/boot/)initrd", r"\1old-initrd")


@mutation("bios_initrd_zero", BIOS, "initrd", "PANIC", "the initrd is empty")
def _(tree):
    tree.truncate(tree.initrd(), 0)


@mutation("bios_etc_default_grub", BIOS, "-", "OK", "GRUB_DEFAULT nonsense in /etc/default/grub, grub.cfg not regenerated")
def _(tree):
    tree.sub("/etc/default/grub", r"^GRUB_DEFAULT=0", 'GRUB_DEFAULT="((("')


@mutation("bios_custom_cfg", BIOS, "target", "RESCUE", "custom.cfg sets another default")
def _(tree):
    second_entry(tree)
    tree.write("/boot/grub/custom.cfg", "set default=2\n")


@mutation("bios_unknown_command", BIOS, "-", "OK", "the entry runs a command that GRUB does not know")
def _(tree):
    tree.sub(CFG, r"^(\s*)load_video$", r"\1load_video\n\1nosuchcommand")


@mutation("bios_boot_code_zeroed", BIOS, "loader", "HANG", "GRUB's core image overwritten", disk=lambda base, image: overwrite(image, 1 << 20, 1 << 16))
def _(tree):
    del tree


@mutation("bios_mbr_zeroed", BIOS, "loader", "LOADER-PROMPT", "the boot code in the MBR overwritten with zeros", disk=lambda base, image: overwrite(image, 0, 440))
def _(tree):
    del tree


def overwrite(image, at, length):
    """Puts zeros on a disk."""
    with open(image, "r+b") as disk:
        disk.seek(at)
        disk.write(bytes(length))


@mutation("bios_core_img_file_gone", BIOS, "-", "OK", "core.img and boot.img removed from /boot/grub/i386-pc, the disk has them")
def _(tree):
    tree.remove("/boot/grub/i386-pc/core.img", "/boot/grub/i386-pc/boot.img")


@mutation("uefi_cfg_gone", "uefi", "loader", "LOADER-PROMPT", "no grub.cfg in /boot/grub")
def _(tree):
    tree.remove(CFG)


@mutation("uefi_stub_gone", "uefi", "loader", "LOADER-PROMPT", "no grub.cfg on the ESP")
def _(tree):
    tree.remove(f"{ESP}/EFI/debian/grub.cfg", f"{ESP}/EFI/BOOT/grub.cfg")


@mutation("uefi_stub_uuid_wrong", "uefi", "loader", "LOADER-PROMPT", "grub.cfg on the ESP names a UUID that no disk has")
def _(tree):
    for name in ("debian", "BOOT"):
        path = f"{ESP}/EFI/{name}/grub.cfg"
        tree.sub(path, tree.base.uuid("root"), BAD)


@mutation("uefi_fallback_gone", "uefi", "loader", "LOADER-PROMPT", "no EFI/BOOT on the ESP, and the firmware remembers nothing")
def _(tree):
    tree.remove(f"{ESP}/EFI/BOOT")


@mutation("uefi_vendor_gone", "uefi", "loader", "LOADER-PROMPT", "no EFI/debian on the ESP")
def _(tree):
    tree.remove(f"{ESP}/EFI/debian")


@mutation("uefi_grub_binary_gone", "uefi", "loader", "LOADER-PROMPT", "grubx64.efi removed from the ESP, shim is there")
def _(tree):
    tree.remove(f"{ESP}/EFI/BOOT/grubx64.efi", f"{ESP}/EFI/debian/grubx64.efi")


@mutation("uefi_shim_zero", "uefi", "loader", "LOADER-PROMPT", "BOOTX64.EFI is empty")
def _(tree):
    tree.truncate(f"{ESP}/EFI/BOOT/BOOTX64.EFI", 0)


@mutation("uefi_esp_empty", "uefi", "loader", "LOADER-PROMPT", "nothing on the ESP")
def _(tree):
    tree.empty_folder(ESP)


@mutation("uefi_root_uuid_changed", "uefi", "loader", "LOADER-PROMPT", "the root got a new UUID, ESP and grub.cfg did not", disk=lambda base, image: new_uuid(base, image))
def _(tree):
    del tree


def new_uuid(base, image):
    """Gives the root another UUID."""
    from ..image import parts
    from ..paths import run

    for _, part, at, _ in parts(base):
        if part.name == "root":
            run("debugfs", "-w", "-R", f"set_super_value uuid {BAD}", f"{image}?offset={at}")


@mutation("uefi_esp_not_in_fstab", "uefi", "-", "OK", "no line for the ESP in fstab")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /boot/efi .*\n", "")


@mutation("uefi_esp_uuid_wrong_in_fstab", "uefi", "mounts", "EMERGENCY", "the ESP's line in fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ /boot/efi ", "UUID=DEAD-BEEF /boot/efi ")


@mutation("uefi_vfat_module_gone", "uefi", "mounts", "EMERGENCY", "the module vfat removed: the ESP cannot be mounted")
def _(tree):
    for path in tree.at(f"/usr/lib/modules/{tree.version()}").rglob("vfat.ko*"):
        path.unlink()


def entry(tree):
    """The only entry of the boot loader specification."""
    [path] = tree.at(f"{ESP}/loader/entries").glob("*.conf")
    return f"{ESP}/loader/entries/{path.name}"


@mutation("sdboot_entries_gone", "sdboot", "loader", "LOADER-PROMPT", "no entries on the ESP")
def _(tree):
    tree.empty_folder(f"{ESP}/loader/entries")


@mutation("sdboot_kernel_gone", "sdboot", "loader", "LOADER-PROMPT", "the entry's kernel is gone, and systemd-boot leaves such an entry out")
def _(tree):
    for path in tree.at(ESP).glob("*/*/linux"):
        path.unlink()


@mutation("sdboot_kernel_zero", "sdboot", "kernel", "LOADER-PROMPT", "the entry's kernel is empty")
def _(tree):
    for path in tree.at(ESP).glob("*/*/linux"):
        path.write_bytes(b"")


@mutation("sdboot_initrd_gone", "sdboot", "initrd", "LOADER-PROMPT", "the entry's initrd is gone")
def _(tree):
    for path in tree.at(ESP).glob("*/*/initrd*"):
        path.unlink()


@mutation("sdboot_initrd_zero", "sdboot", "initrd", "PANIC", "the entry's initrd is empty")
def _(tree):
    for path in tree.at(ESP).glob("*/*/initrd*"):
        path.write_bytes(b"")


@mutation("sdboot_initrd_line_gone", "sdboot", "initrd", "PANIC", "the entry has no initrd line")
def _(tree):
    tree.sub(entry(tree), r"^initrd.*\n", "")


@mutation("sdboot_root_uuid_wrong", "sdboot", "root", "INITRAMFS-SHELL", "the entry's root= is wrong")
def _(tree):
    tree.sub(entry(tree), tree.base.uuid("root"), BAD)


@mutation("sdboot_options_gone", "sdboot", "root", "INITRAMFS-SHELL", "the entry's options have no root=")
def _(tree):
    tree.sub(entry(tree), r"^options.*$", "options console=ttyS0,115200")


@mutation("sdboot_default_none", "sdboot", "-", "OK", "loader.conf names a default that matches nothing")
def _(tree):
    tree.write(f"{ESP}/loader/loader.conf", "timeout 1\ndefault nothing-*\n")


@mutation("sdboot_loader_conf_gone", "sdboot", "-", "OK", "no loader.conf")
def _(tree):
    tree.remove(f"{ESP}/loader/loader.conf")


@mutation("sdboot_timeout_force", "sdboot", "loader", "LOADER-PROMPT", "loader.conf: timeout menu-force")
def _(tree):
    tree.write(f"{ESP}/loader/loader.conf", "timeout menu-force\n")


@mutation("sdboot_entry_suffix", "sdboot", "loader", "LOADER-PROMPT", "the entry's file is called .conf.bak")
def _(tree):
    path = tree.at(entry(tree))
    path.rename(path.with_name(path.name + ".bak"))


@mutation("sdboot_counter_exhausted", "sdboot", "-", "OK", "the only entry's boot counter is used up")
def _(tree):
    path = tree.at(entry(tree))
    path.rename(path.with_name(path.name.replace(".conf", "+0-3.conf")))


@mutation("sdboot_binary_gone", "sdboot", "loader", "LOADER-PROMPT", "EFI/BOOT/BOOTX64.EFI removed")
def _(tree):
    tree.remove(f"{ESP}/EFI/BOOT/BOOTX64.EFI")


@mutation("sdboot_binary_copy_gone", "sdboot", "-", "OK", "EFI/systemd removed, EFI/BOOT is there")
def _(tree):
    tree.remove(f"{ESP}/EFI/systemd")


@mutation("sdboot_architecture", "sdboot", "loader", "LOADER-PROMPT", "the entry is for another architecture")
def _(tree):
    tree.append(entry(tree), "architecture aa64\n")


@mutation("sdboot_second_entry_newer", "sdboot", "target", "RESCUE", "a second entry of a higher version starts the rescue target")
def _(tree):
    text = tree.read(entry(tree)).replace("\nversion ", "\nversion 9")
    text = re.sub(r"(?m)^version .*$", "version    9.9.9", text)
    text = re.sub(r"(?m)^(options.*)$", r"\1 systemd.unit=rescue.target", text)
    tree.write(f"{ESP}/loader/entries/zz-9.9.9.conf", text)


@mutation("uki_gone", "trixie-uki", "loader", "LOADER-PROMPT", "the unified kernel image removed")
def _(tree):
    tree.empty_folder(f"{ESP}/EFI/Linux")


@mutation("uki_truncated", "trixie-uki", "kernel", "LOADER-PROMPT", "the unified kernel image cut in half")
def _(tree):
    [path] = tree.at(f"{ESP}/EFI/Linux").glob("*.efi")
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


@mutation("uki_cmdline_wrong", "trixie-uki", "root", "INITRAMFS-SHELL", "the command line in the unified kernel image has a wrong root=")
def _(tree):
    [path] = tree.at(f"{ESP}/EFI/Linux").glob("*.efi")
    data = path.read_bytes().replace(tree.base.uuid("root").encode(), BAD.encode())
    path.write_bytes(data)
