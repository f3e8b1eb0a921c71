//! The EFI system partition: where it is in a tree, and which programs are on it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::file_systems::fold_case;
use crate::fact::{Fact, Listing};
use crate::parse::kernel_image;
use crate::source::{FileKind, Pieces, Tree};

/// Where distributions mount it: systemd's choice, everybody's, and a `/boot` that is
/// the partition itself (bootctl(1), 252).
const PLACES: [&str; 4] = ["/efi", "/boot/efi", "/boot", "/boot/firmware"];

/// An EFI system partition.
#[derive(Debug)]
pub struct Esp {
    /// Where it is in the tree.
    pub at: PathBuf,
    /// The programs below its `EFI` directory, in order.
    pub programs: Listing<Program>,
}

/// A program for EFI firmware.
#[derive(Debug)]
pub struct Program {
    /// Its path in the tree.
    pub path: PathBuf,
    /// What it is.
    pub kind: ProgramKind,
    /// Its length, bytes.
    pub len: u64,
}

/// What an EFI program is, by the sections of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// GRUB: its modules are in a section `mods`.
    Grub,
    /// systemd-boot: it names itself in `.sdmagic`.
    SystemdBoot,
    /// shim, which starts the program beside it: `.vendor_cert`.
    Shim,
    /// A unified kernel image.
    Unified,
    /// A kernel that firmware can start.
    Kernel,
    /// A program of another kind.
    Other,
    /// No EFI program, or one that is cut off; a file firmware refuses.
    Unusable,
}

impl Esp {
    /// The partition of this tree, where its content is to be seen.
    pub fn read(tree: &Tree) -> Option<Self> {
        for place in PLACES {
            let at = Path::new(place);
            let Some(efi) = fold_case(tree, at, &at.join("EFI")) else {
                continue;
            };
            let mut programs = Listing::new();
            for dir in programs.take_gaps(listed(tree, &efi)) {
                for path in programs.take_gaps(listed(tree, &dir)) {
                    let is_program = path
                        .extension()
                        .is_some_and(|e| e.eq_ignore_ascii_case("efi"));
                    if !is_program {
                        continue;
                    }
                    let program = tree.open(&path).map(|file| Program {
                        kind: kind(&file),
                        path: path.clone(),
                        len: file.len(),
                    });
                    programs.push(program);
                }
            }
            name_shims(&mut programs.items);
            return Some(Self {
                at: at.to_path_buf(),
                programs,
            });
        }
        None
    }

    /// Whether a program of this kind is there.
    #[must_use]
    pub fn has(&self, kind: ProgramKind) -> bool {
        self.programs.items.iter().any(|p| p.kind == kind)
    }

    /// The directories of its programs, in order.
    #[must_use]
    pub fn dirs(&self) -> Vec<&Path> {
        let mut dirs: Vec<&Path> = Vec::new();
        for program in &self.programs.items {
            let dir = program.path.parent();
            dirs.extend(dir.filter(|dir| !dirs.contains(dir)));
        }
        dirs
    }

    /// The program that firmware starts where no boot variable names one:
    /// `EFI/BOOT/BOOT<ARCH>.EFI` (UEFI 2.10, 3.5.1.1).
    #[must_use]
    pub fn fallback(&self) -> Option<&Program> {
        let in_boot = |p: &&Program| {
            let dir = p.path.parent().and_then(Path::file_name);
            let name = p.path.file_name().map_or(&[][..], OsStr::as_bytes);
            dir.is_some_and(|dir| dir.eq_ignore_ascii_case("BOOT"))
                && name.to_ascii_uppercase().starts_with(b"BOOT")
        };
        self.programs.items.iter().find(in_boot)
    }
}

fn listed(tree: &Tree, dir: &Path) -> Listing<PathBuf> {
    match tree.resolve(dir) {
        Fact::Known(found) if found.meta.kind != FileKind::Dir => Listing::new(),
        _ => tree.entries(dir),
    }
}

/// Knows shim by its name, and its copies by its length: in the one that Debian signs,
/// section names are too long to stand in the table (shim-signed 1.39+15.7).
fn name_shims(programs: &mut [Program]) {
    let is_called = |program: &Program| {
        let name = program.path.file_name().map_or(&[][..], OsStr::as_bytes);
        name.to_ascii_lowercase().starts_with(b"shim")
    };
    let named = programs
        .iter()
        .filter(|p| is_called(p) && p.kind == ProgramKind::Other);
    let lengths: Vec<u64> = named.map(|program| program.len).collect();
    for program in programs {
        if program.kind == ProgramKind::Other && lengths.contains(&program.len) {
            program.kind = ProgramKind::Shim;
        }
    }
}

fn kind(file: &Pieces) -> ProgramKind {
    let image = kernel_image::read(file.len(), &mut |offset, len| {
        Some(file.bytes(offset, len)).filter(|_| file.failed().is_none())
    });
    let Some(pe) = &image.pe else {
        return ProgramKind::Unusable;
    };
    if pe.end_of_sections() > file.len() {
        return ProgramKind::Unusable;
    }
    let kinds = [
        (&b".sdmagic"[..], ProgramKind::SystemdBoot),
        (b".linux", ProgramKind::Unified),
        (b"mods", ProgramKind::Grub),
        (b".vendor_cert", ProgramKind::Shim),
        (b".vendor_", ProgramKind::Shim),
    ];
    let mut found = kinds
        .into_iter()
        .filter(|(name, _)| pe.section(name).is_some());
    match found.next() {
        Some((_, kind)) => kind,
        None if matches!(image.format, kernel_image::Format::BzImage(_)) => ProgramKind::Kernel,
        None => ProgramKind::Other,
    }
}
