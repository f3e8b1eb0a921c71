//! Numbers, program headers and strings of an ELF file, each checked against its end.

use super::{Class, Endian, MAX_OFFSET, PATH_MAX, PT_LOAD, Problem};

/// Longest table of program headers the kernel takes, bytes.
const MAX_HEADERS: usize = 65_536;

/// A program header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) file_len: u64,
    pub(super) align: u64,
}

/// Where an address of the running program lies in the file.
pub(super) fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let inside = address.checked_sub(segment.address)?;
        let is_here = segment.kind == PT_LOAD && inside < segment.file_len;
        let offset = segment.offset.checked_add(inside);
        offset.filter(|offset| is_here && *offset < MAX_OFFSET)
    })
}

/// The string table.
pub(super) struct Strings<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) len: usize,
}

impl Strings<'_> {
    pub(super) fn get(&self, at: u64) -> Option<Vec<u8>> {
        let table = self.bytes.get(..self.len.min(self.bytes.len()))?;
        let rest = table.get(usize::try_from(at).ok()?..)?;
        let rest = rest.get(..rest.len().min(PATH_MAX))?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest.get(..end).map(<[u8]>::to_vec)
    }
}

/// The bytes, with how numbers are written in them.
pub(super) struct Data<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) class: Class,
    pub(super) endian: Endian,
}

impl<'a> Data<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Problem> {
        if !bytes.starts_with(b"\x7fELF") {
            return Err(Problem::NotElf);
        }
        let class = match bytes.get(4) {
            Some(1) => Class::Elf32,
            Some(2) => Class::Elf64,
            _ => return Err(Problem::BadHeader),
        };
        let endian = match bytes.get(5) {
            Some(1) => Endian::Little,
            Some(2) => Endian::Big,
            _ => return Err(Problem::BadHeader),
        };
        Ok(Self {
            bytes,
            class,
            endian,
        })
    }

    pub(super) const fn word_len(&self) -> u64 {
        match self.class {
            Class::Elf32 => 4,
            Class::Elf64 => 8,
        }
    }

    pub(super) fn from(&self, offset: u64) -> Option<&'a [u8]> {
        self.bytes.get(usize::try_from(offset).ok()?..)
    }

    pub(super) fn slice(&self, offset: u64, len: u64) -> Option<&'a [u8]> {
        self.from(offset)?.get(..usize::try_from(len).ok()?)
    }

    /// An unsigned number of `len` bytes, at most 8.
    pub(super) fn number(&self, offset: u64, len: u64) -> Option<u64> {
        let bytes = self.slice(offset, len)?;
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, append),
            Endian::Big => bytes.iter().fold(0, append),
        })
    }

    pub(super) fn half(&self, offset: u64) -> Option<u64> {
        self.number(offset, 2)
    }

    pub(super) fn int(&self, offset: u64) -> Option<u64> {
        self.number(offset, 4)
    }

    pub(super) fn word(&self, offset: u64) -> Option<u64> {
        self.number(offset, self.word_len())
    }

    /// The program headers; the conditions are those of `load_elf_phdrs`.
    pub(super) fn segments(&self) -> Result<Vec<Segment>, Problem> {
        let (table, size_at, count_at, size) = match self.class {
            Class::Elf32 => (self.word(28), 42, 44, 32),
            Class::Elf64 => (self.word(32), 54, 56, 56),
        };
        let (Some(table), Some(entry), Some(count)) =
            (table, self.half(size_at), self.half(count_at))
        else {
            return Err(Problem::BadHeader);
        };
        let bytes = count * size;
        let limit = u64::try_from(MAX_HEADERS).unwrap_or(0);
        if entry != size || count == 0 || bytes > limit || self.slice(table, bytes).is_none() {
            return Err(Problem::BadProgramHeaders);
        }
        let segment = |index: u64| {
            let at = table + index * size;
            let [offset, address, file_len, align] = match self.class {
                Class::Elf32 => [4, 8, 16, 28],
                Class::Elf64 => [8, 16, 32, 48],
            };
            Some(Segment {
                kind: u32::try_from(self.int(at)?).ok()?,
                offset: self.word(at + offset)?,
                address: self.word(at + address)?,
                file_len: self.word(at + file_len)?,
                align: self.word(at + align)?,
            })
        };
        let all: Option<Vec<Segment>> = (0..count).map(segment).collect();
        all.ok_or(Problem::BadProgramHeaders)
    }
}
