//! The configuration of apt (apt.conf(5); apt 2.6.1 `apt-pkg/contrib/configuration.cc`,
//! `ReadConfigFile`): files read one over the other into one tree of options.

mod lines;
mod tree;
mod words;

use std::sync::Arc;

use crate::text::{File, Place, Span};
use lines::Lines;
pub use tree::{Config, Setting};
use words::{c_word, quote_word};

/// Where apt stops following includes.
const DEEPEST: u32 = 10;

/// What keeps apt from going on: it then refuses to do anything at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line at which it stops reading this file.
    pub place: Place,
    /// What it says there.
    pub message: String,
    /// Whether what was included could not be looked at, which says nothing of apt.
    pub could_not_look: bool,
}

/// What an include comes to.
#[derive(Clone, Debug)]
pub enum Included {
    /// These files, in this order.
    Files(Vec<Arc<File>>),
    /// It is not there.
    Missing,
    /// It could not be read.
    Unread,
}

/// Finds what is included: a file, or a directory where the name ends with a slash.
pub type Include<'a> = dyn FnMut(&[u8]) -> Included + 'a;

/// Whether apt reads a file of that name in a directory such as
/// `/etc/apt/apt.conf.d` (`GetListOfFilesInDir`).
#[must_use]
pub fn is_read(name: &[u8]) -> bool {
    let extension = name.rsplit(|b| *b == b'.').next();
    let ends_well = !name.contains(&b'.') || matches!(extension, Some(b"conf" | b""));
    let is_good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.');
    let hidden = name.first() == Some(&b'.') || name.last() == Some(&b'.');
    !name.is_empty() && ends_well && !hidden && name.iter().all(is_good)
}

/// Whether a value is taken as true; nothing where apt keeps its default
/// (`StringToBool`).
#[must_use]
pub fn truth(value: &[u8]) -> Option<bool> {
    match value.to_ascii_lowercase().as_slice() {
        b"no" | b"false" | b"without" | b"off" | b"disable" => Some(false),
        b"yes" | b"true" | b"with" | b"on" | b"enable" => Some(true),
        lower => match words::integer(lower) {
            Some((0, end)) if end == lower.len() => Some(false),
            Some((1, end)) if end == lower.len() => Some(true),
            _ => None,
        },
    }
}

/// Reads a file into `config`; where apt refuses it, what stands in front stays.
///
/// # Errors
/// The place at which apt stops and gives up altogether.
pub fn read(
    config: &mut Config,
    file: &Arc<File>,
    include: &mut Include<'_>,
) -> Result<(), Refusal> {
    let mut budget = 1000;
    Reader {
        config,
        include,
        budget: &mut budget,
    }
    .file(file, 0)
}

struct Reader<'a, 'b> {
    config: &'a mut Config,
    include: &'a mut Include<'b>,
    /// Files still to be read: includes may go in circles.
    budget: &'a mut u32,
}

/// One statement's bytes, each with its offset in the file.
type Buffer = Vec<(u8, usize)>;

impl Reader<'_, '_> {
    fn file(&mut self, file: &Arc<File>, depth: u32) -> Result<(), Refusal> {
        let mut buffer = Buffer::new();
        let mut stack: Vec<Vec<u8>> = Vec::new();
        let mut parent: Vec<u8> = Vec::new();
        let mut last = 0;
        for (line, fragment) in Lines::new(file.bytes()) {
            last = line;
            let mut quoted = false;
            let mut start = 0;
            for (at, (byte, _)) in fragment.iter().enumerate() {
                quoted ^= *byte == b'"';
                if quoted || !matches!(byte, b'{' | b';' | b'}') {
                    continue;
                }
                append(
                    &mut buffer,
                    lines::trimmed(fragment.get(start..at).unwrap_or(&[])),
                );
                start = at + 1;
                if buffer.is_empty() {
                    match byte {
                        b'{' => return Err(refusal(file, line, "Block starts with no name.")),
                        b'}' => leave(&mut parent, &mut stack),
                        _ => {}
                    }
                    continue;
                }
                let statement = std::mem::take(&mut buffer);
                let known = Known { file, line, depth };
                self.statement(&known, &statement, *byte, &mut parent, &mut stack)?;
                if *byte == b'}' {
                    leave(&mut parent, &mut stack);
                }
            }
            append(
                &mut buffer,
                lines::stripped(fragment.get(start..).unwrap_or(&[])),
            );
        }
        if buffer.is_empty() {
            return Ok(());
        }
        Err(refusal(file, last, "Extra junk at end of file"))
    }

    /// One statement, ended by `end`.
    fn statement(
        &mut self,
        known: &Known<'_>,
        buffer: &Buffer,
        end: u8,
        parent: &mut Vec<u8>,
        stack: &mut Vec<Vec<u8>>,
    ) -> Result<(), Refusal> {
        let text: Vec<u8> = buffer.iter().map(|(byte, _)| *byte).collect();
        let Some((mut tag, mut rest)) = quote_word(&text) else {
            return Err(known.refusal("Malformed tag"));
        };
        let mut word = None;
        if let Some((found, after)) = c_word(rest).or_else(|| quote_word(rest)) {
            word = Some(found);
            rest = after;
        } else if end != b'{' {
            word = Some(std::mem::take(&mut tag));
        }
        if !rest.is_empty() {
            return Err(known.refusal("Extra junk after value"));
        }
        let mut item = if end == b'{' {
            stack.push(parent.clone());
            join(parent, &std::mem::take(&mut tag));
            parent.clone()
        } else {
            parent.clone()
        };
        if end != b'{' {
            if item.is_empty() {
                item.clone_from(&tag);
            } else {
                item.extend(b"::");
                item.extend(&tag);
            }
        }
        if let Some(directive) = tag.strip_prefix(b"#") {
            if !parent.is_empty() {
                return Err(known.refusal("Directives can only be done at the top level"));
            }
            return self.directive(known, directive, word.as_deref().unwrap_or(&[]));
        }
        let Some(word) = word else { return Ok(()) };
        if tag.is_empty() && word == b"#clear" {
            return Err(known.refusal("clear directive requires an option tree as argument"));
        }
        let span = match (buffer.first(), buffer.last()) {
            (Some((_, start)), Some((_, end))) => Span::new(*start, end + 1),
            _ => Span::new(0, 0),
        };
        self.config.set(&item, word, Some(known.file.place(span)));
        Ok(())
    }

    fn directive(&mut self, known: &Known<'_>, name: &[u8], word: &[u8]) -> Result<(), Refusal> {
        match name {
            b"clear" => self.config.clear(word),
            // An index of known options, for apt's own tests.
            b"x-apt-configure-index" => {}
            b"include" => {
                if known.depth > DEEPEST {
                    return Err(known.refusal("Too many nested includes"));
                }
                let files = match (self.include)(word) {
                    Included::Files(files) => files,
                    Included::Missing => return Err(known.refusal("Included from here")),
                    Included::Unread => {
                        return Err(known.unread("what is included here was not read"));
                    }
                };
                let mut failed = None;
                for file in files {
                    if *self.budget == 0 {
                        return Err(known.unread("more than 1000 files are included"));
                    }
                    *self.budget -= 1;
                    // The other files of a directory are read all the same.
                    failed = self.file(&file, known.depth + 1).err().or(failed);
                }
                if let Some(inner) = failed {
                    return Err(inner);
                }
            }
            _ => return Err(known.refusal("Unsupported directive")),
        }
        Ok(())
    }
}

/// Where the reader is.
struct Known<'a> {
    file: &'a Arc<File>,
    line: usize,
    depth: u32,
}

impl Known<'_> {
    fn refusal(&self, message: &str) -> Refusal {
        refusal(self.file, self.line, message)
    }

    fn unread(&self, message: &str) -> Refusal {
        Refusal {
            could_not_look: true,
            ..self.refusal(message)
        }
    }
}

fn refusal(file: &Arc<File>, line: usize, message: &str) -> Refusal {
    Refusal {
        place: file.place(file.line_span(line)),
        message: message.to_owned(),
        could_not_look: false,
    }
}

/// Puts a part of a line behind what earlier lines left open.
fn append(buffer: &mut Buffer, part: &[(u8, usize)]) {
    if let (false, Some((_, at))) = (buffer.is_empty(), part.first()) {
        buffer.push((b' ', *at));
    }
    buffer.extend_from_slice(part);
}

/// Out of a block; out of none that is open, to the top.
fn leave(parent: &mut Vec<u8>, stack: &mut Vec<Vec<u8>>) {
    match stack.pop() {
        Some(outer) => *parent = outer,
        None => parent.clear(),
    }
}

fn join(parent: &mut Vec<u8>, tag: &[u8]) {
    if !parent.is_empty() {
        parent.extend(b"::");
    }
    parent.extend(tag);
}

#[cfg(test)]
mod tests;
