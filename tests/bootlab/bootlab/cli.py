"""The commands of the lab."""

import argparse
import subprocess
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

from . import boots, build, compare, manifest, mutations, paths, recipes, truth

ABOUT = """\
Boots real Debian roots, each broken in one way, and records what really happens.

  lab doctor                       what this machine lacks
  lab build [BASE...]              make base roots (all, or those named)
  lab list [WORD...]               mutations, with base and boot path
  lab boot NAME [--base B]         boot one mutation, everywhere it belongs
  lab boot-all [--jobs N]          boot every row that has no result yet
  lab truth                        write truth.tsv and the manifests of its rows
  lab compare [NAME...]            whole trees against manifests, through the program
  lab unpack BASE NAME|- DIR       put the tree of a manifest on disk, with its devices
"""


def rows_of(args):
    """The rows that the arguments ask for: base, mutation, path."""
    known = mutations.load()
    chosen = known.values()
    if args.names:
        chosen = [one for word in args.names for one in known.values() if fnmatch(one.name, word)]
    rows = []
    for mutation in chosen:
        for base, ways in mutation.where.items():
            rows += [(base, mutation.name, way) for way in ways]
    if args.base:
        rows = [row for row in rows if row[0] in (args.base, f"bookworm-{args.base}")]
    if args.path:
        rows = [row for row in rows if row[2] == args.path]
    return rows


def main():
    """Runs the command that the arguments name."""
    parser = argparse.ArgumentParser(description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("doctor", help="say what this machine lacks")
    one = commands.add_parser("build", help="make base roots")
    one.add_argument("names", nargs="*", metavar="BASE")
    for name, words in (("list", "mutations"), ("boot", "boot some"), ("boot-all", "boot what has no result")):
        one = commands.add_parser(name, help=words)
        one.add_argument("names", nargs="*", metavar="NAME")
        one.add_argument("--base")
        one.add_argument("--path", choices=["uml", "direct", "bios", "uefi", "sdboot"])
        one.add_argument("--jobs", type=int, default=2)
    commands.add_parser("truth", help="write truth.tsv and manifests")
    one = commands.add_parser("compare", help="compare whole trees with manifests")
    one.add_argument("names", nargs="*", metavar="NAME")
    one = commands.add_parser("unpack", help="put the tree of a manifest on disk")
    one.add_argument("base", metavar="BASE")
    one.add_argument("name", metavar="NAME", help="a mutation, - for the unchanged base")
    one.add_argument("folder", metavar="DIR", help="made; gets root/ and devices")
    one = commands.add_parser("compare-here", help="one comparison in this process")
    one.add_argument("row", nargs=2)
    one = commands.add_parser("boot-here", help="one boot in this process")
    one.add_argument("row", nargs=3)
    one = commands.add_parser("build-here", help="build bases in this process")
    one.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.command == "unpack":
        return unpack(args)
    lacking = paths.missing()
    if args.command == "doctor" or (lacking and args.command not in ("list",)):
        print("\n".join(f"missing: {line}" for line in lacking) or "nothing is missing")
        return 1 if lacking else 0
    return COMMANDS[args.command](args)


def list_rows(args):
    """Prints rows with what is believed of them."""
    for base, name, path in rows_of(args):
        mutation = mutations.ALL[name]
        print(f"{name}\t{base}\t{path}\t{mutation.link}\t{mutation.believed}\t{mutation.what}")
    return 0


def boot(args, again):
    """Boots rows."""
    boots.boot_all(rows_of(args), args.jobs, again)
    return 0


def boot_here(args):
    """Boots one row."""
    boots.boot(*args.row)
    return 0


def build_bases(args):
    """Builds bases in a mount name space of their own."""
    names = args.names or list(recipes.BASES)
    return subprocess.call(boots.isolated("build-here", *names, network=True))


def write_truth(_args):
    """Writes the table and says what it leaves out."""
    table, complaints, sizes = truth.write()
    print("\n".join(complaints))
    print(f"{len(table)} rows, {len(sizes)} new manifests of {sum(sizes.values())} bytes")
    return 0


def unpack(args):
    """Unpacks the tree of a manifest; needs nothing of what booting needs."""
    base = args.base if args.base in recipes.BASES else f"bookworm-{args.base}"
    found, devices = manifest.tree_of(base, None if args.name == "-" else args.name)
    folder = Path(args.folder)
    (folder / "root").mkdir(parents=True)
    manifest.unpack(found, folder / "root")
    (folder / "devices").write_text(devices)
    return 0


def compare_here(args):
    """Compares one tree and says how the two differ."""
    for complaint in compare.compare(*args.row):
        print(complaint)
    return 0


COMMANDS = {
    "compare": lambda args: 1 if compare.compare_all(args.names) else 0,
    "compare-here": compare_here,
    "truth": write_truth,
    "list": list_rows,
    "boot": lambda args: boot(args, True),
    "boot-all": lambda args: boot(args, False),
    "boot-here": boot_here,
    "build": build_bases,
    "build-here": lambda args: build.prepare(args.names),
}
