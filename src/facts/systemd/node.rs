//! What a mount source such as `UUID=...` is to udev (systemd 257
//! `src/shared/fstab-util.c`, `fstab_node_to_udev_node`).

/// The path udev makes for a tag; anything else as it is.
#[must_use]
pub fn udev_node(source: &[u8]) -> Vec<u8> {
    const TAGS: [(&[u8], &str); 4] = [
        (b"LABEL=", "label"),
        (b"UUID=", "uuid"),
        (b"PARTUUID=", "partuuid"),
        (b"PARTLABEL=", "partlabel"),
    ];
    for (tag, by) in TAGS {
        let Some(value) = strip_tag(source, tag) else {
            continue;
        };
        let value = unquote(value);
        let mut path = format!("/dev/disk/by-{by}/").into_bytes();
        path.extend(encode(value));
        return path;
    }
    source.to_vec()
}

fn strip_tag<'a>(source: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    source.strip_prefix(tag)
}

/// Quotes around the whole value are taken away.
fn unquote(value: &[u8]) -> &[u8] {
    let inside = |quote: &[u8]| value.strip_prefix(quote)?.strip_suffix(quote);
    inside(b"\"").or_else(|| inside(b"'")).unwrap_or(value)
}

/// `\x20` for what may not stand in a name of udev's (`encode_devnode_name`).
fn encode(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let mut out = Vec::with_capacity(value.len());
    if std::str::from_utf8(value).is_err() {
        for byte in value {
            encode_byte(*byte, &mut out);
        }
        return out;
    }
    for c in text.chars() {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        if bytes.len() > 1 {
            out.extend_from_slice(bytes);
        } else {
            for byte in bytes {
                encode_byte(*byte, &mut out);
            }
        }
    }
    out
}

fn encode_byte(byte: u8, out: &mut Vec<u8>) {
    let plain = byte.is_ascii_alphanumeric() || b"#+-.:=@_".contains(&byte);
    if plain {
        out.push(byte);
    } else {
        out.extend(format!("\\x{byte:02x}").into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_paths_below_dev_disk() {
        for (source, expected) in [
            ("UUID=1-2", "/dev/disk/by-uuid/1-2"),
            ("LABEL=my disk", r"/dev/disk/by-label/my\x20disk"),
            ("PARTLABEL=\"EFI\"", "/dev/disk/by-partlabel/EFI"),
            ("LABEL=a/b", r"/dev/disk/by-label/a\x2fb"),
            ("LABEL=\u{e4}", "/dev/disk/by-label/\u{e4}"),
            ("/dev/sda1", "/dev/sda1"),
            ("uuid=1", "uuid=1"),
            ("tmpfs", "tmpfs"),
        ] {
            let found = udev_node(source.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected);
        }
    }
}
