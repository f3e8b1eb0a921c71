"""Manifests: a tree as lines of JSON, the base whole and a mutation as its difference.

The format is described in the README beside the lab. A line is a path with what is not
usual about it; files keep a few ranges of bytes, all else reads as zeros.
"""

import base64
import json
import lzma
import os
import re
import stat
from pathlib import Path

from . import reduce
from .paths import MANIFESTS, base_dir
from .tree import row_dir

NAME = "comeback.bootlab/1"
KINDS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFCHR: "c",
    stat.S_IFBLK: "b",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
}
MODES = {"f": 0o644, "d": 0o755, "l": 0o777, "c": 0o600, "b": 0o600, "p": 0o644, "s": 0o755}
PLAIN = 20 << 10
# Bases that are written as a difference from another one, which has most of their files.
PARENTS = {"trixie-uki": "trixie-systemd"}
FIRST = "bookworm-systemd"


def parent(base):
    """The base that this one is written on, or None."""
    if base in PARENTS:
        return PARENTS[base]
    return FIRST if base.startswith("bookworm-") and base != FIRST else None


def text(data):
    """Bytes as they are written: text where they are UTF-8, base 64 otherwise."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(data).decode()}


def raw(written):
    """The bytes of what `text` wrote."""
    return base64.b64decode(written["b64"]) if isinstance(written, dict) else written.encode()


def sparse(kept, gap=64):
    """Ranges without the long runs of zeros in them: what is not kept reads so."""
    for start, data in kept:
        at = 0
        for run in re.finditer(rb"\0{%d,}" % gap, data):
            if run.start() > at:
                yield start + at, data[at : run.start()]
            at = run.end()
        if at < len(data):
            yield start + at, data[at:]


def line_of(file, path, original=None):
    """The line of one file: what it is, and what is kept of it."""
    meta = os.lstat(file)
    kind = KINDS[stat.S_IFMT(meta.st_mode)]
    line = {"p": text(os.fsencode(path)), "t": kind}
    mode = stat.S_IMODE(meta.st_mode)
    if mode != MODES[kind]:
        line["m"] = f"{mode:04o}"
    if meta.st_uid:
        line["u"] = meta.st_uid
    if meta.st_gid:
        line["g"] = meta.st_gid
    if kind == "l":
        line["l"] = text(os.fsencode(os.readlink(file)))
    if kind == "f":
        length, kept = reduce.extents(path, Path(file).read_bytes(), original)
        if length:
            line["n"] = length
        line["mt"] = int(meta.st_mtime)
        if kept:
            line["x"] = [[at, text(piece)] for at, piece in sparse(kept)]
    return line


def walk(root):
    """Every path below a folder with its place, parents first, in byte order."""
    pending = [("", os.fsencode(root))]
    while pending:
        path, folder = pending.pop()
        names = sorted(os.listdir(folder))
        below = []
        for name in names:
            file = os.path.join(folder, name)
            inside = f"{path}/{os.fsdecode(name)}"
            yield inside, os.fsdecode(file)
            if stat.S_ISDIR(os.lstat(file).st_mode):
                below.append((inside, file))
        pending += reversed(below)


def left_out(path):
    """Whether nothing of a path is written."""
    return reduce.LEFT_OUT.search(path) is not None or re.match(r"/(proc|sys|dev|run|tmp)/", path)


def base_lines(base):
    """The lines of a base by path; a base is read once."""
    root = base_dir(base) / "root"
    lines = {"/": line_of(root, "/")}
    for path, file in walk(root):
        if not left_out(path):
            lines[path] = line_of(file, path)
    return lines


def without_time(line):
    """A line as it is compared: when a file was installed is no difference."""
    return {key: value for key, value in line.items() if key != "mt"}


def difference(lines, below):
    """The lines that turn one tree into another."""
    out = []
    for path in sorted(below):
        if path not in lines and os.path.dirname(path) in lines and lines[os.path.dirname(path)]["t"] == "d":
            out.append({"p": below[path]["p"], "gone": True})
    for path in sorted(lines):
        if path not in below or without_time(lines[path]) != without_time(below[path]):
            out.append(lines[path])
    return out


def delta_lines(base, mutation, below):
    """The lines of a mutation, from the folder that its overlay wrote to.

    `below` are the lines of the base.
    """
    upper = row_dir(base, mutation) / "upper"
    root = base_dir(base) / "root"
    out = []
    top = line_of(upper, "/")
    if without_time(top) != without_time(below["/"]):
        out.append(top)
    for path, file in walk(upper):
        if left_out(path):
            continue
        meta = os.lstat(file)
        if stat.S_ISCHR(meta.st_mode) and meta.st_rdev == 0:
            if path in below:
                out.append({"p": text(os.fsencode(path)), "gone": True})
            continue
        old = root / path.lstrip("/")
        original = None
        if reduce.DAMAGED.match(path) and old.is_file():
            original = old.read_bytes()
        new = line_of(file, path, original)
        before = below.get(path)
        if stat.S_ISDIR(meta.st_mode) and opaque(file) and before and before["t"] == "d":
            out.append({"p": new["p"], "gone": True})
            before = None
        if before == new or (new["t"] == "d" and before and without_time(before) == without_time(new)):
            continue
        if before and new["t"] == "f" and before["t"] == "f" and new.get("x") and new.get("x") == before.get("x") and new.get("n") == before.get("n"):
            del new["x"]
            new["same"] = True
        out.append(new)
    return out


def opaque(folder):
    """Whether a folder hides what the base has there."""
    try:
        return os.getxattr(folder, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False


def encode(header, lines):
    """The text of a manifest."""
    rows = [header, *lines]
    return "".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) + "\n" for row in rows).encode()


def pack(data):
    """Compressed as small as it goes."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 16 << 20}]
    return lzma.compress(data, check=lzma.CHECK_CRC32, filters=filters)


def write_base(base, devices):
    """Writes the manifest of a base; its size."""
    MANIFESTS.mkdir(parents=True, exist_ok=True)
    lines, under = base_lines(base), parent(base)
    header = {"manifest": NAME, "base": base, "devices": devices}
    if under is None:
        rows = [lines[path] for path in sorted(lines)]
    else:
        header["on"] = under
        rows = difference(lines, base_lines(under))
    packed = pack(encode(header, rows))
    (MANIFESTS / f"{base}.jsonl.xz").write_bytes(packed)
    return len(packed)


def write_delta(base, mutation, devices, base_devices, below):
    """Writes the manifest of a mutation; its size."""
    folder = MANIFESTS / base
    folder.mkdir(parents=True, exist_ok=True)
    header = {"manifest": NAME, "base": base}
    if devices != base_devices:
        header["devices"] = devices
    data = encode(header, delta_lines(base, mutation, below))
    plain, packed = folder / f"{mutation}.jsonl", folder / f"{mutation}.jsonl.xz"
    for path in (plain, packed):
        path.unlink(missing_ok=True)
    if len(data) > PLAIN:
        data = pack(data)
        packed.write_bytes(data)
    else:
        plain.write_bytes(data)
    return len(data)


def load(path):
    """Header and lines of a manifest."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        data = lzma.decompress(data)
    header, *lines = [json.loads(line) for line in data.decode().splitlines()]
    return header, lines


def delta_path(base, mutation):
    """Where the manifest of a mutation is, packed or not."""
    packed = MANIFESTS / base / f"{mutation}.jsonl.xz"
    return packed if packed.exists() else packed.with_suffix("")


def tree_of(base, mutation=None):
    """The lines of a tree by path, put together from its manifests, and its devices."""
    header, lines = load(MANIFESTS / f"{base}.jsonl.xz")
    found = tree_of(header["on"])[0] if "on" in header else {}
    apply(found, lines)
    devices = header["devices"]
    if mutation is not None:
        header, lines = load(delta_path(base, mutation))
        apply(found, lines)
        devices = header.get("devices", devices)
    return found, devices


def apply(found, lines):
    """Lays lines over a tree."""
    for line in lines:
        path = raw(line["p"])
        before = found.get(path)
        if line.get("gone") or (before and before["t"] == "d" and line["t"] != "d"):
            for old in [key for key in found if key == path or key.startswith(path + b"/")]:
                del found[old]
        if not line.get("gone"):
            if line.get("same"):
                line = {**line, "x": before["x"]}
            found[path] = line


def unpack(found, root):
    """Makes a tree on disk of its lines; files are sparse."""
    root = os.fsencode(root)
    for path in sorted(found):
        line = found[path]
        file = root + path if path != b"/" else root
        kind = line["t"]
        mode = int(line["m"], 8) if "m" in line else MODES[kind]
        if kind == "d":
            os.makedirs(file, exist_ok=True)
        elif kind == "l":
            os.symlink(raw(line["l"]), file)
        elif kind == "f":
            with open(file, "wb") as out:
                for at, piece in line.get("x", []):
                    out.seek(at)
                    out.write(raw(piece))
                out.truncate(line.get("n", 0))
        else:
            node = {"c": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO, "s": stat.S_IFSOCK}[kind]
            os.mknod(file, node | 0o600, os.makedev(0, 0))
        os.lchown(file, line.get("u", 0), line.get("g", 0))
        if kind != "l":
            os.chmod(file, mode)
        if kind == "f":
            os.utime(file, (line["mt"], line["mt"]))
