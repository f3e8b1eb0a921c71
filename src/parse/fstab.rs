//! fstab(5), tokenised as getmntent(3) does (glibc 2.36 `misc/mntent_r.c`).

use std::sync::Arc;

use crate::text::{File, Place};

/// One line of fstab.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is mounted.
    pub source: Vec<u8>,
    /// Where.
    pub target: Vec<u8>,
    /// File system type.
    pub kind: Vec<u8>,
    /// Options; empty where the field is missing.
    pub options: Vec<Vec<u8>>,
    /// The line.
    pub place: Place,
}

/// The entries of a file, octal escapes undone. Lines of fewer than three fields
/// are skipped: no reader of the file gets a mount out of them.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (span, line) in file.lines() {
        let mut fields = line
            .split(|b| *b == b' ' || *b == b'\t')
            .filter(|field| !field.is_empty());
        let Some(source) = fields.next().filter(|f| !f.starts_with(b"#")) else {
            continue;
        };
        let (Some(target), Some(kind)) = (fields.next(), fields.next()) else {
            continue;
        };
        let options = fields.next().unwrap_or(&[]);
        entries.push(Entry {
            source: unescape(source),
            target: unescape(target),
            kind: unescape(kind),
            options: options
                .split(|b| *b == b',')
                .filter(|option| !option.is_empty())
                .map(unescape)
                .collect(),
            place: file.place(span),
        });
    }
    entries
}

impl Entry {
    /// Whether `option` stands among the options.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|o| o == option.as_bytes())
    }
}

/// `\040` blank, `\011` tab, `\012` newline, `\134` backslash, `\043` hash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let known = [
            (&b"040"[..], b' '),
            (b"011", b'\t'),
            (b"012", b'\n'),
            (b"134", b'\\'),
            (b"043", b'#'),
        ];
        let escape = known
            .iter()
            .find(|(digits, _)| *first == b'\\' && tail.starts_with(digits));
        if let Some((digits, byte)) = escape {
            out.push(*byte);
            rest = tail.get(digits.len()..).unwrap_or(&[]);
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_escapes_and_options_are_read_and_short_lines_skipped() {
        let file = File::new(
            "/etc/fstab",
            "# c\nUUID=1 / ext4 errors=remount-ro 0 1\n\t/dev/b /my\\040data xfs\nshort line\n\n",
        );
        let entries = parse(&file);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].target, b"/");
        assert!(entries[0].has("errors=remount-ro"));
        assert_eq!(entries[1].target, b"/my data");
        assert!(entries[1].options.is_empty());
        assert_eq!(entries[1].place.start().line, 3);
    }
}
