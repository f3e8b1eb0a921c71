//! The two orders in which loaders sort entries.

use std::cmp::Ordering;

/// Compares as systemd-boot does (systemd 255 `src/fundamental/string-util-fundamental.c`,
/// `strverscmp_improved`): the order of the UAPI Version Format Specification.
#[must_use]
pub fn compare_systemd(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        a = skip(a, |byte| !is_version_byte(byte));
        b = skip(b, |byte| !is_version_byte(byte));
        // A tilde comes before the end of the string.
        match (a.first() == Some(&b'~'), b.first() == Some(&b'~')) {
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (true, true) => (a, b) = (tail(a), tail(b)),
            (false, false) => {}
        }
        if a.is_empty() || b.is_empty() {
            return a.len().min(1).cmp(&b.len().min(1));
        }
        // Each of these ends a version part, the earlier the older.
        let mut marked = false;
        for mark in [b'-', b'^', b'.'] {
            match (a.first() == Some(&mark), b.first() == Some(&mark)) {
                (true, false) => return Ordering::Less,
                (false, true) => return Ordering::Greater,
                (true, true) => {
                    (a, b) = (tail(a), tail(b));
                    marked = true;
                    break;
                }
                (false, false) => {}
            }
        }
        if marked {
            continue;
        }
        let digits = |s: &[u8]| s.first().is_some_and(u8::is_ascii_digit);
        if digits(a) || digits(b) {
            let (left, rest_a) = split(a, |byte| byte.is_ascii_digit());
            let (right, rest_b) = split(b, |byte| byte.is_ascii_digit());
            let order = (!left.is_empty()).cmp(&!right.is_empty());
            let order = order.then_with(|| compare_numbers(left, right));
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        } else {
            let (left, rest_a) = split(a, |byte| byte.is_ascii_alphabetic());
            let (right, rest_b) = split(b, |byte| byte.is_ascii_alphabetic());
            // A longer run of letters that begins the same counts as newer.
            let order = left.cmp(right);
            if order != Ordering::Equal {
                return order;
            }
            (a, b) = (rest_a, rest_b);
        }
    }
}

const fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'-' | b'^' | b'.')
}

/// Compares as Red Hat's GRUB sorts boot loader entries
/// (rhboot/grub2 `grub-core/commands/blscfg.c`, `bls_cmp`): file names without `.conf`,
/// cut at the last two dashes into name, version and release, each compared as rpm
/// compares versions.
#[must_use]
pub fn compare_bls_grub(a: &[u8], b: &[u8]) -> Ordering {
    let (left, right) = (package(a), package(b));
    compare_rpm(left.0, right.0)
        .then_with(|| compare_rpm(left.1, right.1))
        .then_with(|| compare_rpm(left.2, right.2))
}

/// Name, version, release.
fn package(text: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let cut = |text: &'_ [u8]| text.iter().rposition(|b| *b == b'-');
    let Some(release) = cut(text) else {
        return (text, b"", b"");
    };
    let (head, last) = text.split_at(release);
    let last = tail(last);
    match cut(head) {
        None => (head, last, b""),
        Some(version) => {
            let (name, middle) = head.split_at(version);
            (name, tail(middle), last)
        }
    }
}

fn compare_rpm(a: &[u8], b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (a, b);
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'~' || byte == b'+';
    loop {
        if a.is_empty() && b.is_empty() {
            return Ordering::Equal;
        }
        a = skip(a, |byte| !part(byte));
        b = skip(b, |byte| !part(byte));
        match (a.first() == Some(&b'~'), b.first() == Some(&b'~')) {
            (true, true) => {
                (a, b) = (tail(a), tail(b));
                continue;
            }
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        match (a.first() == Some(&b'+'), b.first() == Some(&b'+')) {
            (true, true) => {
                (a, b) = (tail(a), tail(b));
                continue;
            }
            (true, false) if b.is_empty() => return Ordering::Greater,
            (false, true) if a.is_empty() => return Ordering::Less,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        if a.is_empty() || b.is_empty() {
            return a.len().min(1).cmp(&b.len().min(1));
        }
        let numeric = a.first().is_some_and(u8::is_ascii_digit);
        let kind = |byte: u8| {
            if numeric {
                byte.is_ascii_digit()
            } else {
                byte.is_ascii_alphabetic()
            }
        };
        let (left, rest_a) = split(a, kind);
        let (right, rest_b) = split(b, kind);
        if right.is_empty() {
            return if numeric {
                Ordering::Greater
            } else {
                Ordering::Less
            };
        }
        let order = if numeric {
            compare_numbers(left, right)
        } else {
            left.cmp(right)
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let a = skip(a, |byte| byte == b'0');
    let b = skip(b, |byte| byte == b'0');
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn skip(text: &[u8], f: impl Fn(u8) -> bool) -> &[u8] {
    split(text, f).1
}

fn split(text: &[u8], f: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = text.iter().position(|b| !f(*b)).unwrap_or(text.len());
    text.split_at(at)
}

fn tail(text: &[u8]) -> &[u8] {
    text.get(1..).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_boot_compares_versions_by_their_parts() {
        for (older, newer) in [
            ("6.1.0-9", "6.1.0-10"),
            ("6.1~rc1", "6.1"),
            ("6.1", "6.1.1"),
            ("6.1-1", "6.1.1"),
            ("abc", "abd"),
            ("abc", "1"),
            ("6.9.conf", "6.10.conf"),
            ("1_", "1.1"),
        ] {
            let (a, b) = (older.as_bytes(), newer.as_bytes());
            assert_eq!(compare_systemd(a, b), Ordering::Less, "{older} {newer}");
            assert_eq!(compare_systemd(b, a), Ordering::Greater, "{newer} {older}");
        }
        assert_eq!(compare_systemd(b"1_2", b"1__2"), Ordering::Equal);
        assert_eq!(compare_systemd(b"01", b"1"), Ordering::Equal);
    }

    #[test]
    fn grub_compares_entry_files_as_packages() {
        let id = "2d0a3c8c4a8b4b6d9f6c0b8f3a1e5d77";
        for (older, newer) in [
            (
                format!("{id}-6.9.4-200.fc40.x86_64"),
                format!("{id}-6.10.3-200.fc40.x86_64"),
            ),
            (
                format!("{id}-6.9.4-100.fc40.x86_64"),
                format!("{id}-6.9.4-200.fc40.x86_64"),
            ),
            // The machine id stands first, so it outranks the kernel version.
            ("1aaa-6.10.1-1".into(), "2aaa-6.9.1-1".into()),
            (format!("{id}-0-rescue"), format!("{id}-6.9.4-200.fc40")),
        ] {
            let (a, b) = (older.as_bytes(), newer.as_bytes());
            assert_eq!(compare_bls_grub(a, b), Ordering::Less, "{older} {newer}");
            assert_eq!(compare_bls_grub(b, a), Ordering::Greater, "{newer} {older}");
        }
    }
}
