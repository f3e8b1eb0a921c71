"""Puts each file of cases.txt before the ifupdown of a root: see README.md."""

import os
import re
import shutil
import subprocess
import sys


def cases(path):
    """Name and files of each case."""
    name, files, current = None, {}, None
    for line in open(path, newline=""):
        if line.startswith("== "):
            if name:
                yield name, files
            name, current = line[3:].rstrip("\n"), "/etc/network/interfaces"
            files = {current: ""}
        elif line.startswith("-- "):
            current = line[3:].rstrip("\n")
            files[current] = ""
        elif name:
            files[current] += line.replace("<CR>", "\r").replace("<BLANK>", " ")
    if name:
        yield name, files


def run(root, *args):
    done = subprocess.run(["chroot", root, *args], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def commands(text):
    """What would be run for addresses and routes, and by whom."""
    found = []
    for line in text.splitlines():
        address = re.search(r"\bip (?:-[46] )?addr add (\S+).* dev (\S+)", line)
        route = re.search(r"\bip (?:-[46] )?route (?:add|replace) (.*)", line)
        client = re.search(r"\bdhclient .*\.leases (\S+)", line)
        if address:
            found.append(f"address {address.group(1)} {address.group(2)}")
        elif route:
            found.append("route " + " ".join(route.group(1).split()))
        elif client:
            found.append(f"dhcp {client.group(1)}")
    return ";".join(found)


def main():
    root = sys.argv[1]
    here = os.path.dirname(os.path.abspath(__file__))
    net = os.path.join(root, "etc/network")
    os.makedirs(os.path.join(root, "run/network"), exist_ok=True)
    client = os.path.join(root, "sbin/dhclient")
    if not os.path.exists(client):
        open(client, "w").write("#!/bin/sh\n")
        os.chmod(client, 0o755)
    for name, files in cases(os.path.join(here, "cases.txt")):
        shutil.rmtree(os.path.join(net, "interfaces.d"), ignore_errors=True)
        os.makedirs(os.path.join(net, "interfaces.d"))
        for path, text in files.items():
            with open(root + path, "w", newline="") as file:
                file.write(text)
        auto = run(root, "ifquery", "--list", "--allow", "auto")
        hotplug = run(root, "ifquery", "--list", "--allow", "hotplug")
        up = run(root, "ifup", "--no-act", "-v", "-a")
        said = sorted(set(re.findall(r"^(?:\S+: )?(/etc/network\S*?:\d+): ", up[2], re.M)))
        print(
            "\t".join(
                [
                    name,
                    "read" if auto[1].strip() else "refused",
                    " ".join(said),
                    " ".join(auto[1].split()),
                    " ".join(hotplug[1].split()),
                    str(up[0]),
                    commands(up[2] + "\n" + up[1]),
                ]
            )
        )
        for path in files:
            if path != "/etc/network/interfaces":
                os.remove(root + path)


main()
