//! Boot loader entry files (`loader/entries/*.conf`) as their two readers see them:
//! systemd-boot (systemd 255 `src/boot/efi/boot.c`, `line_get_key_value`) and the
//! `blscfg` command of Red Hat's GRUB (`grub-core/commands/blscfg.c`, `read_entry`).

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key, as written.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// The line.
    pub place: Place,
}

/// The pairs systemd-boot reads. Blank lines, comments and keys without a value are
/// passed over; quotes around a whole value are taken away.
#[must_use]
pub fn parse_systemd(file: &Arc<File>) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (span, line) in file.lines() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let blank = |b: &u8| *b == b' ' || *b == b'\t';
        let Some(end) = line.iter().position(blank) else {
            continue;
        };
        let (key, value) = line.split_at(end);
        let value = value.trim_ascii();
        let inner = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""));
        pairs.push(Pair {
            key: key.to_vec(),
            value: inner.unwrap_or(value).to_vec(),
            place: file.place(span),
        });
    }
    pairs
}

/// The pairs GRUB's `blscfg` reads, and the line at which it stops: a blank line, or
/// one without a value, ends the file for it. A key ends at the first blank of the
/// line, at a tab only where no blank follows.
#[must_use]
pub fn parse_grub(file: &Arc<File>) -> (Vec<Pair>, Option<Place>) {
    let mut pairs = Vec::new();
    for (span, line) in file.lines() {
        let line: Vec<u8> = line.iter().copied().filter(|b| *b != b'\r').collect();
        let blank = |b: &u8| *b == b' ' || *b == b'\t';
        let start = line.iter().take_while(|b| blank(b)).count();
        let line = line.get(start..).unwrap_or(&[]);
        if line.starts_with(b"#") {
            continue;
        }
        let separator = line
            .iter()
            .position(|b| *b == b' ')
            .or_else(|| line.iter().position(|b| *b == b'\t'));
        let Some(separator) = separator.filter(|at| at + 1 < line.len()) else {
            let rest = Span::new(span.start, file.bytes().len());
            let more = file.slice(Span::new(span.end, rest.end));
            let lost = more.iter().any(|b| !b.is_ascii_whitespace());
            return (pairs, lost.then(|| file.place(rest)));
        };
        let (key, value) = line.split_at(separator);
        let value: &[u8] = value.get(1..).unwrap_or(&[]);
        let skip = value.iter().take_while(|b| blank(b)).count();
        pairs.push(Pair {
            key: key.to_vec(),
            value: value.get(skip..).unwrap_or(&[]).to_vec(),
            place: file.place(span),
        });
    }
    (pairs, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pairs: &[Pair]) -> Vec<&str> {
        let keys = pairs.iter().map(|p| std::str::from_utf8(&p.key).unwrap());
        keys.collect()
    }

    #[test]
    fn a_blank_line_ends_an_entry_for_grub_and_not_for_systemd_boot() {
        let file = File::new("/e.conf", "title A\nlinux /vmlinuz\n\ninitrd /i\n");
        assert_eq!(keys(&parse_systemd(&file)), ["title", "linux", "initrd"]);
        let (pairs, lost) = parse_grub(&file);
        assert_eq!(keys(&pairs), ["title", "linux"]);
        assert_eq!(lost.unwrap().start().line, 3);
    }

    #[test]
    fn a_tab_after_the_key_is_part_of_it_for_grub_where_a_blank_follows() {
        let file = File::new("/e.conf", "options\troot=/dev/sda1 ro\n");
        assert_eq!(keys(&parse_systemd(&file)), ["options"]);
        assert_eq!(keys(&parse_grub(&file).0), ["options\troot=/dev/sda1"]);
    }

    #[test]
    fn systemd_boot_takes_quotes_around_a_value_away() {
        let file = File::new("/e.conf", "# c\n  title  \"My OS\"  \nlonely\n");
        let pairs = parse_systemd(&file);
        assert_eq!(pairs.len(), 1);
        assert_eq!(pairs[0].value, b"My OS");
    }
}
