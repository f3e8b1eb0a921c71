//! corosync.conf(5), as corosync reads it (3.1.7 `exec/coroparse.c`, `parse_section`).
//!
//! | quirk | |
//! |---|---|
//! | a line with a `{` opens a section, whatever stands before it is its name | |
//! | a line with a `:` is a key and its value, split at the first one | |
//! | a `#` is a comment only where a line begins | |
//! | a line of 511 bytes and more is refused | |

use std::sync::Arc;

use crate::parse::keepalived::{Spanned, Text};
use crate::text::{File, Place, Span};

/// How deep sections are followed; corosync has two levels.
const DEEP: usize = 8;

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The sections around it, joined by dots: `quorum.device`.
    pub section: String,
    /// Which opening of that section, counted over the file.
    pub number: usize,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Text,
}

/// A node of the list.
#[derive(Clone, Debug)]
pub struct Node {
    /// `name`.
    pub name: Option<Text>,
    /// `ring0_addr`.
    pub address: Option<Text>,
    /// `quorum_votes`.
    pub votes: Option<Text>,
}

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct Corosync {
    /// Every key, in the order of the file.
    pub entries: Vec<Entry>,
    /// Where sections begin: path and place.
    pub sections: Vec<(String, Place)>,
    /// Lines that corosync refuses; it does not start.
    pub refused: Vec<Place>,
}

/// Reads corosync.conf.
#[must_use]
pub fn parse(file: &Arc<File>) -> Corosync {
    let mut out = Corosync::default();
    let mut open: Vec<(String, usize)> = Vec::new();
    for (span, line) in file.lines() {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let lead = line.len() - line.trim_ascii_start().len();
        let start = span.start + lead;
        let place = file.place(Span::new(start, start + text.len()));
        let cut = |byte: u8| text.iter().position(|b| *b == byte);
        if line.len() >= 511 {
            out.refused.push(place);
        } else if let Some(at) = cut(b'{') {
            let name = text.get(..at).unwrap_or(&[]).trim_ascii();
            let behind = text.get(at + 1..).unwrap_or(&[]).trim_ascii();
            if name.is_empty() || !behind.is_empty() || open.len() >= DEEP {
                out.refused.push(place);
                continue;
            }
            let name = String::from_utf8_lossy(name).into_owned();
            let path = match open.last() {
                Some((outer, _)) => format!("{outer}.{name}"),
                None => name,
            };
            open.push((path.clone(), out.sections.len()));
            out.sections.push((path, place));
        } else if let Some(at) = cut(b':') {
            let key = text.get(..at).unwrap_or(&[]).trim_ascii();
            let rest = text.get(at + 1..).unwrap_or(&[]);
            let value = rest.trim_ascii();
            let from = start + at + 1 + (rest.len() - rest.trim_ascii_start().len());
            let (section, number) = match open.last() {
                Some((path, number)) => (path.clone(), *number),
                None => (String::new(), usize::MAX),
            };
            out.entries.push(Entry {
                section,
                number,
                key: String::from_utf8_lossy(key).into_owned(),
                value: Spanned {
                    value: value.to_vec(),
                    place: file.place(Span::new(from, from + value.len())),
                },
            });
        } else if text.contains(&b'}') && !open.is_empty() {
            open.pop();
        } else {
            out.refused.push(place);
        }
    }
    out
}

impl Corosync {
    /// The last value of a key of a section.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<&Text> {
        let mut entries = self.entries.iter().rev();
        let found = entries.find(|entry| entry.section == section && entry.key == key);
        found.map(|entry| &entry.value)
    }

    /// Where the first section of a path begins.
    #[must_use]
    pub fn section(&self, path: &str) -> Option<&Place> {
        let mut sections = self.sections.iter();
        sections.find(|(known, _)| known == path).map(|(_, at)| at)
    }

    /// The nodes of the list.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        let all = self.sections.iter().enumerate();
        let nodes = all.filter(|(_, (path, _))| path == "nodelist.node");
        nodes
            .map(|(number, _)| {
                let get = |key: &str| {
                    let mut entries = self.entries.iter().rev();
                    let own = entries.find(|e| {
                        e.section == "nodelist.node" && e.number == number && e.key == key
                    });
                    own.map(|entry| entry.value.clone())
                };
                Node {
                    name: get("name"),
                    address: get("ring0_addr"),
                    votes: get("quorum_votes"),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Corosync {
        parse(&File::new("/etc/corosync/corosync.conf", text))
    }

    #[test]
    fn nodes_and_keys_are_read_with_their_sections() {
        let text = "totem {\n version: 2\n}\n# a\nnodelist {\n node {\n  ring0_addr: a::1\n  \
            name: n1\n }\n node {\n  name: n2\n }\n}\nquorum {\n  device {\n  model: net\n }\n}\n";
        let conf = read(text);
        let nodes = conf.nodes();
        let name = |node: &Node| node.name.as_ref().map(|t| t.value.clone());
        let names: Vec<_> = nodes.iter().filter_map(name).collect();
        assert_eq!(names, [b"n1".to_vec(), b"n2".to_vec()]);
        let address = nodes.first().and_then(|n| n.address.clone());
        assert_eq!(address.unwrap().value, b"a::1");
        assert!(conf.section("quorum.device").is_some());
        assert_eq!(conf.get("quorum.device", "model").unwrap().value, b"net");
        assert!(conf.get("quorum", "model").is_none() && conf.refused.is_empty());
    }

    #[test]
    fn what_is_neither_a_key_nor_a_section_is_refused() {
        for text in ["word\n", "a { b\n", "{\n", "}\n"] {
            assert_eq!(read(text).refused.len(), 1, "{text}");
        }
        assert!(read("").entries.is_empty());
    }
}
