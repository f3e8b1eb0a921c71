//! The lines of a configuration without their comments.

/// A byte with its offset in the file.
type Byte = (u8, usize);

/// The blanks of C's own `isspace`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Without blanks at both ends.
pub(super) fn trimmed(text: &[Byte]) -> &[Byte] {
    let text = text
        .iter()
        .position(|(b, _)| !is_space(*b))
        .map_or(&[][..], |at| text.get(at..).unwrap_or(&[]));
    let end = text.iter().rposition(|(b, _)| !is_space(*b));
    text.get(..end.map_or(0, |end| end + 1)).unwrap_or(&[])
}

/// Without spaces in front, and blanks behind (`_strstrip`).
pub(super) fn stripped(text: &[Byte]) -> &[Byte] {
    let start = text.iter().position(|(b, _)| *b != b' ');
    let text = start.and_then(|at| text.get(at..)).unwrap_or(&[]);
    let end = text
        .iter()
        .rposition(|(b, _)| !matches!(b, b' ' | b'\n' | b'\r'));
    text.get(..end.map_or(0, |end| end + 1)).unwrap_or(&[])
}

/// Words behind a `#` that make it no comment.
const DIRECTIVES: [&[u8]; 3] = [b"clear", b"include", b"x-apt-configure-index"];

/// The lines of a file that are not empty, numbered from 1.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    offset: usize,
    number: usize,
    in_comment: bool,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            number: 0,
            in_comment: false,
        }
    }

    /// What is left of one line.
    fn fragment(&mut self, raw: &[u8], offset: usize) -> Vec<Byte> {
        // apt reads lines as strings of C.
        let end = raw.iter().position(|b| *b == 0).unwrap_or(raw.len());
        let mut line: Vec<Byte> = Vec::with_capacity(end);
        for (at, byte) in raw.iter().take(end).enumerate() {
            // A tab is eight blanks, inside quotes too.
            let (byte, count) = if *byte == b'\t' {
                (b' ', 8)
            } else {
                (*byte, 1)
            };
            line.extend(std::iter::repeat_n((byte, offset + at), count));
        }
        let mut line = trimmed(&line);
        if self.in_comment {
            let Some(end) = find(line, b"*/", 0) else {
                return Vec::new();
            };
            line = line.get(end + 2..).unwrap_or(&[]);
            self.in_comment = false;
        }
        line = before_comment(line, b"//", |_| false);
        line = before_comment(line, b"#", |rest| {
            DIRECTIVES.iter().any(|word| starts(rest, word))
        });
        let mut out = Vec::new();
        let mut from = 0;
        while let Some(start) = find(line, b"/*", from) {
            if in_quotes(line, start) {
                from = start + 2;
                continue;
            }
            out.extend_from_slice(line.get(..start).unwrap_or(&[]));
            let Some(end) = find(line, b"*/", start + 2) else {
                self.in_comment = true;
                return out;
            };
            line = line.get(end + 2..).unwrap_or(&[]);
            from = 0;
        }
        out.extend_from_slice(line);
        out
    }
}

impl Iterator for Lines<'_> {
    type Item = (usize, Vec<Byte>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|b| *b == b'\n');
            let (line, rest) = match end {
                Some(end) => (
                    self.rest.get(..end).unwrap_or(&[]),
                    self.rest.get(end + 1..).unwrap_or(&[]),
                ),
                None => (self.rest, &[][..]),
            };
            let offset = self.offset;
            self.offset += self.rest.len() - rest.len();
            self.rest = rest;
            self.number += 1;
            let fragment = self.fragment(line, offset);
            if !fragment.is_empty() {
                return Some((self.number, fragment));
            }
        }
        None
    }
}

/// The part of a line in front of a comment; one inside quotes is none.
fn before_comment<'a>(
    line: &'a [Byte],
    mark: &[u8],
    is_directive: impl Fn(&[Byte]) -> bool,
) -> &'a [Byte] {
    let mut from = 0;
    while let Some(start) = find(line, mark, from) {
        let rest = line.get(start + mark.len()..).unwrap_or(&[]);
        if in_quotes(line, start) || is_directive(rest) {
            from = start + 1;
            continue;
        }
        return line.get(..start).unwrap_or(&[]);
    }
    line
}

fn in_quotes(line: &[Byte], at: usize) -> bool {
    let quotes = line.iter().take(at).filter(|(b, _)| *b == b'"');
    quotes.count() % 2 == 1
}

fn starts(line: &[Byte], word: &[u8]) -> bool {
    line.len() >= word.len() && line.iter().zip(word).all(|((b, _), w)| b == w)
}

fn find(line: &[Byte], word: &[u8], from: usize) -> Option<usize> {
    (from..line.len()).find(|at| starts(line.get(*at..).unwrap_or(&[]), word))
}
