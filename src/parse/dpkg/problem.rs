//! What makes dpkg refuse a status file (dpkg 1.21 `lib/dpkg/parse.c`).

use std::sync::Arc;

use super::{Kind, head, is_field, paragraphs, status};
use crate::text::{File, Place, Span};

/// What could not be understood of a status file.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The line.
    pub place: Place,
    /// What is wrong with it.
    pub message: &'static str,
}

/// Everything that is wrong with a file, in order. It looks at every line, which reading
/// the packages does not.
#[must_use]
pub fn problems(file: &Arc<File>, kind: Kind) -> Vec<Problem> {
    let mut out = Vec::new();
    for paragraph in paragraphs(file.bytes()) {
        of_paragraph(file, kind, paragraph, &mut out);
    }
    out
}

fn of_paragraph(file: &Arc<File>, kind: Kind, paragraph: Span, out: &mut Vec<Problem>) {
    let mut problem = |span: Span, message| {
        out.push(Problem {
            place: file.place(span),
            message,
        });
    };
    let mut start = paragraph.start;
    let mut first = None;
    for line in file.slice(paragraph).split(|byte| *byte == b'\n') {
        let span = Span::new(start, start + line.len());
        start = span.end + 1;
        first.get_or_insert(span);
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        if line.trim_ascii().is_empty() {
            problem(
                span,
                "blanks in a line by themselves: dpkg refuses the whole file here",
            );
        } else if !goes_on && !line.contains(&b':') {
            problem(span, "no colon: dpkg refuses the whole file here");
        } else if is_field(line, b"Package") && span.start > first.map_or(0, |f| f.start) {
            let head = head(file.bytes(), paragraph);
            if head.name.is_some_and(|name| name.end != span.end) {
                problem(span, "a second Package: in one paragraph");
            }
        }
    }
    let Some(first) = first else { return };
    let head = head(file.bytes(), paragraph);
    let named = head.name.map(|name| file.slice(name).trim_ascii());
    let is_name = |name: &[u8]| !name.is_empty() && name.is_ascii();
    match named {
        None => problem(first, "a paragraph without Package:"),
        Some(name) if !is_name(name) => problem(first, "a Package: that is no name"),
        Some(_) => match head.status {
            Some(value) if status(file.slice(value)).is_none() => {
                problem(head.at, "a Status: that dpkg does not know");
            }
            None if kind == Kind::Status => problem(first, "a package without Status:"),
            Some(_) | None => {}
        },
    }
}
