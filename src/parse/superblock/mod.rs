//! What is on a disk or partition, by its own first words: file systems, swap, and what
//! parts of volumes and arrays write.
//!
//! Names and forms are those of libblkid (util-linux 2.38, `libblkid/src/superblocks`),
//! for they are what fstab is compared with. All numbers are little-endian where nothing
//! else is said.

mod ext;
mod fat;
mod lvm;
mod md;

#[cfg(test)]
mod tests;

pub use ext::Ext;
pub use lvm::{Lvm, Volume};
pub use md::Raid;

/// Bytes that are read in pieces: a disk image, a part of one.
pub trait Window {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `len` bytes from `offset` on; fewer at the end.
    fn at(&self, offset: u64, len: usize) -> Vec<u8>;
}

/// Bytes in memory.
impl Window for Vec<u8> {
    fn len(&self) -> u64 {
        u64::try_from(self.as_slice().len()).unwrap_or(u64::MAX)
    }

    fn at(&self, offset: u64, len: usize) -> Vec<u8> {
        let whole = self.as_slice();
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(whole.len());
        let to = from.saturating_add(len).min(whole.len());
        whole.get(from..to).unwrap_or(&[]).to_vec()
    }
}

/// What was recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// libblkid's name: `ext4`, `crypto_LUKS`, `LVM2_member`.
    pub kind: String,
    /// The id as it is printed.
    pub uuid: Option<String>,
    /// The label.
    pub label: Option<Vec<u8>>,
    /// Of ext2, ext3 and ext4.
    pub ext: Option<Ext>,
    /// Of a physical volume.
    pub lvm: Option<Lvm>,
    /// Of a member of an array.
    pub raid: Option<Raid>,
}

impl Content {
    fn new(kind: impl Into<String>, uuid: Option<String>, label: Option<Vec<u8>>) -> Self {
        Self {
            kind: kind.into(),
            uuid,
            label: label.filter(|label| !label.is_empty()),
            ..Self::default()
        }
    }
}

/// What is on `window`; the parts of arrays and volumes first, as libblkid does.
#[must_use]
pub fn read(window: &dyn Window) -> Option<Content> {
    let readers: [fn(&dyn Window) -> Option<Content>; 13] = [
        md::read,
        lvm::read,
        luks,
        fat::read,
        swap,
        xfs,
        ext::read,
        btrfs,
        squashfs,
        iso9660,
        erofs,
        zfs,
        f2fs,
    ];
    readers.iter().find_map(|read| read(window))
}

/// A LUKS header, of version 1 or 2.
fn luks(window: &dyn Window) -> Option<Content> {
    let head = window.at(0, 4096);
    if !head.starts_with(b"LUKS\xba\xbe") {
        return None;
    }
    let version = be16(&head, 6)?;
    let label = (version == 2).then(|| text(&head, 24, 48));
    let uuid = String::from_utf8_lossy(&text(&head, 168, 40)).into_owned();
    Some(Content::new("crypto_LUKS", Some(uuid), label))
}

fn swap(window: &dyn Window) -> Option<Content> {
    for page in [4096_u64, 8192, 16_384, 32_768, 65_536] {
        let mark = window.at(page - 10, 10);
        let kind = match mark.as_slice() {
            b"SWAPSPACE2" | b"SWAP-SPACE" => "swap",
            b"S1SUSPEND\0" | b"S2SUSPEND\0" | b"ULSUSPEND\0" | b"LINHIB0001" => "swsuspend",
            _ => continue,
        };
        let head = window.at(1024, 64);
        let uuid = uuid(&head, 12).filter(|_| mark.as_slice() != b"SWAP-SPACE");
        return Some(Content::new(kind, uuid, Some(text(&head, 28, 16))));
    }
    None
}

fn xfs(window: &dyn Window) -> Option<Content> {
    let head = window.at(0, 512);
    if !head.starts_with(b"XFSB") {
        return None;
    }
    Some(Content::new(
        "xfs",
        uuid(&head, 32),
        Some(text(&head, 108, 12)),
    ))
}

fn btrfs(window: &dyn Window) -> Option<Content> {
    let head = window.at(0x1_0000, 4096);
    if head.get(0x40..0x48) != Some(b"_BHRfS_M") {
        return None;
    }
    Some(Content::new(
        "btrfs",
        uuid(&head, 0x20),
        Some(text(&head, 0x12b, 256)),
    ))
}

fn squashfs(window: &dyn Window) -> Option<Content> {
    let head = window.at(0, 32);
    let is = head.starts_with(b"hsqs") && le16(&head, 28)? >= 4;
    is.then(|| Content::new("squashfs", None, None))
}

fn erofs(window: &dyn Window) -> Option<Content> {
    let head = window.at(1024, 128);
    if le32(&head, 0)? != 0xe0f5_e1e2 {
        return None;
    }
    Some(Content::new(
        "erofs",
        uuid(&head, 48),
        Some(text(&head, 64, 16)),
    ))
}

fn f2fs(window: &dyn Window) -> Option<Content> {
    let head = window.at(1024, 2048);
    if le32(&head, 0)? != 0xf2f5_2010 {
        return None;
    }
    let label: Vec<u16> = (0..512)
        .map_while(|n| le16(&head, 124 + 2 * n).filter(|c| *c != 0))
        .collect();
    let label = String::from_utf16_lossy(&label).into_bytes();
    Some(Content::new("f2fs", uuid(&head, 108), Some(label)))
}

/// The volume's descriptor; its id is the date of the last change, or of its making.
fn iso9660(window: &dyn Window) -> Option<Content> {
    let head = window.at(32_768, 2048);
    if head.get(..6) != Some(b"\x01CD001") {
        return None;
    }
    let date = |at: usize| {
        let digits = head.get(at..at + 16)?;
        let set = digits.iter().all(u8::is_ascii_digit) && digits.iter().any(|d| *d != b'0');
        let text = String::from_utf8_lossy(digits).into_owned();
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or("").to_owned();
        set.then(|| {
            [
                part(0, 4),
                part(4, 6),
                part(6, 8),
                part(8, 10),
                part(10, 12),
                part(12, 14),
                part(14, 16),
            ]
            .join("-")
        })
    };
    let mut label = text(&head, 40, 32);
    while label.last() == Some(&b' ') {
        label.pop();
    }
    Some(Content::new(
        "iso9660",
        date(830).or_else(|| date(813)),
        Some(label),
    ))
}

/// One of the uberblocks of the first label.
fn zfs(window: &dyn Window) -> Option<Content> {
    let blocks = window.at(128 << 10, 128 << 10);
    let mut starts = (0..128).map(|n| n * 1024);
    let is = starts.any(|at| {
        let mark = blocks.get(at..at + 8);
        mark == Some(&[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0])
            || mark == Some(&[0, 0, 0, 0, 0, 0xba, 0xb1, 0x0c])
    });
    is.then(|| Content::new("zfs_member", None, None))
}

/// A field of text up to its first NUL.
fn text(bytes: &[u8], at: usize, len: usize) -> Vec<u8> {
    let field = bytes.get(at..at.saturating_add(len)).unwrap_or(&[]);
    field.split(|b| *b == 0).next().unwrap_or(&[]).to_vec()
}

/// Sixteen bytes as a UUID; nothing where all are zero.
fn uuid(bytes: &[u8], at: usize) -> Option<String> {
    let field = bytes.get(at..at.saturating_add(16))?;
    field.iter().any(|b| *b != 0).then(|| dashed(field))
}

/// Bytes in hexadecimal with the dashes of a UUID.
fn dashed(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    le16(bytes, at).map(u16::swap_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}
