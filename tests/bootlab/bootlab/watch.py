"""Watches a machine until it is settled, and then tries to log in.

Only a settled machine is judged. Time is not measured by the clock alone: a machine
that is starved by others is not idle.
"""

import re
import select
import subprocess
import time

from . import build, recipes
from .machine import GUEST

ANSI = re.compile(rb"\x1b\[[0-9;?!]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]|\r|\x00")
BANNER = b"Linux version "
SHELLS = {"sh", "dash", "bash", "busybox"}
MAINTENANCE = re.compile(
    rb"You are in (emergency|rescue) mode|Press Enter for maintenance|Give root password"
    rb"|Cannot open access to console|Enter runlevel:|maintenance shell|sulogin:"
)
# The setup screen of OVMF, which comes where nothing could be started.
FIRMWARE = re.compile(rb"Boot Maintenance Manager")
# GRUB's menu, which waits where no timeout ends it.
GRUB_MENU = re.compile(rb"GNU GRUB(?!.*(Loading|executed automatically))", re.S)
LOADER_PROMPT = re.compile(
    rb"(grub> |grub rescue> |Shell> |No bootable device\.?\s*|press any key to enter setup.*"
    rb"|UiApp.*|failed to load Boot.*)$",
    re.S,
)
LOGIN = re.compile(rb"login: $")
# Idle seconds after which nothing more is expected.
PATIENCE = 130
# The same while systemd still waits for a job that is running.
PATIENCE_JOBS = 420
LIMIT = 1800
# Seconds over which work is measured, and the share of them that makes it busy.
WINDOW = 5
BUSY = 0.6


class Watch:
    """What was seen of one boot."""

    def __init__(self, machine):
        self.machine = machine
        self.started = time.monotonic()
        self.raw = bytearray()
        self.observed = []
        self.partial = b""
        self.last_output = self.started
        self.last_busy = self.started
        self.sample = (self.started, 0.0)
        self.ssh = "none"
        self.console = "none"
        self.ended = None

    @property
    def text(self):
        """The console without colours and carriage returns."""
        return ANSI.sub(b"", bytes(self.raw))

    @property
    def now(self):
        """The console since the last start of a kernel."""
        text = self.text
        at = text.rfind(BANNER)
        return text[max(at, 0) :]

    @property
    def boots(self):
        """How many kernels were started."""
        return self.text.count(BANNER)

    @property
    def last(self):
        """The newest line of the observer since the last start, as a dictionary."""
        return self.observed[-1] if self.observed else {}

    def quiet(self):
        """Seconds without output on the console."""
        return time.monotonic() - self.last_output

    def idle(self):
        """Seconds in which the machine had nothing to do."""
        return time.monotonic() - self.last_busy

    def take(self, seconds):
        """Reads what comes within a time."""
        end = time.monotonic() + seconds
        sockets = [self.machine.console, self.machine.observer]
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select(sockets, [], [], min(left, 0.5))
            for one in ready:
                try:
                    data = one.recv(65536)
                except (BlockingIOError, ConnectionError):
                    data = b""
                if not data:
                    sockets.remove(one)
                elif one is self.machine.console:
                    self.read_console(data)
                else:
                    self.read_observer(data)
            self.machine.events()
            self.measure()
            if self.machine.process.poll() is not None and not ready:
                return

    def read_console(self, data):
        """New output; a new kernel makes what was observed before it void."""
        before = self.boots
        self.raw += data
        self.last_output = time.monotonic()
        if self.boots > before > 0:
            self.observed.clear()

    def read_observer(self, data):
        """New lines of the observer."""
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            words = line.decode(errors="replace").strip().split()
            if words and words[0] == "OBS":
                self.observed.append(dict(word.split("=", 1) for word in words[1:] if "=" in word))

    def measure(self):
        """Whether the machine was busy since the last look. The observer takes its
        share; what a boot takes is all there is."""
        now = time.monotonic()
        before, work = self.sample
        if now - before < WINDOW:
            return
        newer = self.machine.work()
        if newer - work > BUSY * (now - before):
            self.last_busy = now
        self.sample = (now, newer)

    def wait(self):
        """Watches until there is nothing more to see."""
        while self.ended is None:
            self.take(1)
            self.ended = self.decide()
        self.check()

    def decide(self):
        """Why the boot is over, or None."""
        now, text, last = time.monotonic(), self.now, self.last
        quiet, idle = self.quiet(), self.idle()
        if self.machine.process.poll() is not None:
            if self.machine.again is None or b"reboot: Restarting system" not in text[-400:] or self.boots > 3:
                return "reboots" if self.boots > 3 else "exit"
            self.machine.stop()
            self.machine = self.machine.again()
            return None
        if self.boots > 3 or self.machine.resets > 3:
            return "reboots"
        if now - self.started > LIMIT:
            return "limit"
        if b"Kernel panic - not syncing" in text:
            patient = 100 if b"Rebooting in" in text[-400:] else 15
            return "panic" if quiet > patient else None
        if BANNER not in text and not last:
            if LOADER_PROMPT.search(text[-200:].rstrip(b" ") + b" ") and quiet > 15:
                return "loader"
            if quiet > 15 and (FIRMWARE.search(text) or b"ter username:" in text):
                return "loader"
            # GRUB goes on after ten of its own seconds: to the kernel or to its menu.
            if quiet > 60 and text.rstrip().endswith(b"Press any key to continue..."):
                return "loader"
            if quiet > 40 and GRUB_MENU.search(text):
                return "loader"
            return "loader" if quiet > 120 else None
        if re.search(rb"\(initramfs\) $", text):
            return "initramfs" if quiet > 10 else None
        if re.search(rb"(?m)^(dracut:/# ?|:/# ?|:/root# ?)$", text[-60:]) and not last:
            return "initramfs" if quiet > 10 else None
        if b"Freezing execution" in text and quiet > 15:
            return "freeze"
        if last.get("pid1") in SHELLS and quiet > 20 and idle > 10:
            return "shell"
        if MAINTENANCE.search(text) and quiet > 25 and idle > 15:
            return "maintenance"
        if last.get("pid1") == "systemd":
            if last.get("state") in ("running", "degraded") and last.get("jobs") in ("", "-"):
                return "settled" if self.is_up(last) or min(idle, quiet) > 20 else None
        elif self.is_up(last) and quiet > 8:
            return "settled"
        if re.search(rb"/ no limit\)", text[-400:]) and now - self.started > PATIENCE_JOBS:
            return "idle"
        waiting = last.get("pid1") == "systemd" and last.get("jobs") not in ("", "-", None)
        patience = PATIENCE_JOBS if waiting else PATIENCE
        return "idle" if idle > patience and quiet > patience else None

    def is_up(self, last):
        """Whether network, SSH and a login prompt are there."""
        up = last.get("route") == "1" and last.get("port") == "1"
        return up and LOGIN.search(self.now) is not None

    def check(self):
        """Logs in, by the network and on the console, where the machine is there."""
        if self.ended in ("exit", "reboots", "panic", "loader", "initramfs"):
            return
        if self.last.get("port") == "1":
            self.ssh = self.try_ssh()
        if self.ended not in ("maintenance", "freeze", "shell") and self.has_prompt():
            self.console = self.try_console()

    def has_prompt(self):
        """Whether there is a login prompt; a key brings it back where messages came after."""
        if LOGIN.search(self.now):
            return True
        if b"login: " not in self.now:
            return False
        self.type("")
        return self.expect(LOGIN.pattern, len(self.now), 20)

    def try_ssh(self):
        """`login` when the key is let in, `port` when something listens."""
        words = ["ssh", "-F", "none", "-i", str(build.key_pair()), "-o", "BatchMode=yes"]
        for option in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=60"):
            words += ["-o", option]
        client = subprocess.Popen(
            [*words, f"root@{GUEST}", "echo LOGGED-$((6*7))"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 120
        while client.poll() is None and time.monotonic() < end:
            self.take(1)
        client.kill()
        return "login" if b"LOGGED-42" in client.communicate()[0] else "port"

    def try_console(self):
        """`login` when the password is let in, `prompt` when not."""
        at = len(self.now)
        self.type("root")
        if not self.expect(rb"assword: ?$", at, 60):
            return "prompt"
        self.type(recipes.PASSWORD)
        if not self.expect(rb"[#$] ?$", at, 90):
            return "prompt"
        self.type("echo LOGGED-$((6*7))")
        return "login" if self.expect(rb"LOGGED-42", at, 60) else "prompt"

    def type(self, line):
        """Types a line on the console."""
        self.machine.console.send(line.encode() + b"\n")

    def expect(self, pattern, at, seconds):
        """Waits until the console shows a pattern, or refuses the login."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take(1)
            new = self.now[at:]
            if re.search(pattern, new):
                return True
            if b"Login incorrect" in new or b"Permission denied" in new:
                return False
        return False
