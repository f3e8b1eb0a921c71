"""Reduces an ELF file to what the kernel and the dynamic loader look at first."""

import re
import struct

PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_PROPERTY = 2, 3, 4, 0x6474E553
NEEDED, STRTAB, SONAME, RPATH, RUNPATH = 1, 5, 14, 15, 29
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
# Entries of the dynamic section that say something about files.
TELLING = {NEEDED, STRTAB, 10, SONAME, RPATH, RUNPATH, 0x6FFFFFFB, VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM}
# Whatever is not one of them becomes this, which says nothing.
DEBUG = 21
# Notes are short; what is longer is no note that tells.
MAX_NOTE = 4096
# What tells the programs behind the name `init` apart.
MARKS = [b"/etc/inittab", b"BusyBox "]
# What a dynamic loader and a C library say of themselves: where they look, and which
# release they are.
LOADER_MARKS = [b"/ld.so.cache\0", b"/ld-musl-", b":/usr/local/lib", b"/usr/local/lib:", b"release version "]
# The directories compiled into glibc's loader, texts behind each other.
LOADER_DIRECTORY = re.compile(rb"\0(/[\x21-\x7e]*lib[\x21-\x7e]*/)(?=\0)")


class Reader:
    """A 64-bit little-endian file; any other is kept by its headers alone."""

    def __init__(self, data):
        self.data = data
        self.kept = {}

    def keep(self, at, length, change=None):
        """Keeps a range, clipped to the file."""
        piece = self.data[at : at + length]
        if piece:
            self.kept[at] = bytes(change(piece)) if change else piece

    def text(self, at):
        """Keeps the string at an offset."""
        end = self.data.find(b"\0", at)
        if 0 <= at < len(self.data) and end >= 0:
            self.keep(at, end - at + 1)


def whole_text(reader, data, at):
    """Keeps the text between two NUL bytes that holds an offset."""
    start, end = data.rfind(b"\0", 0, at) + 1, data.find(b"\0", at)
    if 0 <= end and end - start <= 4096:
        reader.keep(start, end - start + 1)


def loader_words(reader, data):
    """What tells of a loader or a C library how it works."""
    for mark in LOADER_MARKS:
        at = data.find(mark)
        if at >= 0:
            whole_text(reader, data, at)
    for match in LOADER_DIRECTORY.finditer(data):
        whole_text(reader, data, match.start(1))


def extents(data, marks=False, loader=False):
    """The ranges that are kept: offset and bytes, in order."""
    reader = Reader(data)
    if loader:
        loader_words(reader, data)
    reader.keep(0, 64)
    if data[4:6] == b"\x02\x01" and len(data) >= 64:
        wide(reader, data)
    if marks:
        for mark in MARKS:
            at = data.find(mark)
            if at >= 0:
                reader.keep(at, len(mark) + 1)
    return merged(reader.kept)


def wide(reader, data):
    """The program headers and what they point to."""
    (phoff,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    # Sections tell nothing; without them the end of the file is not needed.
    reader.keep(phoff, size * count)
    loads, dynamic = [], None
    for index in range(count):
        at = phoff + index * size
        if at + 56 > len(data):
            return
        kind, _, offset, address, _, length, _, _ = struct.unpack_from("<IIQQQQQQ", data, at)
        if kind == 1:
            loads.append((address, offset, length))
        elif kind == PT_INTERP:
            reader.keep(offset, length)
        elif kind in (PT_NOTE, PT_PROPERTY) and length <= MAX_NOTE:
            reader.keep(offset, length)
        elif kind == PT_DYNAMIC:
            dynamic = (offset, length)
    if dynamic is not None:
        section(reader, data, loads, *dynamic)


def section(reader, data, loads, offset, length):
    """The dynamic section, and the strings and versions it names."""
    entries = []
    for at in range(offset, min(offset + length, len(data) - 15), 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if tag == 0:
            break
        entries.append((tag, value))
    quiet = [(t, v) if t in TELLING else (DEBUG, 0) for t, v in entries]
    packed = b"".join(struct.pack("<QQ", *entry) for entry in quiet) + bytes(16)
    reader.keep(offset, len(packed), lambda _: packed)
    values = dict(entries)

    def place(address):
        for start, at, size in loads:
            if start <= address < start + size:
                return address - start + at
        return None

    strings = place(values.get(STRTAB, -1))
    if strings is None:
        return
    for tag, value in entries:
        if tag in (NEEDED, SONAME, RPATH, RUNPATH):
            reader.text(strings + value)
    needs, defines = place(values.get(VERNEED, -1)), place(values.get(VERDEF, -1))
    if needs is not None:
        versions(reader, data, strings, needs, values.get(VERNEEDNUM, 0), True)
    if defines is not None:
        versions(reader, data, strings, defines, values.get(VERDEFNUM, 0), False)


def versions(reader, data, strings, at, count, needs):
    """The chain of needed or defined versions."""
    for _ in range(min(count, 4096)):
        if at + 20 > len(data):
            return
        if needs:
            _, parts, name, aux, following = struct.unpack_from("<HHIII", data, at)
            reader.keep(at, 16)
            reader.text(strings + name)
        else:
            _, _, _, parts, _, aux, following = struct.unpack_from("<HHHHIII", data, at)
            reader.keep(at, 20)
        inner = at + aux
        for _ in range(min(parts, 4096)):
            if inner + 16 > len(data):
                return
            if needs:
                _, _, _, name, step = struct.unpack_from("<IHHII", data, inner)
                reader.keep(inner, 16)
            else:
                name, step = struct.unpack_from("<II", data, inner)
                reader.keep(inner, 8)
            reader.text(strings + name)
            if step == 0:
                break
            inner += step
        if following == 0:
            return
        at += following


def merged(kept, gap=16):
    """Ranges that touch or overlap as one; a short gap is not worth a new one."""
    out = []
    for at, piece in sorted(kept.items()):
        if out and at <= out[-1][0] + len(out[-1][1]) + gap:
            start, before = out[-1]
            grown = bytearray(before)
            end = at - start + len(piece)
            grown.extend(bytes(max(0, end - len(grown))))
            grown[at - start : end] = piece
            out[-1] = (start, bytes(grown))
        else:
            out.append((at, piece))
    return out


def reduced(data, marks=False, loader=False):
    """The file with everything else zeroed."""
    whole = bytearray(len(data))
    for at, piece in extents(data, marks, loader):
        whole[at : at + len(piece)] = piece
    return bytes(whole)
