"""sysvinit, OpenRC, runit and busybox: tables of the init, scripts, runlevels, stages."""

from . import BAD, mutation

INITTAB = "/etc/inittab"
RUNLEVELS = "/etc/runlevels"
LSB = """#!/bin/sh
### BEGIN INIT INFO
# Provides: x
# Required-Start: $remote_fs
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
"""

# What becomes of a line of inittab, under sysvinit.
LINES = [
    ("sysv_initdefault_0", "target", "POWEROFF", r"^id:2:initdefault:", "id:0:initdefault:", "initdefault is 0"),
    ("sysv_initdefault_6", "target", "REBOOT-LOOP", r"^id:2:initdefault:", "id:6:initdefault:", "initdefault is 6"),
    ("sysv_initdefault_1", "target", "RESCUE", r"^id:2:initdefault:", "id:1:initdefault:", "initdefault is 1"),
    ("sysv_initdefault_S", "target", "RESCUE", r"^id:2:initdefault:", "id:S:initdefault:", "initdefault is S"),
    ("sysv_initdefault_3", "-", "OK", r"^id:2:initdefault:", "id:3:initdefault:", "initdefault is 3"),
    ("sysv_initdefault_9", "target", "HANG", r"^id:2:initdefault:", "id:9:initdefault:", "initdefault is 9"),
    ("sysv_initdefault_none", "target", "HANG", r"^id:2:initdefault:\n", "", "no initdefault line"),
    ("sysv_initdefault_three_fields", "target", "HANG", r"^id:2:initdefault:", "id:2:initdefault", "the initdefault line lacks its last colon"),
    ("sysv_initdefault_twice", "-", "OK", r"^id:2:initdefault:", "id:2:initdefault:\nie:6:initdefault:", "a second initdefault, 6, comes later"),
    ("sysv_initdefault_25", "-", "OK", r"^id:2:initdefault:", "id:23:initdefault:", "initdefault has two runlevels, the higher counts"),
    ("sysv_sysinit_commented", "mounts", "NO-NETWORK", r"^si::sysinit", "#si::sysinit", "the sysinit line is commented out"),
    ("sysv_sysinit_missing_script", "mounts", "NO-NETWORK", r"^si::sysinit:.*", "si::sysinit:/etc/rc.sysinit", "the sysinit line names a script that is not there"),
    ("sysv_l2_gone", "services", "NO-SSH", r"^l2:2:wait:.*\n", "", "no line for runlevel 2"),
    ("sysv_l2_typo", "services", "NO-SSH", r"^l2:2:wait:", "l2:2:wiat:", "a mistyped action for runlevel 2"),
    ("sysv_getty_commented", "access", "NO-LOGIN", r"^T0:", "#T0:", "the serial getty line commented out"),
    ("sysv_getty_other_level", "access", "NO-LOGIN", r"^T0:23:", "T0:45:", "the serial getty runs in runlevels 4 and 5 only"),
    ("sysv_getty_missing_program", "access", "NO-LOGIN", r"^T0:23:respawn:/sbin/getty", "T0:23:respawn:/sbin/mgetty", "the serial getty line names a program that is not there"),
    ("sysv_getty_duplicate_id", "access", "NO-LOGIN", r"^T0:", "1:", "the serial getty line has an id that is taken"),
    ("sysv_long_id", "access", "NO-LOGIN", r"^T0:", "ttyS0:", "the serial getty line has an id of five letters"),
    ("sysv_garbage_line", "-", "OK", r"^si::sysinit", "what is this line\nsi::sysinit", "a line of garbage in inittab"),
]
for _name, _link, _believed, _old, _new, _what in LINES:

    @mutation(_name, "sysvinit", _link, _believed, _what)
    def _(tree, old=_old, new=_new):
        tree.sub(INITTAB, old, new)


@mutation("sysv_inittab_gone", "sysvinit openrc", "target", "HANG", "no /etc/inittab")
def _(tree):
    tree.remove(INITTAB)


@mutation("sysv_inittab_empty", "sysvinit", "target", "HANG", "inittab is empty")
def _(tree):
    tree.write(INITTAB, "")


@mutation("sysv_inittab_crlf", "sysvinit", "target", "HANG", "inittab with CRLF line ends")
def _(tree):
    tree.write(INITTAB, tree.read(INITTAB).replace("\n", "\r\n"))


@mutation("sysv_inittab_tab", "sysvinit", "target", "HANG", "inittab moved to /etc/inittab.d/main.tab")
def _(tree):
    tree.write("/etc/inittab.d/main.tab", tree.read(INITTAB))
    tree.remove(INITTAB)


@mutation("sysv_rc_not_exec", "sysvinit", "services", "NO-NETWORK", "/lib/init/rc, which /etc/init.d/rc links to, without execute bits")
def _(tree):
    tree.chmod("/usr/lib/init/rc", 0o644)


@mutation("sysv_rc_gone", "sysvinit openrc", "services", "NO-NETWORK", "/etc/init.d/rc removed")
def _(tree):
    tree.remove("/etc/init.d/rc")


@mutation("sysv_rcs_gone", "sysvinit", "mounts", "NO-NETWORK", "/etc/init.d/rcS removed")
def _(tree):
    tree.remove("/etc/init.d/rcS")


@mutation("sysv_rcs_not_exec", "sysvinit", "mounts", "NO-NETWORK", "/lib/init/rcS, which /etc/init.d/rcS links to, without execute bits")
def _(tree):
    tree.chmod("/usr/lib/init/rcS", 0o644)


@mutation("sysv_rc_lib_gone", "sysvinit", "mounts", "NO-NETWORK", "/lib/init removed")
def _(tree):
    tree.remove("/usr/lib/init")


@mutation("sysv_lsb_functions_gone", "sysvinit", "services", "NO-NETWORK", "/lib/lsb removed")
def _(tree):
    tree.remove("/usr/lib/lsb")


@mutation("sysv_startpar_gone", "sysvinit", "-", "OK", "the program startpar removed")
def _(tree):
    for path in ("/usr/bin/startpar", "/usr/sbin/startpar", "/sbin/startpar"):
        if tree.exists(path):
            tree.remove(path)
            return
    raise RuntimeError("no startpar")


@mutation("sysv_depend_gone", "sysvinit", "-", "OK", "the .depend files removed")
def _(tree):
    for kind in ("boot", "start", "stop"):
        tree.remove(f"/etc/init.d/.depend.{kind}")


@mutation("sysv_depend_empty", "sysvinit", "-", "OK", ".depend.start is empty")
def _(tree):
    tree.write("/etc/init.d/.depend.start", "")


@mutation("sysv_depend_no_ssh", "sysvinit", "access", "NO-SSH", "ssh is not among the targets of .depend.start")
def _(tree):
    tree.sub("/etc/init.d/.depend.start", r"^(TARGETS = .*)\bssh\b", r"\1")


@mutation("sysv_depend_no_networking", "sysvinit", "network", "NO-NETWORK", "networking is not among the targets of .depend.boot")
def _(tree):
    tree.sub("/etc/init.d/.depend.boot", r"^(TARGETS = .*)\bnetworking\b", r"\1")


@mutation("sysv_link_by_hand", "sysvinit", "-", "OK", "a script that hangs, linked by hand into rc2.d")
def _(tree):
    tree.write("/etc/init.d/x", LSB + "sleep 100000\n", 0o755)
    tree.link("/etc/rc2.d/S01x", "../init.d/x")


@mutation("sysv_hanging_script", "sysvinit", "access", "NO-LOGIN", "a script that hangs, put in place by insserv")
def _(tree):
    tree.write("/etc/init.d/x", LSB + '[ "$1" = start ] && sleep 100000\n', 0o755)
    tree.chroot("insserv x")


@mutation("sysv_failing_script", "sysvinit", "-", "OK", "a script that fails, put in place by insserv")
def _(tree):
    tree.write("/etc/init.d/x", LSB + "exit 1\n", 0o755)
    tree.chroot("insserv x")


@mutation("sysv_ssh_link_gone", "sysvinit", "access", "NO-SSH", "no link to ssh in rc2.d")
def _(tree):
    tree.remove("/etc/rc2.d/S01ssh")


@mutation("sysv_ssh_not_exec", "sysvinit runit", "access", "NO-SSH", "/etc/init.d/ssh without execute bits")
def _(tree):
    tree.chmod("/etc/init.d/ssh", 0o644)


@mutation("sysv_rc2_gone", "sysvinit", "services", "NO-SSH", "/etc/rc2.d removed")
def _(tree):
    tree.remove("/etc/rc2.d")


@mutation("sysv_rcs_dir_gone", "sysvinit runit", "mounts", "NO-NETWORK", "/etc/rcS.d removed")
def _(tree):
    tree.remove("/etc/rcS.d")


@mutation("sysv_udev_gone", "sysvinit runit", "-", "OK", "rcS.d's udev link removed")
def _(tree):
    tree.remove("/etc/rcS.d/S02udev")


@mutation("sysv_checkroot_gone", "sysvinit", "mounts", "ROOT-RO", "rcS.d's checkroot.sh link removed")
def _(tree):
    [path] = tree.at("/etc/rcS.d").glob("S*checkroot.sh")
    path.unlink()


@mutation("sysv_mountkernfs_gone", "sysvinit", "mounts", "NO-NETWORK", "rcS.d's mountkernfs.sh link removed")
def _(tree):
    [path] = tree.at("/etc/rcS.d").glob("S*mountkernfs.sh")
    path.unlink()


@mutation("sysv_networking_link_gone", "sysvinit", "network", "NO-NETWORK", "rcS.d's networking link removed")
def _(tree):
    [path] = tree.at("/etc/rcS.d").glob("S*networking")
    path.unlink()


@mutation("sysv_script_crlf", "sysvinit", "access", "NO-SSH", "/etc/init.d/ssh with CRLF line ends")
def _(tree):
    tree.write("/etc/init.d/ssh", tree.read("/etc/init.d/ssh").replace("\n", "\r\n"))


@mutation("sysv_forcefsck", "sysvinit", "-", "OK", "/forcefsck was left behind")
def _(tree):
    tree.write("/forcefsck", "")


@mutation("sysv_sulogin_setting", "sysvinit", "target", "RESCUE", "SULOGIN=yes in /etc/default/rcS")
def _(tree):
    tree.write("/etc/default/rcS", "SULOGIN=yes\n")


@mutation("sysv_async_no", "sysvinit", "-", "OK", "CONCURRENCY=none in /etc/default/rcS")
def _(tree):
    tree.write("/etc/default/rcS", "CONCURRENCY=none\n")


@mutation("sysv_legacy_ordering", "sysvinit", "-", "OK", "/etc/init.d/.legacy-bootordering is there")
def _(tree):
    tree.write("/etc/init.d/.legacy-bootordering", "")


@mutation("initscripts_purged", "sysvinit", "mounts", "NO-NETWORK", "package initscripts removed by dpkg, dependencies or not")
def _(tree):
    tree.chroot("dpkg --force-all --purge initscripts")


@mutation("sysvinit_core_purged", "sysvinit openrc", "init", "SHELL-PID1", "package sysvinit-core removed by dpkg, dependencies or not")
def _(tree):
    tree.chroot("dpkg --force-all --remove sysvinit-core")


@mutation("openrc_binary_gone", "openrc", "services", "NO-NETWORK", "/sbin/openrc removed")
def _(tree):
    tree.remove("/usr/sbin/openrc")


@mutation("openrc_run_gone", "openrc", "services", "NO-NETWORK", "/sbin/openrc-run removed")
def _(tree):
    tree.remove("/usr/sbin/openrc-run")


@mutation("openrc_lib_gone", "openrc", "services", "NO-NETWORK", "/lib/rc removed")
def _(tree):
    tree.remove("/usr/lib/rc")


@mutation("openrc_sysinit_empty", "openrc", "mounts", "NO-NETWORK", "the runlevel sysinit is empty")
def _(tree):
    tree.empty_folder(f"{RUNLEVELS}/sysinit")


@mutation("openrc_default_empty", "openrc", "services", "NO-SSH", "the runlevel default is empty")
def _(tree):
    tree.empty_folder(f"{RUNLEVELS}/default")


@mutation("openrc_default_gone", "openrc", "services", "NO-SSH", "the runlevel default removed")
def _(tree):
    tree.remove(f"{RUNLEVELS}/default")


@mutation("openrc_runlevels_gone", "openrc", "services", "NO-NETWORK", "/etc/runlevels removed")
def _(tree):
    tree.remove(RUNLEVELS)


@mutation("openrc_dangling", "openrc", "-", "OK", "a dangling link in the runlevel default")
def _(tree):
    tree.link(f"{RUNLEVELS}/default/gone", "/etc/init.d/gone")


@mutation("openrc_need_missing", "openrc", "-", "OK", "an enabled service that needs one nobody provides")
def _(tree):
    tree.write("/etc/init.d/x", '#!/sbin/openrc-run\ndepend() {\n    need nosuchservice\n}\nstart() {\n    return 0\n}\n', 0o755)
    tree.link(f"{RUNLEVELS}/default/x", "/etc/init.d/x")


@mutation("openrc_runscript", "openrc", "-", "OK", "an enabled service written for #!/sbin/runscript")
def _(tree):
    tree.write("/etc/init.d/x", "#!/sbin/runscript\nstart() {\n    return 0\n}\n", 0o755)
    tree.link(f"{RUNLEVELS}/default/x", "/etc/init.d/x")


@mutation("openrc_service_fails", "openrc", "-", "OK", "an enabled service that fails")
def _(tree):
    tree.write("/etc/init.d/x", "#!/sbin/openrc-run\nstart() {\n    return 1\n}\n", 0o755)
    tree.link(f"{RUNLEVELS}/default/x", "/etc/init.d/x")


@mutation("openrc_ssh_link_gone", "openrc", "access", "NO-SSH", "ssh is not in the runlevel default")
def _(tree):
    tree.remove(f"{RUNLEVELS}/default/ssh")


@mutation("openrc_ssh_not_exec", "openrc", "access", "NO-SSH", "/etc/init.d/ssh without execute bits")
def _(tree):
    tree.chmod("/etc/init.d/ssh", 0o644)


@mutation("openrc_networking_link_gone", "openrc", "network", "NO-NETWORK", "networking is not in the runlevel sysinit")
def _(tree):
    tree.remove(f"{RUNLEVELS}/sysinit/networking")


@mutation("openrc_rc_sys_lxc", "openrc", "-", "OK", 'rc_sys="lxc" in rc.conf')
def _(tree):
    tree.append("/etc/rc.conf", '\nrc_sys="lxc"\n')


@mutation("openrc_rc_conf_garbage", "openrc", "-", "OK", "a line of garbage in rc.conf")
def _(tree):
    tree.append("/etc/rc.conf", '\nthis is "not shell\n')


@mutation("openrc_rc_conf_gone", "openrc", "-", "OK", "no rc.conf")
def _(tree):
    tree.remove("/etc/rc.conf")


@mutation("openrc_interactive", "openrc", "-", "OK", "rc_interactive and rc_parallel set in rc.conf")
def _(tree):
    tree.append("/etc/rc.conf", '\nrc_interactive="YES"\nrc_parallel="YES"\n')


@mutation("openrc_inittab_calls_rc", "openrc", "services", "NO-NETWORK", "inittab calls /sbin/rc, as before OpenRC 0.13")
def _(tree):
    tree.sub(INITTAB, r"/etc/init\.d/rcS", "/sbin/rc sysinit")
    tree.sub(INITTAB, r"/etc/init\.d/rc 2", "/sbin/rc default")


@mutation("openrc_checkroot_gone", "openrc", "mounts", "ROOT-RO", "checkroot.sh is not in the runlevel sysinit")
def _(tree):
    tree.remove(f"{RUNLEVELS}/sysinit/checkroot.sh")


for _stage in "123":

    @mutation(f"runit_stage{_stage}_gone", "runit", "target" if _stage != "3" else "-", "HANG" if _stage != "3" else "OK", f"/etc/runit/{_stage} removed")
    def _(tree, stage=_stage):
        tree.remove(f"/etc/runit/{stage}")

    @mutation(f"runit_stage{_stage}_not_exec", "runit", "target" if _stage != "3" else "-", "HANG" if _stage != "3" else "OK", f"/etc/runit/{_stage} without execute bits")
    def _(tree, stage=_stage):
        tree.chmod(f"/etc/runit/{stage}", 0o644)


@mutation("runit_stage1_fails", "runit", "-", "OK", "/etc/runit/1 exits with 1")
def _(tree):
    tree.sub("/etc/runit/1", r"^#!(.*)$", r"#!\1\nexit 1")


@mutation("runit_stage1_exit100", "runit", "target", "REBOOT-LOOP", "/etc/runit/1 exits with 100")
def _(tree):
    tree.sub("/etc/runit/1", r"^#!(.*)$", r"#!\1\nexit 100")


@mutation("runit_stage2_interpreter", "runit", "target", "HANG", "/etc/runit/2 is for an interpreter that is not there")
def _(tree):
    tree.sub("/etc/runit/2", r"^#!.*$", "#!/usr/bin/zsh")


@mutation("runit_program_gone", "runit", "init", "PANIC", "the program runit removed, runit-init is there")
def _(tree):
    for path in ("/usr/lib/runit/runit", "/usr/sbin/runit", "/usr/bin/runit"):
        if tree.exists(path):
            tree.remove(path)
            return
    raise RuntimeError("no runit")


@mutation("runit_runsvdir_gone", "runit", "services", "NO-LOGIN", "the program runsvdir removed")
def _(tree):
    tree.remove("/usr/bin/runsvdir")


@mutation("runit_default_empty", "runit", "access", "NO-LOGIN", "no service in runsvdir/default")
def _(tree):
    tree.empty_folder("/etc/runit/runsvdir/default")


@mutation("runit_default_gone", "runit", "services", "NO-LOGIN", "runsvdir/default removed")
def _(tree):
    tree.remove("/etc/runit/runsvdir/default")


@mutation("runit_current_dangling", "runit", "services", "NO-LOGIN", "runsvdir/current points nowhere")
def _(tree):
    tree.link("/etc/runit/runsvdir/current", "/etc/runit/runsvdir/absent")


@mutation("runit_getty_run_gone", "runit", "access", "NO-LOGIN", "the run script of getty-ttyS0 removed")
def _(tree):
    tree.remove("/etc/sv/getty-ttyS0/run")


@mutation("runit_getty_down", "runit", "access", "NO-LOGIN", "getty-ttyS0 has a file called down")
def _(tree):
    tree.write("/etc/sv/getty-ttyS0/down", "")


@mutation("runit_service_dangling", "runit", "-", "OK", "a dangling link in runsvdir/default")
def _(tree):
    tree.link("/etc/runit/runsvdir/default/gone", "/etc/sv/gone")


@mutation("runit_no_emulate", "runit", "services", "NO-NETWORK", "no.emulate.sysv: stages do not run rc2.d")
def _(tree):
    tree.write("/etc/runit/no.emulate.sysv", "")


@mutation("runit_sh_dangling", "runit", "target", "HANG", "/bin/sh is a dangling link")
def _(tree):
    tree.link("/bin/sh", "ash")


@mutation("runit_init_purged", "runit", "init", "SHELL-PID1", "package runit-init removed by dpkg, dependencies or not")
def _(tree):
    tree.chroot("dpkg --force-all --remove runit-init")


@mutation("busybox_inittab_gone", "busybox", "target", "HANG", "no /etc/inittab: busybox runs rcS and asks on the console")
def _(tree):
    tree.remove(INITTAB)


@mutation("busybox_inittab_sysv", "busybox", "access", "NO-LOGIN", "busybox with the inittab of sysvinit")
def _(tree):
    text = "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\nT0:23:respawn:/sbin/getty -L ttyS0 115200 vt100\n"
    tree.write(INITTAB, text)


@mutation("busybox_inittab_bad_action", "busybox", "mounts", "NO-NETWORK", "a mistyped action of the sysinit line")
def _(tree):
    tree.sub(INITTAB, "sysinit", "sysint")


@mutation("busybox_rc_gone", "busybox", "services", "NO-NETWORK", "/etc/init.d/rc removed")
def _(tree):
    tree.remove("/etc/init.d/rc")


@mutation("busybox_getty_gone", "busybox", "access", "NO-LOGIN", "the program getty removed")
def _(tree):
    tree.remove("/sbin/getty")


@mutation("busybox_binary_gone", "busybox", "init", "SHELL-PID1", "busybox itself removed")
def _(tree):
    tree.remove("/usr/bin/busybox")


@mutation("busybox_root_uuid_wrong_in_fstab", "busybox", "mounts", "ROOT-RO", "the / line of fstab has a wrong UUID")
def _(tree):
    tree.sub("/etc/fstab", r"^UUID=\S+ / ", f"UUID={BAD} / ")
