//! The table of what the boots came to.

use std::path::{Path, PathBuf};

/// The columns, in order.
const COLUMNS: [&str; 15] = [
    "mutation", "base", "path", "outcome", "kernel", "root", "pid1", "state", "network", "ssh",
    "console", "delay", "link", "line", "what",
];

/// One boot.
pub(crate) struct Row {
    /// What was changed.
    pub mutation: String,
    /// In which root.
    pub base: String,
    /// How it was started.
    pub path: String,
    /// The class of what it came to.
    pub outcome: String,
    /// The link of the chain that broke, `-` for none.
    pub link: String,
    root: String,
    ssh: String,
    console: String,
    line: String,
}

/// What a boot came to, as far as predictions are judged by it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is there for somebody.
    Up,
    /// It stands until somebody comes to it.
    Down,
    /// It is up and has lost its network or SSH, which is not judged yet.
    Waits,
}

/// A file of the lab.
pub(crate) fn lab(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bootlab")
        .join(path)
}

/// Every row of the table.
pub(crate) fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(lab("truth.tsv")).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or("").split('\t').collect();
    assert_eq!(head, COLUMNS);
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    assert_eq!(cells.len(), COLUMNS.len(), "{line}");
    let cell = |name: &str| {
        let at = COLUMNS.iter().position(|column| *column == name).unwrap();
        cells[at].to_owned()
    };
    Row {
        mutation: cell("mutation"),
        base: cell("base"),
        path: cell("path"),
        outcome: cell("outcome"),
        link: cell("link"),
        root: cell("root"),
        ssh: cell("ssh"),
        console: cell("console"),
        line: cell("line"),
    }
}

impl Row {
    /// What tells it from the others.
    pub(crate) fn name(&self) -> (&str, &str, &str) {
        (&self.mutation, &self.base, &self.path)
    }

    /// The tree that was booted: base and mutation.
    pub(crate) fn tree(&self) -> (String, String) {
        (self.base.clone(), self.mutation.clone())
    }

    /// What it came to.
    pub(crate) fn fate(&self) -> Fate {
        match self.outcome.as_str() {
            "OK" | "DEGRADED" | "ROOT-RO" => Fate::Up,
            "NO-LOGIN" if self.ssh == "login" => Fate::Up,
            "NO-NETWORK" | "NO-SSH" | "NO-LOGIN" => Fate::Waits,
            _ => Fate::Down,
        }
    }

    /// Whether it came up in a way that must not go without a word.
    pub(crate) fn wants_a_warning(&self) -> bool {
        self.root == "ro" || self.console != "login"
    }

    /// For the report.
    pub(crate) fn shown(&self) -> String {
        let (mutation, base, path) = self.name();
        format!(
            "{mutation}\t{base}\t{path}\t{}\t{}\t{}",
            self.outcome, self.link, self.line
        )
    }
}
