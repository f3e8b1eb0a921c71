"""Packages taken away or left half done, as an interrupted upgrade leaves them."""

from . import mutation

STATUS = "/var/lib/dpkg/status"


def state(tree, package, words):
    """Sets the state of a package in dpkg's status."""
    tree.sub(STATUS, rf"^(Package: {package}\nStatus: ).*$", rf"\1{words}")


PURGES = [
    ("udev_purged", "systemd sysvinit", "access", "NO-LOGIN", "udev"),
    ("initramfs_tools_purged", "systemd", "-", "OK", "initramfs-tools"),
    ("dbus_purged", "systemd", "-", "DEGRADED", "dbus"),
    ("ifupdown_purged", "systemd sysvinit", "network", "NO-NETWORK", "ifupdown"),
    ("openssh_server_purged", "systemd", "access", "NO-SSH", "openssh-server"),
    ("util_linux_purged", "systemd", "access", "NO-LOGIN", "util-linux"),
    ("mount_purged", "systemd sysvinit", "mounts", "ROOT-RO", "mount"),
    ("kmod_purged", "systemd", "-", "OK", "kmod"),
    ("login_purged", "systemd", "access", "NO-LOGIN", "login"),
    ("grub_pc_purged", "systemd", "-", "OK", "grub-pc"),
    ("e2fsprogs_purged", "systemd sysvinit", "-", "OK", "e2fsprogs"),
    ("coreutils_purged", "systemd sysvinit", "-", "OK", "coreutils"),
    ("dash_purged", "systemd", "init", "NO-LOGIN", "dash"),
    ("rsyslog_purged", "systemd", "-", "OK", "rsyslog"),
    ("libpam_systemd_purged", "systemd", "-", "OK", "libpam-systemd"),
    ("systemd_purged", "systemd", "init", "SHELL-PID1", "systemd"),
]
for _name, _bases, _link, _believed, _package in PURGES:

    @mutation(_name, _bases, _link, _believed, f"package {_package} removed by dpkg, dependencies or not")
    def _(tree, package=_package):
        # Without its maintainer scripts: some refuse, and the files count.
        for kind in ("prerm", "postrm"):
            for path in tree.at("/var/lib/dpkg/info").glob(f"{package}[.:]*{kind}"):
                path.write_text("#!/bin/true\n")
        saved = {path: tree.bytes(path) for path in ("/boot/grub/grub.cfg", tree.initrd())}
        tree.chroot(f"dpkg --force-all --remove {package} || true")
        for path, data in saved.items():
            if tree.bytes(path) != data:
                tree.write(path, data)


@mutation("kernel_half_configured", "systemd", "-", "OK", "the kernel package is half-configured, its files are whole")
def _(tree):
    state(tree, f"linux-image-{tree.version()}", "install ok half-configured")


@mutation("systemd_half_installed", "systemd", "-", "OK", "the systemd package is half-installed, its files are whole")
def _(tree):
    state(tree, "systemd", "install reinstreq half-installed")


@mutation("initramfs_triggers_pending", "systemd", "-", "OK", "initramfs-tools awaits its trigger")
def _(tree):
    state(tree, "initramfs-tools", "install ok triggers-pending")


@mutation("libc_unpacked", "systemd", "-", "OK", "libc6 is unpacked and not configured")
def _(tree):
    state(tree, "libc6", "install ok unpacked")


@mutation("dpkg_status_gone", "systemd", "-", "OK", "dpkg's status file is empty")
def _(tree):
    tree.write(STATUS, "")


@mutation("dpkg_updates_left", "systemd", "-", "OK", "dpkg's updates folder has a journal in it")
def _(tree):
    tree.write("/var/lib/dpkg/updates/0001", "Package: dbus\nStatus: install ok unpacked\n\n")


@mutation("dpkg_new_files_left", "systemd", "-", "OK", "files called .dpkg-new beside libraries and systemd")
def _(tree):
    for path in ("/usr/lib/systemd/systemd", "/usr/lib/x86_64-linux-gnu/libc.so.6"):
        tree.write(f"{path}.dpkg-new", tree.bytes(path), 0o755)


@mutation("dpkg_old_binary_moved", "systemd", "init", "SHELL-PID1", "systemd's binary is still called .dpkg-new (killed while it unpacked)")
def _(tree):
    tree.at("/usr/lib/systemd/systemd").rename(tree.at("/usr/lib/systemd/systemd.dpkg-new"))


@mutation("conffiles_dpkg_dist", "systemd", "-", "OK", "files called .dpkg-dist and .dpkg-new in /etc")
def _(tree):
    for path in ("/etc/ssh/sshd_config.dpkg-dist", "/etc/pam.d/sshd.dpkg-new", "/etc/default/grub.ucf-dist"):
        tree.write(path, "nonsense\n")
