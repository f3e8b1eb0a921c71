"""The commands of the lab."""

import argparse

from . import boots, build, mutations, paths, recipes

ABOUT = """\
Boots real Debian roots, each broken in one way, and records what really happens.

  lab doctor                       what this machine lacks
  lab build [BASE...]              make base roots (all, or those named)
  lab list [WORD...]               mutations, with base and boot path
  lab boot NAME [--base B]         boot one mutation, everywhere it belongs
  lab boot-all [--jobs N]          boot every row that has no result yet
  lab truth                        write truth.tsv and the manifests of its rows
  lab compare [--jobs N]           whole trees against manifests, through the program
"""


def rows_of(args):
    """The rows that the arguments ask for: base, mutation, path."""
    words = getattr(args, "names", [])
    rows = []
    for mutation in mutations.load().values():
        if words and not any(word == mutation.name or ("*" in word and matches(word, mutation.name)) for word in words):
            continue
        for base, ways in mutation.where.items():
            rows += [(base, mutation.name, way) for way in ways]
    if args.base:
        rows = [row for row in rows if row[0] in (args.base, f"bookworm-{args.base}")]
    if args.path:
        rows = [row for row in rows if row[2] == args.path]
    return rows


def matches(word, name):
    """Whether a name fits a word with one star at its end."""
    return name.startswith(word.rstrip("*"))


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
    one = commands.add_parser("boot-here", help="one boot in this process")
    one.add_argument("row", nargs=3)
    one = commands.add_parser("build-here", help="build bases in this process")
    one.add_argument("names", nargs="*")
    args = parser.parse_args()
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
    import subprocess

    names = args.names or list(recipes.BASES)
    return subprocess.call(boots.isolated("build-here", *names)[:2] + boots.isolated("build-here", *names)[3:])


def write_truth(_args):
    """Writes the table and says what it leaves out."""
    from . import truth

    table, complaints, sizes = truth.write()
    print("\n".join(complaints))
    print(f"{len(table)} rows, {len(sizes)} new manifests of {sum(sizes.values())} bytes")
    return 0


COMMANDS = {
    "truth": write_truth,
    "list": list_rows,
    "boot": lambda args: boot(args, True),
    "boot-all": lambda args: boot(args, False),
    "boot-here": boot_here,
    "build": build_bases,
    "build-here": lambda args: build.prepare(args.names),
}
