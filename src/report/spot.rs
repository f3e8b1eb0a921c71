//! Where a finding is, for formats that show one place and link to it.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use super::ShownHost;
use super::snippet::quote;
use crate::policy::{Age, Judged, Standing};
use crate::rules::Evidence;
use crate::text::{Place, escape, escape_path};

/// A place that a finding speaks of.
pub(super) struct Spot {
    /// The path inside the tree.
    pub(super) path: PathBuf,
    /// The lines, where it is a file that was read.
    pub(super) region: Option<Region>,
    /// What is to be seen there, escaped.
    pub(super) label: String,
}

/// A part of a file. Lines and columns are 1-based, columns count characters, and the
/// last column is the one just after.
pub(super) struct Region {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
    /// The text of its first line, escaped, secrets hidden.
    pub(super) text: String,
}

/// The places of a finding, at least one; the first is the one to be shown. A place in
/// a file that was read goes before a path that has no lines.
pub(super) fn spots(judged: &Judged) -> Vec<Spot> {
    let evidence = &judged.finding.evidence;
    let mut spots: Vec<Spot> = Vec::new();
    for piece in evidence {
        if let Evidence::Span { place, label } = piece {
            spots.push(at(place, label));
        }
    }
    for piece in evidence {
        if let Evidence::Computed { text, from } = piece {
            spots.extend(from.iter().map(|place| at(place, text)));
        }
    }
    for piece in evidence {
        match piece {
            Evidence::Path { path, text } => spots.push(bare(path, text)),
            Evidence::Missing { paths, .. } => {
                spots.extend(paths.iter().map(|path| bare(path, "not there")));
            }
            Evidence::Measure { path, name, value } => {
                spots.push(bare(path, &format!("{name} {value}")));
            }
            Evidence::Span { .. } | Evidence::Computed { .. } => {}
        }
    }
    if spots.is_empty() {
        spots.push(bare(Path::new("/"), ""));
    }
    spots
}

fn at(place: &Place, label: &str) -> Spot {
    let (start, end) = (place.start(), place.end());
    let quoted = quote(place);
    let marked = quoted.text.chars().skip(quoted.start).take(quoted.len);
    Spot {
        path: place.path().to_path_buf(),
        region: Some(Region {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            text: marked.collect(),
        }),
        label: escape(label.as_bytes()),
    }
}

fn bare(path: &Path, label: &str) -> Spot {
    Spot {
        path: path.to_path_buf(),
        region: None,
        label: escape(label.as_bytes()),
    }
}

/// A path of a tree as a URI reference: relative where the tree was named relative to
/// the directory of the run, as in a repository, else absolute.
pub(super) fn uri(shown: &ShownHost, path: &Path) -> Uri {
    let joined = joined(shown, path);
    let mut text = String::new();
    for byte in joined.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(*byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    let relative = joined.is_relative();
    Uri {
        text: if relative {
            text
        } else {
            format!("file://{text}")
        },
        relative,
    }
}

/// A URI reference.
pub(super) struct Uri {
    /// Percent-encoded.
    pub(super) text: String,
    /// Whether it is relative to the directory of the run.
    pub(super) relative: bool,
}

/// A path of a tree as the user may open it from where the run was started, escaped.
pub(super) fn file(shown: &ShownHost, path: &Path) -> String {
    escape_path(&joined(shown, path))
}

fn joined(shown: &ShownHost, path: &Path) -> PathBuf {
    if let Some(file) = shown.elsewhere.get(path) {
        return file.clone();
    }
    let Some(root) = &shown.root else {
        return path.to_path_buf();
    };
    let inside = path.strip_prefix("/").unwrap_or(path);
    let whole = root.join(inside);
    let parts = whole.components().filter(|part| *part != Component::CurDir);
    let tidy: PathBuf = parts.collect();
    if tidy.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        tidy
    }
}

/// Whether a finding is one of those that a change or a run is to be judged by: it
/// counts, and it was not there before.
pub(super) fn counts(judged: &Judged) -> bool {
    judged.standing == Standing::Counts && judged.age != Some(Age::Old)
}

/// What identifies each finding of a host from one run to the next, without lines or
/// times: host, rule and subject, and a number where several have the same.
pub(super) fn identities(shown: &ShownHost) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    let host = escape(shown.host.examined.name.as_bytes());
    let findings = shown.host.findings.iter();
    findings
        .map(|judged| {
            let subject = escape(judged.finding.subject.as_bytes());
            let text = format!("{host} {} {subject}", judged.finding.rule);
            let count = seen.entry(text.clone()).or_insert(0usize);
            *count += 1;
            if *count == 1 {
                text
            } else {
                format!("{text} #{count}")
            }
        })
        .collect()
}

/// The sentence about the host, with its name where there are several.
pub(super) fn sentence(shown: &ShownHost, judged: &Judged, fleet: bool) -> String {
    let message = escape(judged.finding.message.as_bytes());
    if fleet {
        let name = escape(shown.host.examined.name.as_bytes());
        format!("{name}: {message}")
    } else {
        message
    }
}

/// The cure: in words and as commands, escaped.
pub(super) fn cure(judged: &Judged) -> (String, Vec<String>) {
    let own = judged.finding.fix.as_ref();
    let text = own.unwrap_or(&judged.card.fix);
    let commands = match own {
        Some(_) => &judged.finding.commands,
        None => &judged.card.fix_commands,
    };
    let commands = commands.iter().map(|line| escape(line.as_bytes()));
    (plain(text), commands.collect())
}

/// A card's text without its line breaks.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escape(words.join(" ").as_bytes())
}
