//! Partition tables: GPT (UEFI 2.10, chapter 5) and the MBR with its extended
//! partitions (libblkid 2.38, `libblkid/src/partitions/{gpt,dos}.c`).

use std::fmt::Write as _;

use super::superblock::Window;

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number, as the kernel counts.
    pub number: u32,
    /// Where it begins, bytes.
    pub start: u64,
    /// Its length, bytes.
    pub len: u64,
    /// The type: a GUID, or `0x83`.
    pub kind: String,
    /// Its id, as `PARTUUID=` has it.
    pub uuid: String,
    /// Its name; the MBR has none.
    pub label: Option<Vec<u8>>,
}

/// What stands at the beginning of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// GPT; whether the one at the end of the disk had to be read instead.
    Gpt(Vec<Partition>, bool),
    /// MBR.
    Mbr(Vec<Partition>),
    /// None.
    None,
}

/// Entries at most: a table has 128.
const MOST: u32 = 1024;

/// The table of a disk.
#[must_use]
pub fn read(disk: &dyn Window) -> Table {
    for sector in [512_u64, 4096] {
        if let Some(list) = gpt(disk, sector, sector) {
            return Table::Gpt(list, false);
        }
        let last = (disk.len() / sector).saturating_sub(1) * sector;
        // The second table is looked for only where an MBR says that there is one.
        let head = disk.at(0, 512);
        let protective = head.get(510..512) == Some(b"\x55\xaa")
            && (0..4).any(|n| head.get(446 + 16 * n + 4) == Some(&0xee));
        if protective && let Some(list) = gpt(disk, last, sector) {
            return Table::Gpt(list, true);
        }
    }
    mbr(disk).map_or(Table::None, Table::Mbr)
}

fn gpt(disk: &dyn Window, at: u64, sector: u64) -> Option<Vec<Partition>> {
    let header = disk.at(at, 512);
    if header.get(..8)? != b"EFI PART" {
        return None;
    }
    let len = usize::try_from(le32(&header, 12)?).ok()?;
    let mut signed = header.get(..len)?.to_vec();
    signed.get_mut(16..20)?.fill(0);
    if crc(&signed) != le32(&header, 16)? || le64(&header, 24)?.checked_mul(sector)? != at {
        return None;
    }
    let (count, size) = (le32(&header, 80)?, le32(&header, 84)?);
    if count > MOST || !(128..=4096).contains(&size) {
        return None;
    }
    let entries = le64(&header, 72)?.checked_mul(sector)?;
    let bytes = disk.at(entries, usize::try_from(count.checked_mul(size)?).ok()?);
    if crc(&bytes) != le32(&header, 88)? {
        return None;
    }
    let entries = bytes.chunks_exact(usize::try_from(size).ok()?);
    let partitions = (1_u32..).zip(entries).filter_map(|(number, entry)| {
        let kind = entry.get(..16)?;
        if kind.iter().all(|b| *b == 0) {
            return None;
        }
        let (first, last) = (le64(entry, 32)?, le64(entry, 40)?);
        let sectors = last.checked_sub(first)?.checked_add(1)?;
        let name: Vec<u16> = entry
            .get(56..128)?
            .chunks_exact(2)
            .map_while(|pair| match *pair {
                [low, high] => Some(u16::from_le_bytes([low, high])).filter(|c| *c != 0),
                _ => None,
            })
            .collect();
        let name = String::from_utf16_lossy(&name).into_bytes();
        Some(Partition {
            number,
            start: first.checked_mul(sector)?,
            len: sectors.checked_mul(sector)?,
            kind: guid(kind)?,
            uuid: guid(entry.get(16..32)?)?,
            label: (!name.is_empty()).then_some(name),
        })
    });
    Some(partitions.collect())
}

/// The first three groups of a GUID are little-endian.
fn guid(bytes: &[u8]) -> Option<String> {
    let (time, middle, high) = (le32(bytes, 0)?, le16(bytes, 4)?, le16(bytes, 6)?);
    let mut out = format!("{time:08x}-{middle:04x}-{high:04x}-");
    for (index, byte) in bytes.get(8..16)?.iter().enumerate() {
        if index == 2 {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    Some(out)
}

fn mbr(disk: &dyn Window) -> Option<Vec<Partition>> {
    let head = disk.at(0, 512);
    if head.get(510..512)? != b"\x55\xaa" {
        return None;
    }
    let id = le32(&head, 440)?;
    let mut out = Vec::new();
    let mut extended = None;
    for number in 1..=4_u32 {
        let entry = entry(&head, usize::try_from(number - 1).ok()?)?;
        // Anything else in the first byte is no table but code.
        if entry.boot != 0 && entry.boot != 0x80 {
            return None;
        }
        if entry.kind == 0 || entry.sectors == 0 {
            continue;
        }
        if is_extended(entry.kind) {
            extended = extended.or(Some(entry.first));
        }
        out.push(made(id, number, u64::from(entry.first), &entry));
    }
    if let Some(base) = extended {
        logical(disk, id, u64::from(base), &mut out);
    }
    (!out.is_empty()).then_some(out)
}

/// The chain of logical partitions, numbered from 5.
fn logical(disk: &dyn Window, id: u32, base: u64, out: &mut Vec<Partition>) {
    let mut at = base;
    let mut number = 5;
    // A chain longer than this is a loop.
    for _ in 0..256 {
        let head = disk.at(at.saturating_mul(512), 512);
        if head.get(510..512) != Some(b"\x55\xaa") {
            return;
        }
        let mut next = None;
        for index in 0..4 {
            let Some(entry) = entry(&head, index).filter(|e| e.sectors > 0 && e.kind != 0) else {
                continue;
            };
            if is_extended(entry.kind) {
                next = next.or(Some(base.saturating_add(u64::from(entry.first))));
            } else if index < 2 {
                let first = at.saturating_add(u64::from(entry.first));
                out.push(made(id, number, first, &entry));
                number += 1;
            }
        }
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
}

struct Entry {
    boot: u8,
    kind: u8,
    first: u32,
    sectors: u32,
}

fn entry(head: &[u8], index: usize) -> Option<Entry> {
    let at = 446 + 16 * index;
    Some(Entry {
        boot: *head.get(at)?,
        kind: *head.get(at + 4)?,
        first: le32(head, at + 8)?,
        sectors: le32(head, at + 12)?,
    })
}

const fn is_extended(kind: u8) -> bool {
    matches!(kind, 0x05 | 0x0f | 0x85)
}

fn made(id: u32, number: u32, first: u64, entry: &Entry) -> Partition {
    Partition {
        number,
        start: first.saturating_mul(512),
        len: u64::from(entry.sectors).saturating_mul(512),
        kind: format!("{:#x}", entry.kind),
        uuid: format!("{id:08x}-{number:02x}"),
        label: None,
    }
}

/// CRC-32 of IEEE 802.3, as the tables are signed with.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}
