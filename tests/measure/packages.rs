//! What the readers of package databases say of a root, one line for each answer, to be
//! compared with the package managers themselves; `tests/packages/run` does that.
//!
//! `packages state ROOT`    `FAMILY NAME VERSION STATE`
//! `packages audit ROOT`    what dpkg's audit would name: `COMPLAINT NAME`
//! `packages journal ROOT`  the files of dpkg's journal
//! `packages owners ROOT`   for each path on standard input: `PATH OWNER,OWNER`
//! `packages verify ROOT`   `missing|changed PATH`
//! `packages after ROOT PLAN`  what a transaction would make of paths on standard input, in
//!                          their order: `PATH KIND TARGET|SUM`; of all where there are none,
//!                          but sums below /usr/share and of modules; with `after --owners`
//!                          and who owns a file, `USER:GROUP`
//! `packages time FILE`     how much longer parsing a status file takes than reading it

use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use comeback::fact::Fact;
use comeback::facts::packages::{
    Complaint, Dpkg, Owners, Packages, Sums, Wrong, altered, md5_of, read,
};
use comeback::facts::transaction::{lay_out, parse_plan};
use comeback::parse::dpkg::parse_status;
use comeback::source::{Coverage, DirSource, FileKind, Limits, OverlaySource, Source, Tree};
use comeback::text::File;
use comeback::time::Deadline;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let out = match words.as_slice() {
        ["time", file] => time(Path::new(file)),
        ["after", root, plan] => after(Path::new(root), Path::new(plan), false),
        ["after", "--owners", root, plan] => after(Path::new(root), Path::new(plan), true),
        [what, root] => answers(what, Path::new(root)),
        _ => Err(
            "packages state|audit|journal|owners|verify ROOT, after [--owners] ROOT PLAN, time FILE"
                .into(),
        ),
    };
    let text = match out {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            return ExitCode::FAILURE;
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn open(source: Box<dyn Source>) -> Tree {
    let coverage = Coverage::full(true);
    Tree::new(source, coverage, Limits::STANDARD, Deadline::none())
}

fn at(root: &Path) -> Result<Box<dyn Source>, String> {
    let source = DirSource::open(root, None, Deadline::none());
    Ok(Box::new(source.map_err(|e| e.to_string())?))
}

/// The tree as it will be: each path that is asked for, or everything.
fn after(root: &Path, plan: &Path, owners: bool) -> Result<String, String> {
    let plan = std::fs::read(plan).map_err(|e| e.to_string())?;
    let plan = parse_plan(&plan).map_err(|e| e.to_string())?;
    let laid_out = lay_out(&open(at(root)?), root, &plan, Deadline::none());
    let laid_out = laid_out.map_err(|e| e.to_string())?;
    if let Some(gap) = laid_out.gaps.first() {
        return Err(gap.to_string());
    }
    let tree = open(Box::new(OverlaySource::new(at(root)?, laid_out.changes)));
    let asked: Vec<String> = io::stdin().lock().lines().map_while(Result::ok).collect();
    let mut out = String::new();
    if asked.is_empty() {
        for found in tree.walk(Path::new("/"), 100).items {
            let summed = !["/usr/share", "/usr/lib/modules"]
                .iter()
                .any(|dir| found.path.starts_with(dir));
            out.push_str(&shown(&tree, &found.path, summed, owners));
        }
    }
    for path in asked {
        out.push_str(&shown(&tree, Path::new(&path), true, owners));
    }
    Ok(out)
}

fn shown(tree: &Tree, path: &Path, summed: bool, owners: bool) -> String {
    let text = path.display();
    let found = match tree.lstat(path) {
        Fact::Known(found) => found,
        Fact::Unknown(unknown) => return format!("{text} unknown {unknown}\n"),
        _ => return format!("{text} absent\n"),
    };
    match found.meta.kind {
        FileKind::File if !summed => format!("{text} file\n"),
        FileKind::File => match tree.read(path) {
            Fact::Known(file) => {
                let (mode, sum) = (found.meta.mode, md5_of(file.bytes()));
                let owner = if owners {
                    format!("{}:{} ", found.meta.uid, found.meta.gid)
                } else {
                    String::new()
                };
                format!("{text} file {mode:o} {owner}{sum}\n")
            }
            other => format!("{text} file {other:?}\n"),
        },
        FileKind::Link => match tree.read_link(path) {
            Fact::Known(target) => format!("{text} link {}\n", target.display()),
            other => format!("{text} link {other:?}\n"),
        },
        other => format!("{text} {}\n", other.noun()),
    }
}

fn answers(what: &str, root: &Path) -> Result<String, String> {
    let tree = open(at(root)?);
    let packages = match read(&tree) {
        Fact::Known(packages) => packages,
        other => return Err(format!("{other:?}")),
    };
    let mut lines: Vec<String> = match what {
        "state" => packages
            .entries()
            .map(|e| {
                let (family, state) = (e.family.name(), e.state.word());
                format!("{family} {} {} {state}", e.name, e.version())
            })
            .collect(),
        "audit" => audit(&packages),
        "journal" => {
            let journal = packages.dpkg.iter().flat_map(|db| &db.journal);
            journal.map(|path| path.display().to_string()).collect()
        }
        "owners" => return Ok(owners(&tree, &packages)),
        "verify" => {
            let found = altered(&tree, &Sums::default(), &packages, &|_| true, &|_| true);
            if let Some(gap) = found.gaps.first() {
                return Err(gap.to_string());
            }
            let word = |wrong| match wrong {
                Wrong::Missing => "missing",
                Wrong::Changed => "changed",
            };
            let found = found.items.iter();
            found
                .map(|a| format!("{} {}", word(a.wrong), a.path.display()))
                .collect()
        }
        _ => return Err(format!("{what}?")),
    };
    for (kind, why) in &packages.unread {
        lines.push(format!("unread {kind} {why}"));
    }
    lines.sort();
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

fn audit(packages: &Packages) -> Vec<String> {
    let word = |complaint| match complaint {
        Complaint::MustBeReinstalled => "reinstall",
        Complaint::Unpacked => "unpacked",
        Complaint::HalfConfigured => "half-configured",
        Complaint::HalfInstalled => "half-installed",
        Complaint::TriggersAwaited => "triggers-awaited",
        Complaint::TriggersPending => "triggers-pending",
    };
    let found = packages.dpkg.iter().flat_map(Dpkg::audit);
    found
        .map(|(package, complaint)| format!("{} {}", word(complaint), package.name))
        .collect()
}

fn owners(tree: &Tree, packages: &Packages) -> String {
    let owners = Owners::default();
    let mut text = String::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let mut found = owners.listed(tree, packages, &PathBuf::from(&line));
        found.sort();
        text.extend([line.as_str(), " ", found.join(",").as_str(), "\n"]);
    }
    text
}

/// The quickest of 200 rounds of each, in turns, so that a busy machine slows neither more.
fn time(path: &Path) -> Result<String, String> {
    let (mut least, mut least_both) = (f64::MAX, f64::MAX);
    let mut count = 0;
    for _ in 0..200 {
        let start = Instant::now();
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        least = least.min(start.elapsed().as_secs_f64());
        std::hint::black_box(&bytes);
        drop(bytes);
        let start = Instant::now();
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        let file = File::new(path, bytes);
        let parsed = std::hint::black_box(parse_status(&file));
        least_both = least_both.min(start.elapsed().as_secs_f64());
        count = parsed.len();
    }
    let (ratio, ms) = (least_both / least, least_both * 1000.0);
    Ok(format!(
        "{count} packages: {ratio:.2} times the reading, {ms:.2} ms\n"
    ))
}
