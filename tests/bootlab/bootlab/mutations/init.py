"""The first program of the root: the init, its interpreter, its libraries, its folders."""

import shutil

from . import mutation

SYSTEMD = "/usr/lib/systemd/systemd"
LIBS = "/usr/lib/x86_64-linux-gnu"
ALL_INITS = "systemd sysvinit openrc runit"


def library(tree, pattern):
    """Takes away every file of a library, links too."""
    found = list(tree.at(LIBS).glob(pattern))
    if not found:
        found = list(tree.at("/lib/x86_64-linux-gnu").glob(pattern))
    if not found:
        raise RuntimeError(f"no {pattern}")
    for path in found:
        path.unlink()


@mutation("systemd_sysv_removed", "systemd trixie-systemd", "init", "SHELL-PID1", "the files of package systemd-sysv removed")
def _(tree):
    names = [line for line in tree.read("/var/lib/dpkg/info/systemd-sysv.list").split() if "/sbin/" in line]
    tree.remove(*[name for name in names if not tree.at(name).is_dir()])


@mutation("systemd_sysv_purged", "systemd", "init", "SHELL-PID1", "package systemd-sysv removed by dpkg, dependencies or not")
def _(tree):
    tree.chroot("dpkg --force-all --remove systemd-sysv")


@mutation("systemd_binary_gone", "systemd trixie-systemd bullseye-systemd", "init", "SHELL-PID1", "systemd's binary removed, /sbin/init dangles")
def _(tree):
    tree.remove(SYSTEMD if tree.exists(SYSTEMD) else "/lib/systemd/systemd")


@mutation("systemd_zero", "systemd", "init", "PANIC", "systemd's binary empty (a power cut after an upgrade)")
def _(tree):
    tree.truncate(SYSTEMD, 0)


@mutation("systemd_cut", "systemd", "init", "PANIC", "systemd's binary cut in half")
def _(tree):
    tree.truncate(SYSTEMD, tree.at(SYSTEMD).stat().st_size // 2)


@mutation("systemd_not_exec", "systemd", "init", "SHELL-PID1", "systemd's binary without execute bits")
def _(tree):
    tree.chmod(SYSTEMD, 0o644)


@mutation("systemd_wrong_machine", "systemd", "init", "PANIC", "systemd's binary is for another processor (arm64)")
def _(tree):
    data = bytearray(tree.bytes(SYSTEMD))
    data[18:20] = b"\xb7\x00"
    tree.write(SYSTEMD, bytes(data))


@mutation("init_is_directory", "systemd", "init", "SHELL-PID1", "/sbin/init is a directory")
def _(tree):
    tree.remove("/sbin/init")
    tree.mkdir("/sbin/init")


@mutation("init_absolute_link", "systemd", "-", "OK", "/sbin/init is an absolute link to systemd")
def _(tree):
    tree.link("/sbin/init", SYSTEMD)


@mutation("init_link_loop", "systemd", "init", "SHELL-PID1", "/sbin/init is a link to itself")
def _(tree):
    tree.link("/sbin/init", "init")


@mutation("init_gone", "sysvinit openrc runit busybox", "init", "SHELL-PID1", "/sbin/init removed")
def _(tree):
    tree.remove("/sbin/init")


@mutation("init_fallback_etc", "sysvinit", "-", "OK", "/sbin/init moved to /etc/init")
def _(tree):
    shutil.move(tree.at("/sbin/init"), tree.at("/etc/init"))


@mutation("init_wrapper", "systemd", "-", "OK", "/sbin/init is a shell script that execs systemd")
def _(tree):
    tree.remove("/sbin/init")
    tree.write("/sbin/init", f'#!/bin/sh\nexec {SYSTEMD} "$@"\n', 0o755)


@mutation("init_wrapper_crlf", "systemd", "init", "PANIC", "the same script with CRLF line ends")
def _(tree):
    tree.remove("/sbin/init")
    tree.write("/sbin/init", f'#!/bin/sh\r\nexec {SYSTEMD} "$@"\r\n', 0o755)


@mutation("init_wrapper_no_interpreter", "systemd", "init", "PANIC", "the same script for an interpreter that is not there")
def _(tree):
    tree.remove("/sbin/init")
    tree.write("/sbin/init", f'#!/usr/bin/zsh\nexec {SYSTEMD} "$@"\n', 0o755)


@mutation("init_wrapper_no_shebang", "systemd", "init", "PANIC", "the same script without its first line")
def _(tree):
    tree.remove("/sbin/init")
    tree.write("/sbin/init", f'exec {SYSTEMD} "$@"\n', 0o755)


@mutation("ldso_gone", ALL_INITS, "init", "PANIC", "the ELF interpreter removed")
def _(tree):
    tree.remove(f"{LIBS}/ld-linux-x86-64.so.2")


@mutation("libc_gone", "systemd sysvinit", "init", "PANIC", "libc.so.6 removed")
def _(tree):
    library(tree, "libc.so.6")


@mutation("libc_zero", "systemd", "init", "PANIC", "libc.so.6 empty")
def _(tree):
    tree.truncate(f"{LIBS}/libc.so.6", 0)


@mutation("libselinux_gone", "systemd sysvinit", "init", "PANIC", "libselinux.so.1 removed")
def _(tree):
    library(tree, "libselinux.so.1")


@mutation("liblzma_gone", "systemd trixie-systemd", "init", "PANIC", "liblzma.so.5 removed")
def _(tree):
    library(tree, "liblzma.so.5*")


@mutation("libsystemd_shared_gone", "systemd", "init", "PANIC", "libsystemd-shared removed")
def _(tree):
    tree.remove(*["/" + str(p.relative_to(tree.root)) for p in tree.root.glob("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-*.so")])


@mutation("libsystemd_shared_renamed", "systemd", "init", "PANIC", "libsystemd-shared of another version (half upgraded)")
def _(tree):
    [path] = tree.root.glob("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-*.so")
    path.rename(path.with_name("libsystemd-shared-251.so"))


@mutation("libcrypt_gone", "systemd", "init", "PANIC", "libcrypt.so.1 removed")
def _(tree):
    library(tree, "libcrypt.so.1*")


@mutation("libmount_gone", "systemd", "init", "PANIC", "libmount.so.1 removed")
def _(tree):
    library(tree, "libmount.so.1*")


@mutation("libudev_gone", "systemd", "mounts", "NO-NETWORK", "libudev.so.1 and libblkid.so.1 removed")
def _(tree):
    library(tree, "libudev.so.1*")


@mutation("libkmod_gone", "systemd", "init", "PANIC", "libkmod.so.2 removed")
def _(tree):
    library(tree, "libkmod.so.2*")


@mutation("libcrypto_gone", "systemd", "init", "PANIC", "libcrypto.so.3 removed")
def _(tree):
    library(tree, "libcrypto.so.3")


@mutation("preload_missing", "systemd", "-", "OK", "/etc/ld.so.preload names a file that does not exist")
def _(tree):
    tree.write("/etc/ld.so.preload", "/usr/lib/libmissing.so\n")


@mutation("preload_not_elf", "systemd", "-", "OK", "/etc/ld.so.preload names a text file")
def _(tree):
    tree.write("/usr/lib/libtext.so", "this is no library\n")
    tree.write("/etc/ld.so.preload", "/usr/lib/libtext.so\n")


@mutation("ldcache_gone", "systemd", "-", "OK", "/etc/ld.so.cache removed")
def _(tree):
    tree.remove("/etc/ld.so.cache")


@mutation("ldcache_garbage", "systemd", "-", "OK", "/etc/ld.so.cache full of other bytes")
def _(tree):
    tree.fill("/etc/ld.so.cache", 0xA7)


@mutation("ldconf_gone", "systemd", "-", "OK", "/etc/ld.so.conf.d and the cache removed")
def _(tree):
    tree.remove("/etc/ld.so.conf.d", "/etc/ld.so.cache")


@mutation("lib64_link_gone", "systemd sysvinit", "init", "PANIC", "the /lib64 link removed")
def _(tree):
    tree.remove("/lib64")


@mutation("lib_link_gone", "systemd", "init", "PANIC", "the /lib link removed")
def _(tree):
    tree.remove("/lib")


@mutation("sbin_link_gone", "systemd sysvinit", "init", "SHELL-PID1", "the /sbin link removed")
def _(tree):
    tree.remove("/sbin")


@mutation("bin_link_gone", "systemd", "access", "NO-LOGIN", "the /bin link removed")
def _(tree):
    tree.remove("/bin")


@mutation("lib_is_directory", "systemd", "-", "OK", "/lib is a real directory with the modules, /usr/lib has the rest")
def _(tree):
    tree.remove("/lib")
    tree.mkdir("/lib")
    for entry in tree.at("/usr/lib").iterdir():
        tree.link(f"/lib/{entry.name}", f"../usr/lib/{entry.name}")


@mutation("usr_emptied", "systemd", "init", "PANIC", "everything below /usr removed")
def _(tree):
    tree.empty_folder("/usr")


@mutation("sh_dangling", "systemd sysvinit openrc", "init", "NO-LOGIN", "/bin/sh is a link to a shell that is not there")
def _(tree):
    tree.link("/bin/sh", "ash")


@mutation("sh_gone", "systemd runit", "init", "NO-LOGIN", "/bin/sh removed")
def _(tree):
    tree.remove("/bin/sh")


@mutation("sh_is_busybox", "systemd sysvinit", "-", "OK", "/bin/sh is a link to busybox", links={"bookworm-sysvinit": "network"})
def _(tree):
    tree.link("/bin/sh", "busybox")


@mutation("bash_gone", "systemd", "access", "NO-SSH", "/bin/bash, the shell of root, removed")
def _(tree):
    tree.remove("/bin/bash")


@mutation("run_dir_gone", "systemd sysvinit openrc runit", "init", "FREEZE", "no /run directory on the root")
def _(tree):
    tree.remove("/run")


@mutation("proc_dir_gone", "systemd sysvinit openrc", "init", "FREEZE", "no /proc directory on the root")
def _(tree):
    tree.remove("/proc")


@mutation("sys_dir_gone", "systemd sysvinit", "init", "FREEZE", "no /sys directory on the root")
def _(tree):
    tree.remove("/sys")


@mutation("dev_dir_gone", "systemd sysvinit", "init", "INITRAMFS-SHELL", "no /dev directory on the root")
def _(tree):
    tree.remove("/dev")


@mutation("dev_empty", "systemd sysvinit", "-", "OK", "/dev exists but is empty")
def _(tree):
    tree.empty_folder("/dev")


@mutation("proc_is_file", "systemd", "init", "FREEZE", "/proc is a file")
def _(tree):
    tree.remove("/proc")
    tree.write("/proc", "")


@mutation("tmp_gone", "systemd", "-", "OK", "/tmp removed")
def _(tree):
    tree.remove("/tmp")


@mutation("var_gone", "systemd sysvinit", "-", "OK", "/var removed")
def _(tree):
    tree.remove("/var")


@mutation("var_log_gone", "systemd", "-", "OK", "/var/log removed")
def _(tree):
    tree.remove("/var/log")


@mutation("var_run_directory", "systemd sysvinit", "-", "OK", "/var/run is a directory of its own")
def _(tree):
    tree.remove("/var/run")
    tree.mkdir("/var/run")


@mutation("root_home_gone", "systemd", "access", "NO-SSH", "/root removed")
def _(tree):
    tree.remove("/root")


@mutation("root_mode_700", "systemd", "-", "OK", "the root directory has mode 0700")
def _(tree):
    tree.chmod("/", 0o700)


@mutation("usr_mode_700", "systemd", "-", "OK", "/usr has mode 0700")
def _(tree):
    tree.chmod("/usr", 0o700)


@mutation("etc_mode_700", "systemd", "-", "OK", "/etc has mode 0700")
def _(tree):
    tree.chmod("/etc", 0o700)


@mutation("tmp_mode_755", "systemd", "-", "OK", "/tmp is not for everybody to write")
def _(tree):
    tree.chmod("/tmp", 0o755)


@mutation("all_owned_by_1000", "systemd", "-", "OK", "chown -R 1000 /etc /usr (a slip of the hand)")
def _(tree):
    tree.chroot("chown -Rh 1000:1000 /etc /usr")


@mutation("machine_id_gone", "systemd trixie-systemd", "-", "OK", "/etc/machine-id removed")
def _(tree):
    tree.remove("/etc/machine-id")


@mutation("machine_id_empty", "systemd", "-", "OK", "/etc/machine-id empty")
def _(tree):
    tree.write("/etc/machine-id", "")


@mutation("machine_id_uninitialized", "systemd", "-", "OK", "/etc/machine-id says uninitialized")
def _(tree):
    tree.write("/etc/machine-id", "uninitialized\n")


@mutation("machine_id_garbage", "systemd", "-", "OK", "/etc/machine-id is no id")
def _(tree):
    tree.write("/etc/machine-id", "hello\n")


@mutation("first_boot_again", "systemd", "-", "OK", "machine-id empty, no .updated, no locale: a fresh image")
def _(tree):
    tree.write("/etc/machine-id", "")
    tree.remove("/etc/.updated", "/var/.updated")


@mutation("os_release_gone", "systemd", "-", "OK", "no os-release")
def _(tree):
    tree.remove("/etc/os-release", "/usr/lib/os-release")


@mutation("etc_gone", "systemd", "services", "NO-NETWORK", "/etc removed")
def _(tree):
    tree.remove("/etc")


@mutation("setuid_bits_gone", "systemd", "-", "OK", "no setuid bit anywhere (restored by a tool that drops them)")
def _(tree):
    tree.chroot("find /usr -xdev -perm /6000 -type f -exec chmod u-s,g-s {} +")


@mutation("selinux_enforcing_no_policy", "systemd", "init", "FREEZE", "SELinux enforcing in its configuration, no policy installed")
def _(tree):
    tree.write("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=default\n")


@mutation("autorelabel", "systemd", "-", "OK", "/.autorelabel is there, SELinux is not")
def _(tree):
    tree.write("/.autorelabel", "")


@mutation("nologin_etc", "systemd sysvinit", "-", "OK", "/etc/nologin was left behind")
def _(tree):
    tree.write("/etc/nologin", "maintenance\n")
