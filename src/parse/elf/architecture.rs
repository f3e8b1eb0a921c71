//! Processor architectures, by what an ELF header says.

use std::fmt;

use super::{Class, Endian};

/// A processor architecture that a kernel is built for and files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Architecture {
    /// i386 to i686.
    X86,
    /// x86-64.
    X86_64,
    /// ARM, 32 bits.
    Arm,
    /// ARM, 64 bits.
    Aarch64,
    /// RISC-V, 32 bits.
    Riscv32,
    /// RISC-V, 64 bits.
    Riscv64,
    /// PowerPC, 32 bits.
    Ppc,
    /// PowerPC, 64 bits, big endian.
    Ppc64,
    /// PowerPC, 64 bits, little endian.
    Ppc64Le,
    /// IBM Z.
    S390x,
    /// MIPS, of any size.
    Mips,
    /// `LoongArch`, 64 bits.
    LoongArch64,
}

impl Architecture {
    /// Whether a kernel of that architecture executes programs of this one, as
    /// distributions configure it: 64-bit kernels run the programs of their 32-bit
    /// elder.
    #[must_use]
    pub fn runs_on(self, kernel: Self) -> bool {
        let elder = match kernel {
            Self::X86_64 => Some(Self::X86),
            Self::Aarch64 => Some(Self::Arm),
            Self::Ppc64 => Some(Self::Ppc),
            _ => None,
        };
        self == kernel || elder == Some(self)
    }
}

impl fmt::Display for Architecture {
    /// The name that `uname -m` gives.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86 => "i686",
            Self::X86_64 => "x86_64",
            Self::Arm => "arm",
            Self::Aarch64 => "aarch64",
            Self::Riscv32 => "riscv32",
            Self::Riscv64 => "riscv64",
            Self::Ppc => "ppc",
            Self::Ppc64 => "ppc64",
            Self::Ppc64Le => "ppc64le",
            Self::S390x => "s390x",
            Self::Mips => "mips",
            Self::LoongArch64 => "loongarch64",
        })
    }
}

/// The architecture of an ELF header, none where it is another one.
pub(super) const fn of(class: Class, endian: Endian, machine: u16) -> Option<Architecture> {
    Some(match (machine, class, endian) {
        (3 | 6, ..) => Architecture::X86,
        (62, ..) => Architecture::X86_64,
        (40, ..) => Architecture::Arm,
        (183, ..) => Architecture::Aarch64,
        (243, Class::Elf32, _) => Architecture::Riscv32,
        (243, Class::Elf64, _) => Architecture::Riscv64,
        (20, ..) => Architecture::Ppc,
        (21, _, Endian::Big) => Architecture::Ppc64,
        (21, _, Endian::Little) => Architecture::Ppc64Le,
        (22, Class::Elf64, _) => Architecture::S390x,
        (8, ..) => Architecture::Mips,
        (258, Class::Elf64, _) => Architecture::LoongArch64,
        _ => return None,
    })
}
