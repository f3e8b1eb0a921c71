//! Measures the keepalived parser over a folder of configurations.
//!
//! `keepalived_corpus FOLDER [--version X.Y.Z]` parses every `confs/*.conf` and
//! `defects/*.conf` and prints counts, and each problem of a configuration that
//! `index.tsv` calls clean, so that a reader can see whether it is real.
//!
//! `keepalived_corpus FOLDER --against-program` also runs the installed
//! `keepalived -t` on each, in a network namespace of its own with the interfaces
//! it names as dummies (or bridges) (needs root), and compares the complaints about syntax
//! line by line. Nothing is sent anywhere.
//!
//! `keepalived_corpus FOLDER --mutations N` does the same with N configurations
//! made from these by small accidents: a lost line, a stray brace or quote.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use comeback::fact::Listing;
use comeback::parse::keepalived::{Config, Options, Problem, ProblemKind, Version, parse};
use comeback::text::{File, escape};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A complaint: its class and line.
type Complaint = (&'static str, usize);

fn main() -> Outcome<()> {
    let mut folder = None;
    let mut version = None;
    let mut against = false;
    let mut mutations = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--against-program" => against = true,
            "--mutations" => mutations = arguments.next().and_then(|n| n.parse().ok()),
            "--version" => version = arguments.next().as_deref().and_then(Version::parse),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or(
        "usage: keepalived_corpus FOLDER [--version X.Y.Z] [--against-program | --mutations N]",
    )?;
    let mut out = io::stdout().lock();
    if against || mutations.is_some() {
        version = version.or_else(program_version);
        let mut paths = configurations(&folder)?;
        if let Some(count) = mutations {
            paths = mutate(&paths, count)?;
        }
        compare(&paths, version, &mut out)
    } else {
        measure(&folder, version, &mut out)
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
        config_id: Some(host_name()),
    };
    Ok(parse(&file, &options, &mut |_| Listing::<Arc<File>>::new()))
}

fn host_name() -> Vec<u8> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().split('.').next().unwrap_or("");
    name.as_bytes().to_vec()
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

fn program_version() -> Option<Version> {
    let output = Command::new("keepalived").arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let word = text.split_whitespace().nth(1)?;
    Version::parse(word)
}

/// The classes of complaints that are about syntax alone, with the words
/// keepalived uses for them.
const CLASSES: [(&str, ProblemKind); 22] = [
    ("Unknown keyword '", ProblemKind::UnknownKeyword),
    ("Missing '{' at beginning", ProblemKind::MissingOpenBrace),
    ("Unexpected '{'", ProblemKind::UnexpectedBrace),
    ("Extra '}' found", ProblemKind::ExtraBrace),
    ("missing '}'s or extra", ProblemKind::MissingBrace),
    ("Unmatched quote", ProblemKind::UnmatchedQuote),
    ("Unterminated quote", ProblemKind::UnmatchedQuote),
    ("missing terminating", ProblemKind::UnmatchedQuote),
    ("is missing a parameter", ProblemKind::MissingParameter),
    ("has extra parameters", ProblemKind::ExtraParameters),
    ("must have a name", ProblemKind::BadName),
    ("already defined", ProblemKind::DuplicateInstance),
    ("script already specified", ProblemKind::DuplicateNotify),
    ("unknown state", ProblemKind::BadState),
    ("state previously set", ProblemKind::BadState),
    ("Invalid address prefix", ProblemKind::BadAddress),
    ("Invalid virtual server IP", ProblemKind::BadAddress),
    ("Invalid real server ip", ProblemKind::BadAddress),
    ("invalid broadcast", ProblemKind::BadAddress),
    (" malformed ", ProblemKind::BadAddress),
    ("parsed invalid IP", ProblemKind::BadAddress),
    ("Config files missing", ProblemKind::IncludeMissing),
];

/// What keepalived complains about, and how it ended.
struct Said {
    complaints: BTreeSet<Complaint>,
    status: Option<i32>,
}

fn compare(paths: &[PathBuf], version: Option<Version>, out: &mut dyn Write) -> Outcome<()> {
    let mut same = 0;
    let mut differing = 0;
    let mut crashed = 0;
    let mut totals: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let version_text = version.map_or("unknown".into(), |v| v.to_string());
    writeln!(out, "against keepalived {version_text}")?;
    for path in paths {
        let config = read(path, version)?;
        let said = run(path, &config)?;
        if said.status.is_none_or(|status| status > 100) {
            crashed += 1;
            continue;
        }
        let ours = complaints(&config);
        // The program ends at its first fatal complaint.
        let ended = said
            .complaints
            .iter()
            .any(|(class, _)| *class == "missing-parameter");
        let mut differs = false;
        for complaint in ours.union(&said.complaints) {
            let (us, them) = (
                ours.contains(complaint),
                said.complaints.contains(complaint),
            );
            let total = totals.entry(complaint.0).or_default();
            match (us, them) {
                (true, true) => total[0] += 1,
                (true, false) if ended => {}
                (true, false) => total[1] += 1,
                (false, _) => total[2] += 1,
            }
            if us != them && !(us && ended) {
                differs = true;
                let who = if us { "only we" } else { "only keepalived" };
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let status = said.status.unwrap_or(-1);
                writeln!(
                    out,
                    "{name}:{}: {}: {who} (status {status})",
                    complaint.1, complaint.0
                )?;
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
    Ok(())
}

/// Our complaints of the classes compared.
fn complaints(config: &Config) -> BTreeSet<Complaint> {
    let compared = |kind: ProblemKind| CLASSES.iter().any(|(_, class)| *class == kind);
    let problems = config.problems.iter().filter(|p| compared(p.kind));
    let complaints = problems.map(|problem| {
        let line = match problem.kind {
            ProblemKind::MissingBrace => 0,
            _ => problem.place.start().line,
        };
        (problem.kind.name(), line)
    });
    let mut complaints: BTreeSet<Complaint> = complaints.collect();
    // A brace too many is told twice by the program; we tell it once.
    let extra: Vec<usize> = lines_of(&complaints, "extra-brace");
    for line in extra {
        complaints.insert(("unknown-keyword", line));
    }
    complaints
}

fn lines_of(complaints: &BTreeSet<Complaint>, class: &str) -> Vec<usize> {
    let found = complaints.iter().filter(|(c, _)| *c == class);
    found.map(|(_, line)| *line).collect()
}

/// Runs `keepalived -t` with the interfaces the configuration names.
fn run(path: &Path, config: &Config) -> Outcome<Said> {
    let mut names = BTreeSet::new();
    for instance in &config.instances {
        names.extend(instance.interface.iter().map(|i| i.value.clone()));
        names.extend(
            instance
                .track_interfaces
                .iter()
                .map(|t| t.name.value.clone()),
        );
        let addresses = instance.virtual_addresses.iter().chain(&instance.excluded);
        names.extend(
            addresses
                .filter_map(|a| a.dev.as_ref())
                .map(|d| d.value.clone()),
        );
    }
    let safe = |name: &&Vec<u8>| {
        let good = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
        !name.is_empty() && name.len() < 16 && name.iter().all(good) && name.as_slice() != b"lo"
    };
    let mut script = "ip link set lo up\n".to_string();
    for name in names.iter().filter(safe) {
        let name = String::from_utf8_lossy(name);
        let dummy = format!("ip link add {name} type dummy 2>/dev/null");
        let bridge = format!("ip link add {name} type bridge");
        script.extend([&dummy, " || ", &bridge, "\nip link set ", &name, " up\n"]);
    }
    script.push_str("exec timeout -s KILL 20 keepalived -t -f \"$0\"");
    let output = Command::new("unshare")
        .args(["-n", "sh", "-c", &script])
        .arg(path)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints = text.lines().filter_map(complaint);
    Ok(Said {
        complaints: complaints.collect(),
        status: output.status.code(),
    })
}

/// The class and line of a message such as `(FILE: Line 7) Unknown keyword 'x'`.
fn complaint(text: &str) -> Option<Complaint> {
    let (_, class) = CLASSES.iter().find(|(words, _)| text.contains(words))?;
    if *class == ProblemKind::MissingBrace {
        return Some((class.name(), 0));
    }
    let (_, rest) = text.split_once("Line ")?;
    let line = rest.split_once(')')?.0.parse().ok()?;
    Some((class.name(), line))
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

/// Writes `count` configurations, each with up to three accidents, to a
/// temporary folder. The same call makes the same files.
fn mutate(paths: &[PathBuf], count: usize) -> Outcome<Vec<PathBuf>> {
    let folder = std::env::temp_dir().join(format!("keepalived-mutations-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    let mut made = Vec::new();
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
        made.push(path);
    }
    Ok(made)
}
