use super::*;
use crate::parse::partitions;

fn planted(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut content = vec![0; 160 << 10];
    content[at..at + bytes.len()].copy_from_slice(bytes);
    content
}

fn kind(window: &Vec<u8>) -> Option<String> {
    read(window).map(|content| content.kind)
}

#[test]
fn each_is_told_by_its_mark() {
    for (at, mark, expected) in [
        (0, &b"XFSB"[..], "xfs"),
        (0, b"LUKS\xba\xbe\0\x02", "crypto_LUKS"),
        (4086, b"SWAPSPACE2", "swap"),
        (4086, b"S1SUSPEND\0", "swsuspend"),
        (65_526, b"SWAPSPACE2", "swap"),
        (0x1_0040, b"_BHRfS_M", "btrfs"),
        (32_768, b"\x01CD001", "iso9660"),
        (0x438, b"\x53\xef", "ext2"),
        (1024, b"\xe2\xe1\xf5\xe0", "erofs"),
        (3, b"NTFS    ", "ntfs"),
        (3, b"EXFAT   ", "exfat"),
    ] {
        assert_eq!(
            kind(&planted(at, mark)).as_deref(),
            Some(expected),
            "{expected}"
        );
    }
    assert_eq!(kind(&vec![0; 1 << 17]), None);
    assert_eq!(kind(&Vec::new()), None);
}

#[test]
fn features_make_ext3_and_ext4() {
    let mut window = planted(0x438, b"\x53\xef");
    window[1024 + 0x5c] = 4;
    assert_eq!(kind(&window).as_deref(), Some("ext3"));
    window[1024 + 0x60] = 0x40;
    let content = read(&window).unwrap();
    assert_eq!(content.kind, "ext4");
    let ext = content.ext.unwrap();
    assert_eq!(ext.unread_by_grub(false), 0);
    window[1024 + 0x61] = 0x20;
    let ext = read(&window).unwrap().ext.unwrap();
    assert_eq!(
        (ext.unread_by_grub(false), ext.unread_by_grub(true)),
        (0x2000, 0)
    );
}

#[test]
fn a_check_is_due_by_mounts_or_by_time() {
    let mut window = planted(0x438, b"\x53\xef");
    let due = |window: &Vec<u8>| read(window).unwrap().ext.unwrap().check_is_due(1_000_000);
    window[1024 + 0x36..1024 + 0x38].copy_from_slice(&[0xff, 0xff]);
    assert!(!due(&window));
    window[1024 + 0x34] = 30;
    window[1024 + 0x36..1024 + 0x38].copy_from_slice(&[30, 0]);
    assert!(due(&window));
    window[1024 + 0x34] = 29;
    window[1024 + 0x44] = 1;
    assert!(due(&window));
    window[1024 + 0x3a] = 2;
    assert!(read(&window).unwrap().ext.unwrap().has_errors());
}

proptest::proptest! {
    #[test]
    fn any_bytes_behind_any_mark_are_read(
        mark in 0_usize..9,
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2048),
        cut in 0_usize..70_000,
    ) {
        let (at, magic): (usize, &[u8]) = [
            (0, &b"LUKS\xba\xbe\0\x02"[..]),
            (512, b"LABELONE\x01\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001"),
            (0x438, b"\x53\xef"),
            (82, b"FAT32   "),
            (54, b"FAT16   "),
            (3, b"EXFAT   "),
            (4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0"),
            (512, b"EFI PART"),
            (446, b"\x80\0\0\0\x05"),
        ][mark];
        let mut content = vec![0; at];
        content.extend(magic);
        content.extend(bytes);
        content.resize(cut.max(content.len()).max(512), 0);
        content[510..512].copy_from_slice(b"\x55\xaa");
        let window = content;
        let _ = read(&window);
        if let partitions::Table::Mbr(list) = partitions::read(&window) {
            assert!(list.len() < 800);
        }
    }
}
