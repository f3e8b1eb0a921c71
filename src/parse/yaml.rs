//! YAML, as a tree of what stands where: for cloud-init's configuration, which `PyYAML`
//! reads, and netplan's, which libyaml reads.
//!
//! Both read YAML 1.1. The events here come from a parser of YAML 1.2, which differs in
//! words for truth values and in numbers: those stay texts, and whoever asks reads them as
//! its program does. Of several documents the first one counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::text::{File, Place};

/// Most values of one file, aliases followed, and the deepest nesting.
const MOST: usize = 20_000;
const DEEPEST: usize = 32;

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
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Node)>),
    /// Something that is not read here: a tag, or what stands behind an error.
    Unclear,
}

/// A value and its first line, which is its key's where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Yaml,
    /// The line.
    pub place: Place,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it holds; behind an error only the names of the outermost mapping.
    pub root: Yaml,
    /// Where and why it is no YAML that is followed.
    pub problem: Option<(Place, String)>,
}

impl Yaml {
    /// The last value of a name in a mapping.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.node(name).map(|node| &node.value)
    }

    /// The same with its line.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        let Self::Map(entries) = self else {
            return None;
        };
        let mut found = entries.iter().rev();
        found.find(|(own, _)| own == name).map(|(_, node)| node)
    }

    /// A truth value, in the words of YAML 1.1.
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

    /// How many values it holds, itself among them.
    fn size(&self) -> usize {
        let of = |nodes: &mut dyn Iterator<Item = &Node>| -> usize {
            1 + nodes.map(|node| node.value.size()).sum::<usize>()
        };
        match self {
            Self::List(items) => of(&mut items.iter()),
            Self::Map(entries) => of(&mut entries.iter().map(|(_, node)| node)),
            Self::Null | Self::Text { .. } | Self::Unclear => 1,
        }
    }
}

/// What is being read at one depth.
enum Inner {
    Map(Vec<(String, Node)>, Option<(String, Place)>),
    List(Vec<Node>),
}

struct Level {
    inner: Inner,
    anchor: usize,
    tagged: bool,
    place: Place,
}

impl Level {
    const fn wants_key(&self) -> bool {
        matches!(self.inner, Inner::Map(_, None))
    }
}

struct Builder {
    levels: Vec<Level>,
    anchors: BTreeMap<usize, Yaml>,
    count: usize,
    root: Option<Yaml>,
}

impl Builder {
    /// A value is complete.
    fn add(&mut self, value: Yaml, anchor: usize, place: Place) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.levels.last_mut().map(|level| &mut level.inner) {
            Some(Inner::Map(entries, key)) => {
                if let Some((name, place)) = key.take() {
                    entries.push((name, Node { value, place }));
                }
            }
            Some(Inner::List(items)) => items.push(Node { value, place }),
            None => self.root = Some(value),
        }
    }

    /// Why an event cannot be followed.
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), &'static str> {
        self.count += 1;
        if self.count > MOST || self.levels.len() > DEEPEST {
            return Err("holds more than is read");
        }
        let wants_key = self.levels.last().is_some_and(Level::wants_key);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text = text.into_owned();
                if let (true, Some(level)) = (wants_key, self.levels.last_mut()) {
                    if let Inner::Map(_, key) = &mut level.inner {
                        *key = Some((text, place));
                    }
                    return Ok(());
                }
                let plain = style == ScalarStyle::Plain;
                let value = if tag.is_some() {
                    Yaml::Unclear
                } else if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
                    Yaml::Null
                } else {
                    Yaml::Text { text, plain }
                };
                self.add(value, anchor, place);
            }
            Event::Alias(anchor) => {
                if wants_key {
                    return Err("a key that is no word");
                }
                let value = self.anchors.get(&anchor).cloned();
                let value = value.unwrap_or(Yaml::Unclear);
                self.count += value.size();
                self.add(value, 0, place);
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if wants_key => {
                return Err("a key that is no word");
            }
            Event::MappingStart(anchor, tag) => self.levels.push(Level {
                inner: Inner::Map(Vec::new(), None),
                anchor,
                tagged: tag.is_some(),
                place,
            }),
            Event::SequenceStart(anchor, tag) => self.levels.push(Level {
                inner: Inner::List(Vec::new()),
                anchor,
                tagged: tag.is_some(),
                place,
            }),
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(level) = self.levels.pop() {
                    let value = match level.inner {
                        _ if level.tagged => Yaml::Unclear,
                        Inner::Map(entries, _) => Yaml::Map(entries),
                        Inner::List(items) => Yaml::List(items),
                    };
                    self.add(value, level.anchor, level.place);
                }
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The names of the outermost mapping so far.
    fn names(self) -> Yaml {
        let level = self.levels.into_iter().next().map(|level| level.inner);
        let Some(Inner::Map(entries, key)) = level else {
            return Yaml::Unclear;
        };
        let found = entries.into_iter().map(|(name, node)| (name, node.place));
        let unclear = |(name, place)| {
            let value = Yaml::Unclear;
            (name, Node { value, place })
        };
        Yaml::Map(found.chain(key).map(unclear).collect())
    }
}

/// Reads a file.
#[must_use]
pub fn parse(file: &Arc<File>) -> Document {
    let line = |number: usize| file.place(file.line_span(number.max(1)));
    let failed = |builder: Builder, place: Place, text: &str| Document {
        root: builder.names(),
        problem: Some((place, text.to_owned())),
    };
    let mut builder = Builder {
        levels: Vec::new(),
        anchors: BTreeMap::new(),
        count: 0,
        root: None,
    };
    let Ok(text) = std::str::from_utf8(file.bytes()) else {
        return failed(builder, line(1), "is no text in UTF-8");
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let place = line(error.marker().line());
                return failed(builder, place, error.info());
            }
        };
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        let place = line(span.start.line());
        if let Err(why) = builder.take(event, place.clone()) {
            return failed(builder, place, why);
        }
    }
    Document {
        root: builder.root.unwrap_or(Yaml::Null),
        problem: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        parse(&File::new("/etc/x.yaml", text))
    }

    #[test]
    fn an_alias_stands_for_what_its_anchor_holds() {
        let found = read("a: &x {b: [1, 'yes']}\nc: *x\nd: !!str 5\n");
        assert_eq!(found.problem, None);
        assert_eq!(found.root.get("a"), found.root.get("c"));
        assert_eq!(found.root.get("d"), Some(&Yaml::Unclear));
        assert_eq!(found.root.node("c").unwrap().place.start().line, 2);
        let Some(Yaml::List(items)) = found.root.get("c").and_then(|c| c.get("b")) else {
            panic!("no list");
        };
        let texts: Vec<bool> = items.iter().map(|item| item.value.is_text()).collect();
        assert_eq!(texts, [false, true]);
    }

    #[test]
    fn behind_an_error_only_names_are_left() {
        let found = read("a: 1\nb: [2\nc: 3\n");
        assert!(found.problem.is_some());
        assert_eq!(found.root.get("a"), Some(&Yaml::Unclear));
        assert_eq!(found.root.get("b"), Some(&Yaml::Unclear));
    }

    #[test]
    fn aliases_of_aliases_end_at_the_limit() {
        let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
        for n in 1..9 {
            let before = format!("*a{}", n - 1);
            let list = vec![before; 10].join(", ");
            lines.push(format!("a{n}: &a{n} [{list}]"));
        }
        assert_eq!(
            read(&lines.join("\n")).problem.unwrap().1,
            "holds more than is read"
        );
    }

    #[test]
    fn no_bytes_make_it_fail() {
        for text in [
            "",
            "[",
            "{",
            "&a *a",
            "? [a]\n: b",
            "a: *b",
            "\u{0}",
            "- - - -",
            "&a [*a]",
        ] {
            assert!(read(text).root.size() < 10, "{text:?}");
        }
        assert!(read(&"[".repeat(5000)).problem.is_some());
        assert!(parse(&File::new("/x", &b"\xff: 1"[..])).problem.is_some());
    }
}
