//! A file without its comments.

use super::Comments;

/// The bytes with comments blanked out, so that offsets stay. A comment's mark counts at
/// the beginning of a line, behind a blank, and behind what ends a statement.
pub(super) fn active(bytes: &[u8], comments: &Comments) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut before = b'\n';
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let free = before.is_ascii_whitespace() || matches!(before, b';' | b'{' | b'}');
        // Only where comments are C's do quotes hide them: elsewhere one may be alone.
        if comments.c && byte == b'"' {
            quoted = !quoted;
        }
        let end = if quoted {
            None
        } else if comments.c && rest.starts_with(b"/*") {
            let end = memchr::memmem::find(rest.get(2..).unwrap_or(&[]), b"*/");
            Some(end.map_or(rest.len(), |end| end + 4))
        } else if free && comments.begins(rest)
            || comments.c && byte == b'/' && rest.get(1) == Some(&byte)
        {
            Some(memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
        } else {
            None
        };
        let Some(end) = end else {
            if byte == b'\n' {
                quoted = false;
            }
            before = byte;
            at += 1;
            continue;
        };
        for blank in out.iter_mut().skip(at).take(end) {
            if *blank != b'\n' {
                *blank = b' ';
            }
        }
        at += end.max(1);
        before = b' ';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, marks: &str) -> String {
        let marks: Vec<String> = marks.split(' ').map(str::to_owned).collect();
        let comments = Comments::of(&marks).unwrap();
        String::from_utf8(active(text.as_bytes(), &comments)).unwrap()
    }

    #[test]
    fn comments_are_blanked_and_what_stands_around_them_stays_in_its_place() {
        assert_eq!(of("a #b\n#c\nd#e\n", "#"), "a   \n  \nd#e\n");
        assert_eq!(of("a; b\n; c\n", "; #"), "a; b\n   \n");
        assert_eq!(of("a /* b\nc */ d // e\n", "c #"), "a     \n     d     \n");
        assert_eq!(of("a \"// b\" c\n", "c"), "a \"// b\" c\n");
        assert_eq!(of("a /* never ends", "c"), "a              ");
    }

    #[test]
    fn the_length_never_changes() {
        let text = b"x \"/* #\n; // */ \xff # /*";
        for end in 0..=text.len() {
            for marks in ["#", "c", "# ; c", "!"] {
                let marks: Vec<String> = marks.split(' ').map(str::to_owned).collect();
                let comments = Comments::of(&marks).unwrap();
                assert_eq!(active(&text[..end], &comments).len(), end);
            }
        }
    }
}
