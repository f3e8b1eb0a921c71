//! Files of interfaces(5) against what ifupdown itself said of them: `cases.txt`, and its
//! answers in `said/`. Nothing is run here; `README.md` tells how the answers were taken
//! down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use comeback::fact::Listing;
use comeback::parse::interfaces::{Interfaces, World, parse};
use comeback::source::Glob;
use comeback::text::File;

/// The files of one case.
struct Files(BTreeMap<String, String>);

impl Files {
    fn all(&self, pattern: &[u8], hidden: bool) -> Listing<Arc<File>> {
        let regex = Glob::parse(std::str::from_utf8(pattern).unwrap()).unwrap();
        let mut found = Listing::new();
        for (path, text) in &self.0 {
            if regex.is_match(path.as_bytes()) && (hidden || !path.contains("/.")) {
                found.items.push(File::new(path.as_str(), text.as_str()));
            }
        }
        found
    }
}

impl World for Files {
    fn matching(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        self.all(pattern, false)
    }

    fn directory(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        self.all(&[pattern, b"/*"].concat(), true)
    }
}

/// The cases, by name.
fn cases(dir: &Path) -> BTreeMap<String, Files> {
    let text = std::fs::read_to_string(dir.join("cases.txt")).unwrap();
    let mut cases = BTreeMap::new();
    let (mut name, mut path) = (String::new(), String::new());
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("== ") {
            rest.trim_end().clone_into(&mut name);
            "/etc/network/interfaces".clone_into(&mut path);
            cases.insert(name.clone(), Files(BTreeMap::new()));
        }
        let files = cases.get_mut(&name).unwrap();
        if let Some(rest) = line.strip_prefix("-- ") {
            rest.trim_end().clone_into(&mut path);
        }
        let file = files.0.entry(path.clone()).or_default();
        if !line.starts_with("== ") && !line.starts_with("-- ") {
            file.push_str(&line.replace("<CR>", "\r").replace("<BLANK>", " "));
        }
    }
    cases
}

/// The interfaces of a class that ifquery lists: those that something is known of.
fn listed(found: &Interfaces, class: &str) -> String {
    let raised = found.raised.iter().filter(|raised| raised.class == class);
    let known = raised.filter(|raised| {
        let name = &raised.name;
        name == "lo" || found.of(name).next().is_some() || found.mapped.contains(name)
    });
    let names: Vec<&str> = known.map(|raised| raised.name.as_str()).collect();
    names.join(" ")
}

/// The addresses, gateways and DHCP clients that ifup would set, in the record's words.
fn commands(found: &Interfaces) -> Vec<String> {
    let mut words = Vec::new();
    for raised in found.raised.iter().filter(|raised| raised.class == "auto") {
        for stanza in found.of(&raised.name) {
            match (stanza.family, stanza.method) {
                ("inet", "dhcp") => words.push(format!("dhcp {}", stanza.name)),
                ("inet" | "inet6", "static") => {
                    if let Some((address, length)) = stanza.address() {
                        words.push(format!("address {address}/{length} {}", stanza.name));
                    }
                    if let Some((gateway, _)) = stanza.gateway() {
                        words.push(format!("gateway {gateway} {}", stanza.name));
                    }
                }
                _ => {}
            }
        }
    }
    words.sort();
    words
}

/// The record's commands in the same words.
fn recorded(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for command in text.split(';').filter(|command| !command.is_empty()) {
        let parts: Vec<&str> = command.split_whitespace().collect();
        if parts[0] == "route" {
            if parts[1] == "default" {
                let at = parts.iter().position(|part| *part == "dev").unwrap();
                words.push(format!("gateway {} {}", parts[3], parts[at + 1]));
            }
            continue;
        }
        if parts[0] == "address" {
            let (address, mask) = parts[1].split_once('/').unwrap_or((parts[1], "128"));
            let length = match mask.parse::<std::net::Ipv4Addr>() {
                Ok(mask) => u32::from(mask).count_ones().to_string(),
                Err(_) => mask.to_owned(),
            };
            words.push(format!("address {address}/{length} {}", parts[2]));
            continue;
        }
        words.push(command.to_owned());
    }
    words.sort();
    words
}

/// Cases whose answer hangs on the machine's interfaces, or that ifup hands on as they
/// are for `ip` to refuse.
const ELSEWHERE: [&str; 2] = ["auto pattern", "bad address"];

#[test]
fn ifupdown_reads_and_refuses_what_it_is_said_to() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ifupdown");
    let cases = cases(&dir);
    assert!(cases.len() > 60);
    let mut wrong = Vec::new();
    for suite in ["bullseye", "bookworm", "trixie"] {
        let path = dir.join(format!("said/{suite}.tsv"));
        let record = std::fs::read_to_string(path).unwrap();
        assert_eq!(record.lines().count(), cases.len());
        for line in record.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let files = &cases[fields[0]];
            let main = &files.0["/etc/network/interfaces"];
            let found = parse(&File::new("/etc/network/interfaces", main.as_str()), files);
            let mut complain = |what: String| wrong.push(format!("{suite} {}: {what}", fields[0]));
            let refused = fields[1] == "refused";
            if refused != found.is_refused() {
                complain(format!("{}: here {:?}", fields[1], found.problems));
                continue;
            }
            let mut at: Vec<String> = found
                .problems
                .iter()
                .map(|p| format!("{}:{}", p.place.path().display(), p.place.start().line))
                .collect();
            at.dedup();
            // A word too much is complained about, and taken.
            if at.join(" ") != fields[2] && fields[0] != "extra word" {
                complain(format!("at {}: here {at:?}", fields[2]));
            }
            if refused || ELSEWHERE.contains(&fields[0]) {
                continue;
            }
            for (field, class) in [(3, "auto"), (4, "hotplug")] {
                let list = listed(&found, class);
                if list != fields[field] {
                    complain(format!("{class}: {}: here {list}", fields[field]));
                }
            }
            let (here, there) = (commands(&found), recorded(fields[6]));
            if here != there {
                complain(format!("{there:?}\n  here {here:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
