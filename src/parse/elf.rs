//! The one word of an ELF header that decides whether a program starts: its
//! interpreter (ELF specification, `PT_INTERP`; Linux 6.1 `fs/binfmt_elf.c`).

/// Type of the program header that names the interpreter.
const PT_INTERP: u64 = 3;

/// Longest name of an interpreter (`PATH_MAX` in `load_elf_binary`).
const PATH_MAX: usize = 4096;

/// Program headers looked at; the kernel takes at most 64 KiB of them.
const HEADERS: usize = 1170;

/// The interpreter that the kernel starts for this program, such as
/// `/lib64/ld-linux-x86-64.so.2`; `None` for a static program, and where the bytes
/// are not enough of a program to tell.
#[must_use]
pub fn interpreter(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"\x7fELF")?;
    let wide = match rest.first()? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let big = match rest.get(1)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let number = |at: usize, len: usize| -> Option<u64> {
        let field = bytes.get(at..at.checked_add(len)?)?;
        let join = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(if big {
            field.iter().fold(0, join)
        } else {
            field.iter().rev().fold(0, join)
        })
    };
    // Offsets of e_phoff, e_phentsize, e_phnum; then of p_offset and p_filesz.
    let (phoff, phentsize, phnum) = if wide {
        (number(32, 8)?, number(54, 2)?, number(56, 2)?)
    } else {
        (number(28, 4)?, number(42, 2)?, number(44, 2)?)
    };
    let (offset, size, word) = if wide { (8, 32, 8) } else { (4, 16, 4) };
    let (phoff, phentsize) = (
        usize::try_from(phoff).ok()?,
        usize::try_from(phentsize).ok()?,
    );
    for index in 0..usize::try_from(phnum).ok()?.min(HEADERS) {
        let at = phoff.checked_add(index.checked_mul(phentsize)?)?;
        if number(at, 4)? != PT_INTERP {
            continue;
        }
        let start = usize::try_from(number(at.checked_add(offset)?, word)?).ok()?;
        let len = usize::try_from(number(at.checked_add(size)?, word)?).ok()?;
        let name = bytes.get(start..start.checked_add(len.min(PATH_MAX))?)?;
        let end = name.iter().position(|b| *b == 0)?;
        return name.get(..end).filter(|name| !name.is_empty());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit little-endian program with one header that names `name`.
    fn program(name: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes.resize(64 + 56, 0);
        bytes[64] = 3;
        bytes[64 + 8] = 120;
        bytes[64 + 32] = u8::try_from(name.len()).unwrap() + 1;
        bytes.extend(name);
        bytes.push(0);
        bytes
    }

    #[test]
    fn a_dynamic_program_names_its_loader() {
        let bytes = program(b"/lib64/ld.so");
        assert_eq!(interpreter(&bytes), Some(&b"/lib64/ld.so"[..]));
        let own = std::fs::read("/proc/self/exe").unwrap();
        let found = interpreter(&own).map(|name| name.starts_with(b"/"));
        assert_ne!(found, Some(false));
    }

    #[test]
    fn a_stub_a_script_and_every_truncation_name_none() {
        for bytes in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x02\x01"] {
            assert_eq!(interpreter(bytes), None);
        }
        let bytes = program(b"/lib/ld.so");
        for end in 0..bytes.len() {
            assert_eq!(interpreter(&bytes[..end]), None, "{end}");
        }
    }
}
