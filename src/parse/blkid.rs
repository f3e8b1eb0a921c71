//! What blkid(8) prints: `blkid -o export` and the plain lines (util-linux 2.38,
//! `misc-utils/blkid.c`).

/// One device that blkid knows something about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The node, such as `/dev/sda1` or `/dev/mapper/vg-root`.
    pub node: String,
    /// Its tags in the order printed, `TYPE` and `UUID` among them.
    pub tags: Vec<(String, Vec<u8>)>,
}

impl Listed {
    /// The first tag of that name.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&[u8]> {
        let tag = self.tags.iter().find(|(n, _)| n == name);
        tag.map(|(_, value)| value.as_slice())
    }
}

/// The devices of a listing, or nothing where the text is none.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Vec<Listed>> {
    let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
    let first = lines.iter().find(|line| !line.trim_ascii().is_empty())?;
    if first.starts_with(b"DEVNAME=") {
        export(&lines)
    } else {
        plain(&lines)
    }
}

/// Blocks of `NAME=value`, each with its `DEVNAME=`, with blank lines between them.
fn export(lines: &[&[u8]]) -> Option<Vec<Listed>> {
    let mut out: Vec<Listed> = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let (name, value) = split_tag(line)?;
        let value = unescape(value);
        if name == "DEVNAME" {
            out.push(Listed {
                node: String::from_utf8_lossy(&value).into_owned(),
                tags: Vec::new(),
            });
        } else {
            out.last_mut()?.tags.push((name, value));
        }
    }
    Some(out)
}

/// Lines of `/dev/sda1: UUID="..." TYPE="ext4"`.
fn plain(lines: &[&[u8]]) -> Option<Vec<Listed>> {
    let mut out = Vec::new();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let colon = line.windows(2).position(|pair| pair == b": ")?;
        let (node, mut rest) = line.split_at_checked(colon)?;
        if !node.starts_with(b"/") {
            return None;
        }
        rest = rest.get(1..)?;
        let mut listed = Listed {
            node: String::from_utf8_lossy(node).into_owned(),
            tags: Vec::new(),
        };
        while !rest.trim_ascii_start().is_empty() {
            rest = rest.trim_ascii_start();
            let (name, value) = split_tag(rest)?;
            let value = value.strip_prefix(b"\"")?;
            let end = closing_quote(value)?;
            listed.tags.push((name, unescape(value.get(..end)?)));
            rest = value.get(end + 1..)?;
        }
        out.push(listed);
    }
    (!out.is_empty()).then_some(out)
}

fn split_tag(text: &[u8]) -> Option<(String, &[u8])> {
    let equals = text.iter().position(|b| *b == b'=')?;
    let (name, value) = text.split_at_checked(equals)?;
    let is_name = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    if name.is_empty() || !name.iter().all(is_name) {
        return None;
    }
    Some((String::from_utf8_lossy(name).into_owned(), value.get(1..)?))
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

/// Undoes `safe_print`: a backslash before a special character, `M-x` for a byte from
/// 128 on, `^X` for a control character. `M-` may also stand for itself: it is taken
/// for a high byte only where that makes UTF-8 of the whole.
fn unescape(text: &[u8]) -> Vec<u8> {
    let with_high = undo(text, true);
    let is_text = std::str::from_utf8(&with_high).is_ok_and(|text| !text.is_ascii());
    if is_text {
        with_high
    } else {
        undo(text, false)
    }
}

fn undo(text: &[u8], high: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let (byte, next) = match (first, tail) {
            (b'\\', [escaped, tail @ ..]) => (*escaped, tail),
            (b'M', [b'-', b'^', control, tail @ ..]) if high => (control ^ 0x40 | 0x80, tail),
            (b'M', [b'-', b'\\', byte, tail @ ..]) if high => (byte | 0x80, tail),
            (b'M', [b'-', byte, tail @ ..]) if high => (byte | 0x80, tail),
            (byte, tail) => (*byte, tail),
        };
        out.push(byte);
        rest = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_devices() {
        let export = b"DEVNAME=/dev/sda1\nUUID=ABCD-1234\nTYPE=vfat\n\nDEVNAME=/dev/mapper/v-r\n\
            LABEL=my\\ disk\\\"\nUUID=1-2\nTYPE=ext4\n";
        let plain = b"/dev/sda1: UUID=\"ABCD-1234\" TYPE=\"vfat\"\n\
            /dev/mapper/v-r: LABEL=\"my disk\\\"\" UUID=\"1-2\" TYPE=\"ext4\"\n";
        let listed = parse(export).unwrap();
        assert_eq!(Some(&listed), parse(plain).as_ref());
        assert_eq!(listed[0].node, "/dev/sda1");
        assert_eq!(listed[0].tag("UUID"), Some(&b"ABCD-1234"[..]));
        assert_eq!(listed[1].tag("LABEL"), Some(&b"my disk\""[..]));
        assert_eq!(listed[1].tag("NONE"), None);
    }

    #[test]
    fn bytes_from_128_on_come_back_and_a_plain_m_stays() {
        let listed = parse(b"DEVNAME=/dev/a\nLABEL=M-CM-$b\nPARTLABEL=M-disk\n").unwrap();
        assert_eq!(listed[0].tag("LABEL"), Some("\u{e4}b".as_bytes()));
        assert_eq!(listed[0].tag("PARTLABEL"), Some(&b"M-disk"[..]));
    }

    #[test]
    fn other_texts_are_no_listing() {
        for text in [
            &b""[..],
            b"{\"blockdevices\": []}",
            b"NAME MAJ:MIN\nsda 8:0\n",
            b"UUID=1 / ext4 defaults 0 1\n",
            b"DEVNAME=/dev/a\nnonsense\n",
            b"/dev/a: UUID=\"1",
            b"\xff\xfe",
        ] {
            assert_eq!(parse(text), None, "{}", text.escape_ascii());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let mut export = b"DEVNAME=/dev/a\nLABEL=".to_vec();
            export.extend(&bytes);
            let _ = parse(&bytes);
            if let Some(listed) = parse(&export) {
                assert_eq!(listed[0].node, "/dev/a");
            }
        }
    }
}
