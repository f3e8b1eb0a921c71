"""Machines: user-mode Linux and QEMU, each with two serial lines and one network.

Every boot has a network name space of its own, with a tap device, a DHCP server and
no way out. Nothing is added to the command line that init or initrd would read.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from . import build, entry
from .paths import OVMF, run

GUEST = "10.0.2.15"
MAC = "52:54:00:12:34:56"
MEMORY = "512"
# Direct start is of the kernel with QEMU as its loader.
PATHS = ["uml", "direct", "bios", "uefi", "sdboot"]


def network(folder):
    """A tap device and a DHCP server on it; the server's process."""
    for words in (
        "link set lo up",
        "tuntap add tap0 mode tap",
        "addr add 10.0.2.2/24 dev tap0",
        "link set tap0 up",
    ):
        run("ip", *words.split())
    leases = folder / "leases"
    leases.touch()
    config = folder / "udhcpd.conf"
    config.write_text(
        f"interface tap0\nstart {GUEST}\nend {GUEST}\nlease_file {leases}\n"
        f"pidfile {folder}/udhcpd.pid\noption subnet 255.255.255.0\n"
        f"option router 10.0.2.2\noption dns 10.0.2.2\noption lease 86400\n"
        f"static_lease {MAC} {GUEST}\n"
    )
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(["busybox", "udhcpd", "-f", str(config)], **quiet)


class Machine:
    """A machine that was started."""

    def __init__(self, process, console, observer, monitor=None, again=None):
        self.process = process
        self.console = console
        self.observer = observer
        self.monitor = monitor
        # Starts it once more, where a machine ends its process to reboot.
        self.again = again
        self.resets = 0
        self.shutdown = False

    def events(self):
        """Counts what the monitor tells of resets and power-off."""
        if self.monitor is None:
            return
        try:
            data = self.monitor.recv(65536)
        except (BlockingIOError, ConnectionError):
            return
        for line in data.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event.get("event") == "RESET":
                self.resets += 1
            if event.get("event") == "SHUTDOWN":
                self.shutdown = True

    def work(self):
        """Seconds of processor that it used or waited for: the machine is idle, not
        merely starved, when this stands still."""
        total = 0
        for pid in session(self.process.pid):
            try:
                tasks = os.listdir(f"/proc/{pid}/task")
                for task in tasks:
                    ran, waited, _ = Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()
                    total += int(ran) + int(waited)
            except (OSError, ValueError):
                continue
        return total / 1e9

    def stop(self):
        """Ends it, and whatever it started."""
        for pid in session(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()


def session(leader):
    """The processes of a session."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            if stat.rsplit(")", 1)[1].split()[3] == str(leader):
                found.append(int(name))
    return found


def start(path, tree, image, folder, disks):
    """Starts a tree that was packed into `image`, by one of the boot paths."""
    if path == "uml":
        return start_uml(tree, image, folder, disks)
    return start_qemu(path, tree, image, folder, disks)


def start_uml(tree, image, folder, disks):
    """User-mode Linux: its own kernel, the tree's initrd and command line."""
    _, initrd, cmdline = entry.default_entry(tree)
    words = ["linux.uml", f"mem={MEMORY}M", f"uml_dir={folder}", f"ubd0={image}"]
    words += [f"ubd{number}={disk}" for number, disk in enumerate(disks, start=1)]
    if initrd is not None and tree.exists(initrd):
        copy = folder / "initrd"
        shutil.copy(tree.at(initrd), copy)
        words.append(f"initrd={copy}")
    words += cmdline.split()
    words += ["con=null", "ssl=null", f"eth0=tuntap,tap0,{MAC}"]
    return run_uml(words, folder)


def run_uml(words, folder):
    """One run of user-mode Linux; it ends with a reboot."""
    pairs = [socket.socketpair() for _ in range(2)]
    lines = [f"ssl{number}=fd:{theirs.fileno()}" for number, (_, theirs) in enumerate(pairs)]
    with open(folder / "uml.log", "ab") as output:
        process = subprocess.Popen(
            words + lines,
            pass_fds=[theirs.fileno() for _, theirs in pairs],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | {"LD_PRELOAD": str(build.shim()), "TMPDIR": "/dev/shm"},
        )
    for mine, theirs in pairs:
        theirs.close()
        mine.setblocking(False)
    ours = [mine for mine, _ in pairs]
    return Machine(process, *ours, again=lambda: run_uml(words, folder))


def start_qemu(path, tree, image, folder, disks):
    """QEMU by translation: firmware and loader of the image, or its kernel directly."""
    listeners = {}
    for name in ("console", "observer", "monitor"):
        listeners[name] = socket.socket(socket.AF_UNIX)
        listeners[name].bind(str(folder / name))
        listeners[name].listen(1)
    words = ["qemu-system-x86_64", "-nodefaults", "-display", "none"]
    words += ["-M", "q35,graphics=off", "-accel", "tcg,tb-size=256", "-cpu", "max"]
    words += ["-m", MEMORY, "-boot", "strict=on", "-action", "reboot=reset,shutdown=poweroff"]
    for number, disk in enumerate([image, *disks]):
        words += ["-drive", f"file={disk},format=raw,if=none,cache=unsafe,id=d{number}"]
        order = ",bootindex=1" if number == 0 else ""
        words += ["-device", f"virtio-blk-pci,drive=d{number}{order}"]
    words += ["-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no"]
    words += ["-device", f"virtio-net-pci,netdev=n,mac={MAC},romfile="]
    for name in ("console", "observer"):
        words += ["-chardev", f"socket,id={name},path={folder / name},server=off"]
        words += ["-serial", f"chardev:{name}"]
    words += ["-qmp", f"unix:{folder / 'monitor'},server=off"]
    if path == "direct":
        kernel, initrd, cmdline = entry.default_entry(tree)
        words += ["-kernel", tree.at(kernel), "-append", cmdline]
        if initrd is not None and tree.exists(initrd):
            words += ["-initrd", tree.at(initrd)]
    elif path in ("uefi", "sdboot"):
        variables = folder / "vars"
        shutil.copy(str(OVMF).replace("CODE", "VARS"), variables)
        words += ["-drive", f"if=pflash,format=raw,readonly=on,file={OVMF}"]
        words += ["-drive", f"if=pflash,format=raw,file={variables}"]
    output = open(folder / "qemu.log", "wb")
    process = subprocess.Popen(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    ours = {}
    for name, listener in listeners.items():
        listener.settimeout(30)
        ours[name], _ = listener.accept()
        ours[name].setblocking(name == "monitor")
    monitor = ours["monitor"]
    monitor.recv(65536)
    monitor.sendall(b'{"execute": "qmp_capabilities"}')
    monitor.setblocking(False)
    return Machine(process, ours["console"], ours["observer"], monitor)
