//! How much an x86-64 processor can, by `/proc/cpuinfo`.

use crate::parse::elf::Architecture;

/// A level of the x86-64 ABI supplement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every x86-64 processor can.
    Baseline,
    /// `x86-64-v2`.
    V2,
    /// `x86-64-v3`.
    V3,
    /// `x86-64-v4`.
    V4,
}

/// What each level asks for, as `flags` of `/proc/cpuinfo` call it (glibc 2.36
/// `sysdeps/x86/isa-level.c` and `get-isa-level.h`).
const FLAGS: [(Level, &[&str]); 3] = [
    (
        Level::V2,
        &[
            "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3",
        ],
    ),
    (
        Level::V3,
        &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"],
    ),
    (
        Level::V4,
        &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    ),
];

/// The names of the directories below `glibc-hwcaps`, best first.
const DIRECTORIES: [(Level, &str); 3] = [
    (Level::V4, "x86-64-v4"),
    (Level::V3, "x86-64-v3"),
    (Level::V2, "x86-64-v2"),
];

impl Level {
    /// The highest level among the bits of `GNU_PROPERTY_X86_ISA_1_NEEDED`.
    pub(super) const fn needed(bits: u32) -> Self {
        match bits {
            bits if bits & 8 != 0 => Self::V4,
            bits if bits & 4 != 0 => Self::V3,
            bits if bits & 2 != 0 => Self::V2,
            _ => Self::Baseline,
        }
    }

    /// The name of the ABI supplement.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "x86-64",
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }
}

/// The `glibc-hwcaps` directories a processor of this level can use, best first; all
/// of them where `level` is not known.
pub(super) fn directories(
    architecture: Option<Architecture>,
    level: Option<Level>,
) -> Vec<&'static str> {
    if architecture != Some(Architecture::X86_64) {
        return Vec::new();
    }
    let level = level.unwrap_or(Level::V4);
    let can = DIRECTORIES.iter().filter(|(needs, _)| *needs <= level);
    can.map(|(_, name)| *name).collect()
}

/// The level of the processor described by `/proc/cpuinfo`; none where it is not one
/// of x86.
#[must_use]
pub fn level_of(cpuinfo: &[u8]) -> Option<Level> {
    let text = String::from_utf8_lossy(cpuinfo);
    let line = text.lines().find(|line| line.starts_with("flags"))?;
    let (_, flags) = line.split_once(':')?;
    let has: Vec<&str> = flags.split_whitespace().collect();
    let mut level = Level::Baseline;
    for (next, wanted) in FLAGS {
        if !wanted.iter().all(|flag| has.contains(flag)) {
            break;
        }
        level = next;
    }
    Some(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_needs_those_below_it() {
        let v2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3";
        let v3 = "avx avx2 bmi1 bmi2 f16c fma abm movbe";
        let of = |flags: &str| level_of(format!("x: y\nflags\t\t: fpu {flags}\n").as_bytes());
        assert_eq!(of(""), Some(Level::Baseline));
        assert_eq!(of(v2), Some(Level::V2));
        assert_eq!(of(v3), Some(Level::Baseline));
        assert_eq!(of(&format!("{v2} {v3}")), Some(Level::V3));
        assert_eq!(level_of(b"Features : fp asimd\n"), None);
    }

    #[test]
    fn directories_are_for_x86_64_only() {
        let of = |architecture, level| directories(Some(architecture), level);
        assert_eq!(
            of(Architecture::X86_64, Some(Level::V3)),
            ["x86-64-v3", "x86-64-v2"]
        );
        assert_eq!(of(Architecture::X86_64, None).len(), 3);
        assert_eq!(of(Architecture::Aarch64, None).len(), 0);
    }
}
