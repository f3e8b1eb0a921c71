"""Takes initrds apart and packs them again with the contents of their files emptied.

The segments stay what they were: their order, their compression, where they start.
What stops the kernel stays too: a stream that was cut is packed whole and cut again
at the same share of its length, one that was overwritten gets the same bytes at the
same share; bytes that are no archive stay as they are.
"""

import gzip
import lzma
import re
import struct
import subprocess
from dataclasses import dataclass

from . import elf

MAGIC = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\x5d\x00": "lzma", b"\xfd7": "xz", b"\x02\x21": "lz4", b"\x28\xb5": "zstd", b"\x04\x22": "lz4-frame", b"\x89\x4c": "lzo"}
UNPACK = {
    "zstd": ["zstd", "-dcq"],
    "lz4": ["lz4", "-dcq"],
    "lz4-frame": ["lz4", "-dcq"],
    "gzip": ["gzip", "-dcq"],
    "bzip2": ["bzip2", "-dcq"],
    "xz": ["xz", "-dcq"],
    "lzma": ["xz", "--format=lzma", "-dcq"],
}
# Contents that tell how the root is found; the same as the program keeps.
CONFIG = ("conf/", "cryptroot/", "etc/cmdline.d/", "etc/modprobe.d/", "etc/mdadm/", "etc/lvm/")
NAMES = {
    *("config", "etc/crypttab", "etc/fstab", "etc/fstab.sys", "etc/hostid", "etc/initrd-release"),
    *("etc/initrd.defaults", "etc/mdadm.conf", "etc/os-release", "usr/lib/initrd-release"),
}
# Programs of which the head is kept, so that their libraries can be looked for.
PROGRAMS = {
    *("init", "sh", "busybox", "mount", "modprobe", "kmod", "switch_root", "run-init", "cryptsetup"),
    *("lvm", "mdadm", "udevd", "systemd-udevd", "udevadm", "systemd", "dash", "bash"),
}
# What is left of the length of a file of which nothing is kept: zeros pack so well that
# the whole would look like an archive made to exhaust its reader.
EMPTY = 4096
LOADER = re.compile(r"(ld[^/]*\.so|libc[.-][^/]*so)[^/]*$")


@dataclass
class Entry:
    """One record of an archive."""

    fields: list
    name: bytes
    data: bytes

    def packed(self):
        """Its bytes, padded."""
        fields = list(self.fields)
        fields[6], fields[11] = len(self.data), len(self.name) + 1
        head = b"070701" + b"".join(b"%08X" % value for value in fields)
        record = head + self.name + b"\0"
        record += bytes(-len(record) % 4) + self.data
        return record + bytes(-len(record) % 4)


def entries(data, at=0):
    """The records of an archive until its trailer, and where it ends or breaks off."""
    found = []
    while data[at : at + 6] in (b"070701", b"070702"):
        try:
            fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        except ValueError:
            break
        start = at + 110
        name = data[start : start + fields[11] - 1]
        body = start + fields[11]
        body += -body % 4
        end = body + fields[6]
        if end > len(data):
            break
        found.append(Entry(fields, name, data[body:end]))
        at = end + (-end % 4)
        if name == b"TRAILER!!!":
            break
    return found, at


def emptied(entry):
    """A record with the content of its file zeroed, unless it tells something."""
    name = entry.name.decode(errors="replace").removeprefix("./").lstrip("/")
    regular = entry.fields[1] & 0o170000 == 0o100000
    if not regular or name.startswith(CONFIG) or name in NAMES:
        return entry
    data, base = entry.data, name.rsplit("/", 1)[-1]
    if data.startswith(b"\x7fELF"):
        library = ".so" in base
        wanted = base in PROGRAMS or library
        marks, loader = base in ("init", "busybox", "systemd"), LOADER.match(base) is not None
        kept = elf.reduced(data, marks, loader) if wanted else bytes(min(len(data), EMPTY))
    elif name == "init" or (base in PROGRAMS and data.startswith(b"#!")):
        kept = data[: 64 << 10] + bytes(max(0, len(data) - (64 << 10)))
    elif data.startswith(b"#!"):
        line = data.split(b"\n", 1)[0] + b"\n"
        kept = line + bytes(min(len(data), EMPTY) - len(line)) if len(line) < EMPTY else line
    else:
        kept = bytes(min(len(data), EMPTY))
    return Entry(entry.fields, entry.name, kept)


def repack(records):
    """An archive of emptied records."""
    return b"".join(emptied(record).packed() for record in records)


def compress(kind, data, like):
    """Packs data in a format, as the stream `like` is packed."""
    if kind == "zstd":
        return piped(["zstd", "-q", "-19", "-c"], data)
    if kind == "gzip":
        return gzip.compress(data, 9, mtime=0)
    if kind == "bzip2":
        return piped(["bzip2", "-9c"], data)
    if kind == "xz":
        check = {0: lzma.CHECK_NONE, 1: lzma.CHECK_CRC32, 4: lzma.CHECK_CRC64}.get(like[7], lzma.CHECK_SHA256)
        return lzma.compress(data, check=check)
    if kind == "lzma":
        return lzma.compress(data, format=lzma.FORMAT_ALONE)
    if kind == "lz4":
        return piped(["lz4", "-lq9c"], data)
    if kind == "lz4-frame":
        return piped(["lz4", "-q9c"], data)
    raise ValueError(kind)


def piped(words, data):
    """Runs a filter; what it wrote before an error counts."""
    return subprocess.run(words, input=data, capture_output=True, check=False).stdout


def stream_length(kind, data):
    """Where the first compressed stream of `data` ends, with what it unpacks to.

    None for the end where the stream is cut or damaged.
    """
    if kind == "gzip":
        import zlib

        decoder = zlib.decompressobj(31)
        try:
            out = decoder.decompress(data)
        except zlib.error:
            return None, b""
        return (len(data) - len(decoder.unused_data)) if decoder.eof else None, out
    if kind in ("xz", "lzma"):
        decoder = lzma.LZMADecompressor()
        out = b""
        try:
            out = decoder.decompress(data)
        except lzma.LZMAError:
            return None, out
        return (len(data) - len(decoder.unused_data)) if decoder.eof else None, out
    done = subprocess.run(UNPACK[kind], input=data, capture_output=True, check=False)
    if done.returncode == 0:
        return len(data), done.stdout
    if kind == "zstd":
        end = zstd_end(data)
        if end is not None and end < len(data):
            return end, piped(UNPACK[kind], data[:end])
    return None, done.stdout


def zstd_end(data):
    """Where the first zstd frame ends, by its blocks; None where it is cut."""
    descriptor = data[4]
    single = descriptor >> 5 & 1
    size = [1 if single else 0, 2, 4, 8][descriptor >> 6]
    at = 5 + (0 if single else 1) + [0, 1, 2, 4][descriptor & 3] + size
    while at + 3 <= len(data):
        (head,) = struct.unpack("<I", data[at : at + 3] + b"\0")
        kind, length = head >> 1 & 3, head >> 3
        at += 3 + (1 if kind == 1 else length)
        if head & 1:
            at += 4 if descriptor >> 2 & 1 else 0
            return at if at <= len(data) else None
    return None


def shrink(data, original=None):
    """An initrd with the contents of its files emptied.

    `original` is the undamaged one where this one may be cut: what is behind the cut
    is then known, so that the packed stream can be cut where as many entries are left.
    """
    out = bytearray()
    at = 0
    while at < len(data):
        if data[at] == 0:
            end = at
            while end < len(data) and data[end] == 0:
                end += 1
            # The next segment's place modulo four decides whether the kernel takes it.
            zeros = min(end - at, 512 + (end - at) % 4)
            out += bytes(zeros + (end - (len(out) + zeros)) % 4)
            at = end
            continue
        kind = MAGIC.get(data[at : at + 2])
        if data[at : at + 6] in (b"070701", b"070702") and at % 4 == 0:
            records, end = entries(data, at)
            out += repack(records)
            if records and records[-1].name != b"TRAILER!!!":
                return bytes(out + cut_tail(data, end))
            at = end
        elif kind in UNPACK:
            end, unpacked = stream_length(kind, data[at:])
            if end is None:
                return bytes(out + cut_again(kind, data[at:], unpacked, original))
            records, used = entries(unpacked)
            packed = repack(records) + unpacked[used:][: 1 << 16]
            out += compress(kind, packed, data[at:])
            at += end
            out += bytes((at - len(out)) % 4) if at < len(data) else b""
        else:
            return bytes(out + data[at : at + 64])
    return bytes(out)


def cut_tail(data, at):
    """The beginning of a record that is cut."""
    return data[at : at + 256]


def cut_again(kind, stream, unpacked, original):
    """A stream that is cut or overwritten: the packed whole, damaged at the same share."""
    if original is None:
        records, _ = entries(unpacked)
        packed = compress(kind, repack(records), stream)
        return packed[: max(16, len(packed) - 8)]
    whole = shrink(original)
    if len(stream) == len(original):
        return overwritten(stream, original, whole)
    share = len(stream) / len(original)
    return whole[: max(16, int(len(whole) * share))]


def overwritten(data, original, whole):
    """`whole`, damaged where `data` differs from `original`."""
    places = [at for at in range(len(data)) if data[at] != original[at]]
    first, last = places[0], places[-1] + 1
    at = int(len(whole) * first / len(original))
    damaged = bytearray(whole)
    damaged[at : at + last - first] = data[first:last]
    return bytes(damaged[: len(whole)])
