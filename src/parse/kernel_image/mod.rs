//! Kernel images: which format, for which processor, which release, and whether
//! the file is whole. Only the parts that tell are read, through a callback.
//!
//! Sources: `Documentation/x86/boot.rst`, `Documentation/arm64/booting.rst`,
//! `Documentation/riscv/boot-image-header.rst`, `drivers/firmware/efi/libstub/zboot-header.S`
//! (Linux 6.1), the PE/COFF specification. The release is that of the image, never
//! that of a file name.

mod banner;
mod pe;

use std::fmt;

use super::elf::{self, Architecture};
use super::initrd::Compression;

pub use pe::{Certificates, Pe, Section};

/// Reads a part of the file: the bytes from this offset, at most so many; fewer
/// only at the end of the file. `None` where it cannot be read.
pub type At<'a> = dyn FnMut(u64, usize) -> Option<Vec<u8>> + 'a;

/// Bytes of the file that are looked at first: the whole setup header, and what
/// tells a PE file.
const HEAD: usize = 4096;
/// Length of the longest release the kernel itself can hold
/// (`__NEW_UTS_LEN`), bytes.
const MAX_RELEASE: usize = 64;

/// What a kernel image says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelImage {
    /// Its format.
    pub format: Format,
    /// The processor it is for, where the format says it.
    pub architecture: Option<Architecture>,
    /// What `uname -r` will say.
    pub release: Release,
    /// The whole version text, as in `/proc/version` or its beginning.
    pub version: Option<Vec<u8>>,
    /// What EFI firmware sees in it.
    pub pe: Option<Pe>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Formats of kernel images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// x86 with the Linux boot protocol.
    BzImage(BzImage),
    /// arm64 or RISC-V `Image`.
    Image {
        /// Bytes of memory it needs, with what the file does not hold; 0 in old
        /// kernels.
        image_size: u64,
    },
    /// 32-bit ARM `zImage`.
    ArmZimage,
    /// EFI program that unpacks the kernel in it (`CONFIG_EFI_ZBOOT`).
    Zboot {
        /// How the kernel in it is compressed, as it says.
        compression: Vec<u8>,
        /// Where that lies: offset and length, bytes.
        payload: (u64, u64),
    },
    /// An image of another format, compressed as a whole. Only some loaders take it.
    Wrapped(Compression),
    /// An ELF file (`vmlinux`).
    Elf,
    /// U-Boot's legacy image.
    UBoot {
        /// The name in its header.
        name: Vec<u8>,
    },
    /// An EFI program that is no kernel by itself: a unified kernel image where it
    /// has a section `.linux`, or a boot loader.
    EfiProgram,
    /// None of these: the first bytes, at most 8.
    Unknown(Vec<u8>),
}

/// The setup header of an x86 image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BzImage {
    /// Boot protocol, such as `0x020f` for 2.15.
    pub protocol: u16,
    /// Sectors of 512 bytes after the first that belong to the setup code.
    pub setup_sectors: u8,
    /// Length by the header, without a signature, bytes.
    pub expected_len: u64,
    /// Whether it is loaded high (`LOADED_HIGH`); a zImage is not.
    pub is_loaded_high: bool,
    /// Longest command line, bytes without the NUL; the rest is cut silently. 255
    /// before protocol 2.06.
    pub command_line_size: u32,
    /// Bytes of memory it needs where it is unpacked; 0 before protocol 2.10.
    pub init_size: u32,
    /// Highest address an initrd may reach.
    pub initrd_address_max: u32,
}

/// What is known of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// The release, such as `6.1.0-13-amd64`.
    Known(Vec<u8>),
    /// Not in the part that was read, or not in a form that is understood.
    NotFound,
}

/// What is wrong with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No bytes.
    Empty,
    /// Shorter than its own header says: the loader refuses it, or the kernel dies
    /// while it unpacks itself.
    Truncated {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// No kernel image; the bytes where a magic was expected.
    BadMagic(Vec<u8>),
    /// A boot protocol below 2.03, which GRUB refuses; the protocol.
    OldProtocol(u16),
    /// An x86 image not loaded high, which EFI loaders and 64-bit kernels do not know.
    NotLoadedHigh,
    /// An ELF header that makes no sense.
    BadElf(elf::Problem),
    /// The signature lies beyond the end of the file, so Secure Boot refuses it.
    SignatureCut {
        /// Where the signature ends, bytes.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// A compressed kernel that cannot be unpacked; the decoder's words.
    BadPayload(String),
    /// A part of the file could not be read: the offset.
    Unreadable(u64),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::Truncated { expected, actual } => {
                write!(f, "cut off: {actual} bytes of {expected}")
            }
            Self::BadMagic(found) => {
                f.write_str("not a kernel image (")?;
                for byte in found {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str(")")
            }
            Self::OldProtocol(protocol) => {
                let (major, minor) = (protocol >> 8, protocol & 0xff);
                write!(f, "boot protocol {major}.{minor:02}, loaders want 2.03")
            }
            Self::NotLoadedHigh => f.write_str("not loaded high"),
            Self::BadElf(problem) => problem.fmt(f),
            Self::SignatureCut { expected, actual } => {
                write!(f, "signature cut off: {actual} bytes of {expected}")
            }
            Self::BadPayload(detail) => write!(f, "cannot be unpacked ({detail})"),
            Self::Unreadable(offset) => write!(f, "could not be read at byte {offset}"),
        }
    }
}

impl KernelImage {
    /// Whether it is a unified kernel image: an EFI program with a kernel inside.
    #[must_use]
    pub fn is_unified(&self) -> bool {
        let pe = self.pe.as_ref();
        self.format == Format::EfiProgram && pe.is_some_and(|pe| pe.section(b".linux").is_some())
    }
}

/// Reads the image of `len` bytes through `at`.
///
/// An x86 image takes two small reads. The release of the other formats stands
/// somewhere in the kernel, so that these are read up to it.
pub fn read(len: u64, at: &mut At<'_>) -> KernelImage {
    let mut file = File { len, at };
    let mut image = KernelImage {
        format: Format::Unknown(Vec::new()),
        architecture: None,
        release: Release::NotFound,
        version: None,
        pe: None,
        problems: Vec::new(),
    };
    if len == 0 {
        image.problems.push(Problem::Empty);
        return image;
    }
    let Some(head) = file.get(0, HEAD) else {
        image.problems.push(Problem::Unreadable(0));
        return image;
    };
    image.pe = pe::read(&mut file, &head);
    if let Some(certificates) = image.pe.as_ref().and_then(|pe| pe.certificates) {
        let expected = certificates.offset.saturating_add(certificates.len);
        if expected > len {
            let actual = len;
            let problem = Problem::SignatureCut { expected, actual };
            image.problems.push(problem);
        }
    }
    let machine = image.pe.as_ref().and_then(Pe::architecture);
    let magic = |at: usize, magic: &[u8]| bytes(&head, at, magic.len()) == Some(magic);
    if magic(0x202, b"HdrS") {
        image.bz_image(&head, &mut file);
    } else if magic(56, b"ARM\x64") || magic(56, b"RSC\x05") {
        image.architecture = if magic(56, b"ARM\x64") {
            Some(Architecture::Aarch64)
        } else {
            machine.or(Some(Architecture::Riscv64))
        };
        image.raw_image(&head, &mut file);
    } else if magic(0, b"MZ") && magic(4, b"zimg") {
        image.architecture = machine;
        image.zboot(&head, &mut file);
    } else if magic(36, b"\x18\x28\x6f\x01") {
        image.architecture = Some(Architecture::Arm);
        image.arm_zimage(&head, len);
    } else if magic(0, b"\x7fELF") {
        image.elf(&head, &mut file);
    } else if magic(0, b"\x27\x05\x19\x56") {
        image.u_boot(&head, len);
    } else if image.pe.is_some() {
        image.format = Format::EfiProgram;
        image.architecture = machine;
        image.unified(&mut file);
    } else if let Some(compression) = Compression::detect(&head) {
        image.format = Format::Wrapped(compression);
        image.unpack(compression, (0, len), &mut file);
    } else {
        let first = head.get(..head.len().min(8)).unwrap_or(&[]).to_vec();
        image.problems.push(Problem::BadMagic(first.clone()));
        image.format = Format::Unknown(first);
    }
    image
}

impl KernelImage {
    fn bz_image(&mut self, head: &[u8], file: &mut File<'_, '_>) {
        let byte = |at: usize| head.get(at).copied().unwrap_or(0);
        let long = |at| le32(head, at).unwrap_or(0);
        let protocol = le16(head, 0x206).unwrap_or(0);
        // 0 stands for 4, as it did before there was a field.
        let setup_sectors = match byte(0x1f1) {
            0 => 4,
            sectors => sectors,
        };
        let setup_len = (u64::from(setup_sectors) + 1) * 512;
        let since = |minimum: u16, value: u32| if protocol >= minimum { value } else { 0 };
        let header = BzImage {
            protocol,
            setup_sectors,
            expected_len: setup_len + u64::from(long(0x1f4)) * 16,
            is_loaded_high: byte(0x211) & 1 != 0,
            command_line_size: match since(0x206, long(0x238)) {
                0 => 255,
                size => size,
            },
            init_size: since(0x20a, long(0x260)),
            initrd_address_max: match since(0x203, long(0x22c)) {
                0 => 0x37ff_ffff,
                address => address,
            },
        };
        self.format = Format::BzImage(header);
        // XLF_KERNEL_64 came with protocol 2.12; before, nothing in the header tells.
        let is_64 = protocol >= 0x20c && le16(head, 0x236).unwrap_or(0) & 1 != 0;
        let machine = self.pe.as_ref().and_then(Pe::architecture);
        self.architecture = match machine {
            Some(machine) => Some(machine),
            None if is_64 => Some(Architecture::X86_64),
            None if protocol >= 0x20c => Some(Architecture::X86),
            None => None,
        };
        if bytes(head, 0x1fe, 2) != Some(b"\x55\xaa") {
            let found = bytes(head, 0x1fe, 2).unwrap_or(&[]).to_vec();
            self.problems.push(Problem::BadMagic(found));
        }
        if protocol < 0x203 {
            self.problems.push(Problem::OldProtocol(protocol));
        }
        if !header.is_loaded_high {
            self.problems.push(Problem::NotLoadedHigh);
        }
        self.check_length(header.expected_len, file.len);
        let pointer = u64::from(le16(head, 0x20e).unwrap_or(0));
        // The text lies in the setup code; 0 stands for none.
        if pointer == 0 || 0x200 + pointer >= setup_len {
            return;
        }
        if let Some(text) = file.get(0x200 + pointer, 512) {
            let end = text.iter().position(|byte| *byte == 0);
            let text = text.get(..end.unwrap_or(text.len())).unwrap_or(&[]);
            self.set_version(text, text);
        }
    }

    fn raw_image(&mut self, head: &[u8], file: &mut File<'_, '_>) {
        let image_size = le64(head, 16).unwrap_or(0);
        self.format = Format::Image { image_size };
        // What the sections of its PE header say is exact; the size in its own header
        // includes memory that the file does not hold.
        let in_file = self.pe.as_ref().map_or(0, Pe::end_of_sections);
        self.check_length(in_file.max(image_size / 2), file.len);
        match banner::in_file(file, 0) {
            Ok(found) => self.set_banner(found),
            Err(offset) => self.problems.push(Problem::Unreadable(offset)),
        }
    }

    fn zboot(&mut self, head: &[u8], file: &mut File<'_, '_>) {
        let offset = u64::from(le32(head, 8).unwrap_or(0));
        let len = u64::from(le32(head, 12).unwrap_or(0));
        let name = bytes(head, 24, 32).unwrap_or(&[]);
        let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
        self.format = Format::Zboot {
            compression: name.to_vec(),
            payload: (offset, len),
        };
        self.check_length(offset.saturating_add(len), file.len);
        let start = file.get(offset, 8);
        if let Some(compression) = start.as_deref().and_then(Compression::detect) {
            self.unpack(compression, (offset, len), file);
        }
    }

    fn arm_zimage(&mut self, head: &[u8], len: u64) {
        self.format = Format::ArmZimage;
        let start = u64::from(le32(head, 40).unwrap_or(0));
        let end = u64::from(le32(head, 44).unwrap_or(0));
        self.check_length(end.saturating_sub(start), len);
    }

    fn elf(&mut self, head: &[u8], file: &mut File<'_, '_>) {
        self.format = Format::Elf;
        match elf::ident(head) {
            Ok((_, _, architecture)) => self.architecture = architecture,
            Err(problem) => {
                self.problems.push(Problem::BadElf(problem));
                return;
            }
        }
        if let Some(expected) = elf::expected_len(head) {
            self.check_length(expected, file.len);
        }
        match banner::in_file(file, 0) {
            Ok(found) => self.set_banner(found),
            Err(offset) => self.problems.push(Problem::Unreadable(offset)),
        }
    }

    fn u_boot(&mut self, head: &[u8], len: u64) {
        let name = bytes(head, 32, 32).unwrap_or(&[]);
        let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]);
        self.format = Format::UBoot {
            name: name.to_vec(),
        };
        // IH_ARCH_* of U-Boot's include/image.h.
        self.architecture = match head.get(29) {
            Some(2) => Some(Architecture::Arm),
            Some(3) => Some(Architecture::X86),
            Some(5) => Some(Architecture::Mips),
            Some(7) => Some(Architecture::Ppc),
            Some(22) => Some(Architecture::Aarch64),
            Some(24) => Some(Architecture::X86_64),
            _ => None,
        };
        let data = bytes(head, 12, 4).map_or(0, |bytes| {
            bytes
                .iter()
                .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
        });
        self.check_length(64 + data, len);
    }

    /// The release of a unified kernel image stands in a section of its own.
    fn unified(&mut self, file: &mut File<'_, '_>) {
        let Some(pe) = &self.pe else { return };
        let expected = pe.end_of_sections();
        let section = pe.section(b".uname").copied();
        self.check_length(expected, file.len);
        let Some(section) = section else { return };
        let len = usize::try_from(section.len).unwrap_or(0).min(512);
        if let Some(text) = file.get(section.offset, len) {
            let text = text.split(|byte| *byte == 0 || *byte == b'\n').next();
            let text = text.unwrap_or(&[]);
            self.set_version(text, text);
        }
    }

    fn unpack(&mut self, compression: Compression, place: (u64, u64), file: &mut File<'_, '_>) {
        match banner::in_compressed(file, compression, place) {
            Ok(found) => {
                if self.architecture.is_none() {
                    self.architecture = found.architecture;
                }
                self.set_banner(found.banner);
            }
            Err(banner::Failed::Unreadable(offset)) => {
                self.problems.push(Problem::Unreadable(offset));
            }
            Err(banner::Failed::Bad(detail)) => {
                self.problems.push(Problem::BadPayload(detail));
            }
        }
    }

    fn check_length(&mut self, expected: u64, actual: u64) {
        if expected > actual {
            let problem = Problem::Truncated { expected, actual };
            self.problems.push(problem);
        }
    }

    fn set_banner(&mut self, banner: Option<Vec<u8>>) {
        let Some(banner) = banner else { return };
        let release = banner.get(banner::START.len()..).unwrap_or(&[]);
        self.set_version(release, &banner);
    }

    /// The release is the first word of `text`.
    fn set_version(&mut self, text: &[u8], version: &[u8]) {
        let word = text.split(|byte| *byte == b' ').next().unwrap_or(&[]);
        let is_sound =
            (1..=MAX_RELEASE).contains(&word.len()) && word.iter().all(u8::is_ascii_graphic);
        if is_sound {
            self.release = Release::Known(word.to_vec());
            self.version = Some(version.to_vec());
        }
    }
}

/// The file behind the callback.
struct File<'a, 'b> {
    len: u64,
    at: &'a mut At<'b>,
}

impl File<'_, '_> {
    /// At most `len` bytes from `offset`, fewer at the end of the file.
    fn get(&mut self, offset: u64, len: usize) -> Option<Vec<u8>> {
        let left = self.len.saturating_sub(offset);
        let len = len.min(usize::try_from(left).unwrap_or(usize::MAX));
        if len == 0 {
            return Some(Vec::new());
        }
        let mut bytes = (self.at)(offset, len)?;
        bytes.truncate(len);
        Some(bytes)
    }
}

fn bytes(data: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    data.get(at..)?.get(..len)
}

fn le16(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

fn le32(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_le_bytes)
}

fn le64(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
