//! `extlinux.conf` and `syslinux.cfg` (Syslinux 6.03 `com32/elflink/ldlinux/readconfig.c`;
//! U-Boot `boot/pxe_utils.c` reads a part of it).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::text::{File, Place, Span};

/// A keyword with the rest of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The keyword, lower case; `menu` and its second word joined by a blank.
    pub keyword: String,
    /// What follows, blanks at both ends taken away.
    pub value: Vec<u8>,
    /// The line.
    pub place: Place,
}

/// The directives of a file, in order. Keywords are case-insensitive; lines that
/// begin with `#` are comments.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Directive> {
    let mut directives = Vec::new();
    for (span, line) in file.lines() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let (mut keyword, mut value) = cut(line);
        if keyword == "menu" {
            let (second, rest) = cut(value);
            keyword = format!("menu {second}");
            value = rest;
        }
        directives.push(Directive {
            keyword,
            value: value.to_vec(),
            place: file.place(Span::new(span.start, span.end)),
        });
    }
    directives
}

fn cut(line: &[u8]) -> (String, &[u8]) {
    let end = line
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    (word, rest.trim_ascii())
}

/// The file an `include` names, relative to `dir`, the configuration's directory.
#[must_use]
pub fn included(dir: &Path, value: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    let name = value.split(u8::is_ascii_whitespace).next().unwrap_or(&[]);
    dir.join(std::ffi::OsStr::from_bytes(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_fold_and_menu_takes_a_second_word() {
        let text = "# c\nDEFAULT linux\n  MENU   LABEL My ^Linux\nPrompt 1\n";
        let found: Vec<(String, Vec<u8>)> = parse(&File::new("/extlinux.conf", text))
            .into_iter()
            .map(|d| (d.keyword, d.value))
            .collect();
        let want = [
            ("default", "linux"),
            ("menu label", "My ^Linux"),
            ("prompt", "1"),
        ];
        let want = want.map(|(k, v)| (k.to_owned(), v.as_bytes().to_vec()));
        assert_eq!(found, want);
    }

    #[test]
    fn an_include_is_relative_to_its_configuration() {
        let dir = Path::new("/boot/extlinux");
        let found = included(dir, b"a.cfg x");
        assert_eq!(found, Path::new("/boot/extlinux/a.cfg"));
        assert_eq!(included(dir, b"/a.cfg"), Path::new("/a.cfg"));
    }
}
