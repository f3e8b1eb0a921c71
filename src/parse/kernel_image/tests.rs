use super::*;
use proptest::prelude::*;
use std::io::Write as _;

const RELEASE: &[u8] = b"6.1.0-13-amd64 (builder@host) #1 SMP PREEMPT_DYNAMIC\0";

fn put(bytes: &mut [u8], at: usize, data: &[u8]) {
    bytes[at..at + data.len()].copy_from_slice(data);
}

/// A bzImage with 2 setup sectors and `body` paragraphs of 16 bytes.
fn bz_image(body: u32) -> Vec<u8> {
    let mut bytes = vec![0; 3 * 512 + usize::try_from(body).unwrap() * 16];
    put(&mut bytes, 0x1f1, &[2]);
    put(&mut bytes, 0x1f4, &body.to_le_bytes());
    put(&mut bytes, 0x1fe, b"\x55\xaa");
    put(&mut bytes, 0x202, b"HdrS\x0f\x02");
    put(&mut bytes, 0x20e, &0x200_u16.to_le_bytes());
    put(&mut bytes, 0x211, &[1]);
    put(&mut bytes, 0x236, &[1]);
    put(&mut bytes, 0x238, &2047_u32.to_le_bytes());
    put(&mut bytes, 0x400, RELEASE);
    bytes
}

fn pe(machine: u16, at: usize, bytes: &mut [u8], sections: &[(&[u8], u32, u32)]) {
    let start = u32::try_from(at).unwrap();
    put(bytes, 0, b"MZ");
    put(bytes, 0x3c, &start.to_le_bytes());
    put(bytes, at, b"PE\0\0");
    put(bytes, at + 4, &machine.to_le_bytes());
    put(
        bytes,
        at + 6,
        &u16::try_from(sections.len()).unwrap().to_le_bytes(),
    );
    put(bytes, at + 20, &160_u16.to_le_bytes());
    put(bytes, at + 24, &0x20b_u16.to_le_bytes());
    put(bytes, at + 24 + 108, &6_u32.to_le_bytes());
    for (index, (name, offset, len)) in sections.iter().enumerate() {
        let at = at + 24 + 160 + 40 * index;
        put(bytes, at, name);
        put(bytes, at + 8, &len.to_le_bytes());
        put(bytes, at + 16, &len.to_le_bytes());
        put(bytes, at + 20, &offset.to_le_bytes());
    }
}

fn certificates(bytes: &mut [u8], pe: usize, offset: u32, len: u32) {
    put(bytes, pe + 24 + 112 + 32, &offset.to_le_bytes());
    put(bytes, pe + 24 + 112 + 36, &len.to_le_bytes());
}

/// An arm64 kernel of `len` bytes with its banner near the end.
fn arm64(len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
    bytes[..64].fill(0);
    put(&mut bytes, 16, &u64::try_from(len).unwrap().to_le_bytes());
    put(&mut bytes, 56, b"ARM\x64");
    let at = len - 400;
    put(&mut bytes, at - 60, b"Linux version %s (%s)\n\0");
    put(&mut bytes, at, b"Linux version 6.1.0-13-arm64 (x@y) #1\n\0");
    bytes
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn read_bytes(bytes: &[u8]) -> KernelImage {
    let mut at = |offset: u64, len: usize| {
        let start = usize::try_from(offset).ok()?.min(bytes.len());
        let end = start.saturating_add(len).min(bytes.len());
        Some(bytes[start..end].to_vec())
    };
    read(u64::try_from(bytes.len()).unwrap(), &mut at)
}

fn known(release: &[u8]) -> Release {
    Release::Known(release.to_vec())
}

#[test]
fn an_x86_image_says_its_release_and_length() {
    let image = read_bytes(&bz_image(1000));
    let Format::BzImage(header) = image.format else {
        panic!("{image:?}");
    };
    assert_eq!(header.expected_len, 3 * 512 + 16_000);
    assert_eq!(header.command_line_size, 2047);
    assert_eq!(image.release, known(b"6.1.0-13-amd64"));
    assert_eq!(image.architecture, Some(Architecture::X86_64));
    assert_eq!(image.problems, []);
}

#[test]
fn a_cut_x86_image_is_known_by_its_header() {
    let whole = bz_image(1000);
    let expected = u64::try_from(whole.len()).unwrap();
    for cut in [1, 16, 15_000] {
        let image = read_bytes(&whole[..whole.len() - cut]);
        let actual = expected - u64::try_from(cut).unwrap();
        assert_eq!(image.problems, [Problem::Truncated { expected, actual }]);
        assert_eq!(image.release, known(b"6.1.0-13-amd64"));
    }
    let mut signed = whole;
    signed.extend([0; 1472]);
    assert_eq!(read_bytes(&signed).problems, []);
}

#[test]
fn a_signature_is_found_and_its_cut_is_told() {
    let mut bytes = bz_image(1000);
    let end = u32::try_from(bytes.len()).unwrap();
    // The first sector is taken up to 0x1f1.
    pe(0x8664, 0x80, &mut bytes, &[(b".text", 512, end - 512)]);
    certificates(&mut bytes, 0x80, end, 64);
    let expected = u64::from(end) + 64;
    let actual = u64::from(end);
    let cut = read_bytes(&bytes);
    assert_eq!(cut.problems, [Problem::SignatureCut { expected, actual }]);
    bytes.extend([1; 64]);
    let image = read_bytes(&bytes);
    assert_eq!(image.problems, []);
    let (offset, len) = (u64::from(end), 64);
    let found = image.pe.unwrap().certificates;
    assert_eq!(found, Some(Certificates { offset, len }));
}

#[test]
fn x86_headers_that_loaders_refuse() {
    let with = |at: usize, data: &[u8]| {
        let mut bytes = bz_image(10);
        put(&mut bytes, at, data);
        read_bytes(&bytes).problems
    };
    assert_eq!(with(0x1fe, b"\0\0"), [Problem::BadMagic(vec![0, 0])]);
    assert_eq!(with(0x206, &[2, 2]), [Problem::OldProtocol(0x202)]);
    assert_eq!(with(0x211, &[0]), [Problem::NotLoadedHigh]);
    let unknown = with(0x202, b"xxxx");
    assert_eq!(unknown, [Problem::BadMagic(vec![0; 8])]);
}

#[test]
fn an_arm64_image_is_searched_for_its_banner() {
    let image = read_bytes(&arm64(600_000));
    assert_eq!(image.architecture, Some(Architecture::Aarch64));
    assert_eq!(image.release, known(b"6.1.0-13-arm64"));
    assert_eq!(image.problems, []);
    let packed = read_bytes(&gzip(&arm64(600_000)));
    assert_eq!(packed.format, Format::Wrapped(Compression::Gzip));
    assert_eq!(packed.architecture, Some(Architecture::Aarch64));
    assert_eq!(packed.release, known(b"6.1.0-13-arm64"));
}

#[test]
fn a_banner_across_two_pieces_is_found() {
    // Reads are 256 KiB long: every split of the banner.
    for shift in 0..45 {
        let len = (256 << 10) + 400 - shift;
        let image = read_bytes(&arm64(len));
        assert_eq!(image.release, known(b"6.1.0-13-arm64"), "{shift}");
    }
}

#[test]
fn half_an_arm64_image_is_cut() {
    let whole = arm64(600_000);
    let image = read_bytes(&whole[..200_000]);
    let (expected, actual) = (300_000, 200_000);
    assert_eq!(image.problems, [Problem::Truncated { expected, actual }]);
    assert_eq!(image.release, Release::NotFound);
}

#[test]
fn an_efi_zboot_image_is_unpacked() {
    let payload = gzip(&arm64(600_000));
    let len = u32::try_from(payload.len()).unwrap();
    let mut bytes = vec![0; 1024];
    pe(0xaa64, 0x80, &mut bytes, &[]);
    put(&mut bytes, 4, b"zimg");
    put(&mut bytes, 8, &1024_u32.to_le_bytes());
    put(&mut bytes, 12, &len.to_le_bytes());
    put(&mut bytes, 24, b"gzip\0");
    bytes.extend(&payload);
    let image = read_bytes(&bytes);
    assert_eq!(image.release, known(b"6.1.0-13-arm64"));
    assert_eq!(image.architecture, Some(Architecture::Aarch64));
    assert_eq!(image.problems, []);
    let cut = read_bytes(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut.problems[..], [Problem::Truncated { .. }]));
}

#[test]
fn a_unified_image_says_its_release_in_a_section() {
    let mut bytes = vec![0; 4096];
    let sections: [(&[u8], u32, u32); 2] = [(b".linux", 2048, 1024), (b".uname", 3072, 16)];
    pe(0x8664, 0x80, &mut bytes, &sections);
    put(&mut bytes, 3072, b"6.6.1-arch1-1\0");
    let image = read_bytes(&bytes);
    assert!(image.is_unified());
    assert_eq!(image.release, known(b"6.6.1-arch1-1"));
    assert_eq!(image.architecture, Some(Architecture::X86_64));
    let cut = read_bytes(&bytes[..3000]);
    assert!(matches!(cut.problems[..], [Problem::Truncated { .. }]));
}

#[test]
fn other_formats_are_recognised() {
    let mut arm = vec![0; 1000];
    put(&mut arm, 36, b"\x18\x28\x6f\x01");
    put(&mut arm, 44, &2000_u32.to_le_bytes());
    let image = read_bytes(&arm);
    assert_eq!(image.format, Format::ArmZimage);
    assert!(matches!(image.problems[..], [Problem::Truncated { .. }]));

    let mut u_boot = b"\x27\x05\x19\x56".to_vec();
    u_boot.resize(64 + 10, 0);
    put(&mut u_boot, 12, &[0, 0, 0, 10]);
    put(&mut u_boot, 29, &[2]);
    put(&mut u_boot, 32, b"Linux-6.1\0");
    let image = read_bytes(&u_boot);
    assert_eq!(image.architecture, Some(Architecture::Arm));
    assert_eq!(image.problems, []);

    assert_eq!(read_bytes(b"").problems, [Problem::Empty]);
    let text = read_bytes(b"#!/bin/sh\n");
    assert_eq!(text.format, Format::Unknown(b"#!/bin/s".to_vec()));
}

#[test]
fn what_cannot_be_read_is_said() {
    let mut nothing = |_: u64, _: usize| None;
    let image = read(1000, &mut nothing);
    assert_eq!(image.problems, [Problem::Unreadable(0)]);
}

#[test]
fn every_prefix_ends() {
    let whole = bz_image(20);
    for len in 0..whole.len() {
        assert!(!read_bytes(&whole[..len]).problems.is_empty(), "{len}");
    }
}

proptest! {
    #[test]
    fn any_bytes_end(
        which in 0_usize..5,
        at in 0_usize..1000,
        noise in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = match which {
            0 => bz_image(20),
            1 => arm64(1500),
            2 => gzip(&arm64(1500)),
            3 => {
                let mut bytes = vec![0; 2048];
                pe(0xaa64, 0x80, &mut bytes, &[(b".linux", 1024, 512)]);
                bytes
            }
            _ => b"\x7fELF\x02\x01".iter().copied().chain([0; 2000]).collect(),
        };
        let at = at.min(bytes.len());
        let end = (at + noise.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&noise[..end - at]);
        let image = read_bytes(&bytes);
        prop_assert!(image.problems.len() <= 6);
    }
}
