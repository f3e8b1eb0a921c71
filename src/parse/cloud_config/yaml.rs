//! The part of YAML (1.1, as `PyYAML` 6.0 reads it) in which people write such files:
//! block and flow mappings and lists, plain, quoted and block texts, comments.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// How deep values are followed.
const DEPTH: usize = 12;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// Nothing.
    Null,
    /// A text, a number or a truth value.
    Text {
        /// Without quotes.
        text: String,
        /// Whether it stood without quotes, so that it may be something else.
        plain: bool,
    },
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Yaml)>),
    /// Something that is not read here: an anchor, an alias, a tag, a tab.
    Unclear,
}

/// A key of the whole document.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Yaml,
    /// Its first line.
    pub place: Place,
    /// The lines of the block below it that begin with a name.
    pub inner: Vec<(String, Place)>,
}

impl Yaml {
    /// The last value of a name in a mapping.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let mut found = entries.iter().rev();
        found.find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// A truth value.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        let Self::Text { text, plain: true } = self else {
            return None;
        };
        match text.as_str() {
            "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
            "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }

    /// Whether it is a text rather than a number or a truth value.
    #[must_use]
    pub fn is_text(&self) -> bool {
        let Self::Text { text, plain } = self else {
            return false;
        };
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits
                .bytes()
                .all(|b| b.is_ascii_digit() || b"._".contains(&b));
        !plain || (self.boolean().is_none() && !is_number)
    }
}

/// A line without its comment.
struct Line<'a> {
    indent: usize,
    text: &'a str,
    span: Span,
}

/// The top-level keys of a document, in order; none where it is no mapping.
#[must_use]
pub fn entries(file: &Arc<File>) -> Vec<Entry> {
    let Ok(whole) = std::str::from_utf8(file.bytes()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut started = false;
    for (span, _) in file.lines() {
        let text = whole.get(span.start..span.end).unwrap_or("");
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.starts_with("---") && (text.len() == 3 || text.starts_with("--- ")) {
            if started {
                break;
            }
            continue;
        }
        if text == "..." {
            break;
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let inner = text.trim_start_matches(' ');
        let indent = text.len() - inner.len();
        started |= !inner.is_empty() && !inner.starts_with('#');
        let text = inner.trim_end();
        lines.push(Line { indent, text, span });
    }
    let mut out = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((line, tail)) = rest.split_first() {
        rest = tail;
        let key = (line.indent == 0).then(|| key_of(line.text)).flatten();
        let Some((name, value)) = key else { continue };
        let len = tail
            .iter()
            .take_while(|next| {
                let item = next.text.starts_with("- ") || next.text == "-";
                next.indent > 0 || next.text.is_empty() || next.text.starts_with('#') || item
            })
            .count();
        let (block, after) = tail.split_at_checked(len).unwrap_or((tail, &[]));
        rest = after;
        let inner = block.iter().filter_map(|line| {
            let (name, _) = key_of(line.text)?;
            Some((name, file.place(line.span)))
        });
        out.push(Entry {
            name,
            value: value_of(value, block, 0),
            place: file.place(line.span),
            inner: inner.collect(),
        });
    }
    out
}

/// `name: rest`, the name without quotes.
fn key_of(text: &str) -> Option<(String, &str)> {
    if text.starts_with([
        '#', '-', '{', '[', '&', '*', '!', '|', '>', '%', '@', '`', '?',
    ]) {
        return None;
    }
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = text.get(1..)?;
        let (name, rest) = inner.split_once(quote)?;
        let rest = rest.trim_start().strip_prefix(':')?;
        return Some((name.to_owned(), rest.trim_start()));
    }
    if let Some(name) = text.strip_suffix(':').filter(|name| !name.contains(": ")) {
        return Some((name.trim_end().to_owned(), ""));
    }
    let (name, rest) = text.split_once(": ")?;
    // A comment has begun before.
    (!name.contains(" #")).then(|| (name.trim_end().to_owned(), rest.trim_start()))
}

/// The value that begins with `first`, right of its key, and goes on in `block`.
fn value_of(first: &str, block: &[Line<'_>], depth: usize) -> Yaml {
    if depth > DEPTH || block.iter().any(|line| line.text.starts_with('\t')) {
        return Yaml::Unclear;
    }
    let plain = without_comment(first);
    match plain.chars().next() {
        None => block_of(block, depth),
        Some('&' | '*' | '!' | '@' | '`' | '%') => Yaml::Unclear,
        Some('|' | '>') => {
            let lines: Vec<&str> = block.iter().map(|line| line.text).collect();
            Yaml::Text {
                text: lines.join(if plain.starts_with('|') { "\n" } else { " " }),
                plain: false,
            }
        }
        Some('{' | '[' | '"' | '\'') => {
            let mut text = plain.to_owned();
            for line in block {
                text.push(' ');
                text.push_str(without_comment(line.text));
            }
            let mut flow = Flow {
                rest: &text,
                depth: 0,
            };
            let value = flow.value(&[]);
            let whole = flow.rest.trim().is_empty();
            value.filter(|_| whole).unwrap_or(Yaml::Unclear)
        }
        Some(_) => {
            let mut text = plain.to_owned();
            for line in block.iter().map(|line| without_comment(line.text)) {
                if !line.is_empty() {
                    text.push(' ');
                    text.push_str(line);
                }
            }
            // `a: b: c` is refused.
            if text.contains(": ") || text.ends_with(':') {
                return Yaml::Unclear;
            }
            scalar(text)
        }
    }
}

/// A plain text.
fn scalar(text: String) -> Yaml {
    if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        Yaml::Null
    } else {
        Yaml::Text { text, plain: true }
    }
}

/// A mapping or a list on lines of its own.
fn block_of(block: &[Line<'_>], depth: usize) -> Yaml {
    let is_empty = |line: &&Line<'_>| line.text.is_empty() || line.text.starts_with('#');
    let Some(first) = block.iter().find(|line| !is_empty(line)) else {
        return Yaml::Null;
    };
    let own = first.indent;
    let is_item = |text: &str| text == "-" || text.starts_with("- ");
    let list = is_item(first.text);
    if !list && key_of(first.text).is_none() {
        // A text on lines of its own.
        let after = block.iter().position(|line| std::ptr::eq(line, first));
        let rest = block.get(after.map_or(0, |at| at + 1)..).unwrap_or(&[]);
        return value_of(first.text, rest, depth + 1);
    }
    let mut items = Vec::new();
    let mut pairs = Vec::new();
    let mut rest = block;
    while let Some((line, tail)) = rest.split_first() {
        rest = tail;
        if is_empty(&line) {
            continue;
        }
        if line.indent != own || is_item(line.text) != list {
            return Yaml::Unclear;
        }
        let len = tail
            .iter()
            .take_while(|next| {
                let same = next.indent == own && !list && is_item(next.text);
                is_empty(next) || next.indent > own || same
            })
            .count();
        let (inner, after) = tail.split_at_checked(len).unwrap_or((tail, &[]));
        rest = after;
        if list {
            let text = line.text.get(1..).unwrap_or("").trim_start();
            items.push(match key_of(text) {
                // A mapping that begins behind the dash.
                Some(_) => {
                    let skipped = line.text.len() - text.len();
                    let mut lines = vec![Line {
                        indent: own + skipped,
                        text,
                        span: line.span,
                    }];
                    lines.extend(inner.iter().map(|line| Line { ..*line }));
                    block_of(&lines, depth + 1)
                }
                None => value_of(text, inner, depth + 1),
            });
        } else {
            let Some((name, value)) = key_of(line.text) else {
                return Yaml::Unclear;
            };
            pairs.push((name, value_of(value, inner, depth + 1)));
        }
    }
    if list {
        Yaml::List(items)
    } else {
        Yaml::Map(pairs)
    }
}

/// A text up to its comment.
fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && " [{,:".contains(before) => quote = Some(c),
            None if c == '#' && before == ' ' => return text.get(..at).unwrap_or("").trim_end(),
            None => {}
        }
        before = c;
    }
    text.trim_end()
}

/// Values in brackets and braces.
struct Flow<'a> {
    rest: &'a str,
    depth: usize,
}

impl Flow<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, c: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, ends: &[char]) -> Option<Yaml> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        self.skip();
        let value = if self.eat('[') {
            self.list()
        } else if self.eat('{') {
            self.map()
        } else {
            self.text(ends)
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Option<Yaml> {
        let mut items = Vec::new();
        while !self.eat(']') {
            items.push(self.value(&[',', ']'])?);
            if !self.eat(',') {
                return self.eat(']').then_some(Yaml::List(items));
            }
        }
        Some(Yaml::List(items))
    }

    fn map(&mut self) -> Option<Yaml> {
        let mut pairs = Vec::new();
        while !self.eat('}') {
            let Yaml::Text { text, .. } = self.text(&[':', ',', '}'])? else {
                return None;
            };
            let value = if self.eat(':') {
                self.value(&[',', '}'])?
            } else {
                Yaml::Null
            };
            pairs.push((text, value));
            if !self.eat(',') {
                return self.eat('}').then_some(Yaml::Map(pairs));
            }
        }
        Some(Yaml::Map(pairs))
    }

    fn text(&mut self, ends: &[char]) -> Option<Yaml> {
        self.skip();
        let first = self.rest.chars().next();
        if let Some(quote) = first.filter(|c| matches!(c, '"' | '\'')) {
            return self.quoted(quote);
        }
        if first.is_some_and(|c| "&*!@`%|>".contains(c)) {
            return None;
        }
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let text = self.rest.get(..end)?.trim_end().to_owned();
        self.rest = self.rest.get(end..)?;
        Some(scalar(text))
    }

    fn quoted(&mut self, quote: char) -> Option<Yaml> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                    chars.next();
                    text.push('\'');
                    continue;
                }
                self.rest = self.rest.get(at + 1..)?;
                return Some(Yaml::Text { text, plain: false });
            }
            if c == '\\' && quote == '"' {
                let (_, next) = chars.next()?;
                text.push(match next {
                    'n' => '\n',
                    't' => '\t',
                    '"' | '\\' | '/' | ' ' => next,
                    _ => return None,
                });
            } else {
                text.push(c);
            }
        }
        None
    }
}
