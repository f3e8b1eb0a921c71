"""One boot from beginning to end, and many of them side by side."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import image, machine, mutations, recipes, tree, verdict, watch
from .paths import LAB, WORK, base_dir


def result_path(base, mutation, path):
    """Where the result of a boot is."""
    return tree.row_dir(base, mutation) / f"{path}.json"


def boot(base_name, mutation_name, path):
    """Boots one mutation of one base. In name spaces of its own: see `isolated`."""
    base = recipes.BASES[base_name]
    mutation = mutations.load()[mutation_name]
    logs = tree.row_dir(base_name, mutation_name)
    logs.mkdir(parents=True, exist_ok=True)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else WORK
    folder = Path(tempfile.mkdtemp(prefix="bootlab-", dir=memory))
    server = None
    try:
        with tree.whole(base, mutation, uml=path == "uml") as whole:
            packed = folder / "disk.img"
            firmware = base_dir(base_name) if base.loader == "bios" else None
            image.assemble(base, whole.root, packed, firmware)
            disks = []
            for name, make in mutation.disks:
                disks.append(folder / name)
                make(disks[-1])
            if mutation.disk is not None:
                mutation.disk(base, packed, *disks)
            names = [f"/dev/vd{letter}" for letter in "bcd"]
            devices = image.devices(base, packed, list(zip(names, disks)))
            server = machine.network(folder)
            started = machine.start(path, whole, packed, folder, disks)
            seen = watch.Watch(started)
            begun = time.monotonic()
            try:
                seen.wait()
            finally:
                seen.machine.stop()
                (logs / f"{path}.console").write_bytes(bytes(seen.raw))
                (logs / f"{path}.observed").write_text("".join(json.dumps(one) + "\n" for one in seen.observed))
        found = verdict.vector(seen, path)
        found["seconds"] = round(time.monotonic() - begun)
        found["devices"] = devices
        result_path(base_name, mutation_name, path).write_text(json.dumps(found, indent=1) + "\n")
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return found


def isolated(*words, network=False):
    """A command of the lab in a mount name space of its own, and in a network one
    unless it needs the machine's."""
    lab = [sys.executable, str(LAB / "lab"), *words]
    return ["unshare", "-m", *([] if network else ["-n"]), "--propagation", "private", *lab]


def boot_all(rows, jobs, again=False):
    """Boots rows side by side, those that have a result only if asked to."""
    waiting = [row for row in rows if again or not result_path(*row).exists()]
    running = []
    while waiting or running:
        while waiting and len(running) < jobs:
            row = waiting.pop(0)
            words = isolated("boot-here", *row)
            running.append((row, time.monotonic(), subprocess.Popen(["nice", "-n", "10", *words], stderr=subprocess.PIPE)))
        time.sleep(0.5)
        for one in list(running):
            row, begun, process = one
            if process.poll() is None:
                continue
            running.remove(one)
            took = round(time.monotonic() - begun)
            if process.returncode == 0:
                found = json.loads(result_path(*row).read_text())
                print(f"{' '.join(row)}: {found['outcome']} ({took} s) {found['line']}", flush=True)
            else:
                said = process.stderr.read().decode(errors="replace").strip()
                print(f"{' '.join(row)}: FAILED\n{said}", flush=True)
