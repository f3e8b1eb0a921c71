//! Measures the keepalived parser over a folder of configurations.
//!
//! `keepalived_corpus FOLDER [--version X.Y.Z]` parses every `confs/*.conf` and
//! `defects/*.conf` and prints counts, and each problem of a configuration that
//! `index.tsv` calls clean, so that a reader can see whether it is real.
//!
//! `keepalived_corpus FOLDER --said FILE` compares our complaints about the text, line
//! by line, with those in FILE, which `tests/keepalived/cases.py ROOT FOLDER` wrote.
//!
//! `keepalived_corpus FOLDER --mutations N OUT` writes to OUT/confs N configurations made
//! from these by small accidents: a lost line, a stray brace or quote.

#[path = "../keepalived/classes.rs"]
mod classes;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comeback::fact::Listing;
use comeback::parse::keepalived::{Config, Options, Problem, ProblemKind, Version, parse};
use comeback::text::{File, escape};

use classes::{ours, theirs};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str =
    "usage: keepalived_corpus FOLDER [--version X.Y.Z] [--said FILE | --mutations N OUT]";

fn main() -> Outcome<()> {
    let mut folder = None;
    let mut version = None;
    let mut said = None;
    let mut mutations = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--said" => said = arguments.next(),
            "--mutations" => {
                let count = arguments.next().and_then(|n| n.parse().ok());
                mutations = count.zip(arguments.next());
            }
            "--version" => version = arguments.next().as_deref().and_then(Version::parse),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or(USAGE)?;
    let mut out = io::stdout().lock();
    match (said, mutations) {
        (Some(said), _) => compare(&folder, &fs::read_to_string(said)?, &mut out),
        (None, Some((count, to))) => mutate(&configurations(&folder)?, count, Path::new(&to)),
        (None, None) => measure(&folder, version, &mut out),
    }
}

/// The configurations of the folder, those of `confs` first.
fn configurations(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut all = Vec::new();
    for part in ["confs", "defects"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else {
            continue;
        };
        let paths: Result<Vec<PathBuf>, io::Error> = entries.map(|e| e.map(|e| e.path())).collect();
        let mut paths = paths?;
        paths.retain(|path| path.extension().is_some_and(|e| e == "conf"));
        paths.sort();
        all.append(&mut paths);
    }
    Ok(all)
}

/// What `index.tsv` says of each file's quality.
fn qualities(folder: &Path) -> BTreeMap<PathBuf, String> {
    let text = fs::read_to_string(folder.join("index.tsv")).unwrap_or_default();
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        let file = columns.next()?;
        Some((folder.join(file), columns.next_back()?.to_string()))
    });
    rows.collect()
}

fn read(path: &Path, version: Option<Version>) -> Outcome<Config> {
    let file = File::new(path, fs::read(path)?);
    let options = Options {
        version,
        config_id: Some(b"node1".to_vec()),
    };
    Ok(parse(&file, &options, &mut |_| Listing::<Arc<File>>::new()))
}

fn measure(folder: &Path, version: Option<Version>, out: &mut dyn Write) -> Outcome<()> {
    let qualities = qualities(folder);
    let mut files = 0;
    let mut clean = 0;
    let mut clean_without = 0;
    let mut totals: BTreeMap<ProblemKind, (usize, usize)> = BTreeMap::new();
    let mut parts = [0_usize; 5];
    for path in configurations(folder)? {
        let config = read(&path, version)?;
        files += 1;
        let kinds: BTreeSet<ProblemKind> = config.problems.iter().map(|p| p.kind).collect();
        for problem in &config.problems {
            totals.entry(problem.kind).or_default().0 += 1;
        }
        for kind in kinds {
            totals.entry(kind).or_default().1 += 1;
        }
        let found = [
            config.instances.len(),
            config.groups.len(),
            config.scripts.len(),
            config.virtual_servers.len(),
            config.open.len(),
        ];
        for (sum, found) in parts.iter_mut().zip(found) {
            *sum += found;
        }
        if qualities
            .get(&path)
            .is_some_and(|quality| quality == "clean")
        {
            clean += 1;
            if config.problems.is_empty() {
                clean_without += 1;
            }
            for problem in &config.problems {
                show(problem, out)?;
            }
        }
    }
    let [instances, groups, scripts, servers, open] = parts;
    writeln!(
        out,
        "files {files}, clean {clean}, of these without a problem {clean_without}"
    )?;
    writeln!(
        out,
        "instances {instances}, groups {groups}, scripts {scripts}, virtual servers {servers}, open questions {open}"
    )?;
    for (kind, (problems, files)) in totals {
        writeln!(out, "{:22} {problems:5} in {files} files", kind.name())?;
    }
    Ok(())
}

fn show(problem: &Problem, out: &mut dyn Write) -> io::Result<()> {
    let start = problem.place.start();
    let line = problem.place.file.line_span(start.line);
    let name = problem.place.path().file_name().unwrap_or_default();
    writeln!(
        out,
        "{}:{}: {}: {} | {}",
        name.to_string_lossy(),
        start.line,
        problem.kind.name(),
        problem.message,
        escape(problem.place.file.slice(line)).trim()
    )
}

/// What keepalived said of a file: status, then place and message of each line.
type Answer = (String, Vec<(String, String)>);

/// The answers of a recording, by file, and the version that gave them.
fn answers(text: &str) -> (Option<Version>, BTreeMap<String, Answer>) {
    let mut version = None;
    let mut all: BTreeMap<String, Answer> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "#" => version = rest.split(' ').nth(1).and_then(Version::parse),
            "===" => {
                rest.clone_into(&mut name);
                all.insert(name.clone(), Answer::default());
            }
            "status" => rest.clone_into(&mut all.entry(name.clone()).or_default().0),
            place => {
                let message = (place.to_owned(), rest.to_owned());
                all.entry(name.clone()).or_default().1.push(message);
            }
        }
    }
    (version, all)
}

fn compare(folder: &Path, said: &str, out: &mut dyn Write) -> Outcome<()> {
    let (version, answers) = answers(said);
    let mut same = 0;
    let mut differing = 0;
    let mut crashed = 0;
    let mut totals: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    let version_text = version.map_or("unknown".into(), |v| v.to_string());
    writeln!(out, "against keepalived {version_text}")?;
    for (name, (status, messages)) in &answers {
        if status
            .parse::<i32>()
            .is_ok_and(|status| !(0..100).contains(&status))
        {
            crashed += 1;
            continue;
        }
        let ours = ours(&read(&folder.join(name), version)?);
        let (theirs, unknown, ended) = theirs(messages);
        for message in unknown {
            *without.entry(message).or_default() += 1;
        }
        let mut differs = false;
        for complaint in ours.union(&theirs) {
            let (us, them) = (ours.contains(complaint), theirs.contains(complaint));
            let total = totals.entry(complaint.0).or_default();
            match (us, them) {
                (true, true) => total[0] += 1,
                // The program ends at its first fatal complaint.
                (true, false) if ended => {}
                (true, false) => total[1] += 1,
                (false, _) => total[2] += 1,
            }
            if us != them && !(us && ended) {
                differs = true;
                let who = if us { "only we" } else { "only keepalived" };
                let (kind, line) = complaint;
                writeln!(out, "{name}:{line}: {kind}: {who} (status {status})")?;
            }
        }
        if differs {
            differing += 1;
        } else {
            same += 1;
        }
    }
    writeln!(
        out,
        "files alike {same}, differing {differing}, keepalived crashed or hung on {crashed}"
    )?;
    writeln!(
        out,
        "{:22} {:>5} {:>8} {:>16}",
        "class", "both", "only we", "only keepalived"
    )?;
    for (class, [both, us, them]) in totals {
        writeln!(out, "{class:22} {both:5} {us:8} {them:16}")?;
    }
    for (message, count) in without {
        writeln!(out, "no class: {count} {message}")?;
    }
    Ok(())
}

/// Accidents that may happen to a configuration.
const ACCIDENTS: [&str; 16] = [
    "{",
    "}",
    "\"",
    "#",
    "!",
    "\\",
    "'",
    " ",
    "\n",
    "@other ",
    "$X=1\n",
    "${X}",
    "~SEQ(i,1,3) ",
    "{ }",
    "\nvirtual_ipaddress {\n",
    "\n}\n",
];

/// Writes `count` configurations, each with up to three accidents. The same call makes
/// the same files.
fn mutate(paths: &[PathBuf], count: usize, to: &Path) -> Outcome<()> {
    let folder = to.join("confs");
    fs::create_dir_all(&folder)?;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    for number in 0..count {
        let Some(path) = paths.get(random(paths.len())) else {
            break;
        };
        let mut bytes = fs::read(path)?;
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(6) {
                0 => {
                    let rest = bytes.get(at..).unwrap_or(&[]);
                    let line = rest
                        .iter()
                        .position(|b| *b == b'\n')
                        .map_or(rest.len(), |n| n + 1);
                    bytes.drain(at..at + line);
                }
                1 => {
                    let next = bytes.iter().skip(at).position(|b| *b == b'\n');
                    if let Some(next) = next {
                        bytes.remove(at + next);
                    }
                }
                2 if random(8) == 0 => bytes.truncate(at),
                _ => {
                    let accident = ACCIDENTS.get(random(ACCIDENTS.len())).unwrap_or(&"{");
                    bytes.splice(at..at, accident.bytes());
                }
            }
        }
        // The program numbers an unterminated last line like the one before.
        bytes.push(b'\n');
        let path = folder.join(format!("{number:05}.conf"));
        fs::write(&path, bytes)?;
    }
    Ok(())
}
