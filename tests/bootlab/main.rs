//! What the rules say of roots that were really booted, against what those boots
//! came to: `truth.tsv`, the trees from `manifests/`. Nothing is booted here; `README.md`
//! tells how the rows were made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::print_stdout)] // the matrix is the report

mod exceptions;
mod manifest;
mod predict;
mod proven;
mod sparse;
mod truth;

use std::collections::BTreeMap;

use comeback::policy::Verdict;
use exceptions::Exceptions;
use predict::Prediction;
use truth::{Fate, Row};

/// How many rows may still be wrong in each way, exceptions not counted. They only
/// go down: where there are fewer, the table is behind and the test says so.
const RATCHET: [(Wrong, usize); 5] = [
    (Wrong::Missed, 0),
    (Wrong::FalseAlarm, 0),
    (Wrong::Undecided, 0),
    (Wrong::Link, 0),
    (Wrong::Silent, 0),
];

/// Share of the rows that may be exceptions, percent.
const EXCEPTIONS_PERCENT: usize = 5;

/// A way in which a prediction differs from what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// It stayed down, and was called CLEAR.
    Missed,
    /// It came up, and was called BLOCKED.
    FalseAlarm,
    /// It was called UNDECIDED.
    Undecided,
    /// It stayed down, and the first broken link is another one.
    Link,
    /// Its root stayed read-only or nobody could log in on the console, and there is
    /// no warning.
    Silent,
}

/// Every way in which a row's prediction is wrong.
fn wrongs(row: &Row, said: &Prediction) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    if said.verdict == Verdict::Undecided {
        wrongs.push(Wrong::Undecided);
    }
    match row.fate() {
        Fate::Down => {
            if said.verdict == Verdict::Clear {
                wrongs.push(Wrong::Missed);
            } else if said.first_broken.as_deref() != Some(&row.link) {
                wrongs.push(Wrong::Link);
            }
        }
        Fate::Up => {
            if said.verdict == Verdict::Blocked {
                wrongs.push(Wrong::FalseAlarm);
            }
            if row.wants_a_warning() && !said.warns {
                wrongs.push(Wrong::Silent);
            }
        }
        Fate::Waits => {}
    }
    wrongs
}

#[test]
fn predictions_agree_with_what_really_booted() {
    let rows = truth::rows();
    let said = predict::all(&rows);
    let exceptions = Exceptions::read();
    let mut counts: BTreeMap<Wrong, usize> = BTreeMap::new();
    let mut matrix: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut complaints = Vec::new();
    let mut excused = 0;
    for row in &rows {
        let said = &said[&row.tree()];
        *matrix
            .entry((&row.outcome, said.verdict.word()))
            .or_default() += 1;
        let wrongs = wrongs(row, said);
        let is_excused = exceptions.covers(row);
        if is_excused && wrongs.is_empty() {
            complaints.push(format!(
                "{}: its exception is no longer needed",
                row.mutation
            ));
        }
        if is_excused {
            excused += 1;
            continue;
        }
        for wrong in wrongs {
            *counts.entry(wrong).or_default() += 1;
            println!("{wrong:?}\t{}\t{}", row.shown(), said.shown());
        }
    }
    print_matrix(&matrix);
    complaints.extend(exceptions.strangers(&rows));
    if excused * 100 > rows.len() * EXCEPTIONS_PERCENT {
        complaints.push(format!("{excused} exceptions among {} rows", rows.len()));
    }
    for (wrong, allowed) in RATCHET {
        let count = counts.get(&wrong).copied().unwrap_or(0);
        if count != allowed {
            complaints.push(format!("{wrong:?}: {count} rows, the table says {allowed}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Outcomes against verdicts.
fn print_matrix(matrix: &BTreeMap<(&str, &str), usize>) {
    let verdicts = [Verdict::Clear, Verdict::Blocked, Verdict::Undecided];
    let mut outcomes: Vec<&str> = matrix.keys().map(|(outcome, _)| *outcome).collect();
    outcomes.dedup();
    println!(
        "{:16} {:>9} {:>9} {:>9}",
        "", "CLEAR", "BLOCKED", "UNDECIDED"
    );
    for outcome in outcomes {
        let count = |verdict: Verdict| matrix.get(&(outcome, verdict.word())).unwrap_or(&0);
        let [clear, blocked, undecided] = verdicts.map(count);
        println!("{outcome:16} {clear:>9} {blocked:>9} {undecided:>9}");
    }
}

#[test]
fn every_row_has_a_manifest_and_every_manifest_a_row() {
    let rows = truth::rows();
    assert!(rows.len() > 20, "the table was not found");
    let mut trees: Vec<(String, String)> = rows.iter().map(Row::tree).collect();
    trees.sort();
    trees.dedup();
    assert_eq!(trees, manifest::deltas());
}

#[test]
fn what_cards_say_of_real_boots_has_rows() {
    let complaints = proven::complaints(&truth::rows());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_table_is_sorted_and_names_no_row_twice() {
    let rows = truth::rows();
    let keys: Vec<_> = rows.iter().map(Row::name).collect();
    assert!(keys.is_sorted_by(|a, b| a < b));
}

#[test]
fn every_baseline_came_up() {
    let rows = truth::rows();
    let baselines = rows.iter().filter(|row| row.mutation == "baseline");
    for row in baselines {
        assert_eq!(row.outcome, "OK", "{}", row.base);
    }
}
