//! Words of a value (systemd 257 `src/basic/extract-word.c`, `extract_first_word`;
//! `src/basic/escape.c`, `cunescape_one`).

use super::is_blank;

/// How a setting splits its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// Quotes group and are taken away (`EXTRACT_UNQUOTE`).
    pub unquote: bool,
    /// What a backslash does.
    pub escapes: Escapes,
}

/// What a backslash does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// It is a character like others (`EXTRACT_RETAIN_ESCAPE`).
    Keep,
    /// It is taken away and protects what follows.
    Protect,
    /// It begins a C escape (`EXTRACT_CUNESCAPE`).
    C,
    /// The same, and one that is none is kept (`EXTRACT_UNESCAPE_RELAX`).
    Relaxed,
}

impl Flags {
    /// Names of units: neither quotes nor escapes.
    pub const NAMES: Self = Self {
        unquote: false,
        escapes: Escapes::Keep,
    };
    /// Paths: quotes, and a backslash that only protects.
    pub const PATHS: Self = Self {
        unquote: true,
        escapes: Escapes::Protect,
    };
    /// Command lines and environments.
    pub const COMMAND: Self = Self {
        unquote: true,
        escapes: Escapes::C,
    };
    /// The second try at a command line.
    pub const RELAXED: Self = Self {
        unquote: true,
        escapes: Escapes::Relaxed,
    };
}

/// One word and where it stands in the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, quotes and escapes undone.
    pub bytes: Vec<u8>,
    /// Its first byte in the value.
    pub start: usize,
    /// Just after its last byte in the value.
    pub end: usize,
}

/// The words of a value up to the first that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The words before it.
    pub words: Vec<Word>,
    /// Whether something behind them could not be read: unbalanced quotes, or a bad
    /// escape.
    pub broken: bool,
}

/// Every word of `text`.
#[must_use]
pub fn split(text: &[u8], flags: Flags) -> Split {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        match first_word(text, at, flags) {
            Ok(Some((word, next))) => {
                at = next;
                words.push(word);
            }
            Ok(None) => {
                return Split {
                    words,
                    broken: false,
                };
            }
            Err(()) => {
                return Split {
                    words,
                    broken: true,
                };
            }
        }
    }
}

/// The word at or after `at`, and where the rest begins.
pub(super) fn first_word(
    text: &[u8],
    at: usize,
    flags: Flags,
) -> Result<Option<(Word, usize)>, ()> {
    let rest = text.get(at..).unwrap_or(&[]);
    let start = at + rest.iter().take_while(|b| is_blank(**b)).count();
    if start >= text.len() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let mut quote: Option<u8> = None;
    let mut i = start;
    while let Some(byte) = text.get(i) {
        match (*byte, quote) {
            (b'\\', _) if flags.escapes != Escapes::Keep => {
                let escaped = text.get(i + 1..).unwrap_or(&[]);
                i += 1 + unescape_into(escaped, quote.is_some(), flags.escapes, &mut bytes)?;
                continue;
            }
            (byte, Some(open)) if byte == open => quote = None,
            (byte @ (b'"' | b'\''), None) if flags.unquote => quote = Some(byte),
            (byte, None) if is_blank(byte) => break,
            (byte, _) => bytes.push(byte),
        }
        i += 1;
    }
    if quote.is_some() {
        return Err(());
    }
    let word = Word {
        bytes,
        start,
        end: i,
    };
    Ok(Some((word, i)))
}

/// Decodes what follows a backslash; how many bytes of it that took.
fn unescape_into(
    text: &[u8],
    quoted: bool,
    escapes: Escapes,
    out: &mut Vec<u8>,
) -> Result<usize, ()> {
    let Some(first) = text.first() else {
        // At the end: kept only where relaxed and not in quotes.
        if escapes == Escapes::Relaxed && !quoted {
            out.push(b'\\');
            return Ok(0);
        }
        return Err(());
    };
    if escapes == Escapes::Protect {
        out.push(*first);
        return Ok(1);
    }
    if let Some(len) = c_unescape(text, out) {
        return Ok(len);
    }
    if escapes != Escapes::Relaxed {
        return Err(());
    }
    out.extend([b'\\', *first]);
    Ok(1)
}

/// One C escape without its backslash; how many bytes it has.
fn c_unescape(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let first = text.first()?;
    let simple = match first {
        b'a' => Some(7),
        b'b' => Some(8),
        b'f' => Some(12),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(11),
        b's' => Some(b' '),
        b'\\' | b'"' | b'\'' => Some(*first),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Some(1);
    }
    let number = |from: usize, len: usize, radix: u32| {
        let digits = text.get(from..from + len)?;
        let digits = std::str::from_utf8(digits).ok()?;
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u32::from_str_radix(digits, radix).ok()?;
        (plain && value != 0).then_some(value)
    };
    let (value, len, eight_bit) = match first {
        b'x' => (number(1, 2, 16)?, 3, true),
        b'u' => (number(1, 4, 16)?, 5, false),
        b'U' => (number(1, 8, 16)?, 9, false),
        b'0'..=b'7' => (number(0, 3, 8)?, 3, true),
        _ => return None,
    };
    if eight_bit {
        out.push(u8::try_from(value).ok()?);
    } else {
        let mut buffer = [0; 4];
        let encoded = char::from_u32(value)?.encode_utf8(&mut buffer);
        out.extend(encoded.bytes());
    }
    Some(len)
}
