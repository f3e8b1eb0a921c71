//! Hostile text made printable.
//!
//! Everything read from a tree may hold terminal escapes or bytes that are not
//! UTF-8. Every format prints it through here.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// `bytes` as text in which control characters, bidirectional overrides and
/// bytes that are not UTF-8 appear as `\xNN` or `\u{...}`; a tab becomes `\t`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                c if c.is_control() || is_invisible(c) => {
                    if u32::from(c) < 0x80 {
                        let _ = write!(out, "\\x{:02x}", u32::from(c));
                    } else {
                        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A path made printable in the same way.
#[must_use]
pub fn escape_path(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}

/// Characters that reorder or hide their neighbours on a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_bidi_and_raw_bytes_never_reach_the_terminal() {
        assert_eq!(escape(b"a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(escape("x\u{202e}y".as_bytes()), "x\\u{202e}y");
        assert_eq!(escape(b"\xff\xfe"), "\\xff\\xfe");
        assert_eq!(escape("caf\u{e9}".as_bytes()), "caf\u{e9}");
        assert_eq!(escape(b"a\tb\r\n"), "a\\tb\\r\\n");
    }
}
