//! /etc/inittab of sysvinit (sysvinit 3.06 `src/init.c`, `read_inittab` and `spawn`;
//! each quirk was tried with Debian's 3.06 as process 1 of a namespace).
//!
//! | quirk | what init does |
//! |---|---|
//! | a line of more than 255 bytes | is read in pieces of 255, each a line of its own, comments too |
//! | id | 1 to 4 bytes; a second line with it is dropped, unless it is `~~` |
//! | runlevels | at most 11 bytes; none means 0 to 9 |
//! | command | at most 127 bytes |
//! | action | upper and lower case alike; a blank belongs to it |
//! | third colon missing | the line is dropped |
//! | `+` in front of the command | is taken away; after it `@` too: then no shell is asked |
//! | any of ``~`!$^&*()=\|\{}[];"'<>?`` in it | `/bin/sh -c "exec COMMAND"`, unless there is an `@` |
//! | no line for runlevel S | one with sulogin is added |
//! | `/etc/inittab.d/*.tab` | the first line of each that is not a comment |
//!
//! busybox init reads the same file by other rules: [`super::busybox_inittab`].

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One entry sysvinit accepts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// First field, at most four characters.
    pub id: String,
    /// Second field; empty means 0 to 9.
    pub runlevels: String,
    /// Third field, lower case.
    pub action: String,
    /// Fourth field: the command.
    pub process: String,
    /// The whole line.
    pub place: Place,
    /// The command alone.
    pub process_place: Place,
}

/// A line sysvinit drops.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// Why it is dropped.
    pub message: &'static str,
}

const ACTIONS: [&str; 15] = [
    "respawn",
    "wait",
    "once",
    "boot",
    "bootwait",
    "powerfail",
    "powerfailnow",
    "powerwait",
    "powerokwait",
    "ctrlaltdel",
    "off",
    "ondemand",
    "initdefault",
    "sysinit",
    "kbrequest",
];

/// Longest piece of a line that is read at once, bytes.
const PIECE: usize = 255;

/// The entries of an inittab, and the lines that have no effect.
#[must_use]
pub fn parse(file: &Arc<File>) -> (Vec<Entry>, Vec<Problem>) {
    let mut table = Table::default();
    for (span, _) in file.lines() {
        let mut start = span.start;
        loop {
            let end = span.end.min(start + PIECE);
            let is_cut = end < span.end;
            table.line(file, Span::new(start, end), is_cut || start > span.start);
            if !is_cut {
                break;
            }
            start = end;
        }
    }
    (table.entries, table.problems)
}

/// Adds the entry of a file below /etc/inittab.d: its first line that is no comment.
pub fn parse_tab(file: &Arc<File>, entries: &mut Vec<Entry>, problems: &mut Vec<Problem>) {
    let mut table = Table {
        entries: std::mem::take(entries),
        problems: std::mem::take(problems),
    };
    let is_entry = |(_, line): &(Span, &[u8])| {
        let text = line.trim_ascii_start();
        !text.is_empty() && text.first() != Some(&b'#')
    };
    if let Some((span, _)) = file.lines().find(is_entry) {
        let end = span.end.min(span.start + PIECE);
        table.line(file, Span::new(span.start, end), false);
    }
    *entries = table.entries;
    *problems = table.problems;
}

#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Table {
    /// A line, or a piece of one that is too long.
    fn line(&mut self, file: &Arc<File>, span: Span, is_piece: bool) {
        let line = file.slice(span);
        // C text ends at a zero.
        let line = line.split(|b| *b == 0).next().unwrap_or(&[]);
        let blank = |b: &&u8| **b == b' ' || **b == b'\t';
        let start = line.iter().take_while(blank).count();
        let text = line.get(start..).unwrap_or(&[]);
        if text.is_empty() || text.first() == Some(&b'#') {
            return;
        }
        match self.entry(file, span, text, start) {
            Ok(entry) => self.entries.push(entry),
            Err(message) => {
                let message = if is_piece {
                    "longer than 255 characters: it is read in pieces"
                } else {
                    message
                };
                let place = file.place(span);
                self.problems.push(Problem { place, message });
            }
        }
    }

    fn entry(
        &self,
        file: &Arc<File>,
        span: Span,
        line: &[u8],
        blank: usize,
    ) -> Result<Entry, &'static str> {
        let mut fields = line.splitn(4, |b| *b == b':');
        let (Some(id), Some(runlevels), Some(action), Some(process)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err("missing field: four, separated by colons, are needed");
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let action = text(action).to_ascii_lowercase();
        if id.is_empty() || id.len() > 4 {
            return Err("the id must have 1 to 4 characters");
        }
        if runlevels.len() > 11 {
            return Err("more than 11 runlevels");
        }
        if process.len() > 127 {
            return Err("the command is longer than 127 characters");
        }
        if !ACTIONS.contains(&action.as_str()) {
            return Err("unknown action");
        }
        let taken = |entry: &Entry| entry.id.as_bytes() == id && id != b"~~";
        if self.entries.iter().any(taken) {
            return Err("an earlier line has the same id");
        }
        let start = span.start + blank + line.len() - process.len();
        Ok(Entry {
            id: text(id),
            runlevels: text(runlevels),
            action,
            process: text(process),
            place: file.place(span),
            process_place: file.place(Span::new(start, start + process.len())),
        })
    }
}

/// What of a command makes init ask a shell.
const SHELL: &str = "~`!$^&*()=|\\{}[];\"'<>?";

impl Entry {
    /// The command without the marks in front of it, and whether a shell runs it.
    fn command(&self) -> (&str, bool) {
        let process = self.process.strip_prefix('+').unwrap_or(&self.process);
        match process.strip_prefix('@') {
            Some(plain) => (plain, false),
            None => (process, process.contains(|c| SHELL.contains(c))),
        }
    }

    /// Whether a shell runs the command: then its first word is no program's name.
    #[must_use]
    pub fn asks_a_shell(&self) -> bool {
        self.command().1
    }

    /// The words of the command, up to a comment.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let (command, _) = self.command();
        let command = command.split('#').next().unwrap_or("");
        command.split([' ', '\t']).filter(|word| !word.is_empty())
    }

    /// The program started, without the marks in front; empty where there is none.
    #[must_use]
    pub fn program(&self) -> &str {
        self.words().next().unwrap_or("")
    }

    /// Whether the entry is for a runlevel.
    #[must_use]
    pub fn is_for(&self, level: char) -> bool {
        if self.runlevels.is_empty() {
            return level.is_ascii_digit();
        }
        let level = level.to_ascii_uppercase();
        let mut levels = self.runlevels.chars();
        levels.any(|own| own.to_ascii_uppercase() == level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Entry>, Vec<&'static str>) {
        let (entries, problems) = parse(&File::new("/etc/inittab", text));
        (entries, problems.iter().map(|p| p.message).collect())
    }

    /// The ids that are taken.
    fn ids(text: &str) -> Vec<String> {
        parsed(text).0.into_iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn a_line_without_its_last_colon_has_no_effect() {
        let (entries, problems) = parsed(
            "# c\nid:2:initdefault\nid:3:InitDefault:\nsi::sysinit:/etc/init.d/rcS\n\
             toolong:2:wait:/x\nid:4:wait:/y\nx:2:nosuch:/z\n",
        );
        let kept: Vec<(&str, &str)> = entries
            .iter()
            .map(|e| (e.id.as_str(), e.action.as_str()))
            .collect();
        assert_eq!(kept, [("id", "initdefault"), ("si", "sysinit")]);
        assert_eq!(entries[1].program(), "/etc/init.d/rcS");
        assert_eq!(entries[1].process_place.text(), "/etc/init.d/rcS");
        assert_eq!(
            problems,
            [
                "missing field: four, separated by colons, are needed",
                "the id must have 1 to 4 characters",
                "an earlier line has the same id",
                "unknown action",
            ]
        );
    }

    #[test]
    fn what_sysvinit_showed_of_odd_lines() {
        let long = "x".repeat(127);
        assert_eq!(ids(&format!("a:2:once:{long}\nb:2:once:{long}x\n")), ["a"]);
        // The rest of a comment that is too long is a line.
        let comment = format!("#{}cc:2:once:/bin/x\n", "c".repeat(254));
        assert_eq!(ids(&comment), ["cc"]);
        let command = format!("a:2:once:/bin/x {}\n", "x".repeat(300));
        assert_eq!(
            parsed(&command).1,
            ["longer than 255 characters: it is read in pieces"; 2]
        );
        assert_eq!(
            ids("a:01234567892:once:/x\nb:012345678922:once:/x\n"),
            ["a"]
        );
        assert_eq!(ids("a:2:ONCE:/x\nb:2:once :/x\n"), ["a"]);
        assert_eq!(ids("~~:2:once:/x\n~~:2:once:/y\n"), ["~~", "~~"]);
        assert_eq!(ids("  sp:2:once:/x\n:2:once:/y\n"), ["sp"]);
        assert_eq!(ids("la:2:once:/x"), ["la"]);
        assert_eq!(ids("a:2:once:/x\0b\nc:2\0:once:/x\n"), ["a"]);
    }

    #[test]
    fn marks_and_shells_are_told_apart() {
        let entry = |process: &str| parsed(&format!("a:2:once:{process}\n")).0.remove(0);
        for (process, program, shell) in [
            ("+/bin/a b", "/bin/a", false),
            ("@/bin/a $x", "/bin/a", false),
            ("+@/bin/a", "/bin/a", false),
            ("@+/bin/a", "+/bin/a", false),
            (" /bin/a", "/bin/a", false),
            ("/bin/a # b", "/bin/a", false),
            ("a='1' b", "a='1'", true),
            ("", "", false),
        ] {
            let entry = entry(process);
            assert_eq!((entry.program(), entry.asks_a_shell()), (program, shell));
        }
    }

    #[test]
    fn runlevels_are_asked_for_in_either_case_and_none_is_all_digits() {
        let entry = |levels: &str| parsed(&format!("a:{levels}:once:/x\n")).0.remove(0);
        assert!(entry("").is_for('9') && !entry("").is_for('S'));
        assert!(entry("s").is_for('S') && entry("23").is_for('3'));
        assert!(!entry("23").is_for('4'));
    }

    #[test]
    fn a_tab_file_gives_its_first_entry_alone() {
        let file = File::new("/etc/inittab.d/x.tab", "# c\n\na:2:once:/x\nb:2:once:/y\n");
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        parse_tab(&file, &mut entries, &mut problems);
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!((ids, problems.len()), (vec!["a"], 0));
    }
}
