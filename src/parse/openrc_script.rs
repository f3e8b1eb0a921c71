//! `depend()` of a start script for OpenRC (OpenRC 0.45 `sh/gendepends.sh`): the words
//! of `need`, `use`, `want`, `provide`, `before` and `after`.
//!
//! OpenRC sources the script and calls the function; here its text is read. A word with
//! a `$` in it is known only when the script runs, and is left out, and so is a line
//! that stands behind a condition.

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// A word of a dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// `need`, `use`, `want`, `provide`, `before` or `after`.
    pub kind: &'static str,
    /// The service that is named.
    pub name: Vec<u8>,
    /// The word.
    pub place: Place,
}

const KINDS: [&str; 6] = ["need", "use", "want", "provide", "before", "after"];

/// The dependencies of a script for openrc-run; none for any other script.
#[must_use]
pub fn depend(file: &Arc<File>) -> Vec<Dependency> {
    let mut out = Vec::new();
    let first = file.slice(file.line_span(1));
    if !first.starts_with(b"#!") || !(ends(first, b"openrc-run") || ends(first, b"runscript")) {
        return out;
    }
    let mut inside = false;
    // Conditions inside the function: what they decide is not known.
    let mut nested = 0_usize;
    for (span, line) in file.lines() {
        let mut body = line;
        let mut at = span.start;
        if !inside {
            let spaces = |b: &u8| !b.is_ascii_whitespace();
            let compact: Vec<u8> = line.iter().copied().filter(spaces).collect();
            if !compact.starts_with(b"depend()") {
                continue;
            }
            inside = true;
            // The body may begin behind the brace.
            let Some(brace) = line.iter().position(|b| *b == b'{') else {
                continue;
            };
            at += brace + 1;
            body = line.get(brace + 1..).unwrap_or(&[]);
        }
        for statement in body.split(|b| *b == b';') {
            let start = at;
            at += statement.len() + 1;
            let text = statement.trim_ascii();
            if text.starts_with(b"}") {
                return out;
            }
            match text.split(u8::is_ascii_whitespace).next().unwrap_or(&[]) {
                b"if" | b"case" | b"for" | b"while" => nested += 1,
                b"fi" | b"esac" | b"done" => nested = nested.saturating_sub(1),
                b"{" => {}
                word => {
                    let kind = KINDS.into_iter().find(|kind| kind.as_bytes() == word);
                    if let (Some(kind), 0) = (kind, nested) {
                        words(file, start, statement, kind, &mut out);
                    }
                }
            }
        }
    }
    out
}

fn ends(line: &[u8], name: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(name)
}

/// The words behind the first of a statement that begins at `start`.
fn words(
    file: &Arc<File>,
    start: usize,
    statement: &[u8],
    kind: &'static str,
    out: &mut Vec<Dependency>,
) {
    let mut at = start;
    let mut is_first = true;
    for word in statement.split(u8::is_ascii_whitespace) {
        let start = at;
        at += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        if word.starts_with(b"#") || word.iter().any(|b| b"&|".contains(b)) {
            break;
        }
        if is_first {
            is_first = false;
            continue;
        }
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-+".contains(b);
        if word.iter().all(plain) {
            out.push(Dependency {
                kind,
                name: word.to_vec(),
                place: file.place(Span::new(start, start + word.len())),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let file = File::new("/etc/init.d/x", text);
        let depend = depend(&file).into_iter();
        depend
            .map(|d| (d.kind, String::from_utf8(d.name).unwrap()))
            .collect()
    }

    #[test]
    fn the_words_of_depend_are_read_and_nothing_else() {
        let script = "#!/sbin/openrc-run\nneed=1\ndepend ( ) {\n\tneed localmount net\n\
                      \tuse dns $other # logger\n\tafter *; before x\n\tif yes; then\n\
                      \t\tneed clock\n\tfi\n\tprovide mta\n}\nstart() {\n\tneed nothing\n}\n";
        let expected = [
            ("need", "localmount"),
            ("need", "net"),
            ("use", "dns"),
            ("before", "x"),
            ("provide", "mta"),
        ];
        assert_eq!(found(script), expected.map(|(k, n)| (k, n.to_owned())));
    }

    #[test]
    fn a_function_may_be_one_line() {
        let script = "#!/sbin/runscript\ndepend() { need net; use dns; }\nneed x\n";
        let expected = [("need", "net"), ("use", "dns")];
        assert_eq!(found(script), expected.map(|(k, n)| (k, n.to_owned())));
    }

    #[test]
    fn scripts_for_other_inits_have_no_depend() {
        assert_eq!(found("#!/bin/sh\ndepend() {\n\tneed net\n}\n"), []);
        assert_eq!(found(""), []);
    }
}
