"""The cases of cases.txt through a real systemd, in test mode and without rights.

    unshare --mount python3 cases.py ROOT            prints what systemd of ROOT says
    unshare --mount python3 cases.py ROOT --verify   what its systemd-analyze verify says

One line for each job that it queues at its start (`?` in front: not in every run), or
why it gives up. With --verify, of default.target and of each unit of the case by itself:
the exit status, and a line for each message. Mounts over ROOT, so it must have a mount
namespace of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACES = {"E/": "etc/systemd/system/", "L/": "lib/systemd/system/"}
# The order in which PID 1 meets jobs differs from run to run.
RUNS = 5


def place(path):
    """A path with its shorthand replaced."""
    short = path[:2]
    return PLACES[short] + path[2:] if short in PLACES else path


def read_cases():
    """Name and commands of each case; a command is a list of words."""
    cases, commands = {}, None
    for line in (HERE / "cases.txt").read_text().splitlines():
        if line.startswith("=== "):
            commands = cases.setdefault(line[4:], [])
        elif line.startswith("|"):
            commands[-1][2] += line[2:] + "\n"
        elif line.startswith("#") or not line or commands is None:
            continue
        elif line.startswith("file "):
            commands.append(["file", place(line[5:]), ""])
        elif line.startswith("text "):
            _, path, text = line.split(" ", 2)
            text = text[1:-1].encode().decode("unicode_escape")
            commands.append(["file", place(path), text])
        elif line.startswith("words "):
            commands.append(["words", line[6:]])
        else:
            verb, path, *rest = line.split(" ")
            commands.append([verb, place(path), *rest])
    return cases


def lay(root, commands):
    """Writes a case into a root; its words."""
    words = ""
    for verb, path, *rest in commands:
        if verb == "words":
            words = path
            continue
        at = root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(at):
            at.unlink()
        if verb == "file":
            at.write_text(rest[0], newline="")
        elif verb == "link":
            at.symlink_to(rest[0])
    return words


def mount(*args):
    """mount(8)."""
    subprocess.run(["mount", *args], check=True)


def prepare(root):
    """Empty unit directories and what PID 1 wants to see of a kernel."""
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("-t", "tmpfs", "tmpfs", f"{root}/run")
    mount("--rbind", "/sys", f"{root}/sys")
    at = f"{root}/sys/fs/cgroup"
    if subprocess.run(["mount", "-t", "cgroup2", "cgroup2", at], check=False).returncode:
        mount("-t", "tmpfs", "none", at)
        mount("-t", "cgroup2", "cgroup2", at)
    mount("--bind", "/dev", f"{root}/dev")
    for name in ["etc/systemd/system", "lib/systemd/system", "lib/systemd/system-generators", "opt"]:
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", f"{root}/{name}")


def empty(root):
    """Nothing is left of the case before."""
    for name in ["etc/systemd/system", "lib/systemd/system", "opt"]:
        for path in (root / name).iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def once(root, words):
    """One run: the units with a start job, or why there is none."""
    command = ["chroot", "--userspec=65534:65534", str(root), "/lib/systemd/systemd", "--test", "--system"]
    # Only PID 1 itself looks at the command line.
    unit = words.removeprefix("systemd.unit=")
    command += [f"--unit={unit}"] if unit else []
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    text = done.stdout + done.stderr
    jobs = set(re.findall(r"Action: (\S+) -> start$", text, re.M))
    if jobs:
        return jobs
    why = re.findall(r"^(Failed to (?:isolate|load|start).*)$", text, re.M)
    why = why[-1] if why else text.strip().splitlines()[-1]
    # Which of two is named first differs from run to run.
    return {"! " + why.replace("'stop' and 'start'", "'start' and 'stop'")}


def said(root, commands):
    """What systemd says in several runs."""
    words = lay(root, commands)
    runs = [once(root, words) for _ in range(RUNS)]
    every = set.union(*runs)
    always = set.intersection(*runs)
    return sorted(unit if unit in always else "?" + unit for unit in every)


def units(commands):
    """The units that a case has files or links of, without drop-ins and templates."""
    found = {Path(path).name for verb, path, *_ in commands if verb in ("file", "link") and "systemd" in path and ".d/" not in path}
    kinds = (".service", ".socket", ".target", ".mount", ".timer", ".path")
    fits = {name for name in found if name.endswith(kinds) and "@." not in name}
    return ["default.target", *sorted(fits - {"default.target"})]


def judged(root, unit):
    """One run of verify: its exit status, and its messages."""
    command = ["chroot", str(root), "systemd-analyze", "--man=no", "verify", unit]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_COLORS": "0", "SYSTEMD_LOG_COLOR": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    lines = {"| " + " ".join(line.split()) for line in text.splitlines() if line.strip()}
    return {f"{unit} {done.returncode}"} | lines


def verified(root, commands):
    """What verify says of a case in several runs."""
    lay(root, commands)
    for unit in units(commands):
        runs = [judged(root, unit) for _ in range(RUNS)]
        every = set.union(*runs)
        always = set.intersection(*runs)
        # The status comes first, and a status that differs has a line for each.
        order = sorted(every, key=lambda line: (line.startswith("|"), line))
        yield from (line if line in always else "?" + line for line in order)


def main():
    root = Path(sys.argv[1]).resolve()
    verify = "--verify" in sys.argv[2:]
    only = [name for name in sys.argv[2:] if name != "--verify"]
    cases = read_cases()
    prepare(root)
    for name, commands in cases.items():
        if only and name not in only:
            continue
        empty(root)
        lay(root, cases["base"])
        print("===", name)
        lines = verified(root, commands) if verify else said(root, commands)
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
