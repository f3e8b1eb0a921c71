//! `/proc/self/mountinfo`: what is mounted now (proc(5); Linux 6.1,
//! `fs/proc_namespace.c`).

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Major and minor number; 0 and something for file systems without one device.
    pub number: (u32, u32),
    /// What of the file system is mounted: `/`, a subvolume, the source of a bind mount.
    pub root: Vec<u8>,
    /// Where.
    pub point: Vec<u8>,
    /// Options of the mount.
    pub options: Vec<u8>,
    /// The type.
    pub kind: Vec<u8>,
    /// The source as it was given.
    pub source: Vec<u8>,
    /// Options of the file system.
    pub super_options: Vec<u8>,
}

/// The mounts in order; a later one on the same point hides the earlier. Lines that are
/// none are skipped: the kernel writes no others.
#[must_use]
pub fn parse(bytes: &[u8]) -> Vec<Mount> {
    let lines = bytes.split(|b| *b == b'\n');
    lines.filter_map(mount).collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|b| *b == b' ');
    let number = std::str::from_utf8(fields.nth(2)?).ok()?;
    let (major, minor) = number.split_once(':')?;
    let number = (major.parse().ok()?, minor.parse().ok()?);
    let (root, point, options) = (fields.next()?, fields.next()?, fields.next()?);
    let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
    Some(Mount {
        number,
        root: unescape(root),
        point: unescape(point),
        options: options.to_vec(),
        kind: unescape(rest.next()?),
        source: unescape(rest.next()?),
        super_options: rest.next().unwrap_or(&[]).to_vec(),
    })
}

/// Octal escapes: `\040` is a blank.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        match *tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if *first == b'\\' => {
                out.push((a & 3) << 6 | (b & 7) << 3 | (c & 7));
                rest = tail.get(3..).unwrap_or(&[]);
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_their_numbers_and_escapes() {
        let text = b"22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro\n\
            31 22 0:41 /@home /my\\040home ro - btrfs /dev/sdb rw,subvol=/@home\nnone\n1 2 3:x / / r - a b c\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].number, (8, 2));
        assert_eq!(mounts[0].super_options, b"rw,errors=remount-ro");
        assert_eq!(mounts[1].point, b"/my home");
        assert_eq!(mounts[1].root, b"/@home");
        assert_eq!(
            (mounts[1].kind.as_slice(), mounts[1].source.as_slice()),
            (&b"btrfs"[..], &b"/dev/sdb"[..])
        );
    }
}
