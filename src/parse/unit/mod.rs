//! systemd unit files, as PID 1 reads them (systemd 232 to 259
//! `src/shared/conf-parser.c`, `config_parse`; checked in 252 and 257).
//!
//! | input | what PID 1 makes of it |
//! |---|---|
//! | `\n`, `\r`, NUL and their pairs | end a line (235 and later; before, `\r` is trimmed) |
//! | `#` or `;` after blanks | comment, also between continued lines (240 and later) |
//! | an odd number of `\` at the very end | the next line goes on behind a blank |
//! | blanks after that `\` | it is no continuation |
//! | byte order mark | dropped at the first line that begins with one |
//! | `[x` without `]`, quotes or `\` in a header | the file is given up there |
//! | bytes that are no UTF-8 | the file is given up there (240 and later) |
//! | a line over 1 MiB | the file is given up there |
//! | no `=`, nothing before it, no section yet | the line is passed over |
//!
//! A fragment that is given up leaves its unit in the state *error*; a drop-in only
//! loses its rest. What the settings mean is decided where the unit is put together.

mod exec;
mod name;
mod specifier;
mod timespan;
mod value;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use exec::{Command, ExecError, commands};
pub(crate) use name::simplify;
pub use name::{
    MOST as NAME_MOST, NameKind, UnitType, change_suffix, classify, escape, escape_path, from_path,
    instance, is_valid, path_unescape, prefix, replace_instance, template, to_path, unescape,
};
pub use specifier::{Expanded, Specifiers, Table, expand};
pub use timespan::{TimeSpan, parse_span};
pub use value::Value;
pub use words::{Escapes, Flags, Split, Word, split};

use crate::text::{File, Place, Span};

/// The longest line that is read, bytes (`LONG_LINE_MAX`; 2 KiB before 235).
const LONGEST_LINE: usize = 1 << 20;

/// A unit file, a drop-in, or any file of that grammar.
#[derive(Clone, Debug)]
pub struct UnitFile {
    /// The file.
    pub file: Arc<File>,
    /// Its assignments in order, also those of sections nobody knows.
    pub assignments: Vec<Assignment>,
    /// Lines that are passed over, with what is wrong with them.
    pub problems: Vec<(Place, &'static str)>,
    /// Where and why PID 1 gives the file up: nothing behind it counts.
    pub fatal: Option<(Place, &'static str)>,
}

/// One `Key=value`.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The section, without its brackets.
    pub section: Arc<str>,
    /// The key, trimmed.
    pub key: String,
    /// The value, trimmed, continued lines joined.
    pub value: Value,
    /// From the key to the end of the value.
    pub place: Place,
}

impl UnitFile {
    /// The assignments of one section.
    pub fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Assignment> {
        let here = move |a: &&Assignment| &*a.section == section;
        self.assignments.iter().filter(here)
    }
}

/// Reads a file with the grammar of systemd `version`; what is not known is read as
/// the current one.
#[must_use]
pub fn parse(file: &Arc<File>, version: Option<u32>) -> UnitFile {
    let version = version.unwrap_or(u32::MAX);
    let mut reader = Reader {
        out: UnitFile {
            file: Arc::clone(file),
            assignments: Vec::new(),
            problems: Vec::new(),
            fatal: None,
        },
        section: None,
        comments_inside: version >= 240,
        utf8: version >= 240,
    };
    reader.read();
    reader.out
}

/// What white space is to `strstrip` (`WHITESPACE`).
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

struct Reader {
    out: UnitFile,
    section: Option<Arc<str>>,
    comments_inside: bool,
    utf8: bool,
}

impl Reader {
    fn read(&mut self) {
        let file = Arc::clone(&self.out.file);
        let bytes = file.bytes();
        let mut at = 0;
        let mut bom_seen = false;
        let mut continued: Option<Value> = None;
        while let Some((line, next)) = next_line(bytes, at) {
            at = next;
            if line.end - line.start >= LONGEST_LINE {
                self.give_up(line, "the line is longer than 1 MiB");
                return;
            }
            let mut start = line.start;
            let text = file.slice(line);
            let first = text.iter().find(|b| !is_blank(**b));
            let goes_on = continued.is_some();
            let may_comment = self.comments_inside || !goes_on;
            if may_comment && matches!(first, Some(b'#' | b';')) {
                continue;
            }
            let mut text = text;
            if !bom_seen && let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf") {
                bom_seen = true;
                start += 3;
                text = rest;
            }
            let slashes = text.iter().rev().take_while(|b| **b == b'\\').count();
            let mut logical = continued.take().unwrap_or_else(Value::empty);
            if logical.len() + text.len() > LONGEST_LINE {
                self.give_up(line, "the continued line is longer than 1 MiB");
                return;
            }
            if slashes % 2 == 1 {
                let body = text.get(..text.len() - 1).unwrap_or(&[]);
                logical.push(body, start);
                logical.push(b" ", start + body.len());
                continued = Some(logical);
                continue;
            }
            logical.push(text, start);
            if !self.logical(&logical) {
                return;
            }
        }
        if let Some(logical) = continued {
            self.logical(&logical);
        }
    }

    fn give_up(&mut self, span: Span, why: &'static str) {
        self.out.fatal = Some((self.out.file.place(span), why));
    }

    fn pass_over(&mut self, span: Span, why: &'static str) {
        let place = self.out.file.place(span);
        self.out.problems.push((place, why));
    }

    /// One logical line; false where the file is given up.
    fn logical(&mut self, line: &Value) -> bool {
        let line = line.trimmed();
        if line.is_empty() {
            return true;
        }
        if self.utf8 && !is_utf8(line.bytes()) {
            self.give_up(line.span(), "the line is not valid UTF-8");
            return false;
        }
        if line.bytes().first() == Some(&b'[') {
            return self.header(&line);
        }
        let Some(section) = self.section.clone() else {
            self.pass_over(line.span(), "stands outside of any section");
            return true;
        };
        let Some(equals) = line.bytes().iter().position(|b| *b == b'=') else {
            self.pass_over(line.span(), "has no \"=\"");
            return true;
        };
        if equals == 0 {
            self.pass_over(line.span(), "has nothing before its \"=\"");
            return true;
        }
        let key = line.part(0, equals).trimmed();
        let value = line.part(equals + 1, line.len()).trimmed();
        self.out.assignments.push(Assignment {
            section,
            key: key.text().into_owned(),
            value,
            place: self.out.file.place(line.span()),
        });
        true
    }

    fn header(&mut self, line: &Value) -> bool {
        let bytes = line.bytes();
        let Some(inside) = bytes.strip_prefix(b"[").and_then(|b| b.strip_suffix(b"]")) else {
            self.give_up(line.span(), "a section header that does not end in \"]\"");
            return false;
        };
        let unsafe_byte = |b: &u8| matches!(*b, 1..=0x1f | 0x7f | b'"' | b'\'' | b'\\');
        if inside.iter().any(unsafe_byte) {
            self.give_up(
                line.span(),
                "a section header with quotes or control characters",
            );
            return false;
        }
        self.section = Some(String::from_utf8_lossy(inside).as_ref().into());
        true
    }
}

/// The line that begins at `at` without what ends it, and where the next begins
/// (`read_line_full`): `\n`, `\r` and NUL end a line, alone or each once, NUL last.
fn next_line(bytes: &[u8], at: usize) -> Option<(Span, usize)> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let ends = |b: &u8| matches!(*b, b'\n' | b'\r' | 0);
    let len = rest.iter().take_while(|b| !ends(b)).count();
    let mut next = at + len;
    let mut seen: [bool; 3] = [false; 3];
    while let Some(byte) = bytes.get(next) {
        let kind = match byte {
            0 => 0,
            b'\n' => 1,
            b'\r' => 2,
            _ => break,
        };
        let [after_nul, ..] = seen;
        let Some(slot) = seen.get_mut(kind) else {
            break;
        };
        if after_nul || *slot {
            break;
        }
        *slot = true;
        next += 1;
    }
    Some((Span::new(at, at + len), next))
}

/// systemd's notion of valid UTF-8 (`utf8_is_valid`): no noncharacters either.
fn is_utf8(bytes: &[u8]) -> bool {
    let noncharacter = |c: char| {
        let code = u32::from(c);
        (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    };
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(noncharacter))
}
