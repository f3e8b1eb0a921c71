//! fstab as getmntent(3) reads it (glibc 2.36, `misc/mntent_r.c` and `misc/mntent.c`).

use std::sync::Arc;

use super::{Decoded, Entry, bytes, is_blank, number, options, to_int};
use crate::text::{File, Span};

/// The buffer of getmntent(3), with its closing NUL.
pub(super) const BUFFER: usize = 4096;

/// The buffer into which the rest of a longer line is thrown.
const REST: usize = 1024;

pub(super) fn entries(file: &Arc<File>) -> Vec<Entry> {
    let content = file.bytes();
    let mut entries = Vec::new();
    let mut at = 0;
    // Numbers that a line does not have are sometimes those of the line before.
    let mut numbers = (0, 0);
    while at < content.len() {
        let start = at;
        let chunk = fgets(content, &mut at, BUFFER);
        let text = c_string(chunk);
        let line = match text.strip_suffix(b"\n") {
            Some(line) => {
                let blanks = line.iter().rev().take_while(|b| is_blank(**b)).count();
                line.get(..line.len() - blanks).unwrap_or(&[])
            }
            None => {
                while at < content.len()
                    && !c_string(fgets(content, &mut at, REST)).contains(&b'\n')
                {}
                text
            }
        };
        let mut head = Head {
            line,
            at: 0,
            ended: false,
        };
        head.skip();
        if head.rest().is_empty() || head.rest().starts_with(b"#") {
            continue;
        }
        let entry = entry(file, start, head, &mut numbers);
        // An automounter's map that asks to be left alone.
        if entry.kind == b"autofs" && entry.has("ignore") {
            continue;
        }
        entries.push(entry);
    }
    entries
}

/// fgets(3): up to and with a newline, at most `size - 1` bytes.
fn fgets<'a>(content: &'a [u8], at: &mut usize, size: usize) -> &'a [u8] {
    let rest = content.get(*at..).unwrap_or(&[]);
    let window = rest.get(..size - 1).unwrap_or(rest);
    let end = window.iter().position(|b| *b == b'\n');
    let chunk = window
        .get(..end.map_or(window.len(), |end| end + 1))
        .unwrap_or(window);
    *at += chunk.len();
    chunk
}

/// What C sees of a buffer: all before the first NUL.
fn c_string(buffer: &[u8]) -> &[u8] {
    buffer.split(|b| *b == 0).next().unwrap_or(buffer)
}

/// The moving head of strsep(3).
struct Head<'a> {
    line: &'a [u8],
    at: usize,
    ended: bool,
}

impl<'a> Head<'a> {
    fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or(&[])
    }

    fn skip(&mut self) {
        self.at += self.rest().iter().take_while(|b| is_blank(**b)).count();
    }

    /// The next field with its offset in the line; `None` behind the last.
    fn field(&mut self) -> Option<(&'a [u8], usize)> {
        if self.ended {
            return None;
        }
        let (rest, at) = (self.rest(), self.at);
        match rest.iter().position(|b| is_blank(*b)) {
            Some(end) => {
                self.at += end + 1;
                rest.get(..end).map(|field| (field, at))
            }
            None => {
                self.at = self.line.len();
                self.ended = true;
                Some((rest, at))
            }
        }
    }
}

fn entry(file: &Arc<File>, start: usize, mut head: Head<'_>, numbers: &mut (i32, i32)) -> Entry {
    let mut fields = Vec::new();
    let mut next = |head: &mut Head<'_>| {
        let Some((field, at)) = head.field() else {
            return Decoded::new();
        };
        if !field.is_empty() {
            let at = start + at;
            fields.push(file.place(Span::new(at, at + field.len())));
        }
        if !head.ended {
            head.skip();
        }
        decode(field, start + at)
    };
    let source = next(&mut head);
    let target = next(&mut head);
    let kind = next(&mut head);
    let Some((text, at)) = head.field() else {
        *numbers = (0, 0);
        return made(
            file,
            start,
            &head,
            [source, target, kind, Decoded::new()],
            fields,
            *numbers,
        );
    };
    let option_text = decode(text, start + at);
    if !text.is_empty() {
        fields.push(file.place(Span::new(start + at, start + at + text.len())));
    }
    // sscanf(" %d %d "): at the end of the text it converts nothing and says so with
    // EOF, for which the library has no case: the numbers before it stay.
    let rest = head.rest();
    let ended = head.ended;
    let all_blank = rest.iter().all(|b| b.is_ascii_whitespace() || *b == 0x0b);
    if ended {
        *numbers = (0, 0);
    } else if !all_blank {
        let freq = number(rest);
        let passno = freq.and_then(|(_, _, rest)| number(rest));
        *numbers = (
            freq.map_or(0, |(value, _, _)| to_int(value)),
            passno.map_or(0, |(value, _, _)| to_int(value)),
        );
        let from = head.at;
        let spans = super::split(rest, start + from);
        fields.extend(spans.into_iter().take(2).map(|span| file.place(span)));
    }
    made(
        file,
        start,
        &head,
        [source, target, kind, option_text],
        fields,
        *numbers,
    )
}

fn made(
    file: &Arc<File>,
    start: usize,
    head: &Head<'_>,
    [source, target, kind, option_text]: [Decoded; 4],
    fields: Vec<crate::text::Place>,
    (freq, passno): (i32, i32),
) -> Entry {
    Entry {
        source: bytes(&source),
        target: bytes(&target),
        kind: bytes(&kind),
        options: options::split_escaped(file, &option_text),
        option_text: bytes(&option_text),
        freq,
        passno,
        fields,
        place: file.place(Span::new(start, start + head.line.len())),
    }
}

/// `\040`, `\011`, `\012`, `\134` and `\\`; anything else stays as it is.
fn decode(field: &[u8], start: usize) -> Decoded {
    const ESCAPES: [(&[u8], u8); 5] = [
        (b"\\040", b' '),
        (b"\\011", b'\t'),
        (b"\\012", b'\n'),
        (b"\\\\", b'\\'),
        (b"\\134", b'\\'),
    ];
    let mut out = Decoded::with_capacity(field.len());
    let mut at = 0;
    while let Some(rest) = field.get(at..).filter(|rest| !rest.is_empty()) {
        let escape = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape));
        let (length, byte) = match escape {
            Some((escape, byte)) => (escape.len(), *byte),
            None => (1, rest.first().copied().unwrap_or(0)),
        };
        out.push((byte, start + at));
        at += length;
    }
    out
}
