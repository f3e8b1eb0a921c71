//! Archives that are broken in one way each.

use super::*;

#[test]
fn what_the_kernel_refuses_is_named() {
    let main = main_archive();
    let mut zstd_window = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (18 << 3) | 1];
    zstd_window.extend([1, 0, 0]);
    let mut old_gzip = compress(Compression::Gzip, &main);
    old_gzip[1] = 0x9e;
    let mut gzip_comment = compress(Compression::Gzip, &main);
    gzip_comment[3] |= 0x10;
    let cases = [
        (
            b"\x04\x22\x4d\x18\x64\x40".to_vec(),
            Compression::Lz4,
            Refusal::Lz4Frame,
        ),
        (
            xz(&main, liblzma::stream::Check::Crc64),
            Compression::Xz,
            Refusal::XzCheck(4),
        ),
        (
            xz(&main, liblzma::stream::Check::Sha256),
            Compression::Xz,
            Refusal::XzCheck(10),
        ),
        (
            zstd_window,
            Compression::Zstd,
            Refusal::ZstdWindow((256 << 20) + (32 << 20)),
        ),
        (old_gzip, Compression::Gzip, Refusal::OldGzip),
        (gzip_comment, Compression::Gzip, Refusal::GzipHeader),
    ];
    for (bytes, compression, why) in cases {
        // After a good segment, so that it is seen that this one stays.
        let mut all = microcode();
        all.extend(bytes);
        let initrd = read_all(&all);
        assert_eq!(kinds(&initrd), [ProblemKind::Refused { compression, why }]);
        assert!(initrd.is_complete());
        assert!(initrd.stopped().is_some());
        assert_eq!(initrd.rootfs.len(), 4);
    }
    let none = xz(&main, liblzma::stream::Check::None);
    assert_eq!(kinds(&read_all(&none)), []);
}

#[test]
fn a_file_name_in_the_gzip_header_is_skipped() {
    let plain = compress(Compression::Gzip, &main_archive());
    let mut bytes = plain[..10].to_vec();
    bytes[3] = 8;
    bytes.extend(b"initrd.cpio\0");
    bytes.extend(&plain[10..]);
    assert_eq!(kinds(&read_all(&bytes)), []);
}

#[test]
fn a_gzip_checksum_is_reported_although_the_kernel_does_not_look() {
    let mut bytes = compress(Compression::Gzip, &main_archive());
    let at = bytes.len() - 8;
    bytes[at] ^= 1;
    let initrd = read_all(&bytes);
    assert_eq!(kinds(&initrd), [ProblemKind::CrcMismatch]);
    assert_eq!(initrd.rootfs.len(), 13);
    assert!(initrd.stopped().is_none());
}

#[test]
fn archives_the_kernel_gives_up_on() {
    let good = main_archive();
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        edit(&mut bytes);
        kinds(&read_all(&bytes))
    };
    let bad = |bad| vec![ProblemKind::BadArchive(bad)];
    assert_eq!(with(&|b| b[5] = b'7'), bad(BadArchive::WrongFormat));
    assert_eq!(with(&|b| b[5] = b'9'), bad(BadArchive::NoMagic));
    assert_eq!(with(&|b| b[111] = b'x'), bad(BadArchive::Malformed));
    assert_eq!(with(&|b| b[5] = b'2'), []);

    let mut checked = Cpio::new().add("a", FILE, b"abc").end();
    checked[5] = b'2';
    assert_eq!(kinds(&read_all(&checked)), bad(BadArchive::BadChecksum));
    checked[102..110].copy_from_slice(format!("{:08x}", 97 + 98 + 99).as_bytes());
    assert_eq!(kinds(&read_all(&checked)), []);

    let mut junk = good.clone();
    junk.extend(b"junk");
    let packed = compress(Compression::Gzip, &junk);
    assert_eq!(kinds(&read_all(&packed)), bad(BadArchive::JunkWithin));

    let half = compress(Compression::Gzip, &good[..400]);
    assert_eq!(kinds(&read_all(&half)), bad(BadArchive::JunkAtEnd));
}

#[test]
fn what_follows_must_be_aligned_and_known() {
    let mut shifted = compress(Compression::Gzip, &main_archive());
    while shifted.len() % 4 != 1 {
        shifted.push(0);
    }
    let mut bytes = shifted.clone();
    bytes.extend(microcode());
    let found = kinds(&read_all(&bytes));
    assert!(
        matches!(
            &found[..],
            [ProblemKind::BadMagic {
                misaligned: true,
                ..
            }]
        ),
        "{found:?}"
    );

    let mut bytes = main_archive();
    bytes.extend(b"\xde\xad\xbe\xef");
    let found = kinds(&read_all(&bytes));
    assert!(
        matches!(
            &found[..],
            [ProblemKind::BadMagic {
                misaligned: false,
                ..
            }]
        ),
        "{found:?}"
    );

    let mut bytes = main_archive();
    bytes.extend([0; 2]);
    bytes.extend(microcode());
    assert_eq!(
        kinds(&read_all(&bytes)),
        [ProblemKind::BadArchive(BadArchive::BrokenPadding)]
    );
}

#[test]
fn a_missing_trailer_is_told_though_the_kernel_needs_none() {
    let bytes = Cpio::new().add("init", PROGRAM, b"x").bytes;
    for bytes in [bytes.clone(), compress(Compression::Zstd, &bytes)] {
        let initrd = read_all(&bytes);
        assert_eq!(kinds(&initrd), [ProblemKind::TrailerMissing]);
        assert!(initrd.stopped().is_none());
        assert!(!initrd.segments[0].has_trailer);
    }
}

#[test]
fn an_empty_file_is_not_a_good_one() {
    for bytes in [&b""[..], &[0; 4096]] {
        assert_eq!(kinds(&read_all(bytes)), [ProblemKind::Empty]);
    }
}

#[test]
fn a_cut_file_says_where_and_what_the_kernel_does() {
    let main = main_archive();
    let initrd = read_all(&main[..main.len() - 1500]);
    let text = initrd.problems[0].to_string();
    assert!(text.contains("the kernel does not notice"), "{text}");
    for kind in ALL {
        let packed = compress(kind, &main);
        let initrd = read_all(&packed[..packed.len() / 2]);
        let [Problem { kind: found, .. }] = initrd.problems.as_slice() else {
            panic!("{kind}: {:?}", initrd.problems);
        };
        assert_eq!(
            found,
            &ProblemKind::Truncated(Cut::Compressed(kind)),
            "{kind}"
        );
    }
}
