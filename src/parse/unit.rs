//! systemd unit files, as far as dependencies go (systemd 252
//! `src/shared/conf-parser.c`).

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One word of a dependency setting such as `Requires=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The setting.
    pub setting: String,
    /// The unit named.
    pub unit: String,
    /// The word.
    pub place: Place,
}

/// The dependencies of one file's `[Unit]` section, in order. An empty assignment
/// resets nothing: systemd takes none of these lists back.
#[must_use]
pub fn dependencies(file: &Arc<File>) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut in_unit = false;
    let mut continued: Option<String> = None;
    for (span, line) in file.lines() {
        let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let text = line.get(blank..).unwrap_or(&[]).trim_ascii_end();
        if text.is_empty() && continued.is_none() {
            continue;
        }
        // A comment between continued lines does not end them.
        if matches!(text.first(), Some(b'#' | b';')) {
            continue;
        }
        let (body, goes_on) = match text.strip_suffix(b"\\") {
            Some(body) => (body, true),
            None => (text, false),
        };
        let start = span.start + blank;
        match continued.take() {
            Some(setting) => {
                words(file, start, body, &setting, &mut found);
                continued = goes_on.then_some(setting);
            }
            None if text.first() == Some(&b'[') => in_unit = text == b"[Unit]",
            None => {
                let Some(equals) = body.iter().position(|b| *b == b'=').filter(|_| in_unit) else {
                    continue;
                };
                let (name, value) = body.split_at(equals);
                let setting = String::from_utf8_lossy(name.trim_ascii()).into_owned();
                let value = value.get(1..).unwrap_or(&[]);
                words(file, start + equals + 1, value, &setting, &mut found);
                continued = goes_on.then_some(setting);
            }
        }
    }
    found
}

/// Settings that name other units.
const SETTINGS: [&str; 4] = ["Requires", "Requisite", "BindsTo", "Wants"];

fn words(file: &Arc<File>, from: usize, text: &[u8], setting: &str, out: &mut Vec<Dependency>) {
    if !SETTINGS.contains(&setting) {
        return;
    }
    let mut at = 0;
    while at < text.len() {
        let rest = text.get(at..).unwrap_or(&[]);
        let blank = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let word = rest.get(blank..).unwrap_or(&[]);
        let len = word.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        if len == 0 {
            break;
        }
        let start = from + at + blank;
        out.push(Dependency {
            setting: setting.to_owned(),
            unit: String::from_utf8_lossy(word.get(..len).unwrap_or(&[])).into_owned(),
            place: file.place(Span::new(start, start + len)),
        });
        at += blank + len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_over_continued_lines_and_only_in_the_unit_section() {
        let file = File::new(
            "/x.target",
            "# c\n[Unit]\nRequires=a.target \\\n# between\n  b.service\n;Requires=no\nWants = c\n\
             After=z\n[Service]\nRequires=no.service\n",
        );
        let found = dependencies(&file);
        let units: Vec<(&str, &str)> = found
            .iter()
            .map(|d| (d.setting.as_str(), d.unit.as_str()))
            .collect();
        assert_eq!(
            units,
            [
                ("Requires", "a.target"),
                ("Requires", "b.service"),
                ("Wants", "c")
            ]
        );
        assert_eq!(found[1].place.to_string(), "/x.target:5:3");
        assert_eq!(found[1].place.text(), "b.service");
    }
}
