//! Sections of `name = value` as libdnf reads them (libdnf 0.70 `IniParser`): for
//! automatic.conf of dnf and of dnf5.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its section; empty above the first.
    pub section: String,
    /// Its name.
    pub name: String,
    /// Its value, without blanks around it; lines that go on are joined by a newline.
    pub value: String,
    /// Name and value.
    pub place: Place,
}

/// The settings of a file in order; the last of a name counts.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    let mut section = String::new();
    let mut goes_on = false;
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            goes_on &= !trimmed.is_empty();
            continue;
        }
        if let (true, true, Some(last)) = (goes_on, text.starts_with([' ', '\t']), out.last_mut()) {
            last.value.push('\n');
            last.value.push_str(trimmed);
            continue;
        }
        goes_on = false;
        if let Some(name) = trimmed.strip_prefix('[') {
            name.split(']')
                .next()
                .unwrap_or(name)
                .clone_into(&mut section);
        } else if let Some((name, value)) = trimmed.split_once('=') {
            let blanks = text.len() - text.trim_start().len();
            let start = span.start + blanks;
            out.push(Entry {
                section: section.clone(),
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
                place: file.place(Span::new(start, (start + trimmed.len()).min(span.end))),
            });
            goes_on = true;
        }
    }
    out
}

/// The last setting of that name.
#[must_use]
pub fn last<'a>(entries: &'a [Entry], section: &str, name: &str) -> Option<&'a Entry> {
    let mut found = entries.iter().rev();
    found.find(|entry| entry.section == section && entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_name_in_its_section_counts() {
        let text =
            "x = 0\n[commands]\n# x = 1\n  x = 2\nx=3\n  and more\n; c\n[other]\nx = 4\n[bad\n=\n";
        let file = File::new("/etc/dnf/automatic.conf", text);
        let entries = parse(&file);
        let found = last(&entries, "commands", "x").unwrap();
        assert_eq!(found.value, "3\nand more");
        assert_eq!(found.place.bytes(), b"x=3");
        assert_eq!(last(&entries, "other", "x").unwrap().value, "4");
        assert_eq!(last(&entries, "", "x").unwrap().value, "0");
        assert_eq!(last(&entries, "commands", "y"), None);
    }

    #[test]
    fn any_bytes_are_read_to_the_end() {
        for bytes in [&b"\xff=\xfe"[..], b"[", b"=", b" x", b"\t[a]b\n =c\n  d"] {
            let file = File::new("/x", bytes);
            assert!(parse(&file).len() <= 1);
        }
    }
}
