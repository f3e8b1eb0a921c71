//! What the program reads in keepalived.conf, against what keepalived itself said of it:
//! the configurations of `cases.txt`, its answers in `said/`, and the keywords of its
//! source in `keywords.tsv`. Nothing is run here; `README.md` tells how the answers were
//! taken down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod classes;
mod explained;
mod keywords;
mod starts;
mod syntax;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback::fact::Listing;
use comeback::parse::keepalived::{Config, Options, Version, parse};
use comeback::text::File;

/// The releases whose answers there are: Debian 11, 12 and 13.
const VERSIONS: [Version; 3] = [
    Version::new(2, 1, 5),
    Version::new(2, 2, 7),
    Version::new(2, 3, 3),
];

/// Where the daemon reads.
const MAIN: &str = "/etc/keepalived/keepalived.conf";

/// A file of a case.
#[derive(Clone, Debug)]
struct Given {
    path: PathBuf,
    bytes: Vec<u8>,
    mode: u32,
}

/// A case.
#[derive(Clone, Debug, Default)]
struct Case {
    files: Vec<Given>,
    accounts: Vec<String>,
}

/// What keepalived said of a case.
#[derive(Clone, Debug, Default)]
struct Said {
    /// Place (`7`, `common.inc:3`, or `-`) and message of `keepalived -t`.
    messages: Vec<(String, String)>,
    /// Whether the daemon stayed.
    stays: bool,
    /// What the daemon logged beyond that.
    log: Vec<String>,
}

fn here(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keepalived");
    std::fs::read_to_string(dir.join(name)).unwrap()
}

impl Case {
    fn file(&mut self, path: &str, bytes: &[u8], mode: u32) {
        self.files.push(Given {
            path: Path::new("/").join(path.trim_start_matches('/')),
            bytes: bytes.to_vec(),
            mode,
        });
    }

    /// The configuration as a version reads it.
    fn read(&self, version: Version) -> Config {
        let file = |given: &Given| File::new(&given.path, given.bytes.clone());
        let main = self.files.iter().find(|f| f.path == Path::new(MAIN));
        let options = Options {
            version: Some(version),
            config_id: Some(b"node1".to_vec()),
        };
        parse(&file(main.unwrap()), &options, &mut |include| {
            let mut found = Listing::<Arc<File>>::new();
            let pattern = String::from_utf8(include.pattern.clone()).unwrap();
            let wanted = include.cwd.join(pattern);
            let matching = self.files.iter().filter(|f| f.path == wanted);
            let plain = matching.filter(|f| f.mode & 0o111 == 0);
            found.items.extend(plain.map(file));
            found
        })
    }
}

fn cases() -> BTreeMap<String, Case> {
    let text = here("cases.txt");
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    let mut case = &mut Case::default();
    let mut last = 0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            case = cases.entry(name.to_owned()).or_default();
            case.file(MAIN, b"", 0o644);
            last = 0;
        } else if line.starts_with("| ") || line.starts_with("- ") || line == "|" {
            let text = line.get(2..).unwrap_or("");
            let text = text.replace("LONG", &"x".repeat(1100));
            let end = if line.starts_with('-') { "" } else { "\n" };
            case.files[last]
                .bytes
                .extend([text.as_str(), end].concat().bytes());
        } else if !line.is_empty() && !line.starts_with('#') {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["file", path] => {
                    case.file(path, b"", 0o644);
                    last = case.files.len() - 1;
                }
                ["script", path] => case.file(path, b"#!/bin/sh\nexit 0\n", 0o755),
                ["mode", path, mode] => {
                    let file = case.files.iter_mut().find(|f| f.path == Path::new(path));
                    file.unwrap().mode = u32::from_str_radix(mode, 8).unwrap();
                }
                ["account", name] => case.accounts.push((*name).to_owned()),
                _ => panic!("{line}"),
            }
        }
    }
    cases
}

/// The recorded answers, by case.
fn said(version: Version) -> BTreeMap<String, Said> {
    let text = here(&format!("said/{version}.txt"));
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    let mut said = &mut Said::default();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "===" => said = all.entry(rest.to_owned()).or_default(),
            "#" | "status" => {}
            "daemon" => said.stays = rest == "stays",
            "log" => said.log.push(rest.to_owned()),
            place => said.messages.push((place.to_owned(), rest.to_owned())),
        }
    }
    all
}

#[test]
fn keepalived_was_shown_every_case() {
    let names: Vec<String> = cases().into_keys().collect();
    assert!(names.len() >= 100);
    for version in VERSIONS {
        let shown: Vec<String> = said(version).into_keys().collect();
        assert_eq!(shown, names, "{version}");
    }
}
