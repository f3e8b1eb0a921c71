//! The PE/COFF header that EFI firmware sees.

use super::super::elf::Architecture;
use super::{File, bytes, le16, le32};

/// Most sections that are read (the loader of Windows takes 96).
const MAX_SECTIONS: u16 = 96;

/// A PE header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pe {
    /// `Machine`, as the specification numbers them.
    pub machine: u16,
    /// The signatures, where there are any.
    pub certificates: Option<Certificates>,
    /// The sections, in order.
    pub sections: Vec<Section>,
}

/// The table of certificates, an appended signature: not checked, only found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// Where it is in the file, bytes.
    pub offset: u64,
    /// Its length, bytes.
    pub len: u64,
}

/// A section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, padded with NUL bytes.
    pub name: [u8; 8],
    /// Where its content is in the file, bytes.
    pub offset: u64,
    /// Length of the content, bytes, without padding where that is known.
    pub len: u64,
    /// Length of the content in the file, bytes.
    pub raw_len: u64,
}

impl Pe {
    /// The architecture of the machine number.
    #[must_use]
    pub const fn architecture(&self) -> Option<Architecture> {
        Some(match self.machine {
            0x014c => Architecture::X86,
            0x8664 => Architecture::X86_64,
            0x01c0 | 0x01c2 | 0x01c4 => Architecture::Arm,
            0xaa64 => Architecture::Aarch64,
            0x5032 => Architecture::Riscv32,
            0x5064 => Architecture::Riscv64,
            0x6264 => Architecture::LoongArch64,
            _ => return None,
        })
    }

    /// The section with this name, at most 8 bytes.
    #[must_use]
    pub fn section(&self, name: &[u8]) -> Option<&Section> {
        self.sections.iter().find(|section| {
            let own = section.name.split(|byte| *byte == 0).next();
            own == Some(name)
        })
    }

    /// Where the content of the last section ends, bytes.
    #[must_use]
    pub fn end_of_sections(&self) -> u64 {
        let ends = self.sections.iter().filter(|section| section.raw_len > 0);
        let ends = ends.map(|section| section.offset.saturating_add(section.raw_len));
        ends.max().unwrap_or(0)
    }
}

/// The header, none where the file is no PE file.
pub(super) fn read(file: &mut File<'_, '_>, head: &[u8]) -> Option<Pe> {
    if !head.starts_with(b"MZ") {
        return None;
    }
    let start = le32(head, 0x3c)?;
    let header = file.get(u64::from(start), 4096)?;
    if bytes(&header, 0, 4)? != b"PE\0\0" {
        return None;
    }
    let count = le16(&header, 6)?.min(MAX_SECTIONS);
    let optional_len = usize::from(le16(&header, 20)?);
    let optional = bytes(&header, 24, optional_len)?;
    // The directories stand after fields that are longer in PE32+.
    let directories = match le16(optional, 0)? {
        0x20b => 112,
        _ => 96,
    };
    let has = |index: u32| le32(optional, directories - 4).is_some_and(|count| count > index);
    let certificates = match (
        le32(optional, directories + 4 * 8),
        le32(optional, directories + 4 * 8 + 4),
    ) {
        (Some(offset), Some(len)) if has(4) && len > 0 => Some(Certificates {
            offset: offset.into(),
            len: len.into(),
        }),
        _ => None,
    };
    let section = |index: usize| {
        let at = 24 + optional_len + 40 * index;
        let name = header.get(at..)?.first_chunk().copied()?;
        let virtual_len = u64::from(le32(&header, at + 8)?);
        let raw_len = u64::from(le32(&header, at + 16)?);
        Some(Section {
            name,
            offset: le32(&header, at + 20)?.into(),
            len: raw_len.min(virtual_len),
            raw_len,
        })
    };
    Some(Pe {
        machine: le16(&header, 4)?,
        certificates,
        sections: (0..usize::from(count)).map_while(section).collect(),
    })
}
