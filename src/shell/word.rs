//! Words: quotes, expansions and their extents. The parser library tells where
//! a word is; what it is made of is read here, from the same bytes.

use std::sync::Arc;

use super::braces::{closing_brace, name_length, parameter};
use super::library;
use super::source::Source;
use super::syntax::{Operation, Parameter, Part, PartKind, Word};

/// How deep expansions may stand inside each other.
pub(super) const DEPTH: usize = 24;

/// Reads a word in command position, or any text that is quoted like one.
pub(super) fn word(source: &Source, depth: usize) -> Word {
    let mut reader = Reader::new(source, depth);
    reader.word();
    reader.finish()
}

/// Reads the body of a here-document with an unquoted delimiter: only `$`,
/// backticks and backslash are special.
pub(super) fn here_document(source: &Source, depth: usize) -> Word {
    let mut reader = Reader::new(source, depth);
    reader.double_quoted(false);
    reader.finish()
}

/// Text without anything special in it.
pub(super) fn literal(source: &Source) -> Word {
    let mut reader = Reader::new(source, 0);
    reader.literal.extend(source.bytes());
    reader.flush(true);
    reader.finish()
}

struct Reader<'a> {
    source: &'a Source,
    at: usize,
    depth: usize,
    parts: Vec<Part>,
    literal: Vec<u8>,
}

impl<'a> Reader<'a> {
    const fn new(source: &'a Source, depth: usize) -> Self {
        Self {
            source,
            at: 0,
            depth,
            parts: Vec::new(),
            literal: Vec::new(),
        }
    }

    fn finish(mut self) -> Word {
        self.flush(false);
        Word {
            parts: self.parts,
            place: self.source.place(0, self.source.bytes().len()),
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.bytes().get(self.at + ahead).copied()
    }

    fn flush(&mut self, quoted: bool) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal);
            self.push(PartKind::Literal(literal), quoted);
        }
    }

    fn push(&mut self, kind: PartKind, quoted: bool) {
        self.parts.push(Part { kind, quoted });
    }

    fn word(&mut self) {
        if self.peek(0) == Some(b'~') {
            self.home();
        }
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => {
                    self.flush(false);
                    self.at += 1;
                    self.single_quoted();
                }
                b'"' => {
                    self.flush(false);
                    self.at += 1;
                    self.quotes();
                }
                b'\\' => {
                    match self.peek(1) {
                        Some(b'\n') => {}
                        Some(next) => {
                            self.flush(false);
                            self.push(PartKind::Literal(vec![next]), true);
                        }
                        None => self.literal.push(b'\\'),
                    }
                    self.at += 2;
                }
                b'$' if self.peek(1) == Some(b'\'') => {
                    self.flush(false);
                    self.at += 2;
                    self.ansi_quoted();
                }
                b'$' if self.peek(1) == Some(b'"') => {
                    self.flush(false);
                    self.at += 2;
                    self.quotes();
                }
                b'$' => self.dollar(false),
                b'`' => self.backticks(false),
                b'<' | b'>' if self.peek(1) == Some(b'(') => {
                    self.flush(false);
                    self.at += 2;
                    let inside = self.parentheses();
                    self.push(PartKind::Process(inside), false);
                }
                _ => {
                    self.literal.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    /// `~` and `~user`, as far as the first slash.
    fn home(&mut self) {
        let rest = self.source.bytes().get(1..).unwrap_or(&[]);
        let name: Vec<u8> = rest.iter().copied().take_while(|b| *b != b'/').collect();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if name.iter().all(plain) {
            self.at += 1 + name.len();
            self.push(PartKind::Home(name), false);
        }
    }

    fn single_quoted(&mut self) {
        let rest = self.source.bytes().get(self.at..).unwrap_or(&[]);
        let end = rest.iter().position(|b| *b == b'\'').unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or(&[]).to_vec();
        self.at += end + 1;
        self.push(PartKind::Literal(text), true);
    }

    fn quotes(&mut self) {
        let before = self.parts.len();
        self.double_quoted(true);
        if self.parts.len() == before {
            // "" is a field of its own
            self.push(PartKind::Literal(Vec::new()), true);
        }
    }

    /// Up to the closing quote, or to the end where there is none to expect.
    fn double_quoted(&mut self, closed: bool) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' if closed => {
                    self.at += 1;
                    break;
                }
                b'\\' => {
                    match self.peek(1) {
                        Some(b'\n') => {}
                        Some(next @ (b'$' | b'`' | b'\\')) => self.literal.push(next),
                        Some(b'"') if closed => self.literal.push(b'"'),
                        Some(next) => self.literal.extend([b'\\', next]),
                        None => self.literal.push(b'\\'),
                    }
                    self.at += 2;
                }
                b'$' => self.dollar(true),
                b'`' => self.backticks(true),
                _ => {
                    self.literal.push(byte);
                    self.at += 1;
                }
            }
        }
        self.flush(true);
    }

    /// `$'...'` of bash.
    fn ansi_quoted(&mut self) {
        let mut text = Vec::new();
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\'' => break,
                b'\\' => {
                    let next = self.peek(0).unwrap_or(b'\\');
                    self.at += 1;
                    match next {
                        b'n' => text.push(b'\n'),
                        b't' => text.push(b'\t'),
                        b'r' => text.push(b'\r'),
                        b'a' => text.push(7),
                        b'b' => text.push(8),
                        b'f' => text.push(12),
                        b'v' => text.push(11),
                        b'e' | b'E' => text.push(27),
                        b'x' => text.extend(self.digits(16, 2)),
                        b'0'..=b'7' => {
                            self.at -= 1;
                            text.extend(self.digits(8, 3));
                        }
                        other => text.push(other),
                    }
                }
                other => text.push(other),
            }
        }
        self.push(PartKind::Literal(text), true);
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u8> {
        let mut value = 0_u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.peek(0).and_then(|b| char::from(b).to_digit(radix))
        {
            value = value * radix + digit;
            count += 1;
            self.at += 1;
        }
        u8::try_from(value & 0xff).ok().filter(|_| count > 0)
    }

    fn dollar(&mut self, quoted: bool) {
        match self.peek(1) {
            Some(b'(') if self.peek(2) == Some(b'(') && self.arithmetic(quoted) => {}
            Some(b'(') => {
                self.flush(quoted);
                self.at += 2;
                let inside = self.parentheses();
                self.push(PartKind::Command(inside), quoted);
            }
            Some(b'{') => {
                self.flush(quoted);
                let inside = self.braces();
                let parameter = parameter(&inside, quoted, self.depth + 1);
                self.push(PartKind::Parameter(Box::new(parameter)), quoted);
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                self.flush(quoted);
                let rest = self.source.bytes().get(self.at + 1..).unwrap_or(&[]);
                let length = name_length(rest);
                let name = rest.get(..length).unwrap_or(&[]).to_vec();
                self.at += 1 + length;
                self.plain(name, quoted);
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => {
                self.flush(quoted);
                self.at += 2;
                self.plain(vec![byte], quoted);
            }
            _ => {
                self.literal.push(b'$');
                self.at += 1;
            }
        }
    }

    fn plain(&mut self, name: Vec<u8>, quoted: bool) {
        let parameter = Parameter {
            name,
            subscript: None,
            operation: Operation::Value,
        };
        self.push(PartKind::Parameter(Box::new(parameter)), quoted);
    }

    /// `$((...))`; false where it is a subshell in a command substitution.
    fn arithmetic(&mut self, quoted: bool) -> bool {
        if self.depth >= DEPTH {
            return false;
        }
        let bytes = self.source.bytes();
        let start = self.at + 3;
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b')' => {
                    if bytes.get(at + 1) != Some(&b')') {
                        return false;
                    }
                    let inside = self.source.slice(start, at);
                    let inside = here_document(&inside, self.depth + 1);
                    self.flush(quoted);
                    self.at = at + 2;
                    self.push(PartKind::Arithmetic(inside), quoted);
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// After `(`: the commands up to the `)` that belongs to it. A `)` may also
    /// end a `case` pattern, so the first one that makes a whole list counts.
    fn parentheses(&mut self) -> Option<Arc<super::syntax::List>> {
        let start = self.at;
        let mut candidates = Closing::new(self.source.bytes(), start);
        let mut first = None;
        for _ in 0..12 {
            let Some(end) = candidates.next() else { break };
            first.get_or_insert(end);
            if self.depth >= DEPTH {
                break;
            }
            let inside = self.source.slice(start, end);
            if let Ok(list) = library::parse_nested(&inside, self.depth + 1) {
                self.at = end + 1;
                return Some(Arc::new(list));
            }
        }
        self.at = first.map_or(self.source.bytes().len(), |end| end + 1);
        None
    }

    fn backticks(&mut self, quoted: bool) {
        self.flush(quoted);
        self.at += 1;
        let mut keep = Vec::new();
        while let Some(byte) = self.peek(0) {
            match byte {
                b'`' => break,
                b'\\' => {
                    let removed = match self.peek(1) {
                        Some(b'`' | b'\\' | b'$') => true,
                        Some(b'"') => quoted,
                        _ => false,
                    };
                    if !removed {
                        keep.push(self.at);
                    }
                    keep.push(self.at + 1);
                    self.at += 2;
                }
                _ => {
                    keep.push(self.at);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        let inside = self.source.keep(&keep);
        let list = if self.depth >= DEPTH {
            None
        } else {
            library::parse_nested(&inside, self.depth + 1).ok()
        };
        self.push(PartKind::Command(list.map(Arc::new)), quoted);
    }

    /// The inside of `${...}`.
    fn braces(&mut self) -> Source {
        let start = self.at + 2;
        let end = closing_brace(self.source.bytes(), start);
        self.at = end + 1;
        self.source.slice(start, end)
    }
}

/// The `)` that may end what began before `start`, nearest first.
struct Closing<'a> {
    bytes: &'a [u8],
    at: usize,
    /// For each open parenthesis, whether it stands in double quotes.
    open: Vec<bool>,
}

impl<'a> Closing<'a> {
    const fn new(bytes: &'a [u8], start: usize) -> Self {
        Self {
            bytes,
            at: start,
            open: Vec::new(),
        }
    }
}

impl Iterator for Closing<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let mut double = false;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            let at = self.at;
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => double = !double,
                b'$' if self.bytes.get(self.at) == Some(&b'(') => {
                    self.at += 1;
                    self.open.push(double);
                    double = false;
                }
                b'(' if !double => self.open.push(false),
                b')' if !double => match self.open.pop() {
                    Some(outside) => double = outside,
                    None => return Some(at),
                },
                b'\'' if !double => {
                    let rest = self.bytes.get(self.at..).unwrap_or(&[]);
                    let end = rest.iter().position(|b| *b == b'\'');
                    self.at += end.map_or(0, |end| end + 1);
                }
                b'#' if !double && starts_word(self.bytes, at) => {
                    let rest = self.bytes.get(self.at..).unwrap_or(&[]);
                    let end = rest.iter().position(|b| *b == b'\n');
                    self.at += end.unwrap_or(0);
                }
                _ => {}
            }
        }
        None
    }
}

fn starts_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| bytes.get(i));
    before.is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b';' | b'('))
}
