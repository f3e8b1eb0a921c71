"""Whole trees against manifests: the program must say the same of both."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import manifest, mutations, recipes, tree, truth
from .paths import LAB, REPOSITORY, WORK

# The moment of the test target, so that both see the same clock.
NOW = "2026-12-01T00:00:00Z"


def program():
    """The program, as `cargo build` leaves it."""
    return os.environ.get("COMEBACK", str(REPOSITORY / "target" / "debug" / "comeback"))


def check(root, devices):
    """What the program says of a tree, as far as it is compared."""
    words = [program(), "check", "--format", "json", "--tree", "full", "--now", NOW]
    if "--devices" in subprocess.run([program(), "check", "--help"], capture_output=True, check=False).stdout.decode():
        listed = Path(f"{root}.devices")
        listed.write_text(devices)
        words += ["--devices", str(listed)]
    done = subprocess.run([*words, str(root)], capture_output=True, check=False)
    try:
        [host] = json.loads(done.stdout)["hosts"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(f"{root}: status {done.returncode}: {done.stderr.decode()}") from error
    return {
        "exit": done.returncode,
        "verdict": host["verdict"],
        "chain": [(link["link"], link["state"]) for link in host["chain"]],
        "findings": sorted((one["rule"], one.get("subject", ""), one["level"]) for one in host["findings"]),
        "open": sorted(json.dumps(one.get("rule", one), sort_keys=True) for one in host.get("undecided", [])),
    }


def compare(base_name, name):
    """The ways in which the two differ; in a mount name space of its own."""
    base, mutation = recipes.BASES[base_name], mutations.load()[name]
    found, devices = manifest.tree_of(base_name, name)
    folder = Path(tempfile.mkdtemp(prefix="bootlab-", dir=WORK))
    try:
        unpacked = folder / "tree"
        unpacked.mkdir()
        manifest.unpack(found, unpacked)
        small = check(unpacked, devices)
        with tree.whole(base, mutation) as whole:
            full = check(whole.root, devices)
            Path(f"{whole.root}.devices").unlink(missing_ok=True)
    finally:
        shutil.rmtree(folder)
    return [f"{key}: whole {full[key]}, manifest {small[key]}" for key in full if full[key] != small[key]]


def compare_all(names):
    """Compares the tree of every row, or of the named mutations; the complaints."""
    trees = sorted({(row["base"], row["mutation"]) for row in truth.read()})
    trees = [tree for tree in trees if not names or tree[1] in names]
    complaints = []
    for base, name in trees:
        words = ["unshare", "-m", "--propagation", "private", sys.executable, str(LAB / "lab"), "compare-here", base, name]
        done = subprocess.run(words, capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode().strip()
        if done.returncode or said:
            complaints.append(f"{name} {base}:\n{said}")
            print(complaints[-1], flush=True)
    print(f"{len(trees) - len(complaints)} of {len(trees)} trees: the same said of both")
    return complaints
