//! The whole program over a tree, but for the disk.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use comeback::facts::{Given, Host};
use comeback::policy::{Exit, Judgement, judge};
use comeback::report::{
    Outcome, ShownHost, brief, github, gitlab, html, json, jsonl, junit, nagios, prometheus, sarif,
    text, triggers_json,
};
use comeback::rules::{Level, Selection, examine};
use comeback::snapshot::{Packing, Snapshot};
use comeback::source::{Coverage, Limits, MemSource, Recorder, RecordingSource, Source, Tree};
use comeback::time::Deadline;

/// The moment of every run: a Monday.
const NOW: &str = "2026-08-24T20:00:00Z";

/// What a small Debian needs to come back, as far as a tree in memory shows it.
const HEALTHY: [(&str, &str, u32); 9] = [
    ("/usr/lib/systemd/systemd", "\x7fELF", 0o755),
    ("/usr/lib/systemd/systemd-shutdown", "\x7fELF", 0o755),
    ("/usr/sbin/cron", "\x7fELF", 0o755),
    ("/usr/sbin/keepalived", "\x7fELF", 0o755),
    ("/usr/sbin/sshd", "\x7fELF", 0o755),
    ("/usr/bin/dash", "\x7fELF", 0o755),
    ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n", 0o644),
    ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n", 0o644),
    (
        "/var/lib/dpkg/status",
        "Package: systemd-sysv\nStatus: install ok installed\nVersion: 252.1\nArchitecture: amd64\n\n",
        0o644,
    ),
];

/// Links of a merged `/usr`, and the init.
const LINKS: [(&str, &str); 6] = [
    ("/bin", "usr/bin"),
    ("/sbin", "usr/sbin"),
    ("/lib", "usr/lib"),
    ("/usr/sbin/init", "../lib/systemd/systemd"),
    ("/usr/bin/sh", "dash"),
    (
        "/etc/systemd/system/default.target",
        "/usr/lib/systemd/system/multi-user.target",
    ),
];

/// Lines that begin so name the file whose content follows.
const HEAD: &[u8] = b"=== /";

/// The files of an input: the path of each stands on a line of its own above it.
fn files(data: &[u8]) -> Vec<(PathBuf, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut open: Option<(PathBuf, usize)> = None;
    while at < data.len() {
        let rest = &data[at..];
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |end| end + 1);
        if let Some(name) = rest[..end].strip_prefix(HEAD) {
            if let Some((path, from)) = open.take() {
                found.push((path, &data[from..at]));
            }
            let name = String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(name));
            open = place(&name).map(|path| (path, at + end));
        }
        at += end;
    }
    if let Some((path, from)) = open {
        found.push((path, &data[from..]));
    }
    found
}

/// A path without tricks: the doors of trees are tried elsewhere.
fn place(name: &str) -> Option<PathBuf> {
    let path = Path::new("/").join(name);
    let plain = path
        .components()
        .skip(1)
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && !name.is_empty() && !name.contains('\0') && path.components().count() < 16)
        .then_some(path)
}

/// Everything that `check` does with a tree, in each of its formats. No format lets a
/// control character through.
pub fn check(tree: Tree) -> Exit {
    let now: jiff::Timestamp = NOW.parse().expect("it is one");
    let host = Host::new(tree, now, Given::default());
    let horizon = jiff::SignedDuration::from_hours(24);
    let examined = examine(&host, &Selection::default(), horizon);
    assert!(!examined.crashed, "a rule crashed");
    let rules = BTreeMap::new();
    let judgement = Judgement {
        fail_on: Level::Block,
        waivers: &[],
        rules: &rules,
        whole_chain: false,
        audit: true,
    };
    let judged = judge(examined, &judgement);
    let exit = judged.exit;
    let outcome = Outcome {
        now,
        now_given: true,
        horizon,
        policy: None,
        stale: Vec::new(),
        against: None,
        hosts: vec![ShownHost {
            host: judged,
            prefix: String::new(),
            root: None,
            elsewhere: BTreeMap::new(),
        }],
        fail_on: Level::Block,
        fleet: false,
        exit,
        verbose: true,
    };
    let mut pieces = Vec::new();
    json(&outcome, &mut pieces).expect("it is written");
    jsonl(&outcome, &mut pieces).expect("it is written");
    sarif(&outcome, &mut pieces).expect("it is written");
    gitlab(&outcome, &mut pieces).expect("it is written");
    junit(&outcome, &mut pieces).expect("it is written");
    let shown = [
        text(&outcome),
        brief(&outcome),
        String::from_utf8(pieces).expect("reports are text"),
        github(&outcome),
        nagios(&outcome),
        prometheus(&outcome),
        html(&outcome),
        triggers_json(&host, None).expect("it is written"),
    ];
    for shown in shown {
        assert!(!shown.is_empty());
        let control = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{shown}");
    }
    exit
}

/// A healthy box with the files of the input over it, and what kind of tree it is.
fn laid_over(data: &[u8]) -> Option<(MemSource, Coverage)> {
    let (number, data) = super::choice(data)?;
    let mut source = MemSource::new();
    for dir in ["/dev", "/proc", "/run", "/sys"] {
        source.dir(dir);
    }
    for (path, content, mode) in HEALTHY {
        source.file_mode(path, content.as_bytes().to_vec(), mode);
    }
    for (path, target) in LINKS {
        source.link(path, target);
    }
    for (path, content) in files(data).into_iter().take(64) {
        match content.strip_prefix(b"-> ") {
            Some(target) if number.is_multiple_of(4) => {
                let target = String::from_utf8_lossy(target);
                source.link(&path, target.trim_end());
            }
            _ => {
                let mode = if content.starts_with(b"#!") {
                    0o755
                } else {
                    0o644
                };
                source.file_mode(&path, content.to_vec(), mode);
            }
        }
    }
    let coverage = match number % 3 {
        0 => Coverage::full(true),
        1 => Coverage::live(),
        _ => Coverage::full(false),
    };
    Some((source, coverage))
}

fn tree(source: Box<dyn Source>, coverage: Coverage) -> Tree {
    Tree::new(source, coverage, Limits::STANDARD, Deadline::none())
}

/// All rules over a tree.
pub fn trees(data: &[u8]) {
    if let Some((source, coverage)) = laid_over(data) {
        let _ = check(tree(Box::new(source), coverage));
    }
}

/// The snapshot of the tree that an input of [`trees`] makes.
pub(super) fn recorded(data: &[u8]) -> Option<Vec<u8>> {
    let (source, coverage) = laid_over(data)?;
    let recorder = Recorder::default();
    let source = RecordingSource::new(Box::new(source), recorder.clone());
    let (kind, owners) = (coverage.kind, coverage.owners);
    let _ = check(tree(Box::new(source), coverage));
    let snapshot = Snapshot {
        taken: NOW.parse().ok()?,
        host: Some("box".to_owned()),
        label: None,
        kind,
        owners,
        covers: Vec::new(),
        told_full: true,
        record: recorder.take(),
        answers: BTreeMap::new(),
    };
    snapshot.to_bytes(Packing::Plain).ok()
}

/// Snapshots: what a stranger sends to be judged.
pub fn snapshots(data: &[u8]) {
    let _ = Snapshot::looks_like_one(data);
    if let Ok(snapshot) = Snapshot::parse(data) {
        let (tree, _) = snapshot.replay(Deadline::none());
        let _ = check(tree);
    }
}
