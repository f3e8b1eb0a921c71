//! Kernel settings of the next boot: the files in the order of the program that sets
//! them, the kernel's own command line, and what holds now.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Host;
use super::init::InitKind;
use super::systemd::Comes;
use crate::fact::{Fact, Listing, Unknown};
use crate::parse::cmdline;
use crate::parse::sysctl::{Line, Reader, parse};
use crate::source::{FileKind, Glob, Tree, TreeKind};
use crate::text::Place;

/// Directories of files, highest first.
const DIRS: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// What the files say.
#[derive(Debug)]
pub struct Sysctl {
    /// The program that sets it.
    pub reader: Reader,
    /// The lines in the order in which they are read.
    pub lines: Vec<Line>,
    /// What could not be read.
    pub gaps: Vec<Unknown>,
}

/// One value with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The number.
    pub value: i64,
    /// The line or word.
    pub place: Place,
}

impl Sysctl {
    /// The files of a tree as `reader` reads them.
    #[must_use]
    pub fn read(tree: &Tree, reader: Reader) -> Self {
        let mut files: BTreeMap<Vec<u8>, PathBuf> = BTreeMap::new();
        let mut listing = Listing::<PathBuf>::new();
        for dir in DIRS {
            let found = tree.entries(Path::new(dir));
            listing.gaps.extend(found.gaps);
            for path in found.items {
                let name = path.file_name().map_or(&[][..], |n| n.as_encoded_bytes());
                let hidden = reader == Reader::Systemd && name.starts_with(b".");
                // A directory of that name hides a file of the same name all the same.
                if name.ends_with(b".conf") && !hidden {
                    files.entry(name.to_vec()).or_insert(path);
                }
            }
        }
        let mut order: Vec<PathBuf> = files.into_values().collect();
        if reader == Reader::Procps {
            order.push(PathBuf::from("/etc/sysctl.conf"));
        }
        let mut lines = Vec::new();
        for path in order {
            let is_file = matches!(tree.resolve(&path), Fact::Known(found)
                if found.meta.kind == FileKind::File);
            match tree.read(&path) {
                Fact::Known(file) => lines.extend(parse(&file, reader)),
                // A link to /dev/null is no file, and says nothing.
                Fact::Unknown(unknown) if is_file || unknown.could_not_look() => {
                    let special = matches!(unknown.doubt, crate::fact::Doubt::NotRegular(_));
                    if !special {
                        listing.gaps.push(unknown);
                    }
                }
                _ => {}
            }
        }
        Self {
            reader,
            lines,
            gaps: listing.gaps,
        }
    }

    /// What becomes of a setting; nothing where no file sets it to a number.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Setting> {
        match self.reader {
            Reader::Systemd => self.as_systemd(key),
            Reader::Procps => self.as_procps(key),
        }
    }

    /// One option for each key, at the place where it got its value; the key itself
    /// counts before every pattern.
    fn as_systemd(&self, key: &str) -> Option<Setting> {
        let mut options: Vec<&Line> = Vec::new();
        for line in self.lines.iter().filter(|line| fits(line, key)) {
            match options.iter().position(|known| known.key == line.key) {
                Some(at)
                    if options
                        .get(at)
                        .is_some_and(|known| known.value == line.value) => {}
                Some(at) => {
                    options.remove(at);
                    options.push(line);
                }
                None => options.push(line),
            }
        }
        match options.iter().find(|line| !line.is_glob()) {
            Some(exact) => number(exact),
            None => options.into_iter().rev().find_map(number),
        }
    }

    /// Every line is written in its order, patterns only where no line names the key.
    fn as_procps(&self, key: &str) -> Option<Setting> {
        let named = self.lines.iter().any(|line| line.key == key);
        let lines = self.lines.iter().filter(|line| fits(line, key));
        let mut lines = lines.filter(|line| !named || !line.is_glob()).rev();
        lines.find_map(number)
    }
}

fn fits(line: &Line, key: &str) -> bool {
    if line.is_glob() {
        Glob::parse(&line.key).is_some_and(|glob| glob.is_match(key.as_bytes()))
    } else {
        line.key == key
    }
}

/// The number the kernel takes a value for; it refuses what has more behind it (Linux
/// 6.1 `kernel/sysctl.c`, `proc_get_long`).
fn number(line: &Line) -> Option<Setting> {
    let value = integer(line.value.as_deref()?)?;
    Some(Setting {
        value,
        place: line.place.clone(),
    })
}

/// As the kernel reads one: decimal, `0x`, and octal behind a zero.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let value = match lower.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16),
        None if lower.len() > 1 && lower.starts_with('0') => i64::from_str_radix(&lower, 8),
        None if lower.starts_with(|c: char| c.is_ascii_digit()) => lower.parse(),
        None => return None,
    };
    let value = value.ok()?;
    Some(if negative { -value } else { value })
}

/// The settings of one host.
pub struct Kernel<'a> {
    host: &'a Host,
    files: Option<Sysctl>,
}

impl Host {
    /// The kernel settings of the next boot.
    #[must_use]
    pub fn kernel_settings(&self) -> Kernel<'_> {
        let reader = reader(self);
        let files = reader.map(|reader| Sysctl::read(self.tree(), reader));
        Kernel { host: self, files }
    }
}

/// Who sets what the files say; nobody where nothing enabled does.
fn reader(host: &Host) -> Option<Reader> {
    if let Fact::Known(boot) = host.systemd() {
        let comes = boot.is_in_boot("systemd-sysctl.service");
        return matches!(comes, Comes::Starts | Comes::Perhaps | Comes::Unknown)
            .then_some(Reader::Systemd);
    }
    match host.init_kind() {
        Some(InitKind::Systemd) => Some(Reader::Systemd),
        // Of a part of a root the files are what there is.
        None if host.tree().coverage().kind == TreeKind::Partial => Some(Reader::Procps),
        // `procps` of Debian's sysv-rc, `sysctl` of OpenRC and BusyBox.
        Some(_) => {
            let mut enabled = host.enabled().items.iter();
            let is_one = |name: &str| matches!(name, "procps" | "procps.sh" | "sysctl");
            enabled.any(|e| is_one(&e.name)).then_some(Reader::Procps)
        }
        None => None,
    }
}

impl Kernel<'_> {
    /// Whether something reads the files.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.files.is_some()
    }

    /// What could not be read.
    #[must_use]
    pub fn gaps(&self) -> &[Unknown] {
        self.files.as_ref().map_or(&[], |files| &files.gaps)
    }

    /// A setting by its path below /proc/sys, and by the words of the command line that
    /// set it: a word, and the value it stands for where it has none of its own.
    #[must_use]
    pub fn get(&self, key: &str, words: &[(&str, Option<i64>)]) -> Option<Setting> {
        let by_file = self.files.as_ref().and_then(|files| files.get(key));
        by_file.or_else(|| self.on_command_line(key, words))
    }

    /// The kernel takes the last of its own words, and before the init starts every
    /// `sysctl.KEY=` (Linux 5.8 and later, `fs/proc/proc_sysctl.c`).
    fn on_command_line(&self, key: &str, words: &[(&str, Option<i64>)]) -> Option<Setting> {
        let entry = self.host.start().entry()?;
        let place = match &entry.entry.cmdline {
            Some(line) => line.place.clone(),
            None => entry.entry.place.clone(),
        };
        let given = cmdline::parse(&entry.cmdline);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let by_name = given.iter().rev().find_map(|(name, value)| {
            let name = text(name);
            let own = name
                .strip_prefix("sysctl.")
                .or(name.strip_prefix("sysctl/"))?;
            let same = own.replace('.', "/") == key;
            integer(&text(value.as_ref()?)).filter(|_| same)
        });
        let by_word = || {
            given.iter().rev().find_map(|(name, value)| {
                let whole = match value {
                    Some(value) => format!("{}={}", text(name), text(value)),
                    None => text(name),
                };
                let word = words.iter().find(|(word, stands)| {
                    if stands.is_some() {
                        *word == whole
                    } else {
                        *word == text(name) && value.is_some()
                    }
                });
                match word? {
                    (_, Some(value)) => Some(*value),
                    (_, None) => integer(&text(value.as_ref()?)),
                }
            })
        };
        let value = by_name.or_else(by_word)?;
        Some(Setting { value, place })
    }

    /// What holds on the running system.
    #[must_use]
    pub fn now(&self, key: &str) -> Option<Setting> {
        let tree = self.host.tree();
        if tree.coverage().kind != TreeKind::Live {
            return None;
        }
        let Fact::Known(file) = tree.read(&Path::new("/proc/sys").join(key)) else {
            return None;
        };
        let value = integer(String::from_utf8_lossy(file.bytes()).trim())?;
        let place = file.place(file.line_span(1));
        Some(Setting { value, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Coverage, MemSource};

    /// Trees and what both programs wrote below a /proc/sys of plain files: systemd
    /// 252.39 and procps 4.0.2 of Debian 12 in a root of their own. What is not named
    /// was left at 0.
    const CASES: &str = include_str!("../../tests/golden/sysctl.txt");

    const KEYS: [&str; 5] = [
        "kernel/panic",
        "kernel/panic_on_oops",
        "vm/panic_on_oom",
        "kernel/hung_task_panic",
        "kernel/softlockup_panic",
    ];

    fn unescaped(text: &str) -> String {
        text.replace("\\n", "\n")
            .replace("\\r", "\r")
            .replace("\\t", "\t")
    }

    /// What the kernel is left with: values that it refuses change nothing.
    fn found(tree: &Tree, reader: Reader) -> Vec<String> {
        let files = Sysctl::read(tree, reader);
        assert!(files.gaps.is_empty());
        let value = |key: &&str| {
            let setting = files.get(key)?;
            (setting.value != 0).then(|| format!("{key}={}", setting.value))
        };
        KEYS.iter().filter_map(value).collect()
    }

    #[test]
    fn the_files_come_to_what_both_programs_write() {
        let mut cases = 0;
        for case in CASES.split("== ").skip(1) {
            let mut source = MemSource::new();
            let mut path = String::new();
            source.file("/etc/passwd", "");
            for line in case.lines().skip(1) {
                if let Some(rest) = line.strip_prefix("@ ") {
                    match rest.split_once(" -> ") {
                        Some((link, target)) => {
                            source.link(format!("/{link}"), target);
                        }
                        None => path = format!("/{rest}"),
                    }
                } else if let Some(text) = line.strip_prefix('|') {
                    source.file(path.as_str(), unescaped(text));
                }
            }
            let tree = Tree::for_tests(source, Coverage::full(true));
            let name = case.lines().next().unwrap();
            for (word, reader) in [("systemd:", Reader::Systemd), ("procps:", Reader::Procps)] {
                let line = case.lines().find_map(|line| line.strip_prefix(word));
                let written = line.unwrap().split_whitespace();
                // The kernel takes plain numbers alone.
                let taken = written.filter(|word| {
                    let value = word.split_once('=').unwrap().1;
                    value.parse::<i64>().is_ok()
                });
                assert_eq!(
                    found(&tree, reader),
                    taken.collect::<Vec<_>>(),
                    "{word} {name}"
                );
                cases += 1;
            }
        }
        assert!(cases >= 100, "{cases}");
    }

    #[test]
    fn numbers_are_read_as_the_kernel_reads_them() {
        for (text, value) in [
            ("10", Some(10)),
            ("-1", Some(-1)),
            ("0x10", Some(16)),
            ("010", Some(8)),
            ("0", Some(0)),
            ("", None),
            ("10 # x", None),
            ("yes", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }
}
