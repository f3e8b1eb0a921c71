//! The YAML of netplan, as a flat list of what stands where (netplan 0.106
//! `src/parse.c`).

use std::sync::Arc;

use super::yaml::{self, Node, Yaml};
use crate::text::{File, Place};

/// One value and the keys above it; a list has a number for each of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// `network`, `ethernets`, `eth0`, `addresses`, `0`.
    pub path: Vec<String>,
    /// The value; empty for nothing, a mapping or a list.
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

/// Reads a file.
#[must_use]
pub fn parse(file: &Arc<File>) -> Netplan {
    let read = yaml::parse(file);
    let mut out = Netplan {
        leaves: Vec::new(),
        problem: read.problem,
    };
    if out.problem.is_none() {
        let place = file.place(file.line_span(1));
        let root = Node {
            value: read.root,
            place,
        };
        flatten(&root, &mut Vec::new(), &mut out);
    }
    out
}

/// The values below one; a mapping or list that holds nothing is there all the same.
fn flatten(node: &Node, path: &mut Vec<String>, out: &mut Netplan) {
    let mut leaf = Leaf {
        path: path.clone(),
        value: String::new(),
        place: node.place.clone(),
    };
    match &node.value {
        Yaml::Text { text, .. } => leaf.value.clone_from(text),
        Yaml::Unclear if out.problem.is_none() => {
            out.problem = Some((
                node.place.clone(),
                "a tag, which is not followed".to_owned(),
            ));
        }
        _ => {}
    }
    out.leaves.push(leaf);
    let mut below = |name: String, inner: &Node| {
        path.push(name);
        flatten(inner, path, out);
        path.pop();
    };
    match &node.value {
        Yaml::List(items) => {
            for (at, item) in items.iter().enumerate() {
                below(at.to_string(), item);
            }
        }
        Yaml::Map(entries) => {
            for (name, inner) in entries {
                below(name.clone(), inner);
            }
        }
        Yaml::Null | Yaml::Text { .. } | Yaml::Unclear => {}
    }
}

/// Yes or no, in netplan's words (`handle_generic_bool`).
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
