//! The lzop container and LZO1X blocks, as `lib/decompress_unlzo.c` and
//! `lib/lzo/lzo1x_decompress_safe.c` of Linux 6.1 read them.

use super::stream::Fault;

/// Largest block the kernel takes, bytes (`LZO_BLOCK_SIZE`).
pub(super) const MAX_BLOCK: usize = 256 << 10;

const MAGIC: [u8; 9] = [0x89, b'L', b'Z', b'O', 0, b'\r', b'\n', 0x1a, b'\n'];
const HEADER_HAS_FILTER: u32 = 0x0800;

/// Length of the header of the container, `None` where `head` ends in it. The
/// checksum at its end is not looked at, as the kernel does not.
pub(super) fn header_len(head: &[u8]) -> Result<Option<usize>, Fault> {
    let shown = MAGIC.len().min(head.len());
    if head.get(..shown) != MAGIC.get(..shown) {
        return Err(Fault::corrupt("invalid header"));
    }
    let mut at = MAGIC.len();
    let Some(version) = be16(head, at) else {
        return Ok(None);
    };
    let extended = version >= 0x0940;
    at += 7 + usize::from(extended);
    let Some(flags) = be32(head, at) else {
        return Ok(None);
    };
    at += if flags & HEADER_HAS_FILTER == 0 { 4 } else { 8 };
    at += 8 + if extended { 4 } else { 0 };
    let Some(name) = head.get(at) else {
        return Ok(None);
    };
    let len = at + 1 + usize::from(*name) + 4;
    Ok((head.len() >= len).then_some(len))
}

/// What stands before a block.
pub(super) enum BlockHeader {
    /// The end of the stream: 4 bytes.
    End,
    /// A block after 12 bytes: unpacked and packed length.
    Block {
        /// Unpacked bytes.
        unpacked: usize,
        /// Packed bytes.
        packed: usize,
    },
}

/// The header at the start of `input`, `None` where it ends too early.
pub(super) fn block_header(input: &[u8]) -> Result<Option<BlockHeader>, Fault> {
    let Some(unpacked) = be32(input, 0) else {
        return Ok(None);
    };
    if unpacked == 0 {
        return Ok(Some(BlockHeader::End));
    }
    let unpacked = usize::try_from(unpacked).unwrap_or(usize::MAX);
    if unpacked > MAX_BLOCK {
        return Err(Fault::corrupt("dest len longer than block size"));
    }
    let (Some(packed), Some(_checksum)) = (be32(input, 4), be32(input, 8)) else {
        return Ok(None);
    };
    let packed = usize::try_from(packed).unwrap_or(usize::MAX);
    if packed == 0 || packed > unpacked {
        return Err(Fault::corrupt("file corrupted"));
    }
    Ok(Some(BlockHeader::Block { unpacked, packed }))
}

/// Unpacks one block of `unpacked` bytes into `out`, which is emptied first.
pub(super) fn block(input: &[u8], unpacked: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    out.clear();
    if input.len() == unpacked {
        out.extend_from_slice(input);
        return Ok(());
    }
    let mut block = Block {
        input,
        at: 0,
        out,
        max: unpacked,
    };
    match block.run() {
        Some(()) if out.len() == unpacked => Ok(()),
        Some(()) | None => Err(Fault::corrupt("compressed data violation")),
    }
}

struct Block<'a> {
    input: &'a [u8],
    at: usize,
    out: &'a mut Vec<u8>,
    max: usize,
}

impl Block<'_> {
    /// `None` where the block is broken.
    fn run(&mut self) -> Option<()> {
        // Literals copied by the last instruction: 0 to 3, or 4 for a long run.
        let mut state = 0;
        if let Some(first) = self.input.first().filter(|first| **first > 17) {
            let count = usize::from(first - 17);
            self.at = 1;
            self.literals(count)?;
            state = count.min(4);
        }
        loop {
            let code = usize::from(self.byte()?);
            let (len, distance, trailing) = match code {
                0..16 if state == 0 => {
                    let count = self.long(code, 15)? + 3;
                    self.literals(count)?;
                    state = 4;
                    continue;
                }
                0..16 => {
                    let high = usize::from(self.byte()?) << 2;
                    let distance = high + (code >> 2);
                    match state {
                        4 => (3, distance + 2049, code & 3),
                        _ => (2, distance + 1, code & 3),
                    }
                }
                16..32 => {
                    let len = self.long(code & 7, 7)? + 2;
                    let low = self.le16()?;
                    let distance = ((code & 8) << 11) + (low >> 2);
                    if distance == 0 {
                        return (self.at == self.input.len()).then_some(());
                    }
                    (len, distance + 0x4000, low & 3)
                }
                32..64 => {
                    let len = self.long(code & 31, 31)? + 2;
                    let low = self.le16()?;
                    (len, (low >> 2) + 1, low & 3)
                }
                _ => {
                    let high = usize::from(self.byte()?) << 3;
                    let distance = high + ((code >> 2) & 7) + 1;
                    ((code >> 5) + 1, distance, code & 3)
                }
            };
            self.copy(len, distance)?;
            self.literals(trailing)?;
            state = trailing;
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.input.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn le16(&mut self) -> Option<usize> {
        let low = usize::from(self.byte()?);
        Some(low | usize::from(self.byte()?) << 8)
    }

    /// A length that goes on in further bytes where it is 0: 255 for each NUL.
    fn long(&mut self, len: usize, base: usize) -> Option<usize> {
        if len != 0 {
            return Some(len);
        }
        let mut len = base;
        loop {
            match self.byte()? {
                0 => len += 255,
                last => return Some(len + usize::from(last)),
            }
        }
    }

    fn literals(&mut self, count: usize) -> Option<()> {
        let bytes = self.input.get(self.at..self.at.checked_add(count)?)?;
        if self.out.len() + count > self.max {
            return None;
        }
        self.out.extend_from_slice(bytes);
        self.at += count;
        Some(())
    }

    fn copy(&mut self, len: usize, distance: usize) -> Option<()> {
        let from = self.out.len().checked_sub(distance)?;
        if self.out.len() + len > self.max {
            return None;
        }
        // The source may run into what is being written: it doubles with each round.
        let mut left = len;
        while left > 0 {
            let piece = left.min(self.out.len() - from);
            self.out.extend_from_within(from..from + piece);
            left -= piece;
        }
        Some(())
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compressor_packs_comes_back() {
        let zeros = vec![0; 100_000];
        let text: Vec<u8> = (0..60_000_u32)
            .flat_map(|i| (i / 7).to_be_bytes())
            .collect();
        let mixed: Vec<u8> = (0..200_000_u32)
            .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[usize::from(i % 3 == 0)])
            .collect();
        for data in [&b"a"[..], b"abcabcabcabcabcabc", &zeros, &text, &mixed] {
            let packed = lzokay_native::compress(data).unwrap();
            let mut out = Vec::new();
            block(&packed, data.len(), &mut out).unwrap_or_else(|_| panic!("{}", data.len()));
            assert_eq!(out, data);
        }
    }

    #[test]
    fn a_block_never_grows_beyond_what_it_announced() {
        let packed = lzokay_native::compress(&vec![0; 100_000]).unwrap();
        let mut out = Vec::new();
        assert!(block(&packed, 99_999, &mut out).is_err());
        assert!(out.len() <= 99_999);
    }
}
