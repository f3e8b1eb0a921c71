//! Configurations of sshd against what sshd itself said of them: `cases.txt`, and its
//! answers in `said/`. Nothing is run here; `README.md` tells how the answers were taken
//! down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use comeback::fact::Listing;
use comeback::parse::sshd_config::{Build, Config, User, Vendor, World, parse};
use comeback::source::Glob;
use comeback::text::File;

/// The files of one case.
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn include(&self, pattern: &[u8]) -> Listing<Arc<File>> {
        let regex = Glob::parse(std::str::from_utf8(pattern).unwrap()).unwrap();
        let mut found = Listing::new();
        for (path, text) in &self.0 {
            if regex.is_match(path.as_bytes()) && !path.contains("/.") {
                found.items.push(File::new(path.as_str(), text.as_str()));
            }
        }
        found
    }

    fn service(&self, name: &[u8]) -> Option<u16> {
        (name == b"ssh").then_some(22)
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
            "/etc/ssh/sshd_config".clone_into(&mut path);
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

/// What sshd takes for a setting without a line.
const USUAL: [(&str, &str); 18] = [
    ("addressfamily", "any"),
    ("allowgroups", ""),
    ("allowusers", ""),
    ("authenticationmethods", "any"),
    ("authorizedkeyscommand", "none"),
    (
        "authorizedkeysfile",
        ".ssh/authorized_keys .ssh/authorized_keys2",
    ),
    ("chrootdirectory", "none"),
    ("denygroups", ""),
    ("denyusers", ""),
    ("hostkey", ""),
    ("kbdinteractiveauthentication", "yes"),
    ("passwordauthentication", "yes"),
    ("permitemptypasswords", "no"),
    ("permitrootlogin", "without-password"),
    ("pubkeyauthentication", "yes"),
    ("strictmodes", "yes"),
    ("trustedusercakeys", "none"),
    ("usepam", "no"),
];

/// Keys that every host of the record has, which sshd takes without a line.
const KEYS: [&str; 3] = [
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_ecdsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
];

/// The settings that are not the usual ones, as the record has them.
fn settings(config: &Config, files: &Files, user: Option<&str>) -> String {
    let groups = match user {
        Some("root") => vec![b"root".to_vec()],
        _ => vec![b"alice".to_vec(), b"users".to_vec()],
    };
    let user = user.map(|name| User {
        name: name.as_bytes(),
        groups: &groups,
    });
    let mut found = Vec::new();
    for (key, usual) in USUAL {
        let lines: Vec<_> = match &user {
            None => config.all_at_start(key).collect(),
            Some(user) => config
                .every(key, user)
                .into_iter()
                .map(|(line, _)| line)
                .collect(),
        };
        let list = matches!(
            key,
            "allowusers" | "denyusers" | "allowgroups" | "denygroups" | "hostkey"
        );
        let text = |args: &[Vec<u8>]| {
            let words: Vec<String> = args
                .iter()
                .map(|a| String::from_utf8_lossy(a).into_owned())
                .collect();
            let text = words.join(" ");
            let is_word = !matches!(
                key,
                "authorizedkeyscommand" | "authorizedkeysfile" | "chrootdirectory"
            );
            let text = if is_word && !list && key != "trustedusercakeys" {
                text.to_lowercase()
            } else {
                text
            };
            if text == "prohibit-password" {
                "without-password".to_owned()
            } else {
                text
            }
        };
        if list {
            for line in lines {
                found.extend(
                    line.args
                        .iter()
                        .map(|arg| format!("{key}={}", String::from_utf8_lossy(arg))),
                );
            }
        } else if let Some(line) = lines.first() {
            let text = text(&line.args);
            if text != usual {
                found.push(format!("{key}={text}"));
            }
        }
    }
    let ports = config.ports(files);
    found.extend(
        ports
            .iter()
            .filter(|port| **port != 22)
            .map(|port| format!("port={port}")),
    );
    let addresses = config.addresses(files);
    let shown = |host: &str, port: u16| {
        if host.contains(':') {
            format!("listenaddress=[{host}]:{port}")
        } else {
            format!("listenaddress={host}:{port}")
        }
    };
    let family = config.at_start("addressfamily").map(|d| d.args[0].clone());
    let everywhere: &[&str] = match family.as_deref() {
        Some(b"inet") => &["0.0.0.0"],
        _ => &["0.0.0.0", "::"],
    };
    for port in ports {
        if addresses.is_empty() {
            found.extend(everywhere.iter().map(|host| shown(host, port)));
        }
        for address in &addresses {
            found.push(shown(&address.host, address.port.unwrap_or(port)));
        }
    }
    let plain = |item: &String| {
        matches!(
            item.as_str(),
            "listenaddress=0.0.0.0:22" | "listenaddress=[::]:22"
        ) || KEYS.iter().any(|key| *item == format!("hostkey={key}"))
    };
    found.retain(|item| !plain(item));
    found.sort();
    found.dedup();
    found.join(";")
}

/// Cases that sshd refuses for what is on the disk, not in the file: it has no keys.
const KEYLESS: [&str; 3] = ["host key missing", "host key none", "host key relative"];

#[test]
fn sshd_takes_and_refuses_what_it_is_said_to() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sshd");
    let cases = cases(&dir);
    let mut wrong = Vec::new();
    for version in [(8, 4), (9, 2), (10, 0)] {
        let path = dir.join(format!("said/{}.{}.tsv", version.0, version.1));
        let record = std::fs::read_to_string(path).unwrap();
        assert_eq!(record.lines().count(), cases.len());
        for line in record.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let files = &cases[fields[0]];
            let main = &files.0["/etc/ssh/sshd_config"];
            let build = Build {
                version: Some(version),
                vendor: Vendor::Debian,
            };
            let config = parse(
                &File::new("/etc/ssh/sshd_config", main.as_str()),
                build,
                files,
            );
            let keyless = KEYLESS.contains(&fields[0]);
            let refused = fields[1] == "refused" && !keyless;
            let mut complain =
                |what: String| wrong.push(format!("{version:?} {}: {what}", fields[0]));
            if !config.open.is_empty() {
                complain(format!("open: {:?}", config.open));
            }
            if refused == config.problems.is_empty() {
                complain(format!("{}: here {:?}", fields[1], config.problems));
                continue;
            }
            if refused {
                let first = &config.problems[0].place;
                let at = format!("{}:{}", first.path().display(), first.start().line);
                if at != fields[2] && fields[2] != "-" {
                    complain(format!("at {}: here at {at}", fields[2]));
                }
                continue;
            }
            if keyless {
                continue;
            }
            for (field, user) in [(3, None), (4, Some("root")), (5, Some("alice"))] {
                let found = settings(&config, files, user);
                if found != fields[field] {
                    complain(format!("{user:?}: {}\n  here {found}", fields[field]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_record_is_long_enough_to_mean_something() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sshd");
    assert!(cases(&dir).len() > 200);
    let record = std::fs::read_to_string(dir.join("said/9.2.tsv")).unwrap();
    let refused = record
        .lines()
        .filter(|line| line.contains("\trefused\t"))
        .count();
    assert!(refused > 80, "{refused}");
}
