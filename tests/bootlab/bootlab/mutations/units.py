"""systemd's services, ordering, generators, its own programs and their configuration."""

from . import mutation
from .systemd import ETC, LIB, service, unit


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
