//! What of a tree shows that something is used which an upgrade takes away: the
//! conditions of `rules/upgrades/*.toml`. `rules/upgrades/README.md` tells their words.

mod active;
mod condition;

use std::path::{Path, PathBuf};

use regex::bytes::Regex;

pub use condition::{BadCondition, Comments, Condition, Format, Test};

use super::boot::Start;
use super::{Host, paths};
use crate::fact::{Fact, Listing, Looked};
use crate::source::FileKind;
use crate::text::{File, Place, Span, escape_path};
use active::active;

/// One sign that a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A line says so.
    Line(Place),
    /// Something stands at this path; what.
    Path(PathBuf, String),
    /// Nothing stands at these paths.
    Missing(Looked),
    /// A statement that follows from a package database or from the boot.
    Told(String),
}

/// Most lines that are named for one condition.
const MOST_LINES: usize = 3;

impl Condition {
    /// The signs that it holds on `host`; Absent where it does not. `version` is that of
    /// the package in question.
    pub fn signs(&self, host: &Host, version: &str) -> Fact<Vec<Sign>> {
        match &self.test {
            Test::Lines {
                lines,
                but_not,
                files,
                comments,
            } => {
                let wanted = |line: &[u8]| {
                    let no = but_not.as_ref().is_some_and(|not| not.is_match(line));
                    !no && lines.iter().any(|regex| regex.is_match(line))
                };
                in_files(host, files, |file, signs| {
                    let text = active(file.bytes(), comments);
                    signs.extend(places(file, &text, wanted));
                })
            }
            Test::NoLines {
                pattern,
                files,
                comments,
            } => no_lines(host, pattern, version, files, comments),
            Test::Setting {
                name,
                value,
                section,
                files,
                format,
            } => {
                let mut last = Vec::new();
                let fact = in_files(host, files, |file, signs| {
                    let found = settings(file, *format, section.as_ref(), name);
                    let wanted = |text: &[u8]| value.as_ref().is_none_or(|v| v.is_match(text));
                    let fits = found.iter().filter(|(text, _)| wanted(text));
                    let fits: Vec<Sign> = fits.map(|(_, at)| Sign::Line(at.clone())).collect();
                    if *format == Format::Ini {
                        signs.extend(fits);
                    } else if let Some((text, at)) = found.last() {
                        // Of a shell's file the last assignment counts.
                        last = Vec::new();
                        if wanted(text) {
                            last.push(Sign::Line(at.clone()));
                        }
                    }
                });
                match fact {
                    Fact::Absent(_) if !last.is_empty() => Fact::Known(last),
                    other => other,
                }
            }
            Test::Exists {
                paths,
                but_not,
                kind,
            } => exists(host, paths, but_not.as_ref(), *kind),
            Test::Missing { paths } => missing(host, paths),
            Test::Link { path, to } => link(host, path, to),
            Test::Installed { names } => {
                let there = |packages: &super::packages::Packages| {
                    let name = names.iter().find(|name| packages.has(name))?;
                    Some(format!("package {name} is installed"))
                };
                told(host, there)
            }
            Test::NotInstalled { names } => {
                let gone = |packages: &super::packages::Packages| {
                    let none = !names.iter().any(|name| packages.has(name));
                    none.then(|| format!("package {} is not installed", names.join(" or ")))
                };
                told(host, gone)
            }
            Test::Boot { word } => boot(host, word),
            Test::KernelBelow { major, minor } => kernel_below(host, *major, *minor),
        }
    }
}

/// What `look` finds in the files that the patterns name.
fn in_files(
    host: &Host,
    patterns: &[String],
    mut look: impl FnMut(&std::sync::Arc<File>, &mut Vec<Sign>),
) -> Fact<Vec<Sign>> {
    let (mut signs, mut left) = (Vec::new(), Listing::<()>::new());
    for file in files(host, patterns, &mut left) {
        look(&file, &mut signs);
    }
    signs.truncate(MOST_LINES);
    answer(signs, left, patterns)
}

/// The regular files that the patterns name; what could not be read is left in `left`.
fn files(host: &Host, patterns: &[String], left: &mut Listing<()>) -> Vec<std::sync::Arc<File>> {
    let tree = host.tree();
    let mut out = Vec::new();
    for pattern in patterns {
        for path in left.take_gaps(paths::matching(tree, pattern.as_bytes())) {
            match tree.resolve(&path) {
                Fact::Known(found) if found.meta.kind == FileKind::File => {
                    out.extend(left.take(tree.read(&path)));
                }
                Fact::Known(_) | Fact::Absent(_) => {}
                other => {
                    left.take(other);
                }
            }
        }
    }
    out
}

/// Signs are an answer whatever is missing; none are one only where nothing is.
fn answer(signs: Vec<Sign>, left: Listing<()>, patterns: &[String]) -> Fact<Vec<Sign>> {
    if !signs.is_empty() {
        return Fact::Known(signs);
    }
    if let Some(gap) = left.gaps.into_iter().next() {
        return Fact::Unknown(gap);
    }
    if let Some(why) = left.uncovered.into_iter().next() {
        return Fact::NotCovered(why);
    }
    Fact::Absent(Looked {
        paths: patterns.iter().map(PathBuf::from).collect(),
        notes: Vec::new(),
    })
}

/// The lines of `text`, which is `file` with its comments blanked out, that are wanted.
fn places<'a>(
    file: &'a std::sync::Arc<File>,
    text: &[u8],
    wanted: impl Fn(&[u8]) -> bool + 'a,
) -> Vec<Sign> {
    let mut signs = Vec::new();
    for (span, _) in file.lines() {
        let line = text.get(span.start..span.end).unwrap_or(&[]);
        if wanted(line) {
            let blanks = line.len() - line.trim_ascii_start().len();
            let end = span.start + line.trim_ascii_end().len();
            let start = (span.start + blanks).min(end);
            signs.push(Sign::Line(file.place(Span::new(start, end))));
        }
    }
    signs
}

fn no_lines(
    host: &Host,
    pattern: &str,
    version: &str,
    patterns: &[String],
    comments: &Comments,
) -> Fact<Vec<Sign>> {
    let pattern = pattern.replace("{major}", &regex::escape(major(version)));
    let Ok(regex) = Regex::new(&pattern) else {
        return Fact::Absent(Looked::at("/"));
    };
    let mut left = Listing::<()>::new();
    let files = files(host, patterns, &mut left);
    let mut signs = Vec::new();
    for file in &files {
        let text = active(file.bytes(), comments);
        if text.split(|b| *b == b'\n').any(|line| regex.is_match(line)) {
            return Fact::Absent(Looked::at(file.path()));
        }
        let what = "has no such line".to_owned();
        signs.push(Sign::Path(file.path().to_path_buf(), what));
    }
    // What could not be read may have the line.
    if !left.gaps.is_empty() || !left.uncovered.is_empty() {
        signs.clear();
    }
    signs.truncate(MOST_LINES);
    answer(signs, left, patterns)
}

/// The first number of a version, without its epoch.
fn major(version: &str) -> &str {
    let rest = version.split_once(':').map_or(version, |(_, rest)| rest);
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
}

/// The values of a setting, in order, each with its line.
fn settings(
    file: &std::sync::Arc<File>,
    format: Format,
    section: Option<&Regex>,
    name: &Regex,
) -> Vec<(Vec<u8>, Place)> {
    let mut out = Vec::new();
    let mut in_section = section.is_none();
    for (span, line) in file.lines() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
            continue;
        }
        if format == Format::Ini && line.starts_with(b"[") {
            let inner = line.split(|b| *b == b']').next().unwrap_or(line);
            let inner = inner.get(1..).unwrap_or(&[]).trim_ascii();
            in_section = section.is_none_or(|wanted| wanted.is_match(inner));
            continue;
        }
        let line = match format {
            Format::Ini => line,
            Format::Shell => line.strip_prefix(b"export ").unwrap_or(line),
        };
        let at = line.iter().position(|b| *b == b'=');
        let (key, value) = line.split_at(at.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or(&[]).trim_ascii();
        if in_section && name.is_match(key.trim_ascii()) {
            let quotes = |b: &u8| matches!(b, b'"' | b'\'');
            let plain: Vec<u8> = value.iter().copied().filter(|b| !quotes(b)).collect();
            out.push((plain, file.place(span)));
        }
    }
    out
}

fn exists(
    host: &Host,
    patterns: &[String],
    but_not: Option<&Regex>,
    kind: Option<FileKind>,
) -> Fact<Vec<Sign>> {
    let (mut signs, mut left) = (Vec::new(), Listing::<()>::new());
    for pattern in patterns {
        let found = paths::matching(host.tree(), pattern.as_bytes());
        for path in left.take_gaps(found) {
            let text = path.as_os_str().as_encoded_bytes();
            if but_not.is_some_and(|not| not.is_match(text)) {
                continue;
            }
            match host.tree().lstat(&path) {
                Fact::Known(found) if kind.is_none_or(|kind| kind == found.meta.kind) => {
                    let what = format!("there is {}", found.meta.kind.noun());
                    signs.push(Sign::Path(path, what));
                }
                Fact::Known(_) | Fact::Absent(_) => {}
                other => {
                    left.take(other);
                }
            }
        }
    }
    signs.truncate(MOST_LINES);
    answer(signs, left, patterns)
}

fn missing(host: &Host, patterns: &[String]) -> Fact<Vec<Sign>> {
    match exists(host, patterns, None, None) {
        Fact::Known(_) => Fact::Absent(Looked::at("/")),
        Fact::Absent(looked) => Fact::Known(vec![Sign::Missing(looked)]),
        other => other,
    }
}

fn link(host: &Host, path: &Path, to: &Regex) -> Fact<Vec<Sign>> {
    host.tree().read_link(path).and_then(|target| {
        let text = target.as_os_str().as_encoded_bytes();
        if to.is_match(text) {
            let what = format!("a link to {}", escape_path(&target));
            Fact::Known(vec![Sign::Path(path.to_path_buf(), what)])
        } else {
            Fact::Absent(Looked::at(path))
        }
    })
}

fn told(
    host: &Host,
    question: impl FnOnce(&super::packages::Packages) -> Option<String>,
) -> Fact<Vec<Sign>> {
    host.packages()
        .as_ref()
        .and_then(|packages| match question(packages) {
            Some(text) => Fact::Known(vec![Sign::Told(text)]),
            None => Fact::Absent(Looked::at("/")),
        })
}

/// A word of the command line that the next boot gives to the kernel.
fn boot(host: &Host, word: &Regex) -> Fact<Vec<Sign>> {
    let entry = match host.start() {
        Start::Unknown(unknown) | Start::Unmodelled(unknown) => {
            return Fact::Unknown(unknown.clone());
        }
        Start::NotCovered(why) => return Fact::NotCovered(why.clone()),
        start => start.entry(),
    };
    let Some(entry) = entry else {
        return Fact::Absent(Looked::at("/boot"));
    };
    let Some(line) = &entry.entry.cmdline else {
        return Fact::Absent(Looked::at("/boot"));
    };
    let words = line.text.split(u8::is_ascii_whitespace);
    if words.into_iter().any(|text| word.is_match(text)) {
        Fact::Known(vec![Sign::Line(line.place.clone())])
    } else {
        Fact::Absent(Looked::at("/boot"))
    }
}

/// Whether the kernel that boots next is older.
fn kernel_below(host: &Host, major: u32, minor: u32) -> Fact<Vec<Sign>> {
    host.release().and_then(|release| {
        let shown = String::from_utf8_lossy(&release).into_owned();
        match super::kernels::version_in(&shown) {
            Some(version) if (version.0, version.1) < (major, minor) => {
                Fact::Known(vec![Sign::Told(format!(
                    "the kernel that boots is {shown}"
                ))])
            }
            _ => Fact::Absent(Looked::at("/boot")),
        }
    })
}

#[cfg(test)]
mod tests;
