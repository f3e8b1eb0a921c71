//! A program or a library, by its bytes: what is remembered of it.

use std::path::PathBuf;

use crate::parse::elf::{self, Elf, Problem};
use crate::parse::init_script::{Head, head};
use crate::text::File;

/// Bytes of a script's first line that the kernel looks at.
const HEAD: usize = 256;

/// What is remembered of a file that is executed or loaded.
#[derive(Debug)]
pub(super) struct Object {
    /// Its size.
    pub(super) len: usize,
    /// Class, order of bytes and machine, where it begins like an ELF file.
    pub(super) ident: Option<Ident>,
    /// The rest, where the kernel and the loader take it.
    pub(super) elf: Result<Elf, Problem>,
    /// A script's interpreter with its argument.
    pub(super) interpreter: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// What kind of loader it is.
    pub(super) flavour: Option<Flavour>,
    /// The version of the C library it is a part of, such as `2.36`.
    pub(super) glibc: Option<[u32; 2]>,
}

/// What a loader checks before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ident {
    pub(super) class: u8,
    pub(super) endian: u8,
    pub(super) machine: u16,
}

/// A kind of loader, with what is compiled into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// glibc's: the directories it searches, each with its last slash, and its cache.
    Glibc {
        directories: Vec<PathBuf>,
        cache: PathBuf,
    },
    /// musl's: the paths it searches where `config` is not there.
    Musl { search: Vec<u8>, config: PathBuf },
}

impl Object {
    /// Reads what matters of a file.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let start = bytes.get(..HEAD).unwrap_or(bytes);
        let interpreter = match head(&File::new("/", start)) {
            Head::Script(line) => Some((line.path, line.argument)),
            Head::Elf | Head::Plain | Head::Empty => None,
        };
        let elf = elf::read(bytes);
        // Only what may be a loader or a C library is searched for their words.
        let soname = match &elf {
            Ok(elf) => elf.soname.clone(),
            Err(_) => None,
        };
        let alone = matches!(&elf, Ok(elf) if elf.interpreter.is_none() && elf.needed.is_empty());
        let is_loader = match &soname {
            Some(name) => name.starts_with(b"ld") || name.starts_with(b"libc."),
            None => alone,
        };
        Self {
            len: bytes.len(),
            ident: Ident::of(bytes),
            elf,
            interpreter,
            flavour: is_loader.then(|| Flavour::of(bytes)).flatten(),
            glibc: is_loader.then(|| release(bytes)).flatten(),
        }
    }

    /// Whether it begins as long as an ELF header of its class.
    pub(super) fn has_whole_header(&self) -> bool {
        let needed = match self.ident {
            Some(Ident { class: 1, .. }) => 52,
            _ => 64,
        };
        self.len >= needed
    }
}

impl Ident {
    fn of(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF") {
            return None;
        }
        let byte = |at: usize| bytes.get(at).copied();
        let endian = byte(5)?;
        let machine = [byte(18)?, byte(19)?];
        Some(Self {
            class: byte(4)?,
            endian,
            machine: if endian == 2 {
                u16::from_be_bytes(machine)
            } else {
                u16::from_le_bytes(machine)
            },
        })
    }
}

impl Flavour {
    fn of(bytes: &[u8]) -> Option<Self> {
        if let Some(config) = text_with(bytes, b"/ld-musl-") {
            // musl builds the name from the place of its own; the words are those.
            let search = text_with(bytes, b":/usr/local/lib")
                .or_else(|| text_with(bytes, b"/usr/local/lib:"))
                .unwrap_or_else(|| b"/lib:/usr/local/lib:/usr/lib".to_vec());
            return Some(Self::Musl {
                search,
                config: path_of(&config_name(&config)),
            });
        }
        Some(Self::Glibc {
            cache: path_of(&text_with(bytes, b"/ld.so.cache\0")?),
            directories: directories(bytes),
        })
    }
}

/// `%.*s/etc/ld-musl-x86_64.path` without what is put in front.
fn config_name(text: &[u8]) -> Vec<u8> {
    let start = text.iter().position(|byte| *byte == b'/').unwrap_or(0);
    text.get(start..).unwrap_or(text).to_vec()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// The text that ends in a NUL and holds `needle`.
fn text_with(bytes: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let at = find(bytes, needle)?;
    let before = bytes.get(..at)?;
    let start = before.iter().rposition(|byte| *byte == 0);
    let start = start.map_or(0, |zero| zero + 1);
    let rest = bytes.get(start..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    rest.get(..end).map(<[u8]>::to_vec)
}

/// The directories compiled into glibc's loader (`SYSTEM_DIRS` of `dl-load.c`): texts
/// behind each other, each a path that ends in a slash.
fn directories(bytes: &[u8]) -> Vec<PathBuf> {
    let mut best: Vec<PathBuf> = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, b"\0/") {
        let run = rest.get(at + 1..).unwrap_or(&[]);
        let mut found = Vec::new();
        let mut used = at + 1;
        for text in run.split(|byte| *byte == 0) {
            let is_directory = text.len() > 2
                && text.starts_with(b"/")
                && text.ends_with(b"/")
                && text.iter().all(u8::is_ascii_graphic)
                && find(text, b"lib").is_some();
            if !is_directory {
                break;
            }
            used += text.len() + 1;
            found.push(path_of(text));
        }
        if found.len() > best.len() {
            best = found;
        }
        rest = rest.get(used.max(at + 1)..).unwrap_or(&[]);
    }
    best
}

/// The release of glibc in its banner: `stable release version 2.36`.
fn release(bytes: &[u8]) -> Option<[u32; 2]> {
    const WORDS: &[u8] = b"release version ";
    let at = find(bytes, WORDS)?;
    let rest = bytes.get(at + WORDS.len()..)?;
    let end = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    let text = std::str::from_utf8(rest.get(..end)?).ok()?;
    let mut numbers = text.split('.').map(str::parse);
    match (numbers.next()?, numbers.next()?) {
        (Ok(major), Ok(minor)) => Some([major, minor]),
        _ => None,
    }
}

/// Where `needle` first stands.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|byte| *byte == first)?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// What follows from an ELF header about names in `ld.so.cache`: the flags of entries
/// that the loader takes, its own exact kind first (the `dl-cache.h` of each port).
pub(super) fn cache_flags(elf: &Elf) -> &'static [u32] {
    use crate::parse::elf::{Architecture, Class};
    match (elf.architecture(), elf.class) {
        (Some(Architecture::X86_64), Class::Elf64) => &[0x303],
        (Some(Architecture::X86_64), Class::Elf32) => &[0x803],
        (Some(Architecture::X86 | Architecture::Ppc), _) => &[0x3, 0x1],
        (Some(Architecture::Aarch64), Class::Elf64) => &[0xa03],
        (Some(Architecture::S390x), _) => &[0x403],
        (Some(Architecture::Ppc64 | Architecture::Ppc64Le), _) => &[0x503],
        // Several kinds of floating point: the file's own header decides.
        _ => &[],
    }
}
