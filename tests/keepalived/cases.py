"""The cases of cases.txt, or a folder of configurations, through a real keepalived.

    python3 cases.py ROOT            what keepalived of ROOT says of each case
    python3 cases.py ROOT FOLDER     what it says of each FOLDER/**/*.conf

Needs root. Each runs in namespaces of its own, with the interfaces eth0 and eth1 (for a
folder: with those that the file names): as `keepalived -t`, whose messages and status
are kept, and, of a case, as the daemon for a moment, to see whether it stays. Nothing is
sent anywhere.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAIN = "etc/keepalived/keepalived.conf"
# What the daemon logs at its start and `-t` keeps to itself.
TOLD = re.compile(r"isabl|ignor|not found|secur|afe|Wrong file|nable to|permanent error|address family|does not exist|doesn't exist")
STAY = "1.5"


def read_cases():
    """Name and steps of each case."""
    cases, steps = {}, None
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line.startswith("=== "):
            steps = cases.setdefault(line[4:], [["file", MAIN, ""]])
        elif line.startswith(("| ", "- ")) or line == "|":
            last = [step for step in steps if step[0] == "file"][-1]
            last[2] += line[2:].replace("LONG", "x" * 1100) + ("" if line[0] == "-" else "\n")
        elif line and not line.startswith("#"):
            verb, path, *rest = line.split(" ")
            steps.append([verb, path.lstrip("/"), *(rest or [""])])
    return cases


def empty(root):
    """Nothing is left of the case before."""
    for name in ["etc/keepalived", "usr/local/sbin"]:
        for path in (root / name).glob("*"):
            # From 2.3.1 on it does not start without this one.
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "keepalived.config-opts":
                path.unlink()
    accounts = root / "etc/passwd"
    lines = [line for line in accounts.read_text().splitlines(True) if not line.startswith("keepalived_script:")]
    accounts.write_text("".join(lines))


def lay(root, steps):
    """Writes a case into a root."""
    for verb, path, rest in steps:
        at = root / path
        if verb == "account":
            with (root / "etc/passwd").open("a") as accounts:
                accounts.write(f"{path}:x:998:998::/:/usr/sbin/nologin\n")
            continue
        at.parent.mkdir(parents=True, exist_ok=True)
        if verb == "file":
            at.write_text(rest)
            at.chmod(0o644)
        elif verb == "script":
            at.write_text("#!/bin/sh\nexit 0\n")
            at.chmod(0o755)
        elif verb == "mode":
            at.chmod(int(rest, 8))


def run(root, command, interfaces):
    """One run in namespaces of its own: status and lines."""
    script = f"mount -t proc proc {root}/proc; hostname node1; ip link set lo up\n"
    for number, name in enumerate(interfaces):
        script += f"ip link add '{name}' type veth peer name 'peer{number}' && ip link set '{name}' up && ip link set 'peer{number}' up\n"
    script += f"exec chroot {root} {command} -f /{MAIN}"
    namespaces = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run([*namespaces, "sh", "-c", script], env=environment, capture_output=True, check=False)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.returncode, text.splitlines()


def tidy(line):
    """A message: place, then the beginning of its text; `-` where it names none."""
    line = re.sub(r"^\w{3} \w{3} +\d+ [\d:]+ \d{4}: ", "", line.strip())
    where = re.match(r"\((?:(\S*): )?Line (\d+)\) *(.*)", line)
    if where:
        file = "" if where[1] in (None, f"/{MAIN}") else where[1].rsplit("/", 1)[-1] + ":"
        return f"{file}{where[2]} {where[3][:100]}".rstrip()
    line = re.sub(r"^pid \d+ exited", "a process exited", line)
    return f"- {line[:100]}".rstrip() if line else ""


def order(line):
    """By place, then text."""
    place, _, text = line.partition(" ")
    file, _, number = place.rpartition(":")
    return (number == "-", file, int(number) if number.isdigit() else 0, text)


def said(root, interfaces=("eth0", "eth1"), daemon=True):
    """What is kept of a case."""
    status, lines = run(root, "timeout -s KILL 20 keepalived -t", interfaces)
    kept = sorted({tidy(line) for line in lines} - {""}, key=order)
    out = [f"status {status}", *kept]
    if not daemon:
        return out
    ended, lines = run(root, f"timeout {STAY} keepalived --dont-fork --log-console --no-syslog", interfaces)
    out.append("daemon stays" if ended == 124 else f"daemon ends {ended}")
    told = sorted({tidy(line) for line in lines if TOLD.search(line)} - set(kept) - {""}, key=order)
    return out + [f"log {line}" for line in told]


def names(text):
    """The interfaces that a configuration names."""
    found = re.findall(r"^\s*(?:interface|default_interface)\s+(\S+)|\bdev\s+(\S+)", text, re.M)
    found += [(name, "") for block in re.findall(r"track_interface\s*\{([^}]*)\}", text) for name in re.findall(r"^\s*([\w.-]+)", block, re.M)]
    names = {re.sub(r"[#!}\"].*", "", a or b) for a, b in found}
    return sorted(name for name in names if re.fullmatch(r"[\w.-]{1,15}", name) and name != "lo")


def main():
    """Prints what it says."""
    root = Path(sys.argv[1]).resolve()
    version = subprocess.run(["chroot", root, "keepalived", "-v"], capture_output=True, text=True, check=False).stderr
    print("#", version.splitlines()[0])
    if len(sys.argv) > 2:
        for path in sorted(Path(sys.argv[2]).glob("**/*.conf")):
            empty(root)
            shutil.copy(path, root / MAIN)
            os.chmod(root / MAIN, 0o644)
            print(f"=== {path.relative_to(sys.argv[2])}")
            print("\n".join(said(root, names(path.read_text("utf-8", "replace")), daemon=False)), flush=True)
        return
    for name, steps in read_cases().items():
        empty(root)
        lay(root, steps)
        print(f"=== {name}")
        print("\n".join(said(root)), flush=True)


if __name__ == "__main__":
    main()
