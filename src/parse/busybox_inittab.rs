//! /etc/inittab of busybox init (busybox 1.35 `init/init.c`, `parse_inittab`).
//!
//! | quirk | what init does |
//! |---|---|
//! | first field | a terminal below /dev; empty is the console |
//! | runlevels | not looked at |
//! | `#` anywhere | begins a comment |
//! | no command, or an unknown action | "Bad inittab entry", the line is dropped |
//! | case of the action | counts |
//! | no file | `/etc/init.d/rcS`, and shells that ask first |

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One entry busybox accepts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The terminal, without `/dev/`; empty is the console.
    pub terminal: String,
    /// The action.
    pub action: &'static str,
    /// The command.
    pub process: String,
    /// The whole line.
    pub place: Place,
    /// The command alone.
    pub process_place: Place,
}

/// The actions, as they are written.
const ACTIONS: [&str; 8] = [
    "sysinit",
    "wait",
    "once",
    "respawn",
    "askfirst",
    "ctrlaltdel",
    "shutdown",
    "restart",
];

/// The entries, and the places of lines that are dropped with the reason.
#[must_use]
pub fn parse(file: &Arc<File>) -> (Vec<Entry>, Vec<(Place, &'static str)>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (span, line) in file.lines() {
        let end = line.iter().position(|b| *b == b'#').unwrap_or(line.len());
        let text = line.get(..end).unwrap_or(line);
        if text.trim_ascii().is_empty() {
            continue;
        }
        let fields: Vec<&[u8]> = text.splitn(4, |b| *b == b':').collect();
        let [terminal, _, action, process] = fields.as_slice() else {
            problems.push((file.place(span), "fewer than four fields"));
            continue;
        };
        if process.is_empty() {
            problems.push((file.place(span), "no command"));
            continue;
        }
        let known = ACTIONS
            .into_iter()
            .find(|known| known.as_bytes() == *action);
        let Some(action) = known else {
            problems.push((file.place(span), "an action busybox does not know"));
            continue;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let terminal = text(terminal);
        let stop = span.start + end;
        entries.push(Entry {
            terminal: terminal
                .strip_prefix("/dev/")
                .unwrap_or(&terminal)
                .to_owned(),
            action,
            process: text(process),
            place: file.place(span),
            process_place: file.place(Span::new(stop - process.len(), stop)),
        });
    }
    (entries, problems)
}

impl Entry {
    /// The program started; a `-` in front asks for a login shell.
    #[must_use]
    pub fn program(&self) -> &str {
        let process = self.process.trim_start();
        let process = process.strip_prefix('-').unwrap_or(process);
        process.split_whitespace().next().unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_for_sysvinit_is_read_with_its_default_level_dropped() {
        let file = File::new(
            "/etc/inittab",
            "# Alpine\n::sysinit:/sbin/openrc sysinit\ntty1::respawn:/sbin/getty 38400 tty1\n\
             id:3:initdefault:\nx:2:Wait:/x\n::ctrlaltdel:/sbin/reboot # c\na:b\n\
             ::askfirst:-/bin/sh\n",
        );
        let (entries, problems) = parse(&file);
        let kept: Vec<(&str, &str, &str)> = entries
            .iter()
            .map(|e| (e.terminal.as_str(), e.action, e.program()))
            .collect();
        assert_eq!(
            kept,
            [
                ("", "sysinit", "/sbin/openrc"),
                ("tty1", "respawn", "/sbin/getty"),
                ("", "ctrlaltdel", "/sbin/reboot"),
                ("", "askfirst", "/bin/sh"),
            ]
        );
        let reasons: Vec<&str> = problems.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(
            reasons,
            [
                "no command",
                "an action busybox does not know",
                "fewer than four fields"
            ]
        );
        assert_eq!(entries[0].process_place.text(), "/sbin/openrc sysinit");
    }
}
