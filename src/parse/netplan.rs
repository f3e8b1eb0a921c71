//! The YAML of netplan, as a flat list of what stands where.
//!
//! netplan reads YAML 1.1 with libyaml; the events here come from a parser of YAML 1.2,
//! which differs in nothing that netplan's grammar has but in words for yes and no, and
//! those are read as netplan reads them (netplan 0.106 `src/parse.c`, `handle_generic_bool`).

use std::sync::Arc;

use saphyr_parser::{Event, Parser};

use crate::text::{File, Place};

/// Most values of one file, and the deepest nesting.
const MOST: usize = 20_000;
const DEEPEST: usize = 32;

/// One value and the keys above it; a list has a number for each of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// `network`, `ethernets`, `eth0`, `addresses`, `0`.
    pub path: Vec<String>,
    /// The value; empty for a mapping or a list that holds nothing.
    pub value: String,
    /// Its line.
    pub place: Place,
}

/// What a file holds, or why netplan refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netplan {
    /// The values, in order.
    pub leaves: Vec<Leaf>,
    /// Where and why the file is no YAML that is followed.
    pub problem: Option<(Place, String)>,
}

enum Level {
    Map(Option<String>),
    List(usize),
}

/// Reads a file.
#[must_use]
pub fn parse(file: &Arc<File>) -> Netplan {
    let text = String::from_utf8_lossy(file.bytes()).into_owned();
    let mut out = Netplan {
        leaves: Vec::new(),
        problem: None,
    };
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(&text) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let place = file.place(file.line_span(error.marker().line().max(1)));
                out.problem = Some((place, error.info().to_owned()));
                break;
            }
        };
        let place = || file.place(file.line_span(span.start.line().max(1)));
        if out.leaves.len() > MOST || levels.len() > DEEPEST {
            out.problem = Some((place(), "holds more than is read".to_owned()));
            break;
        }
        match event {
            Event::Scalar(value, ..) => {
                if let Some(Level::Map(key @ None)) = levels.last_mut() {
                    *key = Some(value.into_owned());
                    continue;
                }
                out.leaves.push(Leaf {
                    path: path(&levels),
                    value: value.into_owned(),
                    place: place(),
                });
                next(&mut levels);
            }
            Event::Alias(_) => {
                out.problem = Some((place(), "an alias, which is not followed".to_owned()));
                break;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if matches!(levels.last(), Some(Level::Map(None))) {
                    out.problem = Some((place(), "a key that is no word".to_owned()));
                    break;
                }
                // So that a mapping that holds nothing is there all the same.
                out.leaves.push(Leaf {
                    path: path(&levels),
                    value: String::new(),
                    place: place(),
                });
                levels.push(match event {
                    Event::MappingStart(..) => Level::Map(None),
                    _ => Level::List(0),
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                next(&mut levels);
            }
            _ => {}
        }
    }
    out
}

fn path(levels: &[Level]) -> Vec<String> {
    let names = levels.iter().map(|level| match level {
        Level::Map(key) => key.clone().unwrap_or_else(String::new),
        Level::List(at) => at.to_string(),
    });
    names.collect()
}

/// The value of a key has ended.
fn next(levels: &mut [Level]) {
    match levels.last_mut() {
        Some(Level::Map(key)) => *key = None,
        Some(Level::List(at)) => *at += 1,
        None => {}
    }
}

/// Yes or no, in netplan's words.
#[must_use]
pub fn is_true(word: &str) -> bool {
    ["true", "on", "yes", "y"].contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Netplan {
        parse(&File::new("/etc/netplan/x.yaml", text))
    }

    #[test]
    fn every_value_knows_the_keys_above_it() {
        let found = read(
            "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n      addresses: [192.0.2.1/24, \"2001:db8::1/64\"]\n    eth1: {}\n",
        );
        assert_eq!(found.problem, None);
        let shown: Vec<String> = found
            .leaves
            .iter()
            .filter(|leaf| !leaf.value.is_empty())
            .map(|leaf| format!("{}={}", leaf.path.join("."), leaf.value))
            .collect();
        assert_eq!(
            shown,
            [
                "network.ethernets.eth0.dhcp4=true",
                "network.ethernets.eth0.addresses.0=192.0.2.1/24",
                "network.ethernets.eth0.addresses.1=2001:db8::1/64",
            ]
        );
        let empty = found
            .leaves
            .iter()
            .any(|leaf| leaf.path.join(".") == "network.ethernets.eth1");
        assert!(empty);
    }

    #[test]
    fn a_tab_names_its_line() {
        let found = read("network:\n  ethernets:\n\teth0:\n");
        assert_eq!(found.problem.unwrap().0.start().line, 3);
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
        ] {
            assert!(read(text).leaves.len() < 10, "{text:?}");
        }
        let deep = "[".repeat(5000);
        assert!(read(&deep).problem.is_some());
    }
}
