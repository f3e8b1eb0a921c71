//! The targets of `fuzz/`, without their engine: over seeds made from the fixtures, cut and
//! damaged in ways that are the same in each run, and over whatever was a finding once.

use std::fs;
use std::path::Path;

use crate::targets::{TARGETS, seeds};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
const FINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/findings");
const PARSERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/parse/mod.rs");
const TEXTS: [&str; 4] = [
    include_str!("../../fuzz/src/texts.rs"),
    include_str!("../../fuzz/src/boot.rs"),
    include_str!("../../fuzz/src/packs.rs"),
    include_str!("../../fuzz/src/whole.rs"),
];

/// Seeds of a target that are tried here; the engine tries them all.
const SAMPLE: usize = 24;

/// The seed, cut and damaged: the same in each run.
fn damaged(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut inputs = vec![seed.to_vec()];
    let mut state = u64::try_from(seed.len()).unwrap() ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state >> 33).unwrap() % seed.len().max(1);
        inputs.push(seed[..at].to_vec());
        let mut flipped = seed.to_vec();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << (state % 8);
        }
        inputs.push(flipped);
    }
    inputs
}

#[test]
fn damaged_fixtures_are_answered_by_every_target() {
    let made = seeds::from_fixtures(Path::new(FIXTURES)).unwrap();
    for (name, target) in TARGETS {
        let Some(inputs) = made.get(name) else {
            continue;
        };
        let step = inputs.len().div_ceil(SAMPLE).max(1);
        for seed in inputs.iter().step_by(step) {
            for input in damaged(seed) {
                target(&input);
            }
        }
    }
    let missing = [
        "tables",
        "schedules",
        "keepalived",
        "shell",
        "loaders",
        "trees",
        "snapshots",
    ]
    .into_iter()
    .filter(|name| {
        made.get(name)
            .is_none_or(std::collections::BTreeSet::is_empty)
    });
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [""; 0],
        "targets without seeds"
    );
}

/// Each was a panic, a hang or too much memory once.
#[test]
fn what_was_found_once_is_answered_now() {
    let mut tried = 0;
    for (name, target) in TARGETS {
        let Ok(findings) = fs::read_dir(Path::new(FINDINGS).join(name)) else {
            continue;
        };
        for finding in findings {
            target(&fs::read(finding.unwrap().path()).unwrap());
            tried += 1;
        }
    }
    let there = walkdir::WalkDir::new(FINDINGS).into_iter().flatten();
    let there = there.filter(|entry| entry.file_type().is_file()).count();
    assert_eq!(tried, there, "a finding of no target");
}

#[test]
fn every_parser_is_tried_by_a_target() {
    let parsers = fs::read_to_string(PARSERS).unwrap();
    let parsers = parsers
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let missing: Vec<&str> = parsers
        .filter(|parser| {
            let called = format!("{parser}::");
            !TEXTS.iter().any(|text| text.contains(&called))
        })
        .collect();
    assert_eq!(missing, [""; 0], "parsers that no target calls");
}
