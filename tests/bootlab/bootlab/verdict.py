"""What a boot came to: the vector of observations, and one class for it."""

import re

from .watch import BANNER, FIRMWARE, GRUB_MENU, LOGIN, SHELLS

# Console lines that show why, the first that is found.
TELLING = {
    "PANIC": [rb"Kernel panic - not syncing.*"],
    "INITRAMFS-SHELL": [
        rb"ALERT!.*",
        rb"Target filesystem doesn't have requested.*",
        rb"No init found.*",
        rb".*run-init:.*",
        rb"mount: mounting .* failed:.*",
        rb".*does not exist\..*",
        rb".*Entering emergency mode.*",
    ],
    "FREEZE": [rb".*Failed to (isolate|start|load|mount|execute).*", rb".*\[!!!!!!\].*"],
    "EMERGENCY": [
        rb".*Timed out waiting for device.*",
        rb".*Dependency failed for .*",
        rb".*maintenance shell.*",
        rb".*FAILED.*",
        rb".*Cannot open access to console.*",
        rb"You are in emergency mode.*",
    ],
    "RESCUE": [rb".*Failed to (isolate|load|start).*", rb"You are in rescue mode.*", rb".*single.user.*"],
    "LOADER-PROMPT": [rb"error: .*", rb"grub rescue>", rb"grub>", rb".*BdsDxe: .*", rb"Shell>"],
    "HANG": [rb"error: .*", rb".*Oops.*", rb".*Initramfs unpacking failed.*"],
    "POWEROFF": [rb".*reboot: .*"],
    "REBOOT-LOOP": [rb".*(Rebooting|rebooting|Restarting|reboot:).*"],
}
# The machine is not there for anybody until somebody comes to it.
DOWN = {
    *("LOADER-PROMPT", "PANIC", "INITRAMFS-SHELL", "SHELL-PID1", "FREEZE", "EMERGENCY"),
    *("RESCUE", "POWEROFF", "REBOOT-LOOP", "HANG"),
}


def vector(watch, path):
    """The vector of a boot that was watched to its end."""
    text, last = watch.now, watch.last
    started = BANNER in watch.text or bool(last)
    seen = {
        "kernel": "yes" if started else "no",
        "root": last.get("root", "none") if last.get("type") not in (None, "rootfs") else "none",
        "pid1": last.get("pid1", "-"),
        "state": last.get("state", "-") or "-",
        "network": "route" if last.get("route") == "1" else "none",
        "ssh": watch.ssh,
        "console": watch.console,
        "boots": watch.boots,
        "ended": watch.ended,
        "path": path,
        "failed": last.get("failed", "-"),
        "jobs": last.get("jobs", "-"),
        "idle": waited(watch),
    }
    seen["outcome"] = outcome(watch, seen, text)
    if seen["pid1"] in ("run-init", "init") and seen["outcome"] in ("PANIC", "INITRAMFS-SHELL"):
        seen["root"] = "none" if seen["pid1"] == "run-init" else seen["root"]
    if seen["outcome"] == "FREEZE":
        seen["state"] = "freeze"
    if seen["outcome"] in ("EMERGENCY", "RESCUE"):
        seen["state"] = seen["outcome"].lower()
    seen["line"] = line(watch.text, seen)
    return seen


def waited(watch):
    """Seconds that the machine was idle before it first was as it stayed."""
    for record in watch.observed:
        if record.get("pid1") == "systemd":
            reached = record.get("state") in ("running", "degraded")
        else:
            reached = record.get("port") == "1" and record.get("route") == "1"
        if reached:
            return float(record["idle"])
    return None


def outcome(watch, seen, text):
    """The class."""
    ended = watch.ended
    if ended == "limit":
        return "UNSETTLED"
    if ended == "reboots":
        return "REBOOT-LOOP"
    if ended in ("idle", "settled") and not watch.observed and LOGIN.search(text):
        # Nothing is known of a machine whose observer did not come to life.
        return "UNSETTLED"
    if b"Kernel panic - not syncing" in text:
        return "PANIC"
    if ended == "exit" or watch.machine.shutdown:
        return "POWEROFF"
    if ended == "loader":
        waiting = re.search(rb"grub> $|grub rescue> $|Shell>|BdsDxe|Boot in|No bootable|Press any key", text[-3000:])
        waiting = waiting or GRUB_MENU.search(text) or FIRMWARE.search(text) or b"ter username:" in text
        return "LOADER-PROMPT" if waiting else "HANG"
    if ended == "initramfs":
        return "INITRAMFS-SHELL"
    if ended == "freeze":
        return "FREEZE"
    if seen["pid1"] in SHELLS:
        return "SHELL-PID1"
    if ended == "maintenance" and b"Enter runlevel:" in text[-200:]:
        return "HANG"
    if ended == "maintenance":
        rescue = re.search(rb"You are in rescue mode|Going single user|single-user mode", text)
        return "RESCUE" if rescue and b"You are in emergency mode" not in text else "EMERGENCY"
    return up(seen)


def up(seen):
    """The class of a machine that is neither stopped nor at a prompt of its own."""
    if seen["ssh"] != "login" and seen["console"] != "login":
        return "HANG" if seen["console"] == "none" and seen["ssh"] == "none" else "NO-LOGIN"
    if seen["network"] == "none":
        return "NO-NETWORK"
    if seen["ssh"] != "login":
        return "NO-SSH"
    if seen["console"] != "login":
        return "NO-LOGIN"
    if seen["root"] == "ro":
        return "ROOT-RO"
    if seen["state"] not in ("running", "-"):
        return "DEGRADED"
    return "OK"


def line(text, seen):
    """The console line that shows it, or what the observer saw."""
    if seen["outcome"] != "REBOOT-LOOP":
        text = text[max(text.rfind(BANNER), 0) :]
    for pattern in TELLING.get(seen["outcome"], []):
        found = list(re.finditer(pattern, text))
        if found:
            return clean(found[0][0] if seen["outcome"] != "LOADER-PROMPT" else found[-1][0])
    if seen["failed"] not in ("-", ""):
        return "failed: " + " ".join(sorted(seen["failed"].strip(",").split(",")))
    if seen["outcome"] == "HANG":
        left = [part for part in text.splitlines() if part.strip()]
        return clean(left[-1]) if left else "-"
    return "-"


def clean(said):
    """A console line as plain text without what changes from boot to boot."""
    said = said.decode("utf-8", errors="replace").replace("\u2026", "...")
    # systemd shortens lines without regard to the colours in them.
    said = re.sub(r"\x1b\[[0-9;]*[mK]?|\[0;1;[0-9;]*m?|\x1bM?|<\d>", "", said)
    said = re.sub(r"^\[ *\d+\.\d+\] ", "", said.strip())
    said = re.sub(r"^\[ *(FAILED|DEPEND|TIME) *\] ", "", said)
    return said.encode("ascii", errors="replace").decode().replace("\t", " ")[:160]
