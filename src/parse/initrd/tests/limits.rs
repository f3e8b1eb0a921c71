//! A limit ends the reading, and says so.

use super::*;

/// A file of `len` NUL bytes, packed; `len` must fit a header of cpio.
fn bomb(kind: Compression, len: usize) -> Vec<u8> {
    let mut cpio = Cpio::new().add("zero", FILE, b"").bytes;
    cpio[54..62].copy_from_slice(format!("{len:08x}").as_bytes());
    match kind {
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.write_all(&cpio).unwrap();
            let zeros = vec![0; 1 << 20];
            (0..len >> 20).for_each(|_| encoder.write_all(&zeros).unwrap());
            encoder.finish().unwrap()
        }
        Compression::Gzip => {
            let level = flate2::Compression::best();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(&cpio).unwrap();
            let zeros = vec![0; 1 << 20];
            (0..len >> 20).for_each(|_| encoder.write_all(&zeros).unwrap());
            encoder.finish().unwrap()
        }
        _ => panic!("not needed"),
    }
}

#[test]
fn a_bomb_stops_at_the_ratio() {
    let ratio = 50;
    let limits = Limits {
        ratio,
        ..Limits::STANDARD
    };
    for kind in [Compression::Zstd, Compression::Gzip] {
        let bytes = bomb(kind, 128 << 20);
        assert!(bytes.len() < 1 << 20);
        let initrd = read_with(&bytes, limits);
        let limit = Limit::Ratio(ratio);
        assert_eq!(kinds(&initrd), [ProblemKind::LimitReached(limit)]);
        assert!(!initrd.is_complete());
        assert!(initrd.segments[0].unpacked < 66 << 20);
    }
}

#[test]
fn each_limit_is_named() {
    let standard = Limits::STANDARD;
    let main = compress(Compression::Xz, &main_archive());
    let cases = [
        (
            Limits {
                output: 1000,
                ..standard
            },
            Limit::Output(1000),
        ),
        (
            Limits {
                entries: 3,
                ..standard
            },
            Limit::Entries(3),
        ),
        (
            Limits {
                name_bytes: 20,
                ..standard
            },
            Limit::Names(20),
        ),
    ];
    for (limits, limit) in cases {
        let initrd = read_with(&main, limits);
        assert_eq!(kinds(&initrd), [ProblemKind::LimitReached(limit)]);
        assert!(!initrd.is_complete());
    }
    let small = Limits {
        window: 1 << 10,
        ..standard
    };
    for kind in [Compression::Xz, Compression::Lzma] {
        // A preset whose dictionary is larger than what is allowed beside it.
        let options = liblzma::stream::LzmaOptions::new_preset(9).unwrap();
        let stream = match kind {
            Compression::Lzma => liblzma::stream::Stream::new_lzma_encoder(&options),
            _ => liblzma::stream::Stream::new_easy_encoder(9, liblzma::stream::Check::Crc32),
        };
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream.unwrap());
        encoder.write_all(&main_archive()).unwrap();
        let found = kinds(&read_with(&encoder.finish().unwrap(), small));
        assert!(
            matches!(
                &found[..],
                [ProblemKind::LimitReached(Limit::Window { .. })]
            ),
            "{kind}: {found:?}"
        );
    }
    // Frame header with a window of 64 MiB.
    let wide = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 16 << 3, 1, 0, 0];
    let limit = Limit::Window {
        needed: 64 << 20,
        allowed: 32 << 20,
    };
    assert_eq!(kinds(&read_all(&wide)), [ProblemKind::LimitReached(limit)]);
}

#[test]
fn a_deadline_ends_it_at_any_step() {
    let bytes = [microcode(), compress(Compression::Gzip, &main_archive())].concat();
    for steps in 0..6 {
        let mut left = steps;
        let mut expired = || {
            left -= 1;
            left < 0
        };
        let limits = Limits::STANDARD;
        let initrd = read(&mut bytes.as_slice(), &limits, &boot_files, &mut expired);
        let last = initrd.problems.last().map(|problem| &problem.kind);
        assert_eq!(
            last,
            Some(&ProblemKind::LimitReached(Limit::Deadline)),
            "{steps}"
        );
    }
}

#[test]
fn a_read_error_is_not_taken_for_the_end() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(std::io::Error::other("input/output error")),
                len => Ok(len),
            }
        }
    }
    let whole = [microcode(), compress(Compression::Gzip, &main_archive())].concat();
    for len in [0, 50, 512, whole.len() / 2, whole.len() - 20, whole.len()] {
        let mut source = Failing(&whole[..len]);
        let initrd = read(&mut source, &Limits::STANDARD, &boot_files, &mut || false);
        let io = ProblemKind::Io("input/output error".to_owned());
        assert_eq!(initrd.problems.last().map(|p| &p.kind), Some(&io), "{len}");
        assert!(initrd.stopped().is_none(), "{len}: {:?}", initrd.problems);
    }
}
