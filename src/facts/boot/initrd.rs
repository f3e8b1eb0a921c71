//! The initrds of the entry that starts, read as the kernel unpacks them.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::kernel::module_name;
use super::loaders::{BootEntry, Start};
use super::unified;
use crate::boot::Loader;
use crate::fact::{Doubt, Fact, Looked, Unknown, Why};
use crate::facts::Host;
use crate::facts::init::Starter;
use crate::parse::initrd::{self, Generator, Initrd, Limits, Lookup, ProblemKind};
use crate::source::{Pieces, Reader};

/// What the kernel unpacks before it starts anything.
#[derive(Debug)]
pub struct InitrdFacts {
    /// The files, in order.
    pub files: Vec<InitrdFile>,
    /// What is in them.
    pub initrd: Initrd,
    /// Names of the modules in it, `-` written as `_`.
    pub modules: BTreeSet<Vec<u8>>,
    /// What takes over in it.
    pub kind: InitrdKind,
}

/// One file of it.
#[derive(Debug)]
pub struct InitrdFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its length, bytes.
    pub len: u64,
}

/// What an initrd's first process is: each finds the root and its init by rules of its
/// own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitrdKind {
    /// The script of Debian's initramfs-tools.
    InitramfsTools,
    /// dracut's shell scripts.
    Dracut,
    /// systemd, whoever made the initrd.
    Systemd,
    /// mkinitcpio's script in busybox.
    Mkinitcpio,
    /// Alpine's script.
    Mkinitfs,
    /// genkernel's script.
    Genkernel,
    /// Something else.
    Unknown,
}

impl InitrdKind {
    /// Who starts process 1 from it.
    #[must_use]
    pub const fn starter(self) -> Starter {
        match self {
            Self::InitramfsTools => Starter::InitramfsTools,
            Self::Dracut => Starter::Dracut,
            Self::Systemd => Starter::SystemdInitrd,
            Self::Mkinitcpio => Starter::Mkinitcpio,
            Self::Mkinitfs => Starter::Alpine,
            Self::Genkernel => Starter::Genkernel,
            Self::Unknown => Starter::Unknown,
        }
    }

    /// The name users know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InitramfsTools => "initramfs-tools",
            Self::Dracut => "dracut",
            Self::Systemd => "systemd in the initrd",
            Self::Mkinitcpio => "mkinitcpio",
            Self::Mkinitfs => "mkinitfs",
            Self::Genkernel => "genkernel",
            Self::Unknown => "an initrd of unknown kind",
        }
    }
}

/// The initrd of the entry that starts; absent where the entry has none.
pub(super) fn read(host: &Host, start: &Start) -> Fact<InitrdFacts> {
    let entry = match start {
        Start::NotCovered(why) => return Fact::NotCovered(why.clone()),
        Start::Unknown(unknown) | Start::Unmodelled(unknown) => {
            return Fact::Unknown(unknown.clone());
        }
        Start::NoConfig { config, .. } => return Fact::Absent(Looked::at(config)),
        Start::Outside(outside) if outside.running.is_some() => {
            return Fact::NotCovered(Why::KernelOutside);
        }
        Start::Loader(_) | Start::Outside(_) => start.entry(),
    };
    let Some(entry) = entry else {
        return Fact::Absent(Looked::at("/boot"));
    };
    match open_all(host, entry) {
        Fact::Known(parts) => unpack(&parts),
        Fact::Absent(looked) => Fact::Absent(looked),
        Fact::Broken(fault) => Fact::Broken(fault),
        Fact::Unknown(unknown) => Fact::Unknown(unknown),
        Fact::NotCovered(why) => match &why {
            Why::NotRecorded(_) => recorded(host, entry).map_or(Fact::NotCovered(why), Fact::Known),
            _ => Fact::NotCovered(why),
        },
    }
}

/// What a snapshot kept of the initrd, which it holds no bytes of.
fn recorded(host: &Host, entry: &BootEntry) -> Option<InitrdFacts> {
    let Fact::Known(file) = host.tree().read(Path::new(initrd::listing::PATH)) else {
        return None;
    };
    let initrd = initrd::listing::read(file.bytes())?;
    let files = entry.initrds.iter().map(|located| match &located.found {
        Fact::Known(found) => Some(InitrdFile {
            path: located.path.clone(),
            len: found.meta.len,
        }),
        _ => None,
    });
    let files: Option<Vec<InitrdFile>> = files.collect();
    Some(InitrdFacts::of(
        files.filter(|files| !files.is_empty())?,
        initrd,
    ))
}

/// A part of a file that the kernel gets as an initrd.
struct Part {
    path: PathBuf,
    file: Pieces,
    start: u64,
    len: u64,
}

fn open_all(host: &Host, entry: &BootEntry) -> Fact<Vec<Part>> {
    let tree = host.tree();
    let mut parts = Vec::new();
    if entry.entry.loader == Loader::Unified
        && let Some(kernel) = &entry.kernel
    {
        let part = tree.open(&kernel.path).and_then(|file| {
            unified::image(&file).and_then(|image| {
                let pe = image.pe.as_ref();
                match pe.and_then(|pe| pe.section(b".initrd")) {
                    Some(section) => Fact::Known(Part {
                        path: kernel.path.clone(),
                        start: section.offset,
                        len: section.len,
                        file,
                    }),
                    None => Fact::Absent(Looked::at(&kernel.path)),
                }
            })
        });
        match part {
            Fact::Known(part) => parts.push(part),
            Fact::Absent(_) => {}
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    for located in &entry.initrds {
        let opened = located
            .found
            .as_ref()
            .and_then(|found| tree.open(&found.path));
        match opened {
            Fact::Known(file) => parts.push(Part {
                path: located.path.clone(),
                start: 0,
                len: file.len(),
                file,
            }),
            Fact::Absent(looked) => return Fact::Absent(looked),
            Fact::Broken(fault) => return Fact::Broken(fault),
            Fact::Unknown(unknown) => return Fact::Unknown(unknown),
            Fact::NotCovered(why) => return Fact::NotCovered(why),
        }
    }
    if parts.is_empty() {
        let path = entry.entry.place.path().to_path_buf();
        return Fact::Absent(Looked {
            paths: Vec::new(),
            notes: vec![format!(
                "the entry in {} names none",
                crate::text::escape_path(&path)
            )],
        });
    }
    Fact::Known(parts)
}

fn unpack(parts: &[Part]) -> Fact<InitrdFacts> {
    let mut stream = Joined {
        parts,
        current: 0,
        left: 0,
        padding: 0,
        reader: None,
    };
    let files = |part: &Part| InitrdFile {
        path: part.path.clone(),
        len: part.len,
    };
    let expired = || parts.iter().any(|part| part.file.expired());
    let keep = initrd::boot_files;
    let initrd = initrd::read(&mut stream, &Limits::STANDARD, &keep, &mut || expired());
    if let Some(unknown) = parts.iter().find_map(|part| part.file.failed()) {
        return Fact::Unknown(unknown);
    }
    let ours = initrd
        .problems
        .iter()
        .find(|problem| problem.kind.is_ours());
    if let (Some(problem), Some(part)) = (ours, parts.first()) {
        let doubt = match &problem.kind {
            ProblemKind::LimitReached(initrd::Limit::Deadline) => Doubt::Deadline,
            kind => Doubt::Limit(kind.to_string()),
        };
        return Fact::Unknown(Unknown::new(&part.path, doubt));
    }
    Fact::Known(InitrdFacts::of(parts.iter().map(files).collect(), initrd))
}

/// What runs first in an initrd: systemd where `/init` leads to it, else what its
/// generator put there.
fn kind(initrd: &Initrd) -> InitrdKind {
    if let Lookup::Found { path, .. } = initrd.init()
        && path.ends_with(b"/systemd")
    {
        return InitrdKind::Systemd;
    }
    match initrd.generator {
        Generator::InitramfsTools => InitrdKind::InitramfsTools,
        Generator::Dracut => InitrdKind::Dracut,
        Generator::Mkinitcpio => InitrdKind::Mkinitcpio,
        Generator::Mkinitfs => InitrdKind::Mkinitfs,
        Generator::Genkernel => InitrdKind::Genkernel,
        Generator::Unknown => InitrdKind::Unknown,
    }
}

impl InitrdFacts {
    /// What these files hold.
    fn of(files: Vec<InitrdFile>, initrd: Initrd) -> Self {
        let paths = initrd.rootfs.iter();
        Self {
            files,
            modules: paths.filter_map(|(path, _)| module_name(path)).collect(),
            kind: kind(&initrd),
            initrd,
        }
    }

    /// What a snapshot keeps of it, and where: `veil` hides in a content, by its path, what
    /// is nobody's business. None where something is wrong with it.
    #[must_use]
    pub fn listing(&self, veil: &dyn Fn(&[u8], &mut [u8])) -> Option<(&'static Path, Vec<u8>)> {
        let listing = initrd::listing::write(&self.initrd, veil)?;
        Some((Path::new(initrd::listing::PATH), listing))
    }

    /// How large all files are together, bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// Whether all files are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file that a problem at this byte is in, for evidence.
    #[must_use]
    pub fn file_at(&self, offset: u64) -> Option<&InitrdFile> {
        let mut start = 0_u64;
        for file in &self.files {
            let end = start.saturating_add(file.len.next_multiple_of(4));
            if offset < end || file.len == 0 {
                return Some(file);
            }
            start = end;
        }
        self.files.last()
    }

    /// Whether something is at one of these paths, links followed.
    #[must_use]
    pub fn has_any(&self, paths: &[&str]) -> bool {
        let found = |path: &&str| {
            let lookup = self.initrd.rootfs.resolve(path.as_bytes());
            matches!(lookup, Lookup::Found { .. })
        };
        paths.iter().any(found)
    }

    /// The kept content of a file.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        match self.initrd.rootfs.resolve(path.as_bytes()) {
            Lookup::Found { entry, .. } => entry.content.as_ref().map(|c| c.bytes.as_slice()),
            Lookup::Root | Lookup::Missing(_) | Lookup::NotDir(_) | Lookup::Loop => None,
        }
    }
}

/// Files one after the other, each padded with NUL bytes to a multiple of 4, as loaders
/// put them into memory.
struct Joined<'a> {
    parts: &'a [Part],
    current: usize,
    left: u64,
    padding: usize,
    reader: Option<Reader<'a>>,
}

impl Read for Joined<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.left > 0
                && let Some(reader) = &mut self.reader
            {
                let most = usize::try_from(self.left).unwrap_or(usize::MAX);
                let end = buffer.len().min(most);
                let read = reader.read(buffer.get_mut(..end).unwrap_or(&mut []))?;
                if read == 0 {
                    // Shorter than it was: what is missing is not made up.
                    self.left = 0;
                    continue;
                }
                self.left -= u64::try_from(read).map_err(io::Error::other)?;
                return Ok(read);
            }
            if self.padding > 0 {
                let len = self.padding.min(buffer.len());
                buffer.iter_mut().take(len).for_each(|byte| *byte = 0);
                self.padding -= len;
                return Ok(len);
            }
            let Some(part) = self.parts.get(self.current) else {
                return Ok(0);
            };
            self.current += 1;
            self.left = part.len;
            let over = usize::try_from(part.len % 4).unwrap_or(0);
            let last = self.current == self.parts.len();
            self.padding = if last || over == 0 { 0 } else { 4 - over };
            self.reader = Some(part.file.reader_from(part.start));
        }
    }
}
