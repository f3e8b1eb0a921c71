//! Programs that udev runs for a device (systemd 252 `src/udev/udev-rules.c`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::Trigger;
use super::super::event::{Handler, names, optional};
use super::executed;
use crate::fact::Listing;
use crate::facts::Host;
use crate::facts::shipped::is_vendors;
use crate::text::{Span, escape};

/// Directories of rules, highest first.
const DIRS: [&str; 5] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
];

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    let mut files: BTreeMap<std::ffi::OsString, PathBuf> = BTreeMap::new();
    for dir in DIRS {
        for path in names(host, dir, out) {
            let is_rules = path.extension().is_some_and(|end| end == "rules");
            if let Some(name) = path.file_name().filter(|_| is_rules) {
                files.entry(name.to_os_string()).or_insert(path);
            }
        }
    }
    // What packages ship does not take a box down by itself.
    for path in files.into_values().filter(|path| !is_vendors(path)) {
        let masked = matches!(host.resolve(&path), crate::fact::Fact::Known(found)
            if found.meta.kind != crate::source::FileKind::File);
        if masked {
            continue;
        }
        let Some(file) = optional(host, &path, out) else {
            continue;
        };
        for (start, rule) in rules(file.bytes()) {
            for (from, to) in commands(&rule) {
                let (Some(text), true) = (rule.get(from..to), to > from) else {
                    continue;
                };
                let place = file.place(Span::new(start + from, start + to));
                let event = format!(
                    "when a device matches {}",
                    escape(rule_name(&path).as_bytes())
                );
                let handler = Handler::new("udev", "a rule of udev", event, place);
                // A bare name is one of udev's own directory.
                let mut text = text.to_vec();
                if !text.starts_with(b"/") {
                    text.splice(0..0, *b"/usr/lib/udev/");
                }
                executed(host, &handler, &text, b"$%", out);
            }
        }
    }
}

fn rule_name(path: &std::path::Path) -> String {
    let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
    name.map_or_else(String::new, std::borrow::Cow::into_owned)
}

/// The rules of a file of udev with where each begins (udev(7)). Continued lines are joined with as many
/// bytes as they have in the file, so that places stay what they are.
#[must_use]
pub fn rules(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut out: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut open: Option<(usize, Vec<u8>)> = None;
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let start = at;
        at += line.len();
        let (start, mut rule) = open.take().unwrap_or((start, Vec::new()));
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if rule.is_empty() && text.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        if let Some(body) = text.strip_suffix(b"\\") {
            rule.extend(body);
            rule.extend(b"  ");
            open = Some((start, rule));
            continue;
        }
        rule.extend(text);
        out.push((start, rule));
    }
    out.extend(open);
    out
}

/// Where the values of `RUN` and `PROGRAM` stand in a rule. `RUN{builtin}` is no program.
fn commands(rule: &[u8]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = rule
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'"'))
    {
        let open = at + open;
        let key = rule.get(at..open).unwrap_or(&[]);
        let key: Vec<u8> = key
            .iter()
            .copied()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        let key = key.strip_prefix(b",").unwrap_or(&key);
        let Some(len) = rule
            .get(open + 1..)
            .and_then(|r| r.iter().position(|b| *b == b'"'))
        else {
            break;
        };
        let close = open + 1 + len;
        let runs = [&b"RUN+="[..], b"RUN=", b"RUN:=", b"PROGRAM=", b"PROGRAM=="];
        let named = [&b"RUN{program}+="[..], b"RUN{program}=", b"RUN{program}:="];
        if runs.contains(&key) || named.contains(&key) {
            out.push((open + 1, close));
        }
        at = close + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        for (start, rule) in rules(text.as_bytes()) {
            for (from, to) in commands(&rule) {
                out.push(text[start + from..start + to].to_owned());
            }
        }
        out
    }

    #[test]
    fn commands_keep_their_places_over_continued_lines() {
        let text =
            "# RUN+=\"/no\"\nACTION==\"add\", \\\n  RUN+=\"/bin/a b\", RUN{builtin}+=\"kmod\"\n";
        assert_eq!(found(text), ["/bin/a b"]);
        let text = "KERNEL==\"x\", PROGRAM=\"/bin/p\", RUN{program}+=\"/bin/q\"";
        assert_eq!(found(text), ["/bin/p", "/bin/q"]);
    }

    #[test]
    fn no_bytes_are_too_much() {
        for text in ["", "\"", "RUN+=\"", "\\", "\\\n\\\n", "RUN+=\"\""] {
            assert!(found(text).iter().all(String::is_empty), "{text}");
        }
    }
}
