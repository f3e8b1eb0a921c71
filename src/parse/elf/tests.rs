use super::*;
use proptest::prelude::*;

/// An ELF file built from its parts; addresses equal offsets plus a base.
struct Builder {
    class: Class,
    endian: Endian,
    machine: u16,
    interpreter: Option<&'static [u8]>,
    base: u64,
}

const AMD64: Builder = Builder {
    class: Class::Elf64,
    endian: Endian::Little,
    machine: 62,
    interpreter: Some(b"/lib64/ld-linux-x86-64.so.2\0"),
    base: 0x40_0000,
};

impl Builder {
    fn number(&self, value: u64, len: usize) -> Vec<u8> {
        match self.endian {
            Endian::Little => value.to_le_bytes()[..len].to_vec(),
            Endian::Big => value.to_be_bytes()[8 - len..].to_vec(),
        }
    }

    fn half(&self, value: u64) -> Vec<u8> {
        self.number(value, 2)
    }

    fn int(&self, value: u64) -> Vec<u8> {
        self.number(value, 4)
    }

    fn word(&self, value: u64) -> Vec<u8> {
        self.number(value, if self.class == Class::Elf64 { 8 } else { 4 })
    }

    fn header(&self, kind: u32, offset: u64, len: u64, align: u64) -> Vec<u8> {
        let kind = self.int(kind.into());
        let address = self.word(self.base + offset);
        let (offset, len, align) = (self.word(offset), self.word(len), self.word(align));
        match self.class {
            Class::Elf64 => {
                let flags = self.int(5);
                [
                    kind,
                    flags,
                    offset,
                    address.clone(),
                    address,
                    len.clone(),
                    len,
                    align,
                ]
                .concat()
            }
            Class::Elf32 => {
                let flags = self.int(5);
                [
                    kind,
                    offset,
                    address.clone(),
                    address,
                    len.clone(),
                    len,
                    flags,
                    align,
                ]
                .concat()
            }
        }
    }

    fn build(&self) -> Vec<u8> {
        let strings = b"\0libc.so.6\0GLIBC_2.36\0GLIBC_2.2.5\0libx.so.1\0X_1\0$ORIGIN/lib\0/opt\0";
        let at = |name: &[u8]| {
            let mut windows = strings.windows(name.len());
            u64::try_from(windows.position(|window| window == name).unwrap()).unwrap()
        };
        let interpreter = self.interpreter.unwrap_or(b"");
        let place = |len: usize| u64::try_from(len).unwrap();
        let strings_at: u64 = 0x200 + 64;
        let needs_at = strings_at + 128;
        let defines_at = needs_at + 64;
        let notes_at = defines_at + 64;
        let needs = [
            self.half(1),
            self.half(2),
            self.int(at(b"libc")),
            self.int(16),
            self.int(0),
            self.int(0),
            self.half(0),
            self.half(2),
            self.int(at(b"GLIBC_2.36")),
            self.int(16),
            self.int(0),
            self.half(2),
            self.half(3),
            self.int(at(b"GLIBC_2.2.5")),
            self.int(0),
        ]
        .concat();
        let define = |flags: u64, name: &[u8], next: u64| {
            [
                self.half(1),
                self.half(flags),
                self.half(1),
                self.half(1),
                self.int(0),
                self.int(20),
                self.int(next),
                self.int(at(name)),
                self.int(0),
            ]
            .concat()
        };
        let defines = [define(1, b"libx.so.1", 28), define(0, b"X_1", 0)].concat();
        let pad = if self.class == Class::Elf64 { 4 } else { 0 };
        let notes = [
            self.int(4),
            self.int(16),
            self.int(1),
            b"GNU\0".to_vec(),
            self.int(0),
            self.int(3),
            self.int(2),
            self.int(0),
            self.int(4),
            self.int(12 + pad),
            self.int(5),
            b"GNU\0".to_vec(),
            self.int(0xc000_8002),
            self.int(4),
            self.int(6),
            self.number(0, 4),
        ]
        .concat();
        let dynamic_at = notes_at + 128;
        let tag = |tag: u64, value: u64| [self.word(tag), self.word(value)].concat();
        let dynamic = [
            tag(DT_NEEDED, at(b"libc.so.6")),
            tag(DT_SONAME, at(b"libx.so.1")),
            tag(DT_RUNPATH, at(b"$ORIGIN")),
            tag(DT_RPATH, at(b"/opt")),
            tag(DT_FLAGS_1, DF_1_NODEFLIB),
            tag(DT_VERNEED, self.base + needs_at),
            tag(DT_VERDEF, self.base + defines_at),
            tag(DT_STRTAB, self.base + strings_at),
            tag(DT_STRSZ, place(strings.len())),
            tag(0, 0),
        ]
        .concat();
        let end = dynamic_at + place(dynamic.len());
        let mut headers = vec![
            self.header(PT_LOAD, 0, end, 4096),
            self.header(PT_DYNAMIC, dynamic_at, place(dynamic.len()), 8),
            self.header(PT_NOTE, notes_at, place(notes.len()), 4),
        ];
        if self.interpreter.is_some() {
            headers.push(self.header(PT_INTERP, 0x200, place(interpreter.len()), 1));
        }
        let count = place(headers.len());
        let (class, header_len, entry_len) = match self.class {
            Class::Elf64 => (2, 64, 56),
            Class::Elf32 => (1, 52, 32),
        };
        let order = if self.endian == Endian::Little { 1 } else { 2 };
        let mut bytes = [
            b"\x7fELF".to_vec(),
            vec![class, order, 1],
            vec![0; 9],
            self.half(3),
            self.half(self.machine.into()),
            self.int(1),
            self.word(0),
            self.word(header_len),
            self.word(0),
            self.int(0),
            self.half(header_len),
            self.half(entry_len),
            self.half(count),
            self.half(0),
            self.half(0),
            self.half(0),
        ]
        .concat();
        bytes.extend(headers.concat());
        let mut put = |at: u64, data: &[u8]| {
            bytes.resize(usize::try_from(at).unwrap(), 0);
            bytes.extend(data);
        };
        put(0x200, interpreter);
        put(strings_at, strings);
        put(needs_at, &needs);
        put(defines_at, &defines);
        put(notes_at, &notes);
        put(dynamic_at, &dynamic);
        bytes
    }
}

#[test]
fn everything_the_loader_looks_at_is_read_in_both_classes_and_orders() {
    let builders = [
        (AMD64, Some(Architecture::X86_64)),
        (
            Builder {
                class: Class::Elf32,
                machine: 3,
                base: 0,
                ..AMD64
            },
            Some(Architecture::X86),
        ),
        (
            Builder {
                endian: Endian::Big,
                machine: 22,
                ..AMD64
            },
            Some(Architecture::S390x),
        ),
        (
            Builder {
                class: Class::Elf32,
                endian: Endian::Big,
                machine: 20,
                ..AMD64
            },
            Some(Architecture::Ppc),
        ),
    ];
    for (builder, architecture) in builders {
        let elf = read(&builder.build()).unwrap();
        assert_eq!(elf.problems, []);
        assert_eq!(elf.architecture(), architecture);
        assert_eq!((elf.class, elf.endian), (builder.class, builder.endian));
        assert_eq!(
            elf.interpreter.as_deref(),
            Some(&b"/lib64/ld-linux-x86-64.so.2"[..])
        );
        assert_eq!(elf.needed, [b"libc.so.6"]);
        assert_eq!(elf.soname.as_deref(), Some(&b"libx.so.1"[..]));
        assert_eq!(elf.runpath.as_deref(), Some(&b"$ORIGIN/lib"[..]));
        assert_eq!(elf.rpath.as_deref(), Some(&b"/opt"[..]));
        assert!(elf.no_default_directories);
        let need = |version: &[u8], is_weak| VersionNeed {
            library: b"libc.so.6".to_vec(),
            version: version.to_vec(),
            is_weak,
        };
        let needs = [need(b"GLIBC_2.36", false), need(b"GLIBC_2.2.5", true)];
        assert_eq!(elf.version_needs, needs);
        assert_eq!(elf.version_definitions, [b"X_1"]);
        assert_eq!(elf.minimum_kernel, Some([3, 2, 0]));
        let is_x86 = matches!(builder.machine, 3 | 62);
        assert_eq!(elf.x86_isa_needed, is_x86.then_some(6));
    }
}

#[test]
fn files_the_kernel_refuses() {
    let good = AMD64.build();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        read(&bytes).err()
    };
    assert_eq!(read(b"").err(), Some(Problem::NotElf));
    assert_eq!(read(b"#!/bin/sh").err(), Some(Problem::NotElf));
    assert_eq!(read(b"\x7fELF").err(), Some(Problem::BadHeader));
    assert_eq!(with(4, 3), Some(Problem::BadHeader));
    assert_eq!(with(54, 57), Some(Problem::BadProgramHeaders));
    assert_eq!(with(56, 0), Some(Problem::BadProgramHeaders));
    assert_eq!(with(39, 0xff), Some(Problem::BadProgramHeaders));
}

#[test]
fn a_static_file_has_neither_interpreter_nor_needs() {
    let builder = Builder {
        interpreter: None,
        ..AMD64
    };
    let mut bytes = builder.build();
    // The second header is that of the dynamic section.
    bytes[64 + 56] = 0;
    let elf = read(&bytes).unwrap();
    assert_eq!(elf.interpreter, None);
    assert!(!elf.is_dynamic);
    assert_eq!((elf.needed.len(), elf.problems.len()), (0, 0));
}

#[test]
fn an_interpreter_without_its_end_is_refused_by_the_kernel() {
    let builder = Builder {
        interpreter: Some(b"/lib/ld.so"),
        ..AMD64
    };
    let elf = read(&builder.build()).unwrap();
    assert_eq!(elf.interpreter, None);
    assert_eq!(elf.problems, [Problem::BadInterpreter]);
}

#[test]
fn a_cut_file_says_its_length() {
    let whole = AMD64.build();
    let expected = u64::try_from(whole.len()).unwrap();
    let elf = read(&whole[..whole.len() - 1]).unwrap();
    let actual = expected - 1;
    assert_eq!(elf.problems[0], Problem::Truncated { expected, actual });
    for len in 0..whole.len() {
        let said = match read(&whole[..len]) {
            Ok(elf) => !elf.problems.is_empty(),
            Err(_) => true,
        };
        assert!(said, "{len}");
    }
}

#[test]
fn tables_that_point_at_themselves_end() {
    let mut bytes = AMD64.build();
    let needs_at = 0x200 + 64 + 128;
    // The next version of the only library is itself, 0 bytes on, then backwards.
    bytes[needs_at + 12] = 16;
    bytes[needs_at + 16 + 12] = 1;
    let elf = read(&bytes).unwrap();
    assert!(elf.version_needs.len() <= MAX_NAMES);
}

proptest! {
    #[test]
    fn any_change_ends(
        at in 0_usize..0x500,
        noise in proptest::collection::vec(prop_oneof![Just(0xff), Just(0), any::<u8>()], 1..16),
        is_64 in any::<bool>(),
    ) {
        let class = if is_64 { Class::Elf64 } else { Class::Elf32 };
        let mut bytes = Builder { class, ..AMD64 }.build();
        let at = at.min(bytes.len());
        let end = (at + noise.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&noise[..end - at]);
        if let Ok(elf) = read(&bytes) {
            prop_assert!(elf.needed.len() <= MAX_NAMES);
        }
    }

    #[test]
    fn any_bytes_after_the_magic_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut all = b"\x7fELF\x02\x01".to_vec();
        all.extend(bytes);
        let read = read(&all);
        prop_assert!(read != Err(Problem::NotElf));
    }
}
