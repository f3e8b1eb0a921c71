"""systemd's units: targets, requirements, masks, cycles, managers' configuration."""

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


@mutation("requires_missing", "systemd", "-", "OK", "an enabled unit that Requires= a unit that does not exist")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "Requires=gone.service\nAfter=gone.service"), "multi-user.target")


@mutation("ssh_requires_missing", "systemd", "access", "NO-SSH", "a drop-in: ssh.service requires a unit that does not exist")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Unit]\nRequires=gone.service\n")


@mutation("ssh_requires_failing", "systemd", "access", "NO-SSH", "ssh.service requires and follows a service that fails")
def _(tree):
    unit(tree, "fails.service", service("/bin/false"))
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Unit]\nRequires=fails.service\nAfter=fails.service\n")


@mutation("ssh_bindsto_mount", "systemd", "access", "NO-SSH", "ssh.service RequiresMountsFor= a mount that does not exist")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Unit]\nRequiresMountsFor=/srv/keys\n")


@mutation("ordering_cycle", "systemd", "-", "OK", "two enabled units ordered after each other")
def _(tree):
    unit(tree, "a.service", service("/bin/true", "After=b.service"), "multi-user.target")
    unit(tree, "b.service", service("/bin/true", "After=a.service"), "multi-user.target")


@mutation("cycle_through_ssh", "systemd", "-", "OK", "a cycle basic.target - x - ssh through a drop-in")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "DefaultDependencies=no\nBefore=basic.target\nAfter=ssh.service"), "multi-user.target")


@mutation("cycle_through_sysinit", "systemd", "-", "OK", "a service wanted by sysinit.target with default dependencies")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "Before=sysinit.target"), "sysinit.target")


@mutation("cycle_local_fs_required", "systemd", "mounts", "EMERGENCY", "local-fs.target requires a service with default dependencies")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "Before=local-fs.target"), "local-fs.target", "requires")


@mutation("cycle_sysinit_required", "systemd", "target", "FREEZE", "sysinit.target requires a service with default dependencies")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "Before=sysinit.target"), "sysinit.target", "requires")


@mutation("cycle_basic_multiuser", "systemd", "-", "OK", "basic.target ordered after multi-user.target")
def _(tree):
    tree.write(f"{ETC}/basic.target.d/x.conf", "[Unit]\nAfter=multi-user.target\n")


@mutation("conflicts_multiuser", "systemd", "-", "OK", "an enabled service that Conflicts= with ssh.service")
def _(tree):
    unit(tree, "x.service", service("/bin/true", "Conflicts=ssh.service"), "multi-user.target")


@mutation("oneshot_forever", "systemd", "target", "HANG", "a oneshot before sysinit.target that never ends")
def _(tree):
    unit(tree, "x.service", service("/bin/sleep infinity", "DefaultDependencies=no\nBefore=sysinit.target"), "sysinit.target")


@mutation("oneshot_forever_late", "systemd", "-", "DEGRADED", "a oneshot wanted by multi-user.target that never ends")
def _(tree):
    unit(tree, "x.service", service("/bin/sleep infinity"), "multi-user.target")


@mutation("oneshot_timeout_early", "systemd", "-", "DEGRADED", "a oneshot before sysinit.target that is ended after 90 s")
def _(tree):
    text = service("/bin/sleep infinity", "DefaultDependencies=no\nBefore=sysinit.target")
    unit(tree, "x.service", text + "TimeoutStartSec=90\n", "sysinit.target")


@mutation("simple_forever_early", "systemd", "-", "OK", "a simple service before sysinit.target that never ends")
def _(tree):
    unit(tree, "x.service", service("/bin/sleep infinity", "DefaultDependencies=no\nBefore=sysinit.target", "simple"), "sysinit.target")


@mutation("notify_never", "systemd", "-", "DEGRADED", "an enabled Type=notify service that never says it is ready")
def _(tree):
    unit(tree, "x.service", service("/bin/sleep infinity", "", "notify"), "multi-user.target")


@mutation("exec_missing", "systemd", "-", "DEGRADED", "an enabled service whose program is not there")
def _(tree):
    unit(tree, "x.service", service("/opt/gone/bin/daemon", "", "simple"), "multi-user.target")


@mutation("unit_garbage", "systemd", "-", "OK", "an enabled unit file full of garbage")
def _(tree):
    unit(tree, "x.service", "what is this\n[[[\n\x01\x02\n", "multi-user.target")


@mutation("unit_crlf", "systemd", "-", "OK", "ssh.service with CRLF line ends")
def _(tree):
    text = tree.read(f"{LIB}/ssh.service").replace("\n", "\r\n")
    tree.write(f"{ETC}/x-ssh.tmp", "")
    tree.remove(f"{ETC}/x-ssh.tmp")
    tree.write(f"{LIB}/ssh.service", text)


@mutation("ssh_user_missing", "systemd", "access", "NO-SSH", "a drop-in: ssh.service runs as a user that does not exist")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Service]\nUser=nobodyhere\n")


@mutation("ssh_two_execstarts", "systemd", "access", "NO-SSH", "a drop-in adds a second ExecStart= to ssh.service")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Service]\nExecStart=/usr/sbin/sshd -D -p 2222\n")


@mutation("ssh_condition_false", "systemd", "access", "NO-SSH", "a drop-in: a condition of ssh.service that is false")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Unit]\nConditionPathExists=/srv/ready\n")


@mutation("ssh_wants_removed", "systemd", "access", "NO-SSH", "ssh.service is not enabled")
def _(tree):
    tree.chroot("systemctl disable ssh.service")


@mutation("getty_wants_removed", "systemd", "access", "NO-LOGIN", "systemd-getty-generator is not executable")
def _(tree):
    tree.chmod("/usr/lib/systemd/system-generators/systemd-getty-generator", 0o644)


@mutation("fstab_generator_gone", "systemd", "mounts", "ROOT-RO", "systemd-fstab-generator removed")
def _(tree):
    tree.remove("/usr/lib/systemd/system-generators/systemd-fstab-generator")


@mutation("generators_masked", "systemd", "access", "NO-LOGIN", "getty and fstab generators masked in /etc")
def _(tree):
    for name in ("getty", "fstab"):
        tree.link(f"/etc/systemd/system-generators/systemd-{name}-generator", "/dev/null")


@mutation("remount_fs_exec_gone", "systemd", "mounts", "ROOT-RO", "the program systemd-remount-fs removed")
def _(tree):
    tree.remove("/usr/lib/systemd/systemd-remount-fs")


@mutation("executor_gone", "trixie-systemd", "init", "FREEZE", "systemd-executor removed")
def _(tree):
    tree.remove("/usr/lib/systemd/systemd-executor")


@mutation("journald_gone", "systemd", "-", "DEGRADED", "the program systemd-journald removed")
def _(tree):
    tree.remove("/usr/lib/systemd/systemd-journald")


@mutation("udevd_gone", "systemd", "access", "NO-LOGIN", "the programs udevadm and systemd-udevd removed")
def _(tree):
    tree.remove("/usr/bin/udevadm", "/usr/lib/systemd/systemd-udevd")


@mutation("logind_gone", "systemd", "-", "DEGRADED", "the program systemd-logind removed")
def _(tree):
    tree.remove("/usr/lib/systemd/systemd-logind")


@mutation("dbus_gone", "systemd", "-", "DEGRADED", "the program dbus-daemon removed")
def _(tree):
    tree.remove("/usr/bin/dbus-daemon")


@mutation("system_conf_garbage", "systemd", "-", "OK", "system.conf with unknown keys and garbage")
def _(tree):
    tree.write("/etc/systemd/system.conf", "[Manager]\nNoSuchKey=1\nDefaultTimeoutStartSec=soon\ngarbage\n")


@mutation("system_conf_timeout", "systemd", "-", "OK", "DefaultTimeoutStartSec=5s in system.conf")
def _(tree):
    tree.write("/etc/systemd/system.conf", "[Manager]\nDefaultTimeoutStartSec=5s\n")


@mutation("journald_volatile_conf", "systemd", "-", "OK", "journald.conf says Storage=none and an unknown key")
def _(tree):
    tree.write("/etc/systemd/journald.conf", "[Journal]\nStorage=none\nWrong=1\n")


@mutation("system_update", "systemd", "target", "REBOOT-LOOP", "/system-update points to a folder, no updater is installed")
def _(tree):
    tree.mkdir("/var/lib/system-update")
    tree.link("/system-update", "/var/lib/system-update")


@mutation("system_update_dangling", "systemd", "target", "HANG", "/system-update is a dangling link")
def _(tree):
    tree.link("/system-update", "/var/lib/no-such")


@mutation("tmpfiles_garbage", "systemd", "-", "DEGRADED", "a tmpfiles.d file with a line of garbage")
def _(tree):
    tree.write("/etc/tmpfiles.d/x.conf", "d /run/x 0755 nobodyhere nogroup -\nnonsense\n")


@mutation("tmpfiles_removes_ssh", "systemd", "access", "NO-SSH", "a tmpfiles.d file that removes /etc/ssh at boot")
def _(tree):
    tree.write("/etc/tmpfiles.d/x.conf", "R! /etc/ssh/ssh_host_*\n")


@mutation("sysctl_bad_value", "systemd", "-", "DEGRADED", "sysctl.d sets a value the kernel refuses")
def _(tree):
    tree.write("/etc/sysctl.d/x.conf", "kernel.pid_max = minus one\n")


@mutation("sysctl_unknown_key", "systemd", "-", "OK", "sysctl.d sets a key the kernel does not know")
def _(tree):
    tree.write("/etc/sysctl.d/x.conf", "net.ipv4.no_such_key = 1\n")


@mutation("modules_load_unknown", "systemd", "-", "OK", "modules-load.d names a module that does not exist")
def _(tree):
    tree.write("/etc/modules-load.d/x.conf", "no_such_module\n")


@mutation("sysusers_garbage", "systemd", "-", "OK", "sysusers.d has a line of garbage")
def _(tree):
    tree.write("/etc/sysusers.d/x.conf", "nonsense line here\n")


@mutation("units_in_etc_gone", "systemd", "access", "NO-SSH", "everything below /etc/systemd/system removed")
def _(tree):
    tree.empty_folder(ETC)


@mutation("all_units_gone", "systemd", "target", "FREEZE", "everything below /usr/lib/systemd/system removed")
def _(tree):
    tree.empty_folder(LIB)


@mutation("rc_local_fails", "systemd", "-", "DEGRADED", "/etc/rc.local exits with 1")
def _(tree):
    tree.write("/etc/rc.local", "#!/bin/sh\nexit 1\n", 0o755)


@mutation("rc_local_forever", "systemd", "-", "DEGRADED", "/etc/rc.local never ends")
def _(tree):
    tree.write("/etc/rc.local", "#!/bin/sh\nsleep infinity\n", 0o755)


@mutation("sysv_script_only", "systemd", "-", "OK", "a SysV script without LSB header, linked in rc2.d")
def _(tree):
    tree.write("/etc/init.d/mine", "#!/bin/sh\nexit 0\n", 0o755)
    tree.link("/etc/rc2.d/S99mine", "../init.d/mine")


@mutation("user_cron_reboots", "systemd", "target", "REBOOT-LOOP", "an @reboot cron job that reboots")
def _(tree):
    tree.write("/etc/cron.d/again", "@reboot root /sbin/reboot\n")


@mutation("startlimit_ssh", "systemd", "access", "NO-SSH", "a drop-in: ssh.service has StartLimitBurst=0 and a false ExecStartPre")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Service]\nExecStartPre=/bin/false\n")


@mutation("ssh_pre_ignored", "systemd", "-", "OK", "a drop-in: ssh.service has a failing ExecStartPre=- that is ignored")
def _(tree):
    tree.write(f"{ETC}/ssh.service.d/x.conf", "[Service]\nExecStartPre=-/bin/false\n")


@mutation("unit_bad_permissions", "systemd", "-", "OK", "ssh.service in /etc is mode 0000 and executable by all")
def _(tree):
    tree.chmod(f"{LIB}/ssh.service", 0o777)


@mutation("dev_ttyS0_udev_rule", "systemd", "access", "NO-LOGIN", "udev's rule 99-systemd.rules masked")
def _(tree):
    tree.link("/etc/udev/rules.d/99-systemd.rules", "/dev/null")


@mutation("udev_rules_garbage", "systemd", "-", "OK", "a udev rule file full of garbage")
def _(tree):
    tree.write("/etc/udev/rules.d/10-x.rules", "nonsense\nKERNEL==\"*\", NOSUCH==\"1\"\n")
