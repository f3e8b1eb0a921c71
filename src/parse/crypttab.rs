//! crypttab(5), by the two programs that read it.
//!
//! systemd-cryptsetup-generator (systemd 252, `add_crypttab_devices`) and the shell
//! functions of Debian's cryptdisks and of its initramfs hook (cryptsetup 2.6.1,
//! `debian/functions`):
//!
//! | line | systemd | Debian's scripts |
//! |---|---|---|
//! | separators | any white space, so CR ends a line | blank and tab |
//! | two fields | no key: asks | ignored |
//! | text behind the fourth field | dropped | belongs to the options |
//! | `\040` | as it stands | decoded |
//! | no newline at the end of the file | read | the last line is lost |
//! | the same name twice | gives up the rest of the file | the first counts |
//! | `tmp` and `swap` together | gives up the rest of the file | read |

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::fstab::{Opt, options};
use crate::text::{File, Place, Span};

/// Which program reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// systemd-cryptsetup-generator.
    Systemd,
    /// Debian's cryptdisks, cryptdisks-early and initramfs hook.
    Debian,
}

/// One line, as one reader takes it. Fields that are not there are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name below `/dev/mapper`.
    pub name: Vec<u8>,
    /// What is unlocked: a device, a tag such as `UUID=...`, or a file.
    pub source: Vec<u8>,
    /// The third field as it stands; see [`Entry::key`].
    pub key_text: Vec<u8>,
    /// The options, split at commas.
    pub options: Vec<Opt>,
    /// The options as one text.
    pub option_text: Vec<u8>,
    /// Where each field stands in the file, as far as there are any.
    pub fields: Vec<Place>,
    /// The line, without its newline.
    pub place: Place,
}

/// Where the key comes from, by the third field alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// `none`, `-` or nothing: a token, a key file found by name, or a question.
    None,
    /// A random source: a new key at every boot.
    Random,
    /// A file.
    File(Vec<u8>),
    /// systemd's `file:device`: a file on a device that is mounted for it.
    OnDevice {
        /// The path on that device.
        file: Vec<u8>,
        /// The device, as in fstab.
        device: Vec<u8>,
    },
}

/// A line that a reader ignores, or takes differently than it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, or the line.
    pub place: Place,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// Whom it troubles.
    pub reader: Reader,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Too few fields: the reader ignores the line.
    TooFewFields,
    /// A name that an earlier line has.
    Duplicate,
    /// `tmp` and `swap` together.
    TmpAndSwap,
    /// The last line does not end in a newline.
    Unterminated,
    /// More than four fields.
    ExtraFields,
    /// A carriage return that belongs to the last field.
    CarriageReturn,
    /// A line longer than a mebibyte.
    TooLong,
}

/// The longest line that systemd reads (`LONG_LINE_MAX`); more ends its reading.
const LONGEST: usize = 1 << 20;

impl Problem {
    /// What the reader does with the line.
    #[must_use]
    pub const fn says(&self) -> &'static str {
        match (self.trouble, self.reader) {
            (Trouble::TooFewFields, _) => "has too few fields and is ignored",
            (Trouble::Duplicate, Reader::Systemd) => {
                "repeats a name: systemd ignores it and every line behind it"
            }
            (Trouble::Duplicate, Reader::Debian) => "repeats a name: the first line counts",
            (Trouble::TmpAndSwap, _) => {
                "is tmp and swap at once: systemd ignores it and every line behind it"
            }
            (Trouble::Unterminated, _) => "is not ended by a newline and is not read",
            (Trouble::ExtraFields, Reader::Systemd) => "has text behind the options; dropped",
            (Trouble::ExtraFields, Reader::Debian) => {
                "has text behind the options, which becomes part of the last one"
            }
            (Trouble::CarriageReturn, _) => {
                "ends in a carriage return, which belongs to the last field"
            }
            (Trouble::TooLong, _) => {
                "is longer than a mebibyte: systemd ignores it and every line behind it"
            }
        }
    }
}

impl Entry {
    /// Whether `option` stands among the options, just so.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        options::has(&self.options, option)
    }

    /// The last option of that name, with or without a value.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Opt> {
        options::last(&self.options, name)
    }

    /// Which of an option and its opposite comes last.
    #[must_use]
    pub fn switch(&self, yes: &str, no: &str) -> Option<(bool, &Opt)> {
        options::switch(&self.options, yes, no)
    }

    /// `noauto` as the last word on it.
    #[must_use]
    pub fn is_noauto(&self) -> bool {
        self.switch("noauto", "auto").is_some_and(|(on, _)| on)
    }

    /// `nofail` as the last word on it; only systemd knows it.
    #[must_use]
    pub fn is_nofail(&self) -> bool {
        self.switch("nofail", "fail").is_some_and(|(on, _)| on)
    }

    /// Where the key comes from, by the third field (systemd 252,
    /// `split_locationspec` and `print_dependencies`; only systemd knows the form
    /// `file:device`).
    #[must_use]
    pub fn key(&self, reader: Reader) -> Key {
        let text = self.key_text.as_slice();
        if matches!(text, b"" | b"none" | b"-") {
            return Key::None;
        }
        if matches!(
            text,
            b"/dev/urandom" | b"/dev/random" | b"/dev/hw_random" | b"/dev/hwrng"
        ) {
            return Key::Random;
        }
        let colon = text.iter().rposition(|b| *b == b':');
        if let (Reader::Systemd, Some(colon)) = (reader, colon) {
            let (file, device) = text.split_at(colon);
            let device = device.get(1..).unwrap_or(&[]);
            let tags: [&[u8]; 5] = [b"/", b"LABEL=", b"UUID=", b"PARTUUID=", b"PARTLABEL="];
            if tags.iter().any(|tag| device.starts_with(tag)) {
                let (file, device) = (file.to_vec(), device.to_vec());
                return Key::OnDevice { file, device };
            }
        }
        Key::File(text.to_vec())
    }
}

/// The entries as one reader gives them: systemd's end where it gives up.
#[must_use]
pub fn entries(file: &Arc<File>, reader: Reader) -> Vec<Entry> {
    read(file, reader).0
}

/// What either reader ignores, or takes differently than it looks, in the order of the
/// file.
#[must_use]
pub fn problems(file: &Arc<File>, reader: Reader) -> Vec<Problem> {
    read(file, reader).1
}

fn read(file: &Arc<File>, reader: Reader) -> (Vec<Entry>, Vec<Problem>) {
    match reader {
        Reader::Systemd => by_systemd(file),
        Reader::Debian => by_scripts(file),
    }
}

fn by_systemd(file: &Arc<File>) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    let mut start = 0;
    // `read_line` ends a line at a newline, a CR or a NUL.
    for line in file.bytes().split(|b| matches!(b, b'\n' | b'\r' | 0)) {
        let span = Span::new(start, start + line.len());
        start = span.end + 1;
        let mut complain = |span: Span, trouble| {
            let place = file.place(span);
            let reader = Reader::Systemd;
            problems.push(Problem {
                place,
                trouble,
                reader,
            });
        };
        if line.len() >= LONGEST {
            complain(span, Trouble::TooLong);
            break;
        }
        let fields = split(line, span.start, |b| b.is_ascii_whitespace() || b == 0x0b);
        let Some(first) = fields.first() else {
            continue;
        };
        if file.slice(*first).starts_with(b"#") {
            continue;
        }
        if fields.len() < 2 {
            complain(span, Trouble::TooFewFields);
            continue;
        }
        if let Some(extra) = fields.get(4).filter(|s| !file.slice(**s).starts_with(b"#")) {
            complain(*extra, Trouble::ExtraFields);
        }
        let field = |index: usize| -> Vec<(u8, usize)> {
            let span = fields.get(index).copied().unwrap_or(Span::new(0, 0));
            let bytes = file.slice(span).iter().copied();
            bytes.zip(span.start..).collect()
        };
        let entry = made(
            file,
            span,
            fields.iter().take(4),
            [field(0), field(1), field(2), field(3)],
        );
        if entries.iter().any(|e| e.name == entry.name) {
            complain(*first, Trouble::Duplicate);
            break;
        }
        if entry.option("tmp").is_some() && entry.option("swap").is_some() {
            complain(span, Trouble::TmpAndSwap);
            break;
        }
        entries.push(entry);
    }
    (entries, problems)
}

fn by_scripts(file: &Arc<File>) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    let terminated = file.bytes().last().is_none_or(|b| *b == b'\n');
    for (span, line) in file.lines() {
        let mut complain = |span: Span, trouble| {
            let place = file.place(span);
            let reader = Reader::Debian;
            problems.push(Problem {
                place,
                trouble,
                reader,
            });
        };
        let fields = split(line, span.start, |b| b == b' ' || b == b'\t');
        let Some(first) = fields.first() else {
            continue;
        };
        if file.slice(*first).starts_with(b"#") {
            continue;
        }
        // read(1) fails at the end of the file, and the loop does not run for that line.
        if !terminated && span.end == file.bytes().len() {
            complain(span, Trouble::Unterminated);
            continue;
        }
        if fields.len() < 3 {
            complain(span, Trouble::TooFewFields);
            continue;
        }
        if let Some(extra) = fields.get(4) {
            complain(*extra, Trouble::ExtraFields);
        }
        let last = fields.last().copied().unwrap_or(span);
        if file.slice(last).ends_with(b"\r") {
            complain(last, Trouble::CarriageReturn);
        }
        let at = |index: usize| fields.get(index).copied();
        // The last variable of read(1) takes the rest of the line.
        let options = at(3).map(|fourth| fourth.to(last));
        let raw = [at(0), at(1), at(2), options].map(|span| span.unwrap_or(Span::new(0, 0)));
        let decoded = raw.map(|span| percent_b(file.slice(span), span.start));
        let entry = made(file, span, raw.iter().filter(|s| !s.is_empty()), decoded);
        if entries.iter().any(|e| e.name == entry.name) {
            complain(*first, Trouble::Duplicate);
        }
        entries.push(entry);
    }
    (entries, problems)
}

fn made<'a>(
    file: &Arc<File>,
    line: Span,
    fields: impl Iterator<Item = &'a Span>,
    [name, source, key, options]: [Vec<(u8, usize)>; 4],
) -> Entry {
    let bytes = |field: &[(u8, usize)]| field.iter().map(|(byte, _)| *byte).collect();
    Entry {
        name: bytes(&name),
        source: bytes(&source),
        key_text: bytes(&key),
        options: options::split_escaped(file, &options),
        option_text: bytes(&options),
        fields: fields.map(|span| file.place(*span)).collect(),
        place: file.place(line),
    }
}

/// The spans of what stands between separators, in a line that starts at `start`.
fn split(line: &[u8], start: usize, separates: impl Fn(u8) -> bool) -> Vec<Span> {
    let mut fields = Vec::new();
    let mut at = start;
    for field in line.split(|b| separates(*b)) {
        if !field.is_empty() {
            fields.push(Span::new(at, at + field.len()));
        }
        at += field.len() + 1;
    }
    fields
}

/// What `printf %b` makes of a field: `\0` and up to three octal digits, as crypttab(5)
/// of Debian asks for, and `\\`. Letters such as `\n` have no use in this file.
fn percent_b(field: &[u8], start: usize) -> Vec<(u8, usize)> {
    let mut out = Vec::with_capacity(field.len());
    let mut at = 0;
    while let Some(rest) = field.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, byte) = match *rest {
            [b'\\', b'\\', ..] => (2, b'\\'),
            [b'\\', b'0', ref digits @ ..] => {
                let octal = digits
                    .iter()
                    .take(3)
                    .take_while(|b| (b'0'..=b'7').contains(*b));
                let length = octal.clone().count();
                let value = octal.fold(0_u8, |value, digit| value << 3 | (digit & 7));
                (2 + length, value)
            }
            [byte, ..] => (1, byte),
            [] => break,
        };
        out.push((byte, start + at));
        at += length;
    }
    out
}
