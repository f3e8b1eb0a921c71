//! /etc/inittab of sysvinit (sysvinit 3.06 `src/init.c`, `read_inittab`).
//!
//! busybox init reads the same file by other rules; the fields are given as they
//! stand so that both can be judged.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One entry sysvinit accepts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// First field, at most four characters.
    pub id: String,
    /// Second field; empty means all.
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

const ACTIONS: [&str; 14] = [
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
];

/// The entries of an inittab, and the lines that have no effect.
#[must_use]
pub fn parse(file: &Arc<File>) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut problems = Vec::new();
    for (span, line) in file.lines() {
        let blank = line
            .iter()
            .take_while(|b| **b == b' ' || **b == b'\t')
            .count();
        let text = line.get(blank..).unwrap_or(&[]);
        if text.is_empty() || text.first() == Some(&b'#') {
            continue;
        }
        let mut problem = |message| {
            problems.push(Problem {
                place: file.place(span),
                message,
            });
        };
        if line.len() > 255 {
            problem("longer than 255 characters");
            continue;
        }
        let mut fields = text.splitn(4, |b| *b == b':');
        let (Some(id), Some(runlevels), Some(action), Some(process)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            problem("missing field: four, separated by colons, are needed");
            continue;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let action = text(action).to_ascii_lowercase();
        if id.is_empty() || id.len() > 4 {
            problem("the id must have 1 to 4 characters");
        } else if runlevels.len() > 11 {
            problem("more than 11 runlevels");
        } else if process.len() > 256 {
            problem("the command is longer than 256 characters");
        } else if !ACTIONS.contains(&action.as_str()) && action != "kbrequest" {
            problem("unknown action");
        } else if entries.iter().any(|e| e.id.as_bytes() == id) {
            problem("an earlier line has the same id");
        } else {
            let start = span.end - process.len();
            entries.push(Entry {
                id: text(id),
                runlevels: text(runlevels),
                action,
                process: text(process),
                place: file.place(span),
                process_place: file.place(Span::new(start, span.end)),
            });
        }
    }
    (entries, problems)
}

impl Entry {
    /// The program started, without the `+` and `@` marks; empty where there is none.
    #[must_use]
    pub fn program(&self) -> &str {
        let process = self.process.trim_start_matches(['+', '@']).trim_start();
        process.split_whitespace().next().map_or("", |word| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_its_last_colon_has_no_effect() {
        let file = File::new(
            "/etc/inittab",
            "# c\nid:2:initdefault\nid:3:InitDefault:\nsi::sysinit:/etc/init.d/rcS\n\
             toolong:2:wait:/x\nid:4:wait:/y\nx:2:nosuch:/z\n",
        );
        let (entries, problems) = parse(&file);
        let kept: Vec<(&str, &str)> = entries
            .iter()
            .map(|e| (e.id.as_str(), e.action.as_str()))
            .collect();
        assert_eq!(kept, [("id", "initdefault"), ("si", "sysinit")]);
        assert_eq!(entries[1].program(), "/etc/init.d/rcS");
        assert_eq!(entries[1].process_place.text(), "/etc/init.d/rcS");
        let messages: Vec<&str> = problems.iter().map(|p| p.message).collect();
        assert_eq!(
            messages,
            [
                "missing field: four, separated by colons, are needed",
                "the id must have 1 to 4 characters",
                "an earlier line has the same id",
                "unknown action",
            ]
        );
    }
}
