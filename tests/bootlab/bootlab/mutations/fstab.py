"""fstab: what each field and option does under each init."""

from . import BAD, mutation

FSTAB = "/etc/fstab"


def line(tree, text, folder="/srv/data"):
    """Adds a line to fstab, with its mount point."""
    if folder:
        tree.mkdir(folder)
    tree.append(FSTAB, text + "\n")


def root_line(tree, text):
    """Replaces the line of the root."""
    tree.sub(FSTAB, r"^UUID=\S+ / .*$", text)


INITS = "systemd sysvinit openrc runit"

# Name, bases, link, belief, the line, what it is.
LINES = [
    ("fstab_bad_uuid", f"{INITS} trixie-systemd bullseye-systemd", "mounts", "EMERGENCY", f"UUID={BAD} /srv/data ext4 defaults 0 2", "data mount with a UUID that no disk has"),
    ("fstab_bad_uuid_pass0", INITS, "mounts", "EMERGENCY", f"UUID={BAD} /srv/data ext4 defaults 0 0", "the same with fsck pass 0"),
    ("fstab_bad_uuid_nofail", f"{INITS} trixie-systemd", "-", "OK", f"UUID={BAD} /srv/data ext4 defaults,nofail 0 2", "the same with nofail"),
    ("fstab_bad_uuid_noauto", INITS, "-", "OK", f"UUID={BAD} /srv/data ext4 defaults,noauto 0 2", "the same with noauto"),
    ("fstab_bad_uuid_noauto0", "sysvinit openrc", "-", "OK", f"UUID={BAD} /srv/data ext4 defaults,noauto 0 0", "the same with noauto and pass 0"),
    ("fstab_bad_uuid_netdev", "systemd sysvinit", "-", "OK", f"UUID={BAD} /srv/data ext4 defaults,_netdev 0 0", "the same with _netdev"),
    ("fstab_bad_uuid_automount", "systemd", "-", "OK", f"UUID={BAD} /srv/data ext4 defaults,x-systemd.automount 0 2", "the same with x-systemd.automount"),
    ("fstab_bad_uuid_timeout5", "systemd", "mounts", "EMERGENCY", f"UUID={BAD} /srv/data ext4 defaults,x-systemd.device-timeout=5s 0 2", "the same with a device timeout of 5 s"),
    ("fstab_bad_uuid_nofail_timeout", "systemd", "-", "OK", f"UUID={BAD} /srv/data ext4 nofail,x-systemd.device-timeout=1s 0 2", "nofail with a device timeout of 1 s"),
    ("fstab_bad_uuid_timeout0", "systemd", "mounts", "HANG", f"UUID={BAD} /srv/data ext4 defaults,x-systemd.device-timeout=0 0 2", "the same with an endless device timeout"),
    ("fstab_bad_label", "systemd", "mounts", "EMERGENCY", "LABEL=nothere /srv/data ext4 defaults 0 2", "data mount with a label that no disk has"),
    ("fstab_bad_device", "systemd sysvinit", "mounts", "EMERGENCY", "/dev/sdz1 /srv/data ext4 defaults 0 2", "data mount of a device that is not there"),
    ("fstab_bad_mapper", "systemd", "mounts", "EMERGENCY", "/dev/mapper/vg-data /srv/data ext4 defaults 0 2", "data mount of a logical volume that is not there"),
    ("fstab_bad_partuuid", "systemd", "mounts", "EMERGENCY", f"PARTUUID={BAD} /srv/data ext4 defaults 0 2", "data mount with a PARTUUID that no disk has"),
    ("fstab_bad_swap", f"{INITS} bullseye-systemd trixie-systemd", "-", "OK", f"UUID={BAD} none swap sw 0 0", "swap on a UUID that no disk has"),
    ("fstab_bad_swap_nofail", "systemd", "-", "OK", f"UUID={BAD} none swap sw,nofail 0 0", "the same with nofail"),
    ("fstab_swap_file_gone", "systemd sysvinit", "-", "DEGRADED", "/swapfile none swap sw 0 0", "swap on a file that is not there"),
    ("fstab_bad_option", INITS, "mounts", "EMERGENCY", "tmpfs /srv/data tmpfs nosuchoption 0 0", "a tmpfs mount with an unknown option"),
    ("fstab_bad_option_nofail", "systemd", "-", "DEGRADED", "tmpfs /srv/data tmpfs nosuchoption,nofail 0 0", "the same with nofail"),
    ("fstab_x_option_unknown", "systemd", "-", "OK", "tmpfs /srv/data tmpfs x-mine.comment=1,size=10m 0 0", "a tmpfs mount with an unknown x- option"),
    ("fstab_fstype_unknown", "systemd sysvinit", "mounts", "EMERGENCY", "none /srv/data nosuchfs defaults 0 0", "a mount with a file-system type nobody has"),
    ("fstab_fstype_auto_tmpfs", "systemd", "mounts", "EMERGENCY", "tmpfs /srv/data auto defaults 0 0", "a tmpfs mount whose type says auto"),
    ("fstab_bind_gone", "systemd sysvinit", "-", "OK", "/srv/not-there /srv/data none bind 0 0", "a bind mount whose source does not exist"),
    ("fstab_nfs_dead", "systemd sysvinit", "-", "DEGRADED", "198.51.100.9:/export /srv/data nfs defaults 0 0", "an NFS mount, no helper for it and no answer"),
    ("fstab_cifs_no_helper", "systemd", "-", "DEGRADED", "//198.51.100.9/share /srv/data cifs guest 0 0", "a CIFS mount without its helper"),
    ("fstab_fuse_no_helper", "systemd", "mounts", "EMERGENCY", "sshfs#me@there:/ /srv/data fuse defaults 0 0", "a FUSE mount without its helper"),
    ("fstab_xfs_no_fsck", "systemd", "mounts", "EMERGENCY", f"UUID={BAD} /srv/data xfs defaults 0 2", "an absent XFS, no tools for it installed"),
    ("fstab_overlay_gone", "systemd", "mounts", "EMERGENCY", "overlay /srv/data overlay lowerdir=/srv/l,upperdir=/srv/u,workdir=/srv/w 0 0", "an overlay whose folders do not exist"),
    ("fstab_loop_gone", "systemd", "mounts", "EMERGENCY", "/srv/image.iso /srv/data iso9660 loop,ro 0 0", "a loop mount of a file that is not there"),
    ("fstab_relative", "systemd sysvinit", "-", "OK", "tmpfs srv/data tmpfs defaults 0 0", "a mount point that does not begin with a slash"),
    ("fstab_requires_missing", "systemd", "mounts", "EMERGENCY", "tmpfs /srv/data tmpfs x-systemd.requires=gone.service 0 0", "x-systemd.requires= of a unit that does not exist"),
    ("fstab_after_missing", "systemd", "-", "OK", "tmpfs /srv/data tmpfs x-systemd.after=gone.service 0 0", "x-systemd.after= of a unit that does not exist"),
    ("fstab_two_fields", "systemd sysvinit", "mounts", "OK", "tmpfs /srv/data", "a line with two fields"),
    ("fstab_three_fields", "systemd", "-", "OK", "tmpfs /srv/data tmpfs", "a line with three fields"),
    ("fstab_one_field", "systemd", "-", "OK", "tmpfs", "a line with one field"),
    ("fstab_garbage_line", f"{INITS}", "-", "OK", "this is not a mount", "a line of plain text in fstab"),
    ("fstab_space_in_path", "systemd", "mounts", "OK", "tmpfs /srv/my data tmpfs defaults 0 0", "an unescaped blank in the mount point"),
    ("fstab_escaped_space", "systemd", "-", "OK", "tmpfs /srv/my\\040data tmpfs defaults 0 0", "a blank in the mount point, escaped"),
    ("fstab_quoted_uuid", "systemd", "mounts", "EMERGENCY", f'UUID="{BAD}" /srv/data ext4 defaults,nofail 0 2', "a quoted UUID that no disk has, with nofail"),
    ("fstab_proc_again", "systemd sysvinit", "-", "OK", "proc /proc proc defaults,hidepid=2 0 0", "proc with hidepid=2"),
    ("fstab_tmp_small", "systemd", "-", "OK", "tmpfs /tmp tmpfs nosuid,nodev,noexec,size=10m 0 0", "a small noexec /tmp"),
    ("fstab_var_tmpfs", "systemd", "-", "OK", "tmpfs /var tmpfs defaults 0 0", "/var on tmpfs"),
    ("fstab_home_readonly_bind", "systemd", "-", "OK", "/root /root none bind,ro 0 0", "/root bound on itself, read-only"),
    ("fstab_run_small", "systemd", "-", "DEGRADED", "tmpfs /run tmpfs size=64k,mode=755 0 0", "/run limited to 64 KiB"),
    ("fstab_usr_bad_uuid", "systemd sysvinit", "mounts", "INITRAMFS-SHELL", f"UUID={BAD} /usr ext4 defaults 0 2", "/usr on a UUID that no disk has"),
    ("fstab_usr_bad_uuid_nofail", "systemd", "mounts", "INITRAMFS-SHELL", f"UUID={BAD} /usr ext4 defaults,nofail 0 2", "the same with nofail"),
    ("fstab_boot_bad_uuid", "systemd", "mounts", "EMERGENCY", f"UUID={BAD} /boot ext4 defaults 0 2", "/boot on a UUID that no disk has"),
    ("fstab_var_bad_uuid_nofail", "systemd", "-", "OK", f"UUID={BAD} /var ext4 defaults,nofail 0 2", "/var on a UUID that no disk has, with nofail"),
    ("fstab_root_twice", "systemd", "-", "OK", f"UUID={BAD} / ext4 defaults 0 1", "a second line for /, of a disk that is not there"),
    ("fstab_nested_parent_late", "sysvinit", "-", "OK", "tmpfs /srv/data/deep tmpfs defaults 0 0\ntmpfs /srv/data tmpfs defaults 0 0", "a parent listed after its child"),
    ("fstab_nested_under_nofail", "systemd", "mounts", "EMERGENCY", f"UUID={BAD} /srv/data ext4 nofail 0 2\ntmpfs /srv/data/deep tmpfs defaults 0 0", "a mount below one that is absent and nofail"),
    ("fstab_duplicate", "systemd", "-", "OK", "tmpfs /srv/data tmpfs defaults 0 0\ntmpfs /srv/data tmpfs size=1m 0 0", "the same mount point twice"),
    ("fstab_growfs_tmpfs", "systemd", "-", "DEGRADED", "tmpfs /srv/data tmpfs x-systemd.growfs 0 0", "x-systemd.growfs on tmpfs"),
]

for _name, _bases, _link, _believed, _line, _what in LINES:

    @mutation(_name, _bases, _link, _believed, _what)
    def _(tree, text=_line):
        line(tree, text)


@mutation("fstab_mount_point_missing", INITS, "-", "OK", "a tmpfs whose mount point does not exist")
def _(tree):
    line(tree, "tmpfs /srv/new/place tmpfs defaults 0 0", None)


@mutation("fstab_mount_point_is_file", "systemd", "mounts", "EMERGENCY", "a tmpfs whose mount point is a file")
def _(tree):
    tree.write("/srv/data", "")
    line(tree, "tmpfs /srv/data tmpfs defaults 0 0", None)


@mutation("fstab_mount_point_link", "systemd", "-", "OK", "a tmpfs whose mount point is a link to a folder")
def _(tree):
    tree.mkdir("/srv/real")
    tree.link("/srv/data", "real")
    line(tree, "tmpfs /srv/data tmpfs defaults 0 0", None)


@mutation("fstab_root_uuid_wrong", INITS, "mounts", "ROOT-RO", "the / line has a wrong UUID (command line is right)")
def _(tree):
    root_line(tree, f"UUID={BAD} / ext4 errors=remount-ro 0 1")


@mutation("fstab_root_uuid_wrong_pass0", "systemd sysvinit", "mounts", "ROOT-RO", "the same with fsck pass 0")
def _(tree):
    root_line(tree, f"UUID={BAD} / ext4 errors=remount-ro 0 0")


@mutation("fstab_root_opt_bad", INITS, "mounts", "ROOT-RO", "the / line has an unknown mount option")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root')} / ext4 nosuchoption 0 1")


@mutation("fstab_root_ro", INITS, "mounts", "ROOT-RO", "the / line says ro")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root')} / ext4 ro,errors=remount-ro 0 1")


@mutation("fstab_root_noexec", "systemd sysvinit", "mounts", "HANG", "the / line says noexec")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root')} / ext4 noexec,errors=remount-ro 0 1")


@mutation("fstab_root_nofail", "systemd", "-", "OK", "the / line says nofail,noauto")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root')} / ext4 nofail,noauto 0 1")


@mutation("fstab_root_type_wrong", "systemd sysvinit", "-", "OK", "the / line says xfs")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root')} / xfs defaults 0 1")


@mutation("fstab_root_device_other", "systemd sysvinit", "mounts", "ROOT-RO", "the / line names /dev/sda1, an old disk")
def _(tree):
    root_line(tree, "/dev/sda1 / ext4 errors=remount-ro 0 1")


@mutation("fstab_root_label", "systemd", "-", "OK", "the / line names the root by its label")
def _(tree):
    root_line(tree, "LABEL=root / ext4 errors=remount-ro 0 1")


@mutation("fstab_root_uppercase_uuid", "systemd", "mounts", "ROOT-RO", "the / line's UUID in capital letters")
def _(tree):
    root_line(tree, f"UUID={tree.base.uuid('root').upper()} / ext4 errors=remount-ro 0 1")


@mutation("fstab_root_line_gone", INITS, "mounts", "ROOT-RO", "no line for / in fstab, a comment only")
def _(tree):
    tree.write(FSTAB, "# nothing here\n")


@mutation("fstab_gone", f"{INITS} trixie-systemd bullseye-systemd", "mounts", "ROOT-RO", "no /etc/fstab")
def _(tree):
    tree.remove(FSTAB)


@mutation("fstab_empty", "systemd", "mounts", "ROOT-RO", "/etc/fstab is empty")
def _(tree):
    tree.write(FSTAB, "")


@mutation("fstab_directory", "systemd", "mounts", "ROOT-RO", "/etc/fstab is a folder")
def _(tree):
    tree.remove(FSTAB)
    tree.mkdir(FSTAB)


@mutation("fstab_crlf", f"{INITS}", "-", "OK", "fstab with CRLF line ends and one tmpfs line")
def _(tree):
    line(tree, "tmpfs /srv/data tmpfs defaults 0 0")
    tree.write(FSTAB, tree.read(FSTAB).replace("\n", "\r\n"))


@mutation("fstab_crlf_nofail", "systemd", "mounts", "EMERGENCY", "a four-field CRLF line that ends in nofail, the disk is absent")
def _(tree):
    line(tree, f"UUID={BAD} /srv/data ext4 nofail\r")


@mutation("fstab_bom", "systemd sysvinit", "-", "OK", "fstab begins with a byte order mark")
def _(tree):
    tree.write(FSTAB, b"\xef\xbb\xbf" + tree.bytes(FSTAB))


@mutation("fstab_no_newline", "systemd", "-", "OK", "fstab without a line break at its end")
def _(tree):
    tree.write(FSTAB, tree.read(FSTAB).rstrip("\n"))


@mutation("fstab_one_line", "systemd", "mounts", "ROOT-RO", "fstab's lines joined to one by a broken editor")
def _(tree):
    tree.write(FSTAB, tree.read(FSTAB).replace("\n", " "))


@mutation("mount_unit_bad", "systemd", "-", "DEGRADED", "an enabled mount unit of a device that is not there, wanted by multi-user")
def _(tree):
    text = f"[Unit]\nDescription=data\n[Mount]\nWhat=/dev/disk/by-uuid/{BAD}\nWhere=/srv/data\nType=ext4\n"
    tree.write("/etc/systemd/system/srv-data.mount", text)
    tree.link("/etc/systemd/system/multi-user.target.wants/srv-data.mount", "/etc/systemd/system/srv-data.mount")


@mutation("mount_unit_local_fs", "systemd", "mounts", "EMERGENCY", "the same, required by local-fs.target")
def _(tree):
    text = f"[Unit]\nDescription=data\n[Mount]\nWhat=/dev/disk/by-uuid/{BAD}\nWhere=/srv/data\nType=ext4\n"
    tree.write("/etc/systemd/system/srv-data.mount", text)
    tree.link("/etc/systemd/system/local-fs.target.requires/srv-data.mount", "/etc/systemd/system/srv-data.mount")


@mutation("mount_unit_wrong_name", "systemd", "-", "OK", "an enabled mount unit whose name does not fit its Where=")
def _(tree):
    text = "[Unit]\nDescription=data\n[Mount]\nWhat=tmpfs\nWhere=/srv/other\nType=tmpfs\n"
    tree.write("/etc/systemd/system/srv-data.mount", text)
    tree.link("/etc/systemd/system/local-fs.target.wants/srv-data.mount", "/etc/systemd/system/srv-data.mount")
