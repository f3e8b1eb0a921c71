//! Key files of `GLib` (2.74 `glib/gkeyfile.c`), as `NetworkManager` keeps its profiles
//! and its configuration in.
//!
//! A `#` is a comment only where a line begins; the last of a key counts; a line that is
//! none of group, key and comment makes `GLib` refuse the whole file.

use std::sync::Arc;

use crate::text::{File, Place};

/// One `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its group.
    pub group: String,
    /// The key.
    pub key: String,
    /// The value, without blanks in front.
    pub value: String,
    /// The line.
    pub place: Place,
}

/// What a file says, or the line for which it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// The line that is no line of a key file.
    pub refused: Option<Place>,
}

/// Reads a key file.
#[must_use]
pub fn parse(file: &Arc<File>) -> KeyFile {
    let mut found = KeyFile {
        entries: Vec::new(),
        refused: None,
    };
    let mut group: Option<String> = None;
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line.trim_ascii_start()).into_owned();
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let name = text.trim_end().strip_prefix('[');
        if let Some(name) = name.and_then(|name| name.strip_suffix(']')) {
            group = Some(name.to_owned());
            continue;
        }
        match (&group, text.split_once('=')) {
            (Some(group), Some((key, value))) if !key.trim().is_empty() => {
                found.entries.push(Entry {
                    group: group.clone(),
                    key: key.trim_end().to_owned(),
                    value: value.trim().to_owned(),
                    place: file.place(span),
                });
            }
            _ => {
                found.refused = Some(file.place(span));
                return found;
            }
        }
    }
    found
}

impl KeyFile {
    /// The last value of a key.
    #[must_use]
    pub fn get(&self, group: &str, key: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter().rev();
        entries.find(|entry| entry.group == group && entry.key == key)
    }

    /// The entries of a group.
    pub fn of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.group == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_key_counts_and_a_stray_line_refuses_the_file() {
        let read = |text: &str| parse(&File::new("/x", text));
        let found = read("# c\n[a]\nk = 1\nk=2\n[b]\nk=3\n");
        assert_eq!(found.get("a", "k").unwrap().value, "2");
        assert_eq!(found.get("b", "k").unwrap().value, "3");
        assert!(found.refused.is_none());
        let broken = read("[a]\nk=1\nstray\nk=2\n");
        assert_eq!(broken.refused.unwrap().start().line, 3);
        assert_eq!(broken.entries.len(), 1);
        assert!(read("k=1\n").refused.is_some());
    }
}
