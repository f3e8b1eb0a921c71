//! Seeds: what the fixtures hold, each file as an input of the targets that read its kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use walkdir::WalkDir;

use super::texts::READERS;
use super::whole::recorded;

/// Largest file that makes a seed, bytes: mutating larger ones finds little.
const LARGEST: u64 = 32 << 10;

/// Inputs by target.
pub type Inputs = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

/// The seeds that the cases below `fixtures` make.
///
/// # Errors
/// Where a fixture cannot be read.
pub fn from_fixtures(fixtures: &Path) -> io::Result<Inputs> {
    let mut made = Seeds::default();
    for entry in WalkDir::new(fixtures).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_dir() && entry.path().join("case.toml").is_file() {
            made.case(entry.path())?;
        }
    }
    let trees = made.by_target.get("trees").into_iter().flatten();
    let snapshots = trees.step_by(25).filter_map(|tree| recorded(tree));
    let snapshots: BTreeSet<Vec<u8>> = snapshots.collect();
    made.by_target.insert("snapshots", snapshots);
    Ok(made.by_target)
}

/// Inputs for each target, without doubles.
#[derive(Default)]
struct Seeds {
    by_target: Inputs,
}

impl Seeds {
    fn add(&mut self, target: &'static str, number: u8, content: &[u8]) {
        let input = [&[number], content].concat();
        self.by_target.entry(target).or_default().insert(input);
    }

    /// One fixture: its files one by one, and all of them as a tree.
    fn case(&mut self, dir: &Path) -> io::Result<()> {
        let root = dir.join("root");
        let mut tree = Vec::new();
        let walk = WalkDir::new(&root).sort_by_file_name().into_iter();
        for entry in walk.filter_map(Result::ok) {
            let small = entry.metadata().is_ok_and(|meta| meta.len() <= LARGEST);
            if !entry.file_type().is_file() || !small {
                continue;
            }
            let content = fs::read(entry.path())?;
            let path = entry
                .path()
                .strip_prefix(&root)
                .unwrap_or(entry.path())
                .to_string_lossy()
                .into_owned();
            self.file(&path, &content);
            tree.extend_from_slice(format!("=== /{path}\n").as_bytes());
            tree.extend_from_slice(&content);
            if !content.ends_with(b"\n") {
                tree.push(b'\n');
            }
        }
        if !tree.is_empty() {
            self.add("trees", u8::from(root.join("proc").is_dir()), &tree);
        }
        for name in ["comeback.toml", "root/etc/comeback/comeback.toml"] {
            if let Ok(policy) = fs::read(dir.join(name)) {
                self.add("policies", 0, &policy);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, content: &[u8]) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends = |suffix: &str| name.as_bytes().ends_with(suffix.as_bytes());
        if path.contains("keepalived") && ends(".conf") {
            self.add("keepalived", 4, content);
        }
        if path.contains("cron") {
            for daemon in [0, 2, 3, 6] {
                self.add("schedules", daemon, content);
            }
        }
        if let Some(times) = ends(".timer").then_some(content) {
            for line in times.split(|byte| *byte == b'\n') {
                if let Some(expression) = line.strip_prefix(b"OnCalendar=") {
                    self.add("schedules", 15, expression);
                }
            }
        }
        if content.starts_with(b"#!") {
            self.add("shell", 0, content);
            self.add("shell", 1, content);
        }
        if path.contains("grub") && ends(".cfg") {
            self.add("loaders", 0, content);
        }
        for (part, number) in [
            ("grubenv", 3),
            ("extlinux", 4),
            ("menu.lst", 5),
            ("loader/", 6),
        ] {
            if path.contains(part) {
                self.add("loaders", number, content);
            }
        }
        for (number, (reader, _)) in READERS.iter().enumerate() {
            let number = u8::try_from(number).unwrap_or_default();
            if reads(reader, path, name) {
                self.add("tables", number, content);
            }
        }
    }
}

/// Whether a reader is for the file, as far as its name says.
fn reads(reader: &str, path: &str, name: &str) -> bool {
    let plain: &[&str] = match reader {
        "interfaces" => &["network/interfaces"],
        "unit" => &["systemd/"],
        "dpkg" => &[
            "dpkg/status",
            "dpkg/updates",
            "dpkg/status.d",
            "dpkg/diversions",
        ],
        "apt-conf" => &["apt.conf"],
        "cib" => &["cib.xml"],
        "cloud-config" | "yaml" => &["cloud/", ".yaml", ".yml"],
        "at-job" => &["atjobs"],
        "init-script" => &["init.d/"],
        "openrc-script" => &["init.d/"],
        "ini" => &[".ini", ".cnf", ".conf"],
        "keyfile" => &[".nmconnection", "loginctl"],
        "nft" => &["nftables"],
        "assignments" => &["etc/default/", "conf.d/", "sysconfig/"],
        "etcd" => &["etcd"],
        "consul" => &["consul"],
        "zookeeper" => &["zoo"],
        "pam" => &["pam.d/"],
        "pacman" => &["pacman/local", "desc"],
        "apk" => &["apk/db"],
        "zone" => &["localtime"],
        "os-release" => &["os-release"],
        "udev-db" => &["udev/data"],
        "watchdog" => &["watchdog.conf"],
        "crontab" => &["cron"],
        other => return path.contains(other) || name.contains(other),
    };
    plain.iter().any(|part| path.contains(part))
}
