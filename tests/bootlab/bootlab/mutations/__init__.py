"""Every mutation by name. The modules beside this file each hold one area."""

import importlib
import pkgutil
from dataclasses import dataclass, field

ALL = {}
BAD = "deadbeef-dead-4ead-8ead-deaddeaddead"
LINKS = "loader kernel initrd root init mounts target network access services -".split()


@dataclass(frozen=True)
class Mutation:
    """One way to break a base, or to leave it whole."""

    name: str
    # base name: boot paths.
    where: dict
    # The link of the chain that it breaks, `-` for none: what its author believes.
    link: str
    # The outcome that its author believes in.
    believed: str
    what: str
    change: object
    # Run on the packed image: a function of (image path, base, run folder).
    disk: object = None
    # Further disks: name of the device and a function that makes the image at a path.
    disks: tuple = ()
    # base name: link, where another one breaks there, as boots have shown.
    links: dict = field(default_factory=dict)

    def link_at(self, base):
        """The link that breaks in a base."""
        return self.links.get(base, self.link)


def mutation(name, bases, link, believed, what, **more):
    """Registers a function of a tree as a mutation.

    `bases` names bases, without `bookworm-` where they have it; `base:path` says how
    it is booted where that is not the base's own path.
    """
    from ..recipes import BASES

    if link not in LINKS:
        raise ValueError(f"{name}: no link {link}")
    where = {}
    for word in bases.split():
        short, _, path = word.partition(":")
        base = BASES.get(short) or BASES[f"bookworm-{short}"]
        where.setdefault(base.name, []).append(path or base.path)

    def register(change):
        if name in ALL:
            raise ValueError(f"{name}: twice")
        ALL[name] = Mutation(name, where, link, believed, what, change, **more)
        return change

    return register


def load():
    """Imports every module of mutations."""
    if not ALL:
        for module in pkgutil.iter_modules(__path__):
            importlib.import_module(f"{__name__}.{module.name}")
    return ALL
