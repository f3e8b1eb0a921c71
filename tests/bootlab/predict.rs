//! What the rules say of a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use comeback::facts::devices::Devices;
use comeback::facts::{Given, Host};
use comeback::policy::{JudgedHost, Judgement, Verdict, judge};
use comeback::rules::{Level, LinkState, Selection, examine};
use comeback::source::{Coverage, Limits, Tree};
use comeback::time::Deadline;

use crate::manifest::{self, Machine};
use crate::truth::Row;

/// The moment at which every tree is examined, soon after the last was made.
const NOW: &str = "2026-12-01T00:00:00Z";
/// Hours ahead, as on the command line.
const HORIZON_HOURS: i64 = 24;

/// What was said of a tree.
pub(crate) struct Prediction {
    /// The verdict.
    pub verdict: Verdict,
    /// The first link of the chain that is called broken.
    pub first_broken: Option<String>,
    /// Whether anything was found that is more than a note.
    pub warns: bool,
    rules: Vec<String>,
}

/// The predictions for the trees of all rows, each tree once.
pub(crate) fn all(rows: &[Row]) -> BTreeMap<(String, String), Prediction> {
    let trees: BTreeSet<(String, String)> = rows.iter().map(Row::tree).collect();
    let mut by_base: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (base, mutation) in &trees {
        by_base.entry(base).or_default().push(mutation);
    }
    let mut found = BTreeMap::new();
    for (base, mutations) in by_base {
        let machine = manifest::base(base);
        let left = Mutex::new(mutations);
        let done = Mutex::new(Vec::new());
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(mutation) = next(&left) {
                        let said = predict(manifest::mutated(&machine, base, mutation));
                        done.lock().unwrap().push((mutation.to_owned(), said));
                    }
                });
            }
        });
        for (mutation, said) in done.into_inner().unwrap() {
            found.insert((base.to_owned(), mutation), said);
        }
    }
    found
}

fn next<'a>(left: &Mutex<Vec<&'a str>>) -> Option<&'a str> {
    left.lock().unwrap().pop()
}

/// What is told to the program beside the tree: the disks of the machine.
fn given(devices: &str) -> Given {
    Given {
        told_full: true,
        devices: Devices::from_listing(devices.as_bytes()).ok(),
        ..Given::default()
    }
}

fn predict(machine: Machine) -> Prediction {
    let given = given(&machine.devices);
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let horizon = jiff::SignedDuration::from_hours(HORIZON_HOURS);
    let source = Box::new(machine.tree);
    let door = Tree::new(
        source,
        Coverage::full(true),
        Limits::STANDARD,
        Deadline::none(),
    );
    let host = Host::new(door, now, given);
    let examined = examine(&host, &Selection::default(), horizon);
    let judgement = Judgement {
        fail_on: Level::Block,
        waivers: &[],
        rules: &std::collections::BTreeMap::new(),
        whole_chain: false,
        audit: false,
    };
    Prediction::of(&judge(examined, &judgement))
}

impl Prediction {
    fn of(host: &JudgedHost) -> Self {
        let mut broken = host
            .chain
            .iter()
            .filter(|line| line.state == LinkState::Broken);
        let grave = host
            .findings
            .iter()
            .filter(|judged| judged.level > Level::Note);
        let mut rules: Vec<String> = grave.map(|judged| judged.finding.rule.to_owned()).collect();
        let open = host.open.iter().map(|rule| match rule.open.first() {
            Some(unknown) => format!("?{} ({unknown})", rule.card.id),
            None => format!("?{}", rule.card.id),
        });
        let warns = !rules.is_empty();
        rules.extend(open);
        Self {
            verdict: host.verdict,
            first_broken: broken.next().map(|line| line.link.word().to_owned()),
            warns,
            rules,
        }
    }

    /// For the report.
    pub(crate) fn shown(&self) -> String {
        let link = self.first_broken.as_deref().unwrap_or("-");
        format!("{}\t{link}\t{}", self.verdict.word(), self.rules.join(" "))
    }
}
