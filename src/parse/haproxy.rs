//! The configuration of haproxy, as far as it says where to listen and what to check
//! (haproxy 2.6 `src/cfgparse.c`).

use std::net::IpAddr;
use std::sync::Arc;

use crate::text::{File, Place, Span};

/// A line of a section.
#[derive(Clone, Debug)]
pub struct Line {
    /// The kind of the section: `frontend`.
    pub section: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Which section, counted over the file.
    pub number: usize,
    /// The words.
    pub words: Vec<String>,
    /// Where.
    pub place: Place,
}

/// What begins a section.
const SECTIONS: [&str; 15] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "mailers",
    "userlist",
    "cache",
    "program",
    "ring",
    "http-errors",
    "fcgi-app",
    "log-forward",
];

/// Reads the words of every line with its section. Of quotes and escapes only what
/// matters for words without them is kept: a word with one is nobody's address.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut section, mut name, mut number) = (String::new(), String::new(), 0);
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        let text = text.split('#').next().unwrap_or("");
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let Some(first) = words.first() else { continue };
        if SECTIONS.contains(&first.as_str()) {
            section.clone_from(first);
            name = words.get(1).map_or_else(String::new, Clone::clone);
            number += 1;
        }
        let lead = line.len() - line.trim_ascii_start().len();
        let end = span.start + line.trim_ascii_end().len();
        lines.push(Line {
            section: section.clone(),
            name: name.clone(),
            number,
            words,
            place: file.place(Span::new(span.start + lead, end)),
        });
    }
    lines
}

/// The addresses of a `bind` line that are written out.
#[must_use]
pub fn addresses(line: &Line) -> Vec<IpAddr> {
    let Some(list) = line
        .words
        .get(1)
        .filter(|_| line.words.first().is_some_and(|w| w == "bind"))
    else {
        return Vec::new();
    };
    let one = |word: &str| {
        let word = word
            .strip_prefix("ipv4@")
            .or_else(|| word.strip_prefix("ipv6@"))
            .unwrap_or(word);
        let (address, _) = word.rsplit_once(':')?;
        address
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .ok()
    };
    let found = list.split(',').filter_map(one);
    found.filter(|address| !address.is_unspecified()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_written_out_are_found() {
        let text = "frontend a\n bind 192.0.2.1:80,[2001:db8::1]:80 transparent # x\n bind :80\n \
            bind *:80\n bind /run/s.sock\n bind ipv4@192.0.2.2:1-2\n bind \"${A}:80\"\n bind 0.0.0.0:1\n";
        let lines = parse(&File::new("/etc/haproxy/haproxy.cfg", text));
        let found: Vec<_> = lines.iter().flat_map(addresses).collect();
        let expected = ["192.0.2.1", "2001:db8::1", "192.0.2.2"];
        assert_eq!(found, expected.map(|a| a.parse::<IpAddr>().unwrap()));
        assert!(
            lines
                .iter()
                .all(|line| line.section == "frontend" && line.name == "a")
        );
    }
}
