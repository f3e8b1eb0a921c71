//! What the program takes for the first jobs of a boot, against what systemd itself said:
//! the cases of `cases.txt`, and its answers in `said/`. Nothing is run here; `README.md`
//! tells how the answers were taken down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../elf/maker.rs"]
mod maker;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use comeback::fact::Fact;
use comeback::facts::systemd::{self, Plan, Situation, Version, Words};
use comeback::source::{Coverage, Limits, MemSource, Tree};
use comeback::time::Deadline;

/// The versions whose answers there are.
const VERSIONS: [u32; 3] = [247, 252, 257];

/// Answers that differ on purpose, with the reason.
const EXPLAINED: [(u32, &str, &str); 1] = [(
    247,
    "dbus-service-without-a-name",
    "it fails an assertion of its own, in test mode and as PID 1",
)];

/// One line of a case.
enum Command {
    File(PathBuf, Vec<u8>),
    Link(PathBuf, PathBuf),
    Gone(PathBuf),
    Words(String),
}

fn here(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systemd");
    std::fs::read_to_string(dir.join(name)).unwrap()
}

fn place(path: &str) -> PathBuf {
    let path = path
        .strip_prefix("E/")
        .map(|rest| format!("etc/systemd/system/{rest}"))
        .or_else(|| Some(format!("lib/systemd/system/{}", path.strip_prefix("L/")?)))
        .unwrap_or_else(|| path.to_owned());
    Path::new("/").join(path)
}

/// The text between quotes, with its escapes replaced.
fn unescape(text: &str) -> Vec<u8> {
    let text = text.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    let text = text.replace("\\n", "\n").replace("\\r", "\r");
    text.replace("\\0", "\0")
        .replace("\\ufeff", "\u{feff}")
        .into_bytes()
}

fn cases() -> BTreeMap<String, Vec<Command>> {
    let text = here("cases.txt");
    let mut cases: BTreeMap<String, Vec<Command>> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if let Some(new) = line.strip_prefix("=== ") {
            new.clone_into(&mut name);
            cases.insert(name.clone(), Vec::new());
            continue;
        }
        let Some(commands) = cases.get_mut(&name) else {
            continue;
        };
        if let Some(body) = line.strip_prefix('|') {
            let Some(Command::File(_, bytes)) = commands.last_mut() else {
                panic!("{name}: no file before {line}");
            };
            bytes.extend(body.strip_prefix(' ').unwrap_or(body).bytes());
            bytes.push(b'\n');
            continue;
        }
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        commands.push(match words.as_slice() {
            ["" | "#", ..] => continue,
            ["file", path] => Command::File(place(path), Vec::new()),
            ["text", path, text] => Command::File(place(path), unescape(text)),
            ["link", path, target] => Command::Link(place(path), target.into()),
            ["gone", path] => Command::Gone(place(path)),
            ["words", ..] => Command::Words(line["words ".len()..].to_owned()),
            _ => panic!("{name}: {line}"),
        });
    }
    cases
}

/// The files of a case, and the kernel's command line.
fn source(base: &[Command], commands: &[Command]) -> (MemSource, Words) {
    let mut source = MemSource::new();
    let mut words = Words::parse(b"");
    for command in base.iter().chain(commands) {
        match command {
            Command::File(path, bytes) => {
                source.file(path, bytes.clone());
            }
            Command::Link(path, target) => {
                source.link(path, target);
            }
            Command::Gone(path) => {
                source.remove(path);
            }
            Command::Words(line) => words = Words::parse(line.as_bytes()),
        }
    }
    (source, words)
}

/// The tree of a case, and the kernel's command line.
fn tree(base: &[Command], commands: &[Command]) -> (Tree, Words) {
    let (source, words) = source(base, commands);
    let tree = Tree::new(
        Box::new(source),
        Coverage::full(true),
        Limits::STANDARD,
        Deadline::none(),
    );
    (tree, words)
}

/// What systemd said of each case.
fn said(version: u32) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = String::new();
    for line in here(&format!("said/{version}.txt")).lines() {
        match line.strip_prefix("=== ") {
            Some(new) => new.clone_into(&mut name),
            None => all.entry(name.clone()).or_default().push(line.to_owned()),
        }
    }
    all
}

/// Jobs that are queued in each run, and in some.
fn predicted(plan: &Plan) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let transaction = plan.transaction.as_ref()?;
    if transaction.failure.is_some() {
        return None;
    }
    let name = |ix: &usize| plan.units.id(*ix).to_owned();
    let certain = transaction.starts.iter().map(name).collect();
    let mut perhaps: BTreeSet<String> = transaction.perhaps.iter().map(name).collect();
    for cycle in transaction.cycles.iter().filter(|c| c.victims.len() > 1) {
        perhaps.extend(cycle.victims.iter().map(name));
    }
    for conflict in transaction.conflicts.iter().filter(|c| c.by_chance) {
        perhaps.extend([name(&conflict.loser), name(&conflict.winner)]);
    }
    Some((certain, perhaps))
}

/// How prediction and answer differ; empty where they do not.
fn difference(plan: &Plan, answer: &[String]) -> Vec<String> {
    // Which of several reasons is given may differ from run to run.
    let reason = |line: &String| line.trim_start_matches('?').starts_with('!');
    let fails = answer.iter().all(reason);
    let Some((certain, perhaps)) = predicted(plan) else {
        return if fails {
            Vec::new()
        } else {
            vec![format!("predicted a failure, it said {answer:?}")]
        };
    };
    if fails {
        return vec![format!("predicted {certain:?}, it said {answer:?}")];
    }
    let mut wrong = Vec::new();
    for line in answer {
        let (unit, always) = line
            .strip_prefix('?')
            .map_or((line.as_str(), true), |u| (u, false));
        let fits = perhaps.contains(unit) || (always && certain.contains(unit));
        if !fits {
            wrong.push(format!("not predicted: {line}"));
        }
    }
    let told: BTreeSet<&str> = answer
        .iter()
        .map(|line| line.trim_start_matches('?'))
        .collect();
    for unit in certain.iter().filter(|unit| !perhaps.contains(*unit)) {
        if !told.contains(unit.as_str()) {
            wrong.push(format!("predicted, and not queued: {unit}"));
        }
    }
    wrong
}

#[test]
fn the_first_jobs_are_those_systemd_queues() {
    let cases = cases();
    let mut complaints = Vec::new();
    let mut compared = 0;
    for version in VERSIONS {
        let said = said(version);
        for (name, commands) in &cases {
            let (tree, words) = tree(&cases["base"], commands);
            let plan = systemd::read(
                &tree,
                &Situation {
                    version: Fact::Known(Version {
                        major: version,
                        sign: "told".to_owned(),
                    }),
                    words,
                    container: false,
                    running: false,
                },
            );
            let answer = &said[name];
            let wrong = difference(&plan, answer);
            let is_explained = EXPLAINED.iter().any(|(v, n, _)| *v == version && n == name);
            if is_explained == wrong.is_empty() {
                complaints.push(format!(
                    "{version} {name}: {wrong:?} (explained: {is_explained})"
                ));
            }
            compared += 1;
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(compared > 200, "{compared} cases were compared");
}

#[test]
fn every_case_was_shown_to_every_version() {
    let names: BTreeSet<String> = cases().into_keys().collect();
    for version in VERSIONS {
        let answered: BTreeSet<String> = said(version).into_keys().collect();
        assert_eq!(answered, names, "{version}");
    }
}
