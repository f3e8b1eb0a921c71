//! Values of variables and the words made of them.
//!
//! A value may hold a part that only the machine knows. Such a part is written into
//! the text as a mark, a number between two NUL bytes, which no value of GRUB's own
//! can hold.

use crate::parse::grub::ast::{Part, Word};
use crate::text::Place;

/// Longest value and longest word, in bytes.
pub(super) const VALUE_LIMIT: usize = 64 * 1024;
/// Most words a command can have.
pub(super) const WORD_LIMIT: usize = 4096;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) value: Vec<u8>,
    /// Where it was set, and before that what its value was made of.
    pub(super) from: Vec<Place>,
    /// Whether a new context inherits it.
    pub(super) exported: bool,
}

/// What expansion asks for.
pub(super) trait Lookup {
    /// A variable's value; `None` where it is not set.
    fn variable(&self, name: &[u8]) -> Option<&[u8]>;
    /// The arguments of the function or entry that runs.
    fn arguments(&self) -> Option<&[Vec<u8>]>;
}

/// The mark for unknown part number `index`.
pub(super) fn mark(index: usize) -> Vec<u8> {
    let mut text = vec![0];
    text.extend(index.to_string().into_bytes());
    text.push(0);
    text
}

/// Whether a text holds a part that is not known.
pub(super) fn is_open(text: &[u8]) -> bool {
    text.contains(&0)
}

/// The number of the mark a text is, where it is nothing else.
pub(super) fn marked(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(&[0])?.strip_suffix(&[0])?;
    std::str::from_utf8(inner).ok()?.parse().ok()
}

/// The text with every mark shown as `?`.
pub(super) fn shown(text: &[u8]) -> String {
    let parts = text.split(|b| *b == 0).enumerate();
    let parts = parts.map(|(at, part)| {
        if at % 2 == 0 {
            crate::text::escape(part)
        } else {
            "?".into()
        }
    });
    parts.collect()
}

/// Arguments while they are made.
struct Builder {
    words: Vec<Vec<u8>>,
    current: Option<Vec<u8>>,
    over: bool,
    size: usize,
}

impl Builder {
    fn append(&mut self, text: &[u8]) {
        self.size += text.len();
        if self.size > VALUE_LIMIT || self.words.len() >= WORD_LIMIT {
            self.over = true;
            return;
        }
        self.current.get_or_insert_with(Vec::new).extend(text);
    }

    fn next(&mut self) {
        self.words.extend(self.current.take());
    }

    /// Splits at blanks; a blank at either end does not split.
    fn split(&mut self, text: &[u8]) {
        let blank = |b: &u8| matches!(b, b'\n' | b'\r' | b' ' | b'\t');
        let pieces = text.split(blank).filter(|piece| !piece.is_empty());
        for (at, piece) in pieces.enumerate() {
            if self.over {
                return;
            }
            if at > 0 {
                self.next();
            }
            self.append(piece);
        }
    }
}

/// Expands words to arguments (GRUB 2.06 `grub-core/script/execute.c`,
/// `grub_script_arglist_to_argv`). Patterns are left as they are: GRUB matches them
/// against devices and files, which no configuration does before its menu.
/// `None` where a limit is passed.
pub(super) fn expand(words: &[Word], lookup: &impl Lookup) -> Option<Vec<Vec<u8>>> {
    let mut builder = Builder {
        words: Vec::new(),
        current: None,
        over: false,
        size: 0,
    };
    for word in words {
        builder.next();
        for part in &word.parts {
            match part {
                Part::Text(text) => builder.append(text),
                Part::Quoted(text) => builder.append(text),
                Part::Variable(name) => variable(&mut builder, lookup, name, true),
                Part::QuotedVariable(name) => variable(&mut builder, lookup, name, false),
                Part::Translated(text) => {
                    let text = translated(text, lookup);
                    builder.append(&text);
                }
            }
            if builder.over {
                return None;
            }
        }
    }
    builder.next();
    Some(builder.words)
}

fn variable(builder: &mut Builder, lookup: &impl Lookup, name: &[u8], split: bool) {
    let mut one = |text: &[u8]| {
        if split {
            builder.split(text);
        } else {
            builder.append(text);
        }
    };
    match (name, lookup.arguments()) {
        (b"#", Some(arguments)) => one(arguments.len().to_string().as_bytes()),
        (b"*", Some(arguments)) if !split => one(&arguments.join(&b' ')),
        (b"*" | b"@", Some(arguments)) => {
            for (at, argument) in arguments.iter().enumerate() {
                if at > 0 {
                    builder.next();
                }
                if split {
                    builder.split(argument);
                } else {
                    builder.append(argument);
                }
            }
        }
        (b"#" | b"*" | b"@", None) => {}
        (digits, arguments) if digits.first().is_some_and(u8::is_ascii_digit) => {
            let index = std::str::from_utf8(digits).ok();
            let index = index.and_then(|text| text.parse::<usize>().ok());
            let index = index.and_then(|index| index.checked_sub(1));
            let argument = arguments.zip(index).and_then(|(a, i)| a.get(i));
            if let Some(argument) = argument {
                one(argument);
            }
        }
        (name, _) => {
            // An empty value adds nothing, not even an empty word.
            match lookup.variable(name) {
                Some(value) if !value.is_empty() => one(value),
                _ => {}
            }
        }
    }
}

/// `$"text"` without a translation: only variables are put in.
fn translated(text: &[u8], lookup: &impl Lookup) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'\\' => {
                if let Some((next, tail)) = rest.split_first() {
                    if !matches!(next, b'\\' | b'$') {
                        out.push(b'\\');
                    }
                    out.push(*next);
                    rest = tail;
                }
            }
            b'$' => {
                let braces = rest.first() == Some(&b'{');
                let body = if braces {
                    rest.get(1..).unwrap_or(&[])
                } else {
                    rest
                };
                let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
                let len = body.iter().take_while(|b| word(b)).count();
                let (name, after) = body.split_at(len);
                if name.is_empty() {
                    out.push(b'$');
                    continue;
                }
                out.extend(lookup.variable(name).unwrap_or(&[]));
                rest = if braces {
                    after.get(1..).unwrap_or(&[])
                } else {
                    after
                };
            }
            byte => out.push(*byte),
        }
        if out.len() > VALUE_LIMIT {
            break;
        }
    }
    out
}
