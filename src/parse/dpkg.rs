//! dpkg's database: the status file and the file lists
//! (deb822, dpkg 1.21 `lib/dpkg/parse.c`).

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One paragraph of the status file.
#[derive(Clone, Debug)]
pub struct Package {
    /// `Package:`.
    pub name: String,
    /// `Version:`, empty where there is none.
    pub version: String,
    /// `Architecture:`, empty where there is none.
    pub architecture: String,
    /// First word of `Status:`: what the administrator wants.
    pub want: String,
    /// Second word: `ok` or `reinstreq`.
    pub flag: String,
    /// Third word: `installed`, `half-configured`, `config-files`, ...
    pub state: String,
    /// `Triggers-Pending:`, word by word.
    pub triggers_pending: Vec<String>,
    /// `Provides:`, names only.
    pub provides: Vec<String>,
    /// The `Status:` line, or the `Package:` line where that is missing.
    pub place: Place,
}

impl Package {
    /// Whether its files are on disk and its scripts have run.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        matches!(
            self.state.as_str(),
            "installed" | "triggers-pending" | "triggers-awaited"
        )
    }

    /// Whether dpkg calls it neither whole nor gone.
    #[must_use]
    pub fn is_in_between(&self) -> bool {
        matches!(
            self.state.as_str(),
            "half-installed" | "unpacked" | "half-configured"
        ) || self.flag == "reinstreq"
    }
}

/// What could not be understood of a status file.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub message: &'static str,
}

/// The packages of a status file, in file order. A damaged paragraph is a problem
/// and the rest is kept; dpkg itself would refuse the whole file.
#[must_use]
pub fn parse_status(file: &Arc<File>) -> (Vec<Package>, Vec<Problem>) {
    let mut packages = Vec::new();
    let mut problems = Vec::new();
    let mut draft = Draft::default();
    let bytes = file.bytes();
    let mut start = 0;
    while start < bytes.len() {
        let rest = bytes.get(start..).unwrap_or(&[]);
        let len = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let span = Span::new(start, start + len);
        let line = file.slice(span);
        start += len + 1;
        if line.trim_ascii().is_empty() {
            draft.finish(file, &mut packages, &mut problems);
            continue;
        }
        if draft.first.is_none() {
            draft.first = Some(span);
        }
        if line.first().is_some_and(|b| *b == b' ' || *b == b'\t') {
            continue;
        }
        match line.iter().position(|b| *b == b':') {
            Some(colon) => draft.field(line, colon, span),
            None => problems.push(Problem {
                place: file.place(span),
                message: "no colon: dpkg refuses the whole file here",
            }),
        }
    }
    draft.finish(file, &mut packages, &mut problems);
    (packages, problems)
}

/// A paragraph being read.
#[derive(Default)]
struct Draft {
    first: Option<Span>,
    name: Option<String>,
    version: String,
    architecture: String,
    status: Option<(String, Span)>,
    triggers_pending: Vec<String>,
    provides: Vec<String>,
}

impl Draft {
    fn field(&mut self, line: &[u8], colon: usize, span: Span) {
        let (name, value) = line.split_at(colon);
        let wanted = [
            &b"package"[..],
            b"version",
            b"architecture",
            b"status",
            b"triggers-pending",
            b"provides",
        ];
        let Some(field) = wanted.iter().find(|w| name.eq_ignore_ascii_case(w)) else {
            return;
        };
        let value = value.get(1..).unwrap_or(&[]).trim_ascii();
        let text = String::from_utf8_lossy(value).into_owned();
        match *field {
            b"package" => self.name = Some(text),
            b"version" => self.version = text,
            b"architecture" => self.architecture = text,
            b"status" => self.status = Some((text, span)),
            b"provides" => {
                let names = text.split(',').filter_map(|p| p.split_whitespace().next());
                self.provides = names.map(str::to_owned).collect();
            }
            _ => self.triggers_pending = text.split_whitespace().map(str::to_owned).collect(),
        }
    }

    fn finish(
        &mut self,
        file: &Arc<File>,
        packages: &mut Vec<Package>,
        problems: &mut Vec<Problem>,
    ) {
        let draft = std::mem::take(self);
        let Some(first) = draft.first else { return };
        let mut problem = |message| {
            problems.push(Problem {
                place: file.place(first),
                message,
            });
        };
        let Some(name) = draft.name else {
            problem("a paragraph without Package:");
            return;
        };
        let (status, span) = match draft.status {
            Some((status, span)) => (status, span),
            None => {
                problem("a package without Status:");
                (String::new(), first)
            }
        };
        let mut words = status.split_whitespace().map(str::to_owned);
        let mut word = || words.next().unwrap_or_else(String::new);
        packages.push(Package {
            name,
            version: draft.version,
            architecture: draft.architecture,
            want: word(),
            flag: word(),
            state: word(),
            triggers_pending: draft.triggers_pending,
            provides: draft.provides,
            place: file.place(span),
        });
    }
}

/// The paths of a `/var/lib/dpkg/info/*.list` file.
pub fn parse_list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: a\nStatus: install ok installed\nVersion: 1:2-3\n\
        Architecture: amd64\nProvides: x (= 1), y\nDescription: text\n more: text\n .\n\n\n\
        package: b\nstatus: install reinstreq half-configured\nTriggers-Pending: ldconfig x\n\n\
        Status: install ok installed\n\nnonsense\nPackage: c\n";

    #[test]
    fn fields_are_case_insensitive_and_continuation_lines_are_not_fields() {
        let file = File::new("/var/lib/dpkg/status", STATUS);
        let (packages, problems) = parse_status(&file);
        let names: Vec<&str> = packages.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(packages[0].version, "1:2-3");
        assert_eq!(packages[0].provides, ["x", "y"]);
        assert!(packages[0].is_installed() && !packages[0].is_in_between());
        assert_eq!(packages[1].state, "half-configured");
        assert_eq!(packages[1].triggers_pending, ["ldconfig", "x"]);
        assert!(packages[1].is_in_between());
        assert_eq!(packages[1].place.to_string(), "/var/lib/dpkg/status:12:1");
        let messages: Vec<&str> = problems.iter().map(|p| p.message).collect();
        assert_eq!(
            messages,
            [
                "a paragraph without Package:",
                "no colon: dpkg refuses the whole file here",
                "a package without Status:"
            ]
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_still_read() {
        for end in 0..STATUS.len() {
            let file = File::new("/s", &STATUS.as_bytes()[..end]);
            let (packages, _) = parse_status(&file);
            assert!(packages.len() <= 3);
        }
    }
}
