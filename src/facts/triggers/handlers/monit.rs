//! Commands that monit executes (5.33 `src/p.y`, `src/l.l`): `exec` behind a test, and
//! the programs that start and stop a service.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::Trigger;
use super::super::event::{Handler, is_enabled, optional};
use super::{executed, globbed};
use crate::fact::Listing;
use crate::facts::Host;
use crate::text::{File, Span, escape};

/// Files that are read at most.
const MOST: usize = 500;

/// Words of a condition that are shown.
const SHOWN: usize = 12;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    if !is_enabled(host, &["monit"]) {
        return;
    }
    let mains = ["/etc/monit/monitrc", "/etc/monitrc", "/etc/monit.conf"];
    let mut pending: Vec<PathBuf> = mains.map(PathBuf::from).to_vec();
    let mut seen: Vec<PathBuf> = Vec::new();
    while let Some(path) = pending.pop() {
        if seen.len() >= MOST || seen.contains(&path) {
            continue;
        }
        if let Some(file) = optional(host, &path, out) {
            pending.extend(of_file(host, &file, out));
        }
        seen.push(path);
    }
}

/// A word or a string, with where its text stands.
struct Token {
    text: String,
    span: Span,
    quoted: bool,
}

/// The words of a file: strings in quotes are one, `#` begins a comment, and `=` is
/// only there to be read.
fn tokens(bytes: &[u8]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        if byte == b'#' {
            let rest = bytes.get(at..).unwrap_or(&[]);
            at += rest.iter().take_while(|b| **b != b'\n').count();
        } else if byte == b'"' || byte == b'\'' {
            let start = at + 1;
            let rest = bytes.get(start..).unwrap_or(&[]);
            let len = rest.iter().take_while(|b| **b != byte).count();
            out.push(token(bytes, start, start + len, true));
            at = start + len + 1;
        } else if byte.is_ascii_whitespace() || byte == b'=' {
            at += 1;
        } else {
            let ends = |b: &u8| b.is_ascii_whitespace() || matches!(*b, b'"' | b'\'' | b'=');
            let rest = bytes.get(at..).unwrap_or(&[]);
            let len = rest.iter().take_while(|b| !ends(b)).count().max(1);
            out.push(token(bytes, at, at + len, false));
            at += len;
        }
    }
    out
}

fn token(bytes: &[u8], from: usize, to: usize, quoted: bool) -> Token {
    let text = String::from_utf8_lossy(bytes.get(from..to).unwrap_or(&[])).into_owned();
    Token {
        text,
        span: Span::new(from, to),
        quoted,
    }
}

/// Judges the commands of one file; gives what it includes.
fn of_file(host: &Host, file: &Arc<File>, out: &mut Listing<Trigger>) -> Vec<PathBuf> {
    let tokens = tokens(file.bytes());
    let mut more = Vec::new();
    let is = |token: Option<&Token>, word: &str| {
        token.is_some_and(|token| !token.quoted && token.text.eq_ignore_ascii_case(word))
    };
    let mut service = String::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1);
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        let word = token.text.to_ascii_lowercase();
        let event = match (word.as_str(), token.quoted, next) {
            ("include", false, Some(next)) => {
                more.extend(globbed(host, &next.text, out));
                continue;
            }
            ("check", false, _) => {
                let name = tokens.get(index + 2);
                service = name.map_or_else(String::new, |name| name.text.clone());
                continue;
            }
            ("exec" | "execute", false, Some(_)) => condition(tokens.get(..index).unwrap_or(&[])),
            ("program", false, Some(next)) if next.quoted => {
                let which = ["start", "stop", "restart"];
                let Some(which) = which.into_iter().find(|word| is(before, word)) else {
                    continue;
                };
                format!("when monit {which}s {}", escape(service.as_bytes()))
            }
            _ => continue,
        };
        let Some(next) = next else { continue };
        let place = file.place(next.span);
        let handler = Handler::new("monit", "a test of monit", event, place);
        executed(host, &handler, next.text.as_bytes(), b"", out);
    }
    more
}

/// `when TEST` of `if TEST then exec`.
fn condition(before: &[Token]) -> String {
    let is = |token: &Token, word: &str| !token.quoted && token.text.eq_ignore_ascii_case(word);
    let from = before
        .iter()
        .rposition(|token| is(token, "if") || is(token, "else"));
    let test = from.and_then(|from| before.get(from..)).unwrap_or(&[]);
    let mut words = Vec::new();
    for token in test.iter().skip(1).take(SHOWN) {
        if is(token, "then") {
            break;
        }
        words.push(escape(token.text.as_bytes()));
    }
    if words.is_empty() {
        "when a test fails".to_owned()
    } else {
        format!("when {}", words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_signs_are_told_apart() {
        let text = b"if cpu > 9% for 3 cycles then exec \"/sbin/reboot -f\" # exec \"/no\"\nstart program = '/x'";
        let found: Vec<String> = tokens(text).into_iter().map(|t| t.text).collect();
        let expected = [
            "if",
            "cpu",
            ">",
            "9%",
            "for",
            "3",
            "cycles",
            "then",
            "exec",
            "/sbin/reboot -f",
            "start",
            "program",
            "/x",
        ];
        assert_eq!(found, expected);
        let tokens = tokens(text);
        assert_eq!(condition(&tokens[..8]), "when cpu > 9% for 3 cycles");
        for text in ["", "\"", "'a", "=", "#"] {
            assert!(super::tokens(text.as_bytes()).len() <= 1, "{text}");
        }
    }
}
