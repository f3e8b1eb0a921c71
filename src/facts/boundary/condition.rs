//! One condition, as it is written and as it is checked.

use std::path::PathBuf;

use regex::bytes::Regex;
use serde::Deserialize;

use crate::source::FileKind;

/// A condition that is none: a mistake in this program's data, shown by its tests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCondition(String);

/// A condition on a tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Condition {
    /// What is asked.
    pub test: Test,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Test {
    /// A line of the files that is no comment matches.
    Lines {
        /// One of these must match.
        lines: Vec<Regex>,
        /// This must not.
        but_not: Option<Regex>,
        /// Patterns of paths.
        files: Vec<String>,
        /// What a comment looks like.
        comments: Comments,
    },
    /// The files are there, and no line of them matches; `{major}` stands for the first
    /// number of the package's version.
    NoLines {
        /// The regular expression.
        pattern: String,
        /// Patterns of paths.
        files: Vec<String>,
        /// What a comment looks like.
        comments: Comments,
    },
    /// A setting has a value.
    Setting {
        /// Its whole name.
        name: Regex,
        /// Its value, without quotes; any where there is none.
        value: Option<Regex>,
        /// The section it stands in.
        section: Option<Regex>,
        /// Patterns of paths.
        files: Vec<String>,
        /// How the files are written.
        format: Format,
    },
    /// Something stands at one of the paths; links are not followed.
    Exists {
        /// Patterns of paths.
        paths: Vec<String>,
        /// Paths that do not count.
        but_not: Option<Regex>,
        /// What it is.
        kind: Option<FileKind>,
    },
    /// Nothing stands at any of the paths.
    Missing {
        /// Patterns of paths.
        paths: Vec<String>,
    },
    /// A link has a text.
    Link {
        /// The link.
        path: PathBuf,
        /// Its text.
        to: Regex,
    },
    /// One of these packages is installed.
    Installed {
        /// Their names.
        names: Vec<String>,
    },
    /// None of these packages is installed.
    NotInstalled {
        /// Their names.
        names: Vec<String>,
    },
    /// A word of the kernel's command line at the next boot matches.
    Boot {
        /// The word.
        word: Regex,
    },
    /// The kernel that boots next is older.
    KernelBelow {
        /// Its first number.
        major: u32,
        /// Its second.
        minor: u32,
    },
}

/// How a file of settings is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Sections of `name = value`; every line counts.
    Ini,
    /// Assignments of a shell; the last counts.
    Shell,
}

/// What a comment looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comments {
    /// The bytes that begin one up to the end of the line: `#`, `;`, `!`.
    pub marks: Vec<u8>,
    /// Whether there are C's too: `//` and `/* */`.
    pub c: bool,
}

impl Comments {
    /// The marks `#`, `;`, `!`, and `c` for those of C.
    ///
    /// # Errors
    /// A mark that is not known.
    pub fn of(words: &[String]) -> Result<Self, BadCondition> {
        let mut comments = Self {
            marks: Vec::new(),
            c: false,
        };
        for word in words {
            match word.as_bytes() {
                [mark @ (b'#' | b';' | b'!')] => comments.marks.push(*mark),
                b"c" => comments.c = true,
                _ => return Err(bad(format!("comment: {word} is no mark"))),
            }
        }
        Ok(comments)
    }

    /// Whether a comment of one line begins here, but for C's.
    pub(super) fn begins(&self, rest: &[u8]) -> bool {
        rest.first().is_some_and(|byte| self.marks.contains(byte))
    }
}

/// One or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Some1 {
    One(String),
    Many(Vec<String>),
}

impl Some1 {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(list) => list,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    lines: Option<Some1>,
    but_not: Option<String>,
    no_lines: Option<String>,
    #[serde(rename = "in")]
    files: Option<Some1>,
    comment: Option<Some1>,
    setting: Option<String>,
    value: Option<String>,
    section: Option<String>,
    format: Option<Format>,
    exists: Option<Some1>,
    kind: Option<String>,
    missing: Option<Some1>,
    link: Option<PathBuf>,
    to: Option<String>,
    installed: Option<Some1>,
    not_installed: Option<Some1>,
    boot: Option<String>,
    kernel_below: Option<String>,
}

fn bad(text: impl Into<String>) -> BadCondition {
    BadCondition(text.into())
}

/// A regular expression over bytes, in which `$` is the end of the line.
fn regex(text: &str) -> Result<Regex, BadCondition> {
    Regex::new(text).map_err(|error| bad(error.to_string()))
}

/// One that has to match all of a text.
fn whole(text: &str) -> Result<Regex, BadCondition> {
    regex(&format!("^(?:{text})$"))
}

fn absolute(paths: Vec<String>) -> Result<Vec<String>, BadCondition> {
    match paths.iter().find(|path| !path.starts_with('/')) {
        Some(path) => Err(bad(format!("{path} does not begin with /"))),
        None if paths.is_empty() => Err(bad("no path")),
        None => Ok(paths),
    }
}

impl TryFrom<Raw> for Condition {
    type Error = BadCondition;

    fn try_from(raw: Raw) -> Result<Self, BadCondition> {
        let files = raw
            .files
            .clone()
            .map(Some1::list)
            .map(absolute)
            .transpose()?;
        let marks = raw.comment.clone().map(Some1::list);
        let comments = Comments::of(&marks.unwrap_or_else(|| vec!["#".to_owned()]))?;
        // Words that belong to one test may not stand beside another.
        let allowed: &[&str] = if raw.lines.is_some() {
            &["lines", "but_not", "in", "comment"]
        } else if raw.no_lines.is_some() {
            &["no_lines", "in", "comment"]
        } else if raw.setting.is_some() {
            &["setting", "value", "section", "format", "in"]
        } else if raw.exists.is_some() {
            &["exists", "but_not", "kind"]
        } else if raw.link.is_some() {
            &["link", "to"]
        } else {
            &[
                "missing",
                "installed",
                "not_installed",
                "boot",
                "kernel_below",
            ]
        };
        let mut tests = 0;
        for (word, stands, is_test) in raw.words() {
            if stands && !allowed.contains(&word) {
                return Err(bad(format!("{word} has nothing to say here")));
            }
            tests += usize::from(stands && is_test);
        }
        if tests != 1 {
            return Err(bad(format!("a condition asks one thing, not {tests}")));
        }
        let need_files = || files.clone().ok_or_else(|| bad("in which files?"));
        let test = if let Some(lines) = raw.lines {
            let lines: Result<Vec<Regex>, _> = lines.list().iter().map(|t| regex(t)).collect();
            Test::Lines {
                lines: lines?,
                but_not: raw.but_not.as_deref().map(regex).transpose()?,
                files: need_files()?,
                comments,
            }
        } else if let Some(pattern) = raw.no_lines {
            regex(&pattern.replace("{major}", "1"))?;
            Test::NoLines {
                pattern,
                files: need_files()?,
                comments,
            }
        } else if let Some(name) = raw.setting {
            Test::Setting {
                name: whole(&name)?,
                value: raw.value.as_deref().map(regex).transpose()?,
                section: raw.section.as_deref().map(whole).transpose()?,
                files: need_files()?,
                format: raw.format.ok_or_else(|| bad("which format?"))?,
            }
        } else if let Some(paths) = raw.exists {
            Test::Exists {
                paths: absolute(paths.list())?,
                but_not: raw.but_not.as_deref().map(regex).transpose()?,
                kind: raw.kind.as_deref().map(kind).transpose()?,
            }
        } else if let Some(path) = raw.link {
            Test::Link {
                path,
                to: regex(&raw.to.ok_or_else(|| bad("to where?"))?)?,
            }
        } else if let Some(paths) = raw.missing {
            Test::Missing {
                paths: absolute(paths.list())?,
            }
        } else if let Some(names) = raw.installed {
            Test::Installed {
                names: names.list(),
            }
        } else if let Some(names) = raw.not_installed {
            Test::NotInstalled {
                names: names.list(),
            }
        } else if let Some(word) = raw.boot {
            Test::Boot {
                word: whole(&word)?,
            }
        } else if let Some(release) = raw.kernel_below {
            let numbers = release.split_once('.');
            let numbers = numbers.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            let (major, minor) = numbers.ok_or_else(|| bad("kernel_below: two numbers"))?;
            Test::KernelBelow { major, minor }
        } else {
            return Err(bad("a condition that asks nothing"));
        };
        Ok(Self { test })
    }
}

impl Raw {
    /// Each word, whether it stands, and whether it asks something by itself.
    fn words(&self) -> [(&'static str, bool, bool); 18] {
        [
            ("lines", self.lines.is_some(), true),
            ("but_not", self.but_not.is_some(), false),
            ("no_lines", self.no_lines.is_some(), true),
            ("in", self.files.is_some(), false),
            ("comment", self.comment.is_some(), false),
            ("setting", self.setting.is_some(), true),
            ("value", self.value.is_some(), false),
            ("section", self.section.is_some(), false),
            ("format", self.format.is_some(), false),
            ("exists", self.exists.is_some(), true),
            ("kind", self.kind.is_some(), false),
            ("missing", self.missing.is_some(), true),
            ("link", self.link.is_some(), true),
            ("to", self.to.is_some(), false),
            ("installed", self.installed.is_some(), true),
            ("not_installed", self.not_installed.is_some(), true),
            ("boot", self.boot.is_some(), true),
            ("kernel_below", self.kernel_below.is_some(), true),
        ]
    }
}

fn kind(word: &str) -> Result<FileKind, BadCondition> {
    match word {
        "file" => Ok(FileKind::File),
        "dir" => Ok(FileKind::Dir),
        "link" => Ok(FileKind::Link),
        other => Err(bad(format!("kind: {other} is neither file, dir nor link"))),
    }
}
