//! Small archives built here, read back as the kernel would.

mod limits;
mod problems;
mod robustness;

use super::*;
use crate::text::FileKind;
use std::io::Write as _;

const DIR: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

/// An archive under construction.
#[derive(Clone, Default)]
struct Cpio {
    bytes: Vec<u8>,
    ino: u32,
}

impl Cpio {
    fn new() -> Self {
        Self::default()
    }

    fn add(mut self, name: &str, mode: u32, body: &[u8]) -> Self {
        self.ino += 1;
        let ino = self.ino;
        self.raw(name.as_bytes(), mode, 1, ino, body)
    }

    /// An entry that is one of several names of an inode.
    fn linked(self, name: &str, ino: u32, body: &[u8]) -> Self {
        self.raw(name.as_bytes(), PROGRAM, 2, ino, body)
    }

    fn raw(mut self, name: &[u8], mode: u32, nlink: u32, ino: u32, body: &[u8]) -> Self {
        let (len, name_len) = (body.len(), name.len() + 1);
        let fields = [ino, mode, 0, 0, nlink, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        let rest = format!("{len:08x}{:08x}{:08x}{:08x}{:08x}", 8, 1, 0, 0);
        self.bytes.extend_from_slice(rest.as_bytes());
        self.bytes
            .extend_from_slice(format!("{name_len:08x}{:08x}", 0).as_bytes());
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.align(4);
        self.bytes.extend_from_slice(body);
        self.align(4);
        self
    }

    fn align(&mut self, to: usize) {
        let len = self.bytes.len().next_multiple_of(to);
        self.bytes.resize(len, 0);
    }

    fn end(self) -> Vec<u8> {
        let mut ended = self.raw(b"TRAILER!!!", 0, 1, 0, b"");
        ended.align(512);
        ended.bytes
    }
}

/// What initramfs-tools makes, in small.
fn main_archive() -> Vec<u8> {
    Cpio::new()
        .add(".", DIR, b"")
        .add("conf", DIR, b"")
        .add("conf/arch.conf", FILE, b"DPKG_ARCH=amd64\n")
        .add("init", PROGRAM, b"#!/bin/sh\necho hello\n")
        .add("scripts", DIR, b"")
        .add("scripts/functions", FILE, &[b'x'; 3000])
        .add("usr", DIR, b"")
        .add("usr/lib", DIR, b"")
        .add("usr/lib/modules", DIR, b"")
        .add("usr/lib/modules/6.1.0-13-amd64", DIR, b"")
        .add("usr/bin", DIR, b"")
        .add("lib", LINK, b"usr/lib")
        .add("bin", LINK, b"usr/bin")
        .add("bin/sh", PROGRAM, b"shell")
        .end()
}

fn microcode() -> Vec<u8> {
    Cpio::new()
        .add("kernel", DIR, b"")
        .add("kernel/x86", DIR, b"")
        .add("kernel/x86/microcode", DIR, b"")
        .add("kernel/x86/microcode/GenuineIntel.bin", FILE, &[7; 100])
        .end()
}

fn compress(kind: Compression, data: &[u8]) -> Vec<u8> {
    match kind {
        Compression::Gzip => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Bzip2 => {
            let level = bzip2::Compression::default();
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lzma => {
            let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
            let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => xz(data, liblzma::stream::Check::Crc32),
        Compression::Lzo => lzop(data),
        Compression::Lz4 => {
            let mut out = vec![0x02, 0x21, 0x4c, 0x18];
            for block in data.chunks(8 << 20) {
                let packed = lz4_flex::block::compress(block);
                out.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
                out.extend(packed);
            }
            out
        }
        Compression::Zstd => zstd::stream::encode_all(data, 3).unwrap(),
    }
}

fn xz(data: &[u8], check: liblzma::stream::Check) -> Vec<u8> {
    let stream = liblzma::stream::Stream::new_easy_encoder(0, check).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn lzop(data: &[u8]) -> Vec<u8> {
    let mut out = b"\x89LZO\x00\r\n\x1a\n\x10\x30\x20\xa0\x09\x40\x03\x09".to_vec();
    // Flags: ADLER32 of the unpacked block; mode, two times, no name, checksum.
    out.extend([
        3, 0, 0, 1, 0, 0, 0x81, 0xa4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4,
    ]);
    for block in data.chunks(super::lzo::MAX_BLOCK) {
        let packed = lzokay_native::compress(block).unwrap();
        let packed = if packed.len() < block.len() {
            packed.as_slice()
        } else {
            block
        };
        out.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
        out.extend(u32::try_from(packed.len()).unwrap().to_be_bytes());
        out.extend([9; 4]);
        out.extend(packed);
    }
    out.extend([0; 4]);
    out
}

const ALL: [Compression; 7] = Compression::ALL;

fn read_with(bytes: &[u8], limits: Limits) -> Initrd {
    let mut source = bytes;
    read(&mut source, &limits, &boot_files, &mut || false)
}

fn read_all(bytes: &[u8]) -> Initrd {
    read_with(bytes, Limits::STANDARD)
}

fn kinds(initrd: &Initrd) -> Vec<ProblemKind> {
    initrd.problems.iter().map(|p| p.kind.clone()).collect()
}

#[test]
fn every_compression_gives_the_same_files() {
    let plain = read_all(&main_archive());
    assert_eq!(kinds(&plain), []);
    assert_eq!(plain.rootfs.len(), 13);
    for kind in ALL {
        let initrd = read_all(&compress(kind, &main_archive()));
        assert_eq!(kinds(&initrd), [], "{kind}");
        assert_eq!(initrd.rootfs, plain.rootfs, "{kind}");
        assert_eq!(initrd.segments.len(), 1, "{kind}");
        assert_eq!(initrd.segments[0].packing, Packing::Compressed(kind));
        assert!(initrd.segments[0].has_trailer, "{kind}");
    }
}

#[test]
fn microcode_comes_first_and_padding_is_skipped() {
    for kind in ALL {
        let mut bytes = microcode();
        let first = bytes.len();
        bytes.extend([0; 4]);
        bytes.extend(compress(kind, &main_archive()));
        let initrd = read_all(&bytes);
        assert_eq!(kinds(&initrd), [], "{kind}");
        let found: Vec<_> = initrd
            .segments
            .iter()
            .map(|s| (s.packing, s.offset))
            .collect();
        let second = u64::try_from(first + 4).unwrap();
        let wanted = [(Packing::Plain, 0), (Packing::Compressed(kind), second)];
        assert_eq!(found, wanted, "{kind}");
        assert!(!initrd.is_microcode_only());
        assert_eq!(initrd.generator, Generator::InitramfsTools);
    }
    assert!(read_all(&microcode()).is_microcode_only());
    assert!(!read_all(&main_archive()).is_microcode_only());
}

#[test]
fn several_compressed_segments_follow_each_other() {
    // After lz4 only NUL bytes end the stream: lengths of blocks are read until then.
    let mut bytes = Vec::new();
    for kind in ALL {
        bytes.extend(compress(
            kind,
            &Cpio::new().add(&kind.to_string(), FILE, b"1").end(),
        ));
        bytes.extend([0; 8]);
    }
    let initrd = read_all(&bytes);
    assert_eq!(kinds(&initrd), []);
    assert_eq!(initrd.segments.len(), ALL.len());
    for kind in ALL {
        assert!(initrd.rootfs.get(kind.to_string().as_bytes()).is_some());
    }
}

#[test]
fn links_in_a_path_are_followed_when_files_are_made() {
    let initrd = read_all(&main_archive());
    assert!(initrd.rootfs.get(b"usr/bin/sh").is_some());
    let Lookup::Found { path, entry } = initrd.rootfs.resolve(b"/bin/../bin/./sh") else {
        panic!("not found");
    };
    assert_eq!((path.as_slice(), entry.size), (&b"usr/bin/sh"[..], 5));
    assert_eq!(initrd.module_releases(), [b"6.1.0-13-amd64"]);
}

#[test]
fn contents_are_kept_only_where_asked_for() {
    let initrd = read_all(&main_archive());
    let content = |path: &[u8]| initrd.rootfs.get(path).unwrap().content.clone();
    let whole = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        Some(Content { bytes, whole: true })
    };
    assert_eq!(content(b"conf/arch.conf"), whole(b"DPKG_ARCH=amd64\n"));
    assert_eq!(content(b"scripts/functions"), None);
    let keep = |name: &[u8]| if name == b"init" { 9 } else { 0 };
    let bytes = main_archive();
    let initrd = read(&mut bytes.as_slice(), &Limits::STANDARD, &keep, &mut || {
        false
    });
    let kept = initrd.rootfs.get(b"init").unwrap().content.clone();
    let bytes = b"#!/bin/sh".to_vec();
    assert_eq!(
        kept,
        Some(Content {
            bytes,
            whole: false
        })
    );
}

#[test]
fn a_later_entry_replaces_an_earlier_one() {
    let first = Cpio::new()
        .add("init", LINK, b"bin/busybox")
        .add("a", DIR, b"")
        .add("b", DIR, b"")
        .add("b/c", FILE, b"")
        .end();
    let second = Cpio::new()
        .add("init", PROGRAM, b"new")
        .add("a", FILE, b"x")
        .add("b", FILE, b"in the way")
        .end();
    let initrd = read_all(&[first, second].concat());
    let kind = |path: &[u8]| initrd.rootfs.get(path).map(|entry| entry.kind);
    assert_eq!(kind(b"init"), Some(FileKind::File));
    assert_eq!(kind(b"a"), Some(FileKind::File));
    assert_eq!(kind(b"b"), Some(FileKind::Dir));
    let why = Skipped::InTheWay;
    let path = b"b".to_vec();
    assert_eq!(kinds(&initrd), [ProblemKind::NotUnpacked { path, why }]);
}

#[test]
fn hard_links_share_the_content_that_comes_last() {
    let bytes = Cpio::new()
        .linked("init", 9, b"")
        .linked("busybox", 9, b"#!binary")
        .end();
    let initrd = read_all(&bytes);
    for path in [&b"init"[..], b"busybox"] {
        let entry = initrd.rootfs.get(path).unwrap();
        assert_eq!(entry.size, 8);
        assert_eq!(entry.content.as_ref().unwrap().bytes, b"#!binary");
        assert!(entry.is_executable());
    }
}

#[test]
fn an_entry_without_its_directory_is_left_out() {
    let bytes = Cpio::new()
        .add("etc/crypttab", FILE, b"x")
        .add("dev/null", FILE, b"")
        .end();
    let initrd = read_all(&bytes);
    let path = b"etc/crypttab".to_vec();
    let why = Skipped::NoParent;
    assert_eq!(kinds(&initrd), [ProblemKind::NotUnpacked { path, why }]);
    assert!(initrd.rootfs.get(b"dev/null").is_some());
    assert_eq!(initrd.left_out, 1);
}

#[test]
fn init_is_found_through_links_inside() {
    let bytes = Cpio::new()
        .add("usr", DIR, b"")
        .add("usr/systemd", PROGRAM, b"elf")
        .add("init", LINK, b"/usr/systemd")
        .end();
    let initrd = read_all(&bytes);
    assert!(matches!(initrd.init(), Lookup::Found { path, entry }
        if path == b"usr/systemd" && entry.is_executable()));
    let missing = Cpio::new().add("init", LINK, b"usr/gone").end();
    assert_eq!(read_all(&missing).init(), Lookup::Missing(b"usr".to_vec()));
    let round = Cpio::new().add("init", LINK, b"init").end();
    assert_eq!(read_all(&round).init(), Lookup::Loop);
    let plain = Cpio::new().add("init", FILE, b"#!/bin/sh").end();
    assert!(
        matches!(read_all(&plain).init(), Lookup::Found { entry, .. }
        if !entry.is_executable())
    );
}

#[test]
fn generators_are_told_by_their_files() {
    let cases: [(&[&str], &[u8], Generator); 6] = [
        (
            &["scripts/functions", "conf/arch.conf"],
            b"",
            Generator::InitramfsTools,
        ),
        (&["usr/lib/dracut/hooks"], b"", Generator::Dracut),
        (&["init_functions", "config"], b"", Generator::Mkinitcpio),
        (&[], b"#!/bin/sh\nnlplug-findfs -p\n", Generator::Mkinitfs),
        (&["etc/initrd.defaults"], b"", Generator::Genkernel),
        (&["etc/fstab"], b"#!/bin/sh\n", Generator::Unknown),
    ];
    for (paths, init, generator) in cases {
        let mut cpio = Cpio::new();
        for dir in ["scripts", "conf", "etc", "usr", "usr/lib", "usr/lib/x"] {
            cpio = cpio.add(dir, DIR, b"");
        }
        if generator == Generator::Dracut {
            cpio = cpio.add("usr/lib/dracut", DIR, b"");
        }
        for path in paths {
            cpio = cpio.add(path, FILE, b"");
        }
        let initrd = read_all(&cpio.add("init", PROGRAM, init).end());
        assert_eq!(initrd.generator, generator);
    }
}
