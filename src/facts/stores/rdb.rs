//! Whether a dump of Redis holds anything (Redis 7.0 `src/rdb.c`, `rdbSaveRio`).

/// What follows a value of its own at the head of a dump: name and value as texts.
const AUX: u8 = 0xFA;
/// The end of a dump.
const END: u8 = 0xFF;

/// Whether the dump that begins with `head` holds keys; `None` where it is no dump or
/// the head is too short to tell.
pub(super) fn holds_keys(head: &[u8]) -> Option<bool> {
    let rest = head.strip_prefix(b"REDIS")?;
    let mut rest = rest.get(4..)?;
    loop {
        let (opcode, tail) = rest.split_first()?;
        match *opcode {
            AUX => {
                rest = skip_text(tail)?;
                rest = skip_text(rest)?;
            }
            END => return Some(false),
            _ => return Some(true),
        }
    }
}

/// What follows a text: a length of 6, 14 or 32 bits, or an integer of 1, 2 or 4 bytes.
fn skip_text(bytes: &[u8]) -> Option<&[u8]> {
    let (first, tail) = bytes.split_first()?;
    let low = usize::from(first & 0x3F);
    let (length, tail) = match (first >> 6, low) {
        (0, length) => (length, tail),
        (1, high) => {
            let (next, tail) = tail.split_first()?;
            (high << 8 | usize::from(*next), tail)
        }
        (3, 0) => (1, tail),
        (3, 1) => (2, tail),
        (3, 2) => (4, tail),
        // Longer texts, and compressed ones, are in no head.
        _ => return None,
    };
    tail.get(length..)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head as Redis 7.0.15 writes it.
    const HEAD: &[u8] = b"REDIS0010\xFA\x09redis-ver\x067.0.15\xFA\x0Aredis-bits\xC0\x40\
        \xFA\x05ctime\xC2\x86\x26\x07\x6B\xFA\x08used-mem\xC2\x40\x25\x0D\x00\xFA\x08aof-base\xC0\x00";

    #[test]
    fn a_dump_without_keys_ends_behind_its_head() {
        let with = |tail: &[u8]| [HEAD, tail].concat();
        assert_eq!(holds_keys(&with(b"\xFF12345678")), Some(false));
        assert_eq!(holds_keys(&with(b"\xFE\x00\xFB\x01\x00")), Some(true));
        for cut in 0..HEAD.len() {
            assert_eq!(holds_keys(&HEAD[..cut]), None, "{cut}");
        }
        assert_eq!(holds_keys(b"not a dump at all"), None);
    }
}
