//! Reads a folder of real crontabs as every daemon does and prints what came of
//! it, then holds what `comeback` says about reboots against the labels. Fails on a
//! panic, which the parser must never do, and where precision or recall of what a table
//! alone decides is below 98 %.
//!
//! The folder holds `tables/`, an `index.tsv` with the columns `id`, `table`
//! (`sys` or `usr`), `reboots`, `form` and `file`, and a `lines.tsv` with `id`, `line`
//! and `reboots`; both have a heading.
//!
//! `cargo run --example cron_corpus -- FOLDER`

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use comeback::facts::triggers::When;
use comeback::facts::{Given, Host};
use comeback::parse::crontab::{Crontab, Daemon, Never, Schedule, TableKind, parse};
use comeback::source::{Coverage, Limits, MemSource, Tree};
use comeback::text::File;
use comeback::time::Deadline;

/// One table of the corpus with its labels.
struct Item {
    id: String,
    kind: TableKind,
    file: Arc<File>,
    /// `yes`, `no` or `maybe`: whether the table reboots its host.
    reboots: String,
    /// How the label came about; `wrapper` means a script that is not there.
    form: String,
    /// Labels of single lines, by line number.
    lines: BTreeMap<usize, String>,
}

/// What one daemon made of the corpus.
#[derive(Default)]
struct Tally {
    jobs: usize,
    never: usize,
    rejected: usize,
    at_reboot: usize,
    either_day: usize,
    dropped: Vec<String>,
    problems: BTreeMap<&'static str, usize>,
    labelled_lines: usize,
    labelled_lines_with_job: usize,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        return fail("usage: cron_corpus FOLDER");
    };
    let items = match read_corpus(Path::new(&folder)) {
        Ok(items) => items,
        Err(error) => return fail(&error),
    };
    let mut out = std::io::stdout().lock();
    let mut panics = 0;
    let yes = items.iter().filter(|item| item.reboots == "yes").count();
    let _ = writeln!(out, "{} tables, {yes} labelled as rebooting", items.len());
    for daemon in Daemon::ALL {
        let mut tally = Tally::default();
        for item in &items {
            let read = || parse(&item.file, item.kind, daemon);
            if let Ok(table) = std::panic::catch_unwind(read) {
                tally.add(item, &table);
            } else {
                panics += 1;
                let _ = writeln!(out, "{daemon}: {} panics", item.id);
            }
        }
        let _ = tally.print(&mut out, daemon);
    }
    let answers = reboots(&items);
    let _ = answers.print(&mut out);
    if panics > 0 {
        return fail(&format!("{panics} panics"));
    }
    if !answers.are_good() {
        return fail("precision or recall is below 98 %");
    }
    ExitCode::SUCCESS
}

/// Precision and recall of what the table alone decides are at least this, in percent.
const LEAST: usize = 98;

/// Labels that are wrong: the table, the line, and why. What is listed here is left out
/// of the figures.
const WRONG_LABELS: [(&str, usize, &str); 0] = [];

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}

impl Tally {
    fn add(&mut self, item: &Item, table: &Crontab) {
        if let Some(problem) = &table.dropped {
            self.dropped.push(format!("{} {}", item.id, problem.kind));
        }
        for problem in &table.problems {
            *self.problems.entry(problem.kind.name()).or_default() += 1;
        }
        for job in &table.jobs {
            self.jobs += 1;
            match &job.schedule {
                Schedule::At(fields) => self.either_day += usize::from(fields.either_day()),
                Schedule::Calendar(_) | Schedule::Every(_) => {}
                Schedule::Reboot => self.at_reboot += 1,
                Schedule::Never(Never::Rejected) => self.rejected += 1,
                Schedule::Never(_) => self.never += 1,
            }
        }
        // Labels of what a line does meet the jobs here, by line number.
        let job_lines: Vec<usize> = table
            .jobs
            .iter()
            .map(|job| item.file.position(job.line.start).line)
            .collect();
        for line in item.lines.keys() {
            self.labelled_lines += 1;
            self.labelled_lines_with_job += usize::from(job_lines.contains(line));
        }
    }

    fn print(&self, out: &mut impl std::io::Write, daemon: Daemon) -> std::io::Result<()> {
        writeln!(out, "\n{daemon}")?;
        writeln!(out, "  jobs            {}", self.jobs)?;
        writeln!(out, "    at boot       {}", self.at_reboot)?;
        writeln!(out, "    never fire    {}", self.never)?;
        writeln!(out, "    rejected      {}", self.rejected)?;
        writeln!(out, "    either day    {}", self.either_day)?;
        let (with, of) = (self.labelled_lines_with_job, self.labelled_lines);
        writeln!(out, "  labelled lines  {of}, {with} of them jobs")?;
        writeln!(out, "  tables dropped  {}", self.dropped.len())?;
        let mut reasons = BTreeMap::<&str, usize>::new();
        for entry in &self.dropped {
            let reason = entry.split_once(' ').map_or("", |(_, reason)| reason);
            *reasons.entry(reason).or_default() += 1;
        }
        for (reason, number) in reasons {
            writeln!(out, "    {number:>5} {reason}")?;
        }
        writeln!(out, "  problems")?;
        for (kind, number) in &self.problems {
            writeln!(out, "    {number:>5} {kind}")?;
        }
        Ok(())
    }
}

fn read_corpus(folder: &Path) -> Result<Vec<Item>, String> {
    let mut lines = BTreeMap::<String, BTreeMap<usize, String>>::new();
    for row in rows(&folder.join("lines.tsv"))? {
        let number = column(&row, "line").parse().unwrap_or(0);
        let label = column(&row, "reboots").to_owned();
        let id = column(&row, "id").to_owned();
        lines.entry(id).or_default().insert(number, label);
    }
    let mut items = Vec::new();
    for row in rows(&folder.join("index.tsv"))? {
        let id = column(&row, "id").to_owned();
        let path = folder.join(column(&row, "file"));
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        items.push(Item {
            kind: match column(&row, "table") {
                "sys" => TableKind::System,
                _ => TableKind::User { root: true },
            },
            file: File::new(&path, bytes),
            reboots: column(&row, "reboots").to_owned(),
            form: column(&row, "form").to_owned(),
            lines: lines.remove(&id).unwrap_or_default(),
            id,
        });
    }
    Ok(items)
}

/// The rows of a table with a heading, each as a map from column to cell.
fn rows(path: &Path) -> Result<Vec<BTreeMap<String, String>>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or("").split('\t').collect();
    let row = |line: &str| {
        let cells = heading.iter().zip(line.split('\t'));
        cells
            .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
            .collect()
    };
    Ok(lines.map(row).collect())
}

fn column<'a>(row: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

/// What was said about the tables' reboots, by label.
#[derive(Default)]
struct Answers {
    /// Labelled `yes` by the table alone: found, undecided, missed.
    found: usize,
    undecided: Vec<String>,
    missed: Vec<String>,
    /// Labelled `yes` through a wrapper that is not there: undecided, found, missed.
    wrapper_undecided: usize,
    wrapper_found: usize,
    wrapper_missed: Vec<String>,
    /// Labelled `no`: silent, undecided, false alarms.
    silent: usize,
    no_undecided: usize,
    false_alarms: Vec<String>,
    /// Labelled `maybe`.
    maybe: usize,
}

/// Asks about every table alone: nothing else of its host is known.
fn reboots(items: &[Item]) -> Answers {
    let mut answers = Answers::default();
    for item in items {
        if WRONG_LABELS.iter().any(|(id, ..)| *id == item.id) {
            continue;
        }
        let host = host(item);
        let listing = &host.triggers().list;
        let alarm = listing.items.iter().any(|t| t.when != When::Boot);
        let open = !listing.gaps.is_empty() || !listing.uncovered.is_empty();
        let places = || {
            let places = listing.items.iter().map(|t| t.command_place.text());
            format!("{}: {}", item.id, places.collect::<Vec<_>>().join(" | "))
        };
        let wrapped = item.form.contains("wrapper");
        match (item.reboots.as_str(), wrapped, alarm, open) {
            ("yes", false, true, _) => answers.found += 1,
            ("yes", false, false, true) => answers.undecided.push(item.id.clone()),
            ("yes", false, false, false) => answers.missed.push(item.id.clone()),
            ("yes", true, true, _) => answers.wrapper_found += 1,
            ("yes", true, false, true) => answers.wrapper_undecided += 1,
            ("yes", true, false, false) => answers.wrapper_missed.push(item.id.clone()),
            ("no", _, true, _) => answers.false_alarms.push(places()),
            ("no", _, false, true) => answers.no_undecided += 1,
            ("no", _, false, false) => answers.silent += 1,
            _ => answers.maybe += 1,
        }
    }
    answers
}

/// A host of which only the one table is known.
fn host(item: &Item) -> Host {
    let path = match item.kind {
        TableKind::System => "/etc/cron.d/table",
        TableKind::User { .. } => "/var/spool/cron/crontabs/root",
    };
    let mut source = MemSource::new();
    source.file_mode(path, item.file.bytes(), 0o600);
    let covers = [
        "/etc/cron.d",
        "/etc/crontab",
        "/var/spool/cron",
        "/etc/crontabs",
    ];
    let coverage = Coverage::partial(covers.iter().map(Into::into).collect());
    let tree = Tree::new(
        Box::new(source),
        coverage,
        Limits::STANDARD,
        Deadline::none(),
    );
    let now = jiff::Timestamp::UNIX_EPOCH;
    Host::new(tree, now, Given::default())
}

impl Answers {
    fn are_good(&self) -> bool {
        let alarms = self.found + self.false_alarms.len();
        let decided = self.found + self.missed.len();
        let enough = |of: usize| self.found * 100 >= of * LEAST;
        enough(alarms) && enough(decided)
    }

    fn print(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let decided = self.found + self.missed.len();
        writeln!(out, "\nreboots, from the table alone")?;
        writeln!(
            out,
            "  labelled yes      found {}, undecided {}, missed {}",
            self.found,
            self.undecided.len(),
            self.missed.len()
        )?;
        writeln!(
            out,
            "  yes by a wrapper  undecided {}, found {}, missed {}",
            self.wrapper_undecided,
            self.wrapper_found,
            self.wrapper_missed.len()
        )?;
        writeln!(
            out,
            "  labelled no       silent {}, undecided {}, false alarms {}",
            self.silent,
            self.no_undecided,
            self.false_alarms.len()
        )?;
        writeln!(out, "  labelled maybe    {}", self.maybe)?;
        for (id, line, why) in WRONG_LABELS {
            writeln!(out, "  label is wrong    {id}:{line}: {why}")?;
        }
        let open = self.undecided.len() + self.wrapper_undecided + self.no_undecided;
        writeln!(out, "  undecided         {open} in all")?;
        let alarms = self.found + self.false_alarms.len();
        writeln!(
            out,
            "  precision {}/{alarms}, recall {}/{decided}",
            self.found, self.found
        )?;
        for (title, list) in [
            ("undecided", &self.undecided),
            ("missed", &self.missed),
            ("missed by a wrapper", &self.wrapper_missed),
            ("false alarm", &self.false_alarms),
        ] {
            for entry in list {
                writeln!(out, "    {title}: {entry}")?;
            }
        }
        Ok(())
    }
}
