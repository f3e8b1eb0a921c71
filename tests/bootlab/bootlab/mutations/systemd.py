"""systemd: targets, what they require, and what is masked."""

from . import mutation

ETC = "/etc/systemd/system"
LIB = "/usr/lib/systemd/system"


def mask(tree, *units):
    """Links units to /dev/null."""
    for unit in units:
        tree.link(f"{ETC}/{unit}", "/dev/null")


def unit(tree, name, text, wanted_by=None, verb="wants"):
    """Writes a unit and, if asked, enables it."""
    tree.write(f"{ETC}/{name}", text)
    if wanted_by:
        tree.link(f"{ETC}/{wanted_by}.{verb}/{name}", f"{ETC}/{name}")


def service(command, more="", kind="oneshot"):
    """The text of a small service."""
    return f"[Unit]\nDescription=a small service\n{more}\n[Service]\nType={kind}\nExecStart={command}\n"


for _name, _targets, _link, _believed in [
    ("multiuser_masked", ["multi-user.target"], "target", "FREEZE"),
    ("basic_masked", ["basic.target"], "target", "FREEZE"),
    ("sysinit_masked", ["sysinit.target"], "target", "FREEZE"),
    ("graphical_masked", ["graphical.target"], "target", "RESCUE"),
    ("local_fs_masked", ["local-fs.target"], "target", "FREEZE"),
    ("swap_masked", ["swap.target"], "-", "OK"),
    ("sockets_masked", ["sockets.target"], "target", "OK"),
    ("paths_masked", ["paths.target"], "-", "OK"),
    ("timers_masked", ["timers.target"], "-", "OK"),
    ("slices_masked", ["slices.target"], "-", "OK"),
    ("network_target_masked", ["network.target"], "-", "OK"),
    ("getty_target_masked", ["getty.target"], "access", "NO-LOGIN"),
    ("emergency_masked", ["emergency.target", "rescue.target"], "-", "OK"),
    ("remote_fs_masked", ["remote-fs.target"], "-", "OK"),
    ("cryptsetup_masked", ["cryptsetup.target"], "-", "OK"),
    ("dbus_masked", ["dbus.service", "dbus.socket"], "-", "DEGRADED"),
    ("logind_masked", ["systemd-logind.service"], "-", "OK"),
    ("journald_masked", ["systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket"], "-", "DEGRADED"),
    ("udevd_masked", ["systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"], "access", "NO-LOGIN"),
    ("udev_trigger_masked", ["systemd-udev-trigger.service"], "access", "NO-LOGIN"),
    ("tmpfiles_masked", ["systemd-tmpfiles-setup.service"], "-", "OK"),
    ("remount_fs_masked", ["systemd-remount-fs.service"], "mounts", "ROOT-RO"),
    ("fsck_root_masked", ["systemd-fsck-root.service"], "-", "OK"),
    ("user_sessions_masked", ["systemd-user-sessions.service"], "-", "OK"),
    ("networking_masked", ["networking.service"], "network", "NO-NETWORK"),
    ("ssh_masked", ["ssh.service"], "access", "NO-SSH"),
    ("serial_getty_masked", ["serial-getty@ttyS0.service"], "access", "NO-LOGIN"),
    ("serial_getty_template_masked", ["serial-getty@.service"], "access", "NO-LOGIN"),
    ("tty1_getty_masked", ["getty@tty1.service"], "-", "OK"),
    ("cron_masked", ["cron.service"], "-", "OK"),
    ("root_mount_masked", ["-.mount"], "target", "FREEZE"),
]:

    @mutation(_name, "systemd", _link, _believed, f"{' and '.join(_targets)} masked")
    def _(tree, targets=tuple(_targets)):
        mask(tree, *targets)


@mutation("multiuser_masked_trixie", "trixie-systemd bullseye-systemd", "target", "FREEZE", "multi-user.target masked")
def _(tree):
    mask(tree, "multi-user.target")


@mutation("basic_empty_file", "systemd", "target", "FREEZE", "basic.target is an empty file in /etc (a power cut)")
def _(tree):
    tree.write(f"{ETC}/basic.target", "")


@mutation("ssh_unit_empty_file", "systemd", "access", "NO-SSH", "ssh.service is an empty file in /etc (a power cut)")
def _(tree):
    if tree.exists(f"{ETC}/ssh.service"):
        tree.remove(f"{ETC}/ssh.service")
    tree.write(f"{ETC}/ssh.service", "")


@mutation("multiuser_vendor_empty", "systemd", "target", "FREEZE", "the packaged multi-user.target is an empty file")
def _(tree):
    tree.write(f"{LIB}/multi-user.target", "")


@mutation("default_gone", "systemd trixie-systemd", "target", "RESCUE", "default.target removed everywhere")
def _(tree):
    tree.remove(f"{LIB}/default.target")


@mutation("default_dangling", "systemd trixie-systemd", "target", "RESCUE", "default.target is a dangling link")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/no-such.target")


@mutation("default_masked", "systemd bullseye-systemd", "target", "RESCUE", "default.target masked")
def _(tree):
    mask(tree, "default.target")


@mutation("default_rescue", "systemd", "target", "RESCUE", "default.target is rescue.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/rescue.target")


@mutation("default_emergency", "systemd", "target", "EMERGENCY", "default.target is emergency.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/emergency.target")


@mutation("default_multiuser", "systemd", "-", "OK", "default.target is multi-user.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/multi-user.target")


@mutation("default_poweroff", "systemd", "target", "POWEROFF", "default.target is poweroff.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/poweroff.target")


@mutation("default_reboot", "systemd", "target", "REBOOT-LOOP", "default.target is reboot.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/reboot.target")


@mutation("default_service", "systemd", "-", "OK", "default.target is a link to ssh.service")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/ssh.service")


@mutation("default_plain_file", "systemd", "-", "OK", "default.target is a copy of multi-user.target")
def _(tree):
    tree.write(f"{ETC}/default.target", tree.read(f"{LIB}/multi-user.target"))


@mutation("default_foreign_folder", "systemd", "-", "OK", "default.target links to multi-user.target in a folder that is not there")
def _(tree):
    tree.link(f"{ETC}/default.target", "/lib/systemd/nowhere/multi-user.target")


@mutation("default_basic", "systemd", "target", "NO-LOGIN", "default.target is basic.target")
def _(tree):
    tree.link(f"{ETC}/default.target", f"{LIB}/basic.target")


@mutation("default_and_rescue_gone", "systemd", "target", "FREEZE", "no default, rescue or emergency target")
def _(tree):
    tree.remove(*[f"{LIB}/{name}.target" for name in ("default", "rescue", "emergency")])


@mutation("multiuser_gone", "systemd", "target", "FREEZE", "the packaged multi-user.target removed")
def _(tree):
    tree.remove(f"{LIB}/multi-user.target")


@mutation("sysinit_gone", "systemd", "target", "FREEZE", "the packaged sysinit.target removed")
def _(tree):
    tree.remove(f"{LIB}/sysinit.target")


@mutation("graphical_requires_dm", "systemd", "-", "OK", "graphical.target wants a display manager that is not there")
def _(tree):
    tree.link(f"{ETC}/display-manager.service", f"{LIB}/gdm.service")


@mutation("wants_dangling", "systemd", "-", "OK", "a dangling link in multi-user.target.wants")
def _(tree):
    tree.link(f"{ETC}/multi-user.target.wants/gone.service", f"{LIB}/gone.service")


@mutation("requires_dangling", "systemd trixie-systemd", "target", "FREEZE", "a dangling link in multi-user.target.requires")
def _(tree):
    tree.link(f"{ETC}/multi-user.target.requires/gone.service", f"{LIB}/gone.service")


@mutation("basic_requires_dangling", "systemd", "target", "FREEZE", "a dangling link in basic.target.requires")
def _(tree):
    tree.link(f"{ETC}/basic.target.requires/gone.service", f"{LIB}/gone.service")


@mutation("sysinit_requires_missing", "systemd", "target", "FREEZE", "a drop-in: sysinit.target requires a unit that is not there")
def _(tree):
    tree.write(f"{ETC}/sysinit.target.d/x.conf", "[Unit]\nRequires=gone.service\n")


@mutation("local_fs_requires_missing", "systemd", "mounts", "ROOT-RO", "local-fs.target requires a unit that is not there")
def _(tree):
    tree.write(f"{ETC}/local-fs.target.d/x.conf", "[Unit]\nRequires=gone.service\n")


@mutation("multiuser_requires_masked", "systemd", "target", "FREEZE", "multi-user.target requires a masked unit")
def _(tree):
    mask(tree, "cron.service")
    tree.write(f"{ETC}/multi-user.target.d/x.conf", "[Unit]\nRequires=cron.service\n")


@mutation("multiuser_bindsto_missing", "systemd", "target", "FREEZE", "multi-user.target BindsTo= a unit that is not there")
def _(tree):
    tree.write(f"{ETC}/multi-user.target.d/x.conf", "[Unit]\nBindsTo=gone.service\n")


@mutation("multiuser_requisite_missing", "systemd", "target", "FREEZE", "multi-user.target Requisite= a unit that is not there")
def _(tree):
    tree.write(f"{ETC}/multi-user.target.d/x.conf", "[Unit]\nRequisite=gone.service\n")


@mutation("multiuser_requisite_inactive", "systemd", "target", "FREEZE", "multi-user.target Requisite= a unit that nothing starts")
def _(tree):
    unit(tree, "idle.service", service("/bin/true"))
    tree.write(f"{ETC}/multi-user.target.d/x.conf", "[Unit]\nRequisite=idle.service\n")


@mutation("multiuser_wants_missing", "systemd", "-", "OK", "multi-user.target Wants= a unit that is not there")
def _(tree):
    tree.write(f"{ETC}/multi-user.target.d/x.conf", "[Unit]\nWants=gone.service\n")


@mutation("multiuser_requires_failing", "systemd", "-", "DEGRADED", "multi-user.target requires a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false"), "multi-user.target", "requires")


@mutation("basic_requires_failing", "systemd", "target", "HANG", "basic.target requires a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false", "DefaultDependencies=no"), "basic.target", "requires")


@mutation("sysinit_requires_failing", "systemd trixie-systemd", "target", "HANG", "sysinit.target requires a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false", "DefaultDependencies=no\nBefore=sysinit.target"), "sysinit.target", "requires")


@mutation("sysinit_wants_failing", "systemd", "-", "DEGRADED", "sysinit.target wants a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false", "DefaultDependencies=no\nBefore=sysinit.target"), "sysinit.target")


@mutation("local_fs_requires_failing", "systemd", "mounts", "EMERGENCY", "local-fs.target requires a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false", "DefaultDependencies=no\nBefore=local-fs.target"), "local-fs.target", "requires")
