//! ELF files as the kernel and the dynamic loader read them: by their program
//! headers, never by sections, which a running system does not need.
//!
//! Sources: `fs/binfmt_elf.c` (Linux 6.1), the System V ABI, and `elf/dl-load.c`
//! and `elf/dl-version.c` of glibc 2.36 for what the loader looks at.

mod architecture;
mod raw;

use raw::{Data, Segment, Strings, file_offset};

pub use architecture::Architecture;

/// Longest interpreter path the kernel takes, bytes with the NUL (`PATH_MAX`).
const PATH_MAX: usize = 4096;
/// Most entries of a list of names; no real file comes near.
const MAX_NAMES: usize = 4096;
/// Offsets beyond this are in no file; sums with them do not overflow.
const MAX_OFFSET: u64 = 1 << 62;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;
const PT_GNU_PROPERTY: u32 = 0x6474_e553;

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DF_1_NODEFLIB: u64 = 0x800;
const VER_FLG_BASE: u64 = 1;
const VER_FLG_WEAK: u64 = 2;

const NT_GNU_ABI_TAG: u64 = 1;
const NT_GNU_PROPERTY_TYPE_0: u64 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED: u64 = 0xc000_8002;

/// An ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// 32 or 64 bits.
    pub class: Class,
    /// Order of bytes.
    pub endian: Endian,
    /// `e_machine`.
    pub machine: u16,
    /// Executable, shared object, or another kind.
    pub kind: Kind,
    /// The interpreter (`PT_INTERP`), none in a static file.
    pub interpreter: Option<Vec<u8>>,
    /// Whether it has a dynamic section.
    pub is_dynamic: bool,
    /// `DT_NEEDED`, in order.
    pub needed: Vec<Vec<u8>>,
    /// `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// `DT_RPATH`.
    pub rpath: Option<Vec<u8>>,
    /// `DT_RUNPATH`.
    pub runpath: Option<Vec<u8>>,
    /// Whether the default directories are not searched (`DF_1_NODEFLIB`).
    pub no_default_directories: bool,
    /// Versions of symbols it needs (`DT_VERNEED`).
    pub version_needs: Vec<VersionNeed>,
    /// Versions of symbols it provides (`DT_VERDEF`), without the file's own name.
    pub version_definitions: Vec<Vec<u8>>,
    /// Oldest Linux it runs on (`NT_GNU_ABI_TAG` for Linux): version, patch level,
    /// sub level.
    pub minimum_kernel: Option<[u32; 3]>,
    /// Bits of the x86-64 levels it needs (`GNU_PROPERTY_X86_ISA_1_NEEDED`): 1
    /// baseline, 2 v2, 4 v3, 8 v4.
    pub x86_isa_needed: Option<u32>,
    /// What is wrong further inside.
    pub problems: Vec<Problem>,
}

/// Size of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `ELFCLASS32`.
    Elf32,
    /// `ELFCLASS64`.
    Elf64,
}

/// Order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// `e_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ET_EXEC`: an executable with a fixed address.
    Executable,
    /// `ET_DYN`: a shared object, or an executable without one.
    Shared,
    /// Anything else; the kernel does not execute it.
    Other(u16),
}

/// A version of symbols that is needed from a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionNeed {
    /// The library, as in `DT_NEEDED`.
    pub library: Vec<u8>,
    /// The version, such as `GLIBC_2.36`.
    pub version: Vec<u8>,
    /// Whether the loader only warns where it is missing (`VER_FLG_WEAK`).
    pub is_weak: bool,
}

/// What is wrong with an ELF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No ELF magic.
    #[error("not an ELF file")]
    NotElf,
    /// The header ends early, or names no class or order of bytes.
    #[error("its ELF header is broken")]
    BadHeader,
    /// Program headers the kernel refuses (ENOEXEC), or that lie outside the file.
    #[error("its program headers are broken")]
    BadProgramHeaders,
    /// An interpreter path the kernel refuses (ENOEXEC).
    #[error("its interpreter path is broken")]
    BadInterpreter,
    /// Shorter than its segments say: what is missing faults when it is touched.
    #[error("cut off: {actual} bytes of {expected}")]
    Truncated {
        /// Where its last segment ends.
        expected: u64,
        /// Its length.
        actual: u64,
    },
    /// The dynamic section or a table it names cannot be read.
    #[error("its dynamic section is broken")]
    BadDynamic,
}

impl Elf {
    /// The architecture, none where it is another one. A 32-bit file for x86-64
    /// (x32) counts as x86-64.
    #[must_use]
    pub const fn architecture(&self) -> Option<Architecture> {
        architecture::of(self.class, self.endian, self.machine)
    }
}

/// Class, order of bytes and architecture by the first 20 bytes alone.
pub(super) fn ident(head: &[u8]) -> Result<(Class, Endian, Option<Architecture>), Problem> {
    let data = Data::of(head)?;
    let machine = u16::try_from(data.half(18).ok_or(Problem::BadHeader)?).unwrap_or(0);
    let architecture = architecture::of(data.class, data.endian, machine);
    Ok((data.class, data.endian, architecture))
}

/// Where the last loaded segment ends, by the first bytes of a file; none where
/// they do not hold the program headers.
pub(super) fn expected_len(head: &[u8]) -> Option<u64> {
    let segments = Data::of(head).ok()?.segments().ok()?;
    let loaded = segments.iter().filter(|segment| segment.kind == PT_LOAD);
    let ends = loaded.map(|segment| segment.offset.saturating_add(segment.file_len));
    ends.max()
}

/// Reads an ELF file.
///
/// # Errors
/// Where the kernel and the loader would refuse the file as such: no ELF header,
/// or program headers that make no sense. What is wrong further inside is among
/// [`Elf::problems`].
pub fn read(bytes: &[u8]) -> Result<Elf, Problem> {
    let data = Data::of(bytes)?;
    let half = |at| data.half(at).ok_or(Problem::BadHeader);
    let kind = match half(16)? {
        2 => Kind::Executable,
        3 => Kind::Shared,
        other => Kind::Other(u16::try_from(other).unwrap_or(u16::MAX)),
    };
    let mut elf = Elf {
        class: data.class,
        endian: data.endian,
        machine: u16::try_from(half(18)?).unwrap_or(0),
        kind,
        interpreter: None,
        is_dynamic: false,
        needed: Vec::new(),
        soname: None,
        rpath: None,
        runpath: None,
        no_default_directories: false,
        version_needs: Vec::new(),
        version_definitions: Vec::new(),
        minimum_kernel: None,
        x86_isa_needed: None,
        problems: Vec::new(),
    };
    let segments = data.segments()?;
    elf.check_length(&segments, bytes.len());
    let interpreter = segments.iter().find(|segment| segment.kind == PT_INTERP);
    if let Some(segment) = interpreter {
        match data.slice(segment.offset, segment.file_len) {
            Some([path @ .., 0]) if (1..PATH_MAX).contains(&path.len()) => {
                let path = path.split(|byte| *byte == 0).next().unwrap_or(&[]);
                elf.interpreter = Some(path.to_vec());
            }
            _ => elf.problems.push(Problem::BadInterpreter),
        }
    }
    let dynamic = segments.iter().find(|segment| segment.kind == PT_DYNAMIC);
    if let Some(segment) = dynamic {
        elf.is_dynamic = true;
        if elf.read_dynamic(&data, &segments, segment).is_none() {
            elf.problems.push(Problem::BadDynamic);
        }
    }
    for segment in &segments {
        if matches!(segment.kind, PT_NOTE | PT_GNU_PROPERTY) {
            elf.read_notes(&data, segment);
        }
    }
    Ok(elf)
}

impl Elf {
    fn check_length(&mut self, segments: &[Segment], actual: usize) {
        let loaded = segments.iter().filter(|segment| segment.kind == PT_LOAD);
        let ends = loaded.map(|segment| segment.offset.saturating_add(segment.file_len));
        let expected = ends.max().unwrap_or(0);
        let actual = u64::try_from(actual).unwrap_or(u64::MAX);
        if expected > actual {
            let problem = Problem::Truncated { expected, actual };
            self.problems.push(problem);
        }
    }

    fn read_dynamic(
        &mut self,
        data: &Data<'_>,
        segments: &[Segment],
        segment: &Segment,
    ) -> Option<()> {
        let word = data.word_len();
        let mut tags = Vec::new();
        let (mut strings, mut strings_len) = (None, 0);
        let end = segment.offset.saturating_add(segment.file_len);
        let mut at = segment.offset;
        loop {
            if at >= end {
                // The loader goes on to DT_NULL, which a sound file has.
                return None;
            }
            let tag = data.word(at)?;
            let value = data.word(at + word)?;
            at += 2 * word;
            match tag {
                0 => break,
                DT_STRTAB => strings = Some(value),
                DT_STRSZ => strings_len = value,
                DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH | DT_FLAGS_1 | DT_VERDEF
                | DT_VERNEED
                    if tags.len() < MAX_NAMES =>
                {
                    tags.push((tag, value));
                }
                _ => {}
            }
        }
        if tags.is_empty() {
            return Some(());
        }
        let start = file_offset(segments, strings?)?;
        let strings = Strings {
            bytes: data.from(start)?,
            len: usize::try_from(strings_len).ok()?,
        };
        for (tag, value) in tags {
            match tag {
                DT_NEEDED => self.needed.push(strings.get(value)?),
                DT_SONAME => self.soname = Some(strings.get(value)?),
                DT_RPATH => self.rpath = Some(strings.get(value)?),
                DT_RUNPATH => self.runpath = Some(strings.get(value)?),
                DT_FLAGS_1 => self.no_default_directories = value & DF_1_NODEFLIB != 0,
                DT_VERNEED => {
                    let at = file_offset(segments, value)?;
                    self.read_version_needs(data, &strings, at)?;
                }
                DT_VERDEF => {
                    let at = file_offset(segments, value)?;
                    self.read_version_definitions(data, &strings, at)?;
                }
                _ => {}
            }
        }
        Some(())
    }

    fn read_version_needs(
        &mut self,
        data: &Data<'_>,
        strings: &Strings<'_>,
        mut at: u64,
    ) -> Option<()> {
        for _ in 0..MAX_NAMES {
            let library = strings.get(data.int(at + 4)?)?;
            let mut inner = at.checked_add(data.int(at + 8)?)?;
            loop {
                if self.version_needs.len() >= MAX_NAMES {
                    return None;
                }
                self.version_needs.push(VersionNeed {
                    library: library.clone(),
                    version: strings.get(data.int(inner + 8)?)?,
                    is_weak: data.half(inner + 4)? & VER_FLG_WEAK != 0,
                });
                match data.int(inner + 12)? {
                    0 => break,
                    next => inner = inner.checked_add(next)?,
                }
            }
            match data.int(at + 12)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
        None
    }

    fn read_version_definitions(
        &mut self,
        data: &Data<'_>,
        strings: &Strings<'_>,
        mut at: u64,
    ) -> Option<()> {
        for _ in 0..MAX_NAMES {
            let flags = data.half(at + 2)?;
            let first = at.checked_add(data.int(at + 12)?)?;
            if flags & VER_FLG_BASE == 0 {
                let name = strings.get(data.int(first)?)?;
                self.version_definitions.push(name);
            }
            match data.int(at + 16)? {
                0 => return Some(()),
                next => at = at.checked_add(next)?,
            }
        }
        None
    }

    fn read_notes(&mut self, data: &Data<'_>, segment: &Segment) {
        let align = if segment.align == 8 { 8 } else { 4 };
        let mut at = segment.offset;
        let end = segment.offset.saturating_add(segment.file_len);
        while at < end.min(MAX_OFFSET) {
            let (Some(name_len), Some(len), Some(kind)) =
                (data.int(at), data.int(at + 4), data.int(at + 8))
            else {
                return;
            };
            let name = data.slice(at + 12, name_len);
            let content = (at + 12 + name_len).next_multiple_of(align);
            if name == Some(b"GNU\0") {
                match kind {
                    NT_GNU_ABI_TAG if len >= 16 => self.read_abi_tag(data, content),
                    NT_GNU_PROPERTY_TYPE_0 => self.read_properties(data, content, len),
                    _ => {}
                }
            }
            at = (content + len).next_multiple_of(align);
        }
    }

    fn read_abi_tag(&mut self, data: &Data<'_>, at: u64) {
        let int = |at| data.int(at).and_then(|int| u32::try_from(int).ok());
        // 0 is Linux.
        if let (Some(0), Some(version), Some(patch), Some(sub)) =
            (int(at), int(at + 4), int(at + 8), int(at + 12))
        {
            self.minimum_kernel = Some([version, patch, sub]);
        }
    }

    fn read_properties(&mut self, data: &Data<'_>, start: u64, len: u64) {
        let mut at = start;
        while at < start + len {
            let (Some(kind), Some(size)) = (data.int(at), data.int(at + 4)) else {
                return;
            };
            let is_x86 = matches!(self.machine, 3 | 62);
            if is_x86 && kind == GNU_PROPERTY_X86_ISA_1_NEEDED && size == 4 {
                let bits = data.int(at + 8).and_then(|bits| u32::try_from(bits).ok());
                self.x86_isa_needed = bits;
            }
            at = (at + 8 + size).next_multiple_of(data.word_len());
        }
    }
}

#[cfg(test)]
mod tests;
