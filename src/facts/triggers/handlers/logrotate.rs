//! Scripts that logrotate runs (3.21 `config.c`, `logrotate.c`).

use std::path::{Path, PathBuf};

use super::super::Trigger;
use super::super::event::{Handler, fall, names, optional, shell};
use super::{globbed, is_installed};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::shell::{Source, Value};
use crate::source::FileKind;
use crate::text::{Span, escape};

/// What starts a script; a line with `endscript` alone ends it.
const SCRIPTS: [&str; 5] = [
    "prerotate",
    "postrotate",
    "firstaction",
    "lastaction",
    "preremove",
];

/// Ends of names that a directory's files are left out for (`defTabooExts`).
const TABOO: [&str; 18] = [
    ",v",
    ".bak",
    ".cfsaved",
    ".disabled",
    ".dpkg-bak",
    ".dpkg-del",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-tmp",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".swp",
    ".ucf-dist",
    ".ucf-new",
    ".ucf-old",
    "~",
];

/// Files that are read at most.
const MOST: usize = 500;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    if !is_installed(host, &["/usr/sbin/logrotate", "/usr/bin/logrotate"]) {
        return;
    }
    let mut pending = vec![PathBuf::from("/etc/logrotate.conf")];
    // Of a part of a root the directory may be there alone.
    pending.extend(included(host, "/etc/logrotate.d", out));
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(path) = pending.pop() {
        if seen.len() >= MOST || seen.contains(&path) {
            continue;
        }
        pending.extend(of_file(host, &path, out));
        seen.push(path);
    }
}

/// What `include` names: a file, or a directory's files.
fn included(host: &Host, path: &str, out: &mut Listing<Trigger>) -> Vec<PathBuf> {
    let is_dir = |path: &Path| matches!(host.resolve(path), Fact::Known(found) if found.meta.kind == FileKind::Dir);
    if !is_dir(Path::new(path)) {
        return globbed(host, path, out);
    }
    let files = names(host, path, out).into_iter();
    let counts = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| "a log".to_owned());
        !name.starts_with('.') && !TABOO.iter().any(|end| name.ends_with(end)) && !is_dir(path)
    };
    files.filter(counts).collect()
}

/// Judges the scripts of one file; gives what it includes.
fn of_file(host: &Host, path: &Path, out: &mut Listing<Trigger>) -> Vec<PathBuf> {
    let Some(file) = optional(host, path, out) else {
        return Vec::new();
    };
    let mut more = Vec::new();
    let mut logs = String::new();
    let mut script: Option<usize> = None;
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line);
        let mut words = text.split_whitespace();
        let first = words.next().unwrap_or("");
        if let Some(start) = script {
            if first != "endscript" {
                continue;
            }
            script = None;
            let body = file.place(Span::new(start, span.start));
            let event = format!("when {} is rotated", escape(logs.as_bytes()));
            let mut call = shell(Source::part(&body));
            call.args = vec![Value::unknown(), Value::unknown()];
            let Some(fall) = fall(host, &call, &body, out) else {
                continue;
            };
            // The line that does it says more than the whole script.
            let line = if fall.place.path() == file.path() {
                fall.place.clone()
            } else {
                file.place(file.line_span(file.position(start).line))
            };
            let handler = Handler::new("logrotate", "a script of logrotate", event, line);
            out.items.push(handler.trigger(fall));
            continue;
        }
        match first {
            "include" => {
                let name = words.next().unwrap_or("").trim_matches(['"', '\'']);
                more.extend(included(host, name, out));
            }
            first if SCRIPTS.contains(&first) => {
                script = Some(span.end.saturating_add(1));
            }
            _ => {
                if let Some(before) = text.split('{').next().filter(|b| b.len() < text.len()) {
                    before.trim().clone_into(&mut logs);
                } else if first.starts_with('/') || first.starts_with('"') {
                    text.trim().clone_into(&mut logs);
                }
            }
        }
    }
    more
}
