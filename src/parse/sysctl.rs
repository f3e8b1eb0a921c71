//! Kernel settings: `/etc/sysctl.conf` and `sysctl.d/*.conf`, as the two programs read
//! them that set them at boot (systemd 252 `src/sysctl/sysctl.c`, procps 4.0.2
//! `src/sysctl.c`).
//!
//! | input | systemd-sysctl | sysctl --system |
//! |---|---|---|
//! | `#` or `;` first | comment | comment |
//! | `a.b = 1 # x` | the value is `1 # x` | the same |
//! | `-a.b = 1` | no complaint where it fails | the same |
//! | `- a.b = 1` | the same | a key that begins with a blank |
//! | `-a.b` | takes an earlier `a.b = 1` back | keeps globs off `a.b`, no more |
//! | `a.* = 1` twice, another glob between | stays where it was first | counts where it is last |
//! | `a/b.c` | the file `a/b.c` | the same |

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// The program that sets what the files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `systemd-sysctl`.
    Systemd,
    /// `sysctl --system` of procps, which start scripts call.
    Procps,
}

/// One line that counts.
#[derive(Clone, Debug)]
pub struct Line {
    /// The path below /proc/sys, or a pattern for some.
    pub key: String,
    /// The value, trimmed; none for a key that is to be left alone.
    pub value: Option<String>,
    /// The line, without blanks around it.
    pub place: Place,
}

impl Line {
    /// Whether the key is a pattern.
    #[must_use]
    pub fn is_glob(&self) -> bool {
        self.key.contains(['*', '?', '['])
    }
}

/// The lines of a file that count, in order.
#[must_use]
pub fn parse(file: &Arc<File>, reader: Reader) -> Vec<Line> {
    let mut out = Vec::new();
    for (span, line) in file.lines() {
        let start = span.start + line.iter().take_while(|b| is_space(**b)).count();
        let text = line.trim_ascii();
        let span = Span::new(start, (start + text.len()).max(start));
        out.extend(one(text, reader).map(|(key, value)| Line {
            key,
            value,
            place: file.place(span),
        }));
    }
    out
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

fn one(text: &[u8], reader: Reader) -> Option<(String, Option<String>)> {
    let text = String::from_utf8_lossy(text);
    if text.is_empty() || text.starts_with(['#', ';']) {
        return None;
    }
    let dash = text.strip_prefix('-');
    let (key, value) = match (text.split_once('='), dash) {
        (Some((key, value)), _) => {
            let key = key.strip_prefix('-').unwrap_or(key);
            (key.trim_end(), Some(value.trim().to_owned()))
        }
        (None, Some(key)) => (key, None),
        (None, None) => return None,
    };
    let key = match reader {
        Reader::Systemd => key.trim_start(),
        Reader::Procps => key,
    };
    let key = path_of(key);
    (!key.is_empty()).then_some((key, value))
}

/// The path below /proc/sys: where a dot is the first of the separators, dots and
/// slashes change places.
fn path_of(key: &str) -> String {
    let swaps = key
        .find(['.', '/'])
        .is_some_and(|at| key[at..].starts_with('.'));
    let swap = |c: char| match c {
        '.' if swaps => '/',
        '/' if swaps => '.',
        c => c,
    };
    let path: String = key.chars().map(swap).collect();
    // What the kernel does with doubled slashes.
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, reader: Reader) -> Vec<(String, Option<String>)> {
        let lines = parse(&File::new("/x", text), reader).into_iter();
        lines.map(|line| (line.key, line.value)).collect()
    }

    fn set(key: &str, value: &str) -> (String, Option<String>) {
        (key.to_owned(), Some(value.to_owned()))
    }

    #[test]
    fn the_first_separator_decides_which_one_it_is() {
        for (key, path) in [
            ("kernel.panic", "kernel/panic"),
            ("kernel/panic", "kernel/panic"),
            (
                "net.ipv4.conf.eth0/1.rp_filter",
                "net/ipv4/conf/eth0.1/rp_filter",
            ),
            (
                "net/ipv4/conf/eth0.1/rp_filter",
                "net/ipv4/conf/eth0.1/rp_filter",
            ),
            ("kernel..panic", "kernel/panic"),
        ] {
            assert_eq!(path_of(key), path);
        }
    }

    #[test]
    fn comments_begin_a_line_and_do_not_end_one() {
        let text = "# a = 1\n ; b = 1\nc.d = 1 # x\nno sign\n";
        assert_eq!(lines(text, Reader::Systemd), [set("c/d", "1 # x")]);
        assert_eq!(lines(text, Reader::Procps), [set("c/d", "1 # x")]);
    }

    #[test]
    fn a_dash_alone_leaves_a_key_alone() {
        let text = "-a.b\n-c.d = 1\n- e.f = 1\n";
        let expected = [("a/b".to_owned(), None), set("c/d", "1")];
        let found = lines(text, Reader::Systemd);
        assert_eq!(found.get(..2), Some(&expected[..]));
        assert_eq!(found.get(2), Some(&set("e/f", "1")));
        let found = lines(text, Reader::Procps);
        assert_eq!(found.get(2), Some(&set(" e/f", "1")));
    }

    #[test]
    fn no_bytes_are_too_much() {
        for text in ["", "=", "-", "-=", ".=.", "\u{fffd}=1", "...\n///"] {
            assert!(lines(text, Reader::Systemd).len() <= 1, "{text}");
        }
    }
}
