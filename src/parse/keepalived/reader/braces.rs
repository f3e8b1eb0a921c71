//! Braces: where a line is cut, and which block they close.

use std::sync::Arc;

use super::super::definition::begins_definition;
use super::super::mapped::{Line, is_blank};
use super::super::problem::ProblemKind;
use super::{MOST_BRACES, Reader};

impl Reader<'_> {
    /// Cuts the line at its braces outside double quotes, each of which becomes a
    /// line of its own. Where what remains could mean something to the steps
    /// before this one, it waits to go through them.
    pub(super) fn split_braces(&mut self, line: Line) {
        if !self.dialect.braces_anywhere() {
            self.ready.push_back(line);
            return;
        }
        let bytes = line.text.bytes();
        let mut at = 0;
        while at < bytes.len() {
            let brace = first_brace(bytes, at);
            let end = match brace {
                Some(brace) if brace == at => at + 1,
                Some(brace) => brace,
                None => bytes.len(),
            };
            let mut text = line.text.sub(at..end);
            text.trim_end();
            self.ready.push_back(Line {
                file: Arc::clone(&line.file),
                text,
                ..line
            });
            let rest = bytes.get(end..).unwrap_or(&[]);
            at = end + rest.iter().take_while(|b| is_blank(**b)).count();
            let rest = bytes.get(at..).unwrap_or(&[]);
            if !rest.is_empty() && (line.unfinished || self.is_special(rest)) {
                self.residue = Some(Line {
                    file: Arc::clone(&line.file),
                    text: line.text.sub(at..bytes.len()),
                    ..line
                });
                return;
            }
        }
    }

    /// Whether the steps before brace splitting do anything with such a line:
    /// all references that could be replaced have been.
    fn is_special(&self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'@') => self.dialect.conditions(),
            Some(b'$') => self.dialect.definitions() && begins_definition(line),
            Some(b'~') => line.starts_with(b"~SEQ") || line.starts_with(b"~LST"),
            Some(_) => line.starts_with(b"include"),
            None => false,
        }
    }

    /// Counts braces, as keepalived does whatever they belong to.
    pub(super) fn count_brace(&mut self, line: &Line) {
        if !self.dialect.braces_anywhere() {
            return;
        }
        match line.text.bytes() {
            b"{" => {
                self.depth += 1;
                if self.open_braces.len() < MOST_BRACES {
                    self.open_braces.push(line.whole());
                }
            }
            b"}" if self.depth == 0 => {
                let message = "a closing brace with no block to close";
                self.report
                    .problem(ProblemKind::ExtraBrace, line.whole(), message);
            }
            b"}" => {
                self.depth -= 1;
                self.open_braces.truncate(self.depth);
            }
            _ => {}
        }
    }
}

/// The first brace from `at` on that is not in double quotes; a quote that
/// never closes hides the rest.
fn first_brace(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        let found = at + rest.iter().position(|b| matches!(b, b'{' | b'}' | b'"'))?;
        if bytes.get(found) != Some(&b'"') {
            return Some(found);
        }
        let inside = bytes.get(found + 1..)?;
        at = found + 2 + inside.iter().position(|b| *b == b'"')?;
    }
}
