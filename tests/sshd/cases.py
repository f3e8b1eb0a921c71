"""Puts each configuration of cases.txt before the sshd of a root: see README.md."""

import os
import re
import shutil
import subprocess
import sys

KEYS = (
    "port addressfamily listenaddress permitrootlogin passwordauthentication "
    "kbdinteractiveauthentication challengeresponseauthentication pubkeyauthentication usepam "
    "strictmodes hostkey authorizedkeysfile allowusers denyusers allowgroups denygroups "
    "authenticationmethods authorizedkeyscommand chrootdirectory trustedusercakeys "
    "permitemptypasswords"
).split()


def cases(path):
    """Name and files of each case."""
    name, files, current = None, {}, None
    for line in open(path, newline=""):
        if line.startswith("== "):
            if name:
                yield name, files
            name, current = line[3:].rstrip("\n"), "/etc/ssh/sshd_config"
            files = {current: ""}
        elif line.startswith("-- "):
            current = line[3:].rstrip("\n")
            files[current] = ""
        elif name:
            files[current] += line.replace("<CR>", "\r").replace("<BLANK>", " ")
    if name:
        yield name, files


def run(root, *args):
    done = subprocess.run(
        ["chroot", root, "/usr/sbin/sshd", *args], capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout, done.stderr


def settings(text, usual):
    """The settings that are not the usual ones, in one line."""
    found = []
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "challengeresponseauthentication":
            key = "kbdinteractiveauthentication"
        if key in KEYS and f"{key}={value}" not in found:
            found.append(f"{key}={value}")
    if usual is None:
        return found
    return ";".join(sorted(item for item in found if item not in usual))


def main():
    root = sys.argv[1]
    here = os.path.dirname(os.path.abspath(__file__))
    etc = os.path.join(root, "etc/ssh")
    os.makedirs(os.path.join(root, "run/sshd"), mode=0o755, exist_ok=True)
    subprocess.run(["chroot", root, "ssh-keygen", "-A"], check=True, capture_output=True)
    users = os.path.join(root, "etc/passwd")
    if "alice:" not in open(users).read():
        subprocess.run(["chroot", root, "useradd", "-m", "-G", "users", "alice"], check=True)
    services = os.path.join(root, "etc/services")
    if not os.path.exists(services):
        open(services, "w").write("ssh\t22/tcp\n")
    usual = None
    for name, files in cases(os.path.join(here, "cases.txt")):
        shutil.rmtree(os.path.join(etc, "sshd_config.d"), ignore_errors=True)
        for path, text in files.items():
            full = root + path
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", newline="") as file:
                file.write(text)
        if usual is None:
            usual = settings(run(root, "-T")[1], None)
        status, _, said = run(root, "-t")
        if status == 0:
            line, verdict = "-", "ok"
        else:
            at = re.search(r"^(/\S+?):? line (\d+)", said, re.M)
            line = f"{at.group(1)}:{at.group(2)}" if at else "-"
            verdict = "refused"
        fields = [name, verdict, line]
        if status == 0:
            fields.append(settings(run(root, "-T")[1], usual))
            for user in ("root", "alice"):
                where = f"user={user},host=client.example,addr=192.0.2.7,laddr=192.0.2.1,lport=22"
                fields.append(settings(run(root, "-T", "-C", where)[1], usual))
        print("\t".join(fields))
        for path in files:
            os.remove(root + path)


main()
