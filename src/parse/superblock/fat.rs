//! FAT, exFAT and NTFS, which begin alike (libblkid's `vfat.c`, `exfat.c`, `ntfs.c`).

use super::{Content, Window, le16, le32, le64};

pub(super) fn read(window: &dyn Window) -> Option<Content> {
    let head = window.at(0, 512);
    if head.get(3..11)? == b"EXFAT   " {
        let serial = le32(&head, 100)?;
        return Some(Content::new(
            "exfat",
            Some(serial_text(serial)),
            exfat_label(window, &head),
        ));
    }
    if head.get(3..11)? == b"NTFS    " {
        let serial = le64(&head, 72)?;
        return Some(Content::new("ntfs", Some(format!("{serial:016X}")), None));
    }
    let is_32 = head.get(82..90)? == b"FAT32   ";
    let is_16 = matches!(
        head.get(54..62)?,
        b"FAT16   " | b"FAT12   " | b"FAT     " | b"MSDOS   "
    );
    if !(is_32 || is_16) || head.get(510..512)? != b"\x55\xaa" {
        return None;
    }
    let serial = le32(&head, if is_32 { 67 } else { 39 })?;
    let own = head.get(if is_32 { 71..82 } else { 43..54 })?;
    let own = (own != b"NO NAME    ").then(|| trimmed(own));
    let label = root_label(window, &head, is_32).or(own);
    let uuid = (serial != 0).then(|| serial_text(serial));
    Some(Content::new("vfat", uuid, label))
}

/// The entry of the root directory that names the volume, in its first 64 KiB.
fn root_label(window: &dyn Window, head: &[u8], is_32: bool) -> Option<Vec<u8>> {
    let sector = u64::from(le16(head, 11)?);
    let per_cluster = u64::from(*head.get(13)?);
    let reserved = u64::from(le16(head, 14)?);
    let fats = u64::from(*head.get(16)?);
    let entries = usize::from(le16(head, 17)?);
    let fat_sectors = match le16(head, 22)? {
        0 => u64::from(le32(head, 36)?),
        sectors => u64::from(sectors),
    };
    let behind_fats = reserved.checked_add(fats.checked_mul(fat_sectors)?)?;
    let (start, len) = if is_32 {
        let cluster = u64::from(le32(head, 44)?).checked_sub(2)?;
        let sectors = behind_fats.checked_add(cluster.checked_mul(per_cluster)?)?;
        (sectors.checked_mul(sector)?, 64 << 10)
    } else {
        (behind_fats.checked_mul(sector)?, entries * 32)
    };
    let dir = window.at(start, len.min(64 << 10));
    for entry in dir.chunks_exact(32) {
        match (entry.first()?, entry.get(11)?) {
            (0, _) => break,
            // Deleted, or a part of a long name.
            (0xe5, _) | (_, 0x0f) => {}
            (_, attributes) if attributes & 0x18 == 0x08 => {
                let mut name = entry.get(..11)?.to_vec();
                if let Some(first) = name.first_mut().filter(|first| **first == 5) {
                    *first = 0xe5;
                }
                return Some(trimmed(&name));
            }
            _ => {}
        }
    }
    None
}

/// The entry of the root directory of exFAT that names the volume.
fn exfat_label(window: &dyn Window, head: &[u8]) -> Option<Vec<u8>> {
    let sector = 1_u64.checked_shl(u32::from(*head.get(108)?))?;
    let cluster = sector.checked_shl(u32::from(*head.get(109)?))?;
    let heap = u64::from(le32(head, 88)?).checked_mul(sector)?;
    let root = u64::from(le32(head, 96)?).checked_sub(2)?;
    let dir = window.at(heap.checked_add(root.checked_mul(cluster)?)?, 4096);
    let entry = dir
        .chunks_exact(32)
        .find(|entry| entry.first() == Some(&0x83))?;
    let count = usize::from(*entry.get(1)?).min(11);
    let units: Vec<u16> = (0..count).filter_map(|n| le16(entry, 2 + 2 * n)).collect();
    Some(String::from_utf16_lossy(&units).into_bytes())
}

fn serial_text(serial: u32) -> String {
    format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)
}

fn trimmed(name: &[u8]) -> Vec<u8> {
    name.trim_ascii_end().to_vec()
}
