//! Members of arrays of the md driver (Linux 6.1, `include/uapi/linux/raid/md_p.h`).

use super::{Content, Window, dashed, le32, le64, text};

/// What a member says of its array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raid {
    /// The array's id, as mdadm prints it: four groups with colons.
    pub uuid: String,
    /// The name, `host:name` or `name`; version 0.90 has none.
    pub name: Vec<u8>,
    /// 0, 1, 4, 5, 6, 10; -1 linear.
    pub level: i32,
    /// Where the data begins, bytes.
    pub data_offset: u64,
    /// `0.90`, `1.0`, `1.1`, `1.2`.
    pub version: &'static str,
}

const MAGIC: u32 = 0xa92b_4efc;

pub(super) fn read(window: &dyn Window) -> Option<Content> {
    let sectors = window.len() / 512;
    let at_end = (sectors.saturating_sub(16) & !7) * 512;
    let old = (window.len() & !0xffff).checked_sub(0x1_0000);
    let newer = [("1.1", 0), ("1.2", 4096), ("1.0", at_end)];
    for (version, offset) in newer {
        let head = window.at(offset, 256);
        if le32(&head, 0) != Some(MAGIC) || le32(&head, 4) != Some(1) {
            continue;
        }
        // It names its own place, so that a stray copy is not taken for one.
        if le64(&head, 144)?.checked_mul(512) != Some(offset) {
            continue;
        }
        let set = head.get(16..32)?;
        let name = text(&head, 32, 32);
        let raid = Raid {
            uuid: colons(set),
            name: name.clone(),
            level: i32::from_le_bytes(le32(&head, 72)?.to_le_bytes()),
            data_offset: le64(&head, 128)?.checked_mul(512)?,
            version,
        };
        let mut content = Content::new("linux_raid_member", Some(dashed(set)), Some(name));
        content.raid = Some(raid);
        return Some(content);
    }
    let head = window.at(old?, 128);
    if le32(&head, 0)? != MAGIC || le32(&head, 4)? != 0 {
        return None;
    }
    let mut set = head.get(20..24)?.to_vec();
    set.extend(head.get(52..64)?);
    // The words are the machine's own; each is printed from its highest byte.
    let set: Vec<u8> = set
        .chunks_exact(4)
        .flat_map(|word| word.iter().rev().copied())
        .collect();
    let mut content = Content::new("linux_raid_member", Some(dashed(&set)), None);
    content.raid = Some(Raid {
        uuid: colons(&set),
        name: Vec::new(),
        level: i32::from_le_bytes(le32(&head, 28)?.to_le_bytes()),
        data_offset: 0,
        version: "0.90",
    });
    Some(content)
}

fn colons(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index.is_multiple_of(4) {
            out.push(':');
        }
        let _ = write!(out, "{byte:02x}");
    }
    out
}
