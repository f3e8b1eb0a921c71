//! Any bytes at all.

use super::*;
use proptest::prelude::*;

#[test]
fn every_prefix_is_read_and_never_passes_for_the_whole() {
    for kind in ALL {
        let mut whole = microcode();
        let main = compress(kind, &main_archive());
        whole.extend(&main);
        for len in 0..whole.len() {
            let initrd = read_all(&whole[..len]);
            let has_all = initrd.rootfs.len() == 17;
            let said = !initrd.problems.is_empty();
            // Cut exactly between the two segments, or in the padding after either.
            let is_microcode = initrd.segments.len() == 1 && initrd.rootfs.len() == 4;
            assert!(said || has_all || is_microcode, "{kind} {len}");
        }
    }
}

#[test]
fn a_flipped_byte_never_panics_and_keeps_the_answer_consistent() {
    for kind in ALL {
        let whole = compress(kind, &main_archive());
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            let initrd = read_all(&bytes);
            let stopped = initrd.stopped().is_some();
            assert!(stopped || !initrd.segments.is_empty(), "{kind} {at}");
        }
    }
}

fn one_of_all() -> impl Strategy<Value = Compression> {
    proptest::sample::select(ALL.to_vec())
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let initrd = read_all(&bytes);
        prop_assert!(initrd.rootfs.len() <= bytes.len() / 110);
    }

    #[test]
    fn any_bytes_after_a_magic_end(
        kind in one_of_all(),
        skip in 4_usize..40,
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let good = compress(kind, &main_archive());
        let mut all = good[..skip.min(good.len())].to_vec();
        all.extend(bytes);
        let initrd = read_all(&all);
        prop_assert_eq!(initrd.segments.first().map(|s| s.packing), Some(Packing::Compressed(kind)));
    }

    #[test]
    fn any_entries_end(
        entries in proptest::collection::vec(
            ("[ab./]{0,6}", any::<u16>(), 1_u32..3, 0_u32..3, "[ab./]{0,6}"),
            0..12,
        ),
    ) {
        let mut cpio = Cpio::new();
        for (name, mode, nlink, ino, body) in &entries {
            let mode = u32::from(*mode);
            cpio = cpio.raw(name.as_bytes(), mode, *nlink, *ino, body.as_bytes());
        }
        let initrd = read_all(&cpio.end());
        prop_assert!(initrd.rootfs.len() <= entries.len());
        for (path, _) in initrd.rootfs.iter() {
            let is_found = initrd.rootfs.get(path).is_some();
            prop_assert!(is_found);
            let is_missing = matches!(initrd.rootfs.resolve(path), Lookup::Missing(_));
            let is_link = initrd.rootfs.get(path).is_some_and(|entry| entry.target.is_some());
            prop_assert!(!is_missing || is_link);
        }
    }
}
