//! The watchdog daemon's configuration (watchdog 5.16 `src/configfile.c`,
//! `src/read-conf.c`).
//!
//! | input | the daemon |
//! |---|---|
//! | `#` first | comment; behind a value it is part of it |
//! | `max-load-1 = 24.5` | 24 (`atoi`) |
//! | `max-load-1 = high` | warns and keeps what it had |
//! | `max-load-1` twice | the later counts |
//! | `ping`, `file`, `pidfile`, `interface`, `test-binary` twice | all of them count |
//! | `change` | belongs to the `file` before it |

use std::sync::Arc;

use crate::text::{File, Place, Span};

/// One `name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name.
    pub name: String,
    /// The value; may be empty.
    pub value: String,
    /// The line, without blanks around it.
    pub place: Place,
}

/// The lines that are assignments, in order.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Line> {
    let mut out = Vec::new();
    for (span, line) in file.lines() {
        let start = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let text = line.trim_ascii();
        let Some(equals) = text.iter().position(|b| *b == b'=') else {
            continue;
        };
        if text.starts_with(b"#") {
            continue;
        }
        let (name, value) = text.split_at(equals);
        let value = value.get(1..).unwrap_or(&[]).trim_ascii();
        let start = span.start + start;
        out.push(Line {
            name: String::from_utf8_lossy(name.trim_ascii()).into_owned(),
            value: String::from_utf8_lossy(value).into_owned(),
            place: file.place(Span::new(start, start + text.len())),
        });
    }
    out
}

impl Line {
    /// The value as the number that it begins with; none where it begins with none.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        let text = self.value.strip_prefix('+').unwrap_or(&self.value);
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let digits = digits.get(..end.unwrap_or(digits.len()))?;
        let value: i64 = digits.parse().ok()?;
        Some(if negative { -value } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_trimmed_and_comments_begin_a_line() {
        let file = File::new(
            "/x",
            "# ping = 1\n ping\t\t= 10.0.0.1 # gw\nnone\nmax-load-1 = 24.5\nfile =\n",
        );
        let lines = parse(&file);
        let pairs: Vec<(&str, &str)> = lines
            .iter()
            .map(|line| (line.name.as_str(), line.value.as_str()))
            .collect();
        let expected = [
            ("ping", "10.0.0.1 # gw"),
            ("max-load-1", "24.5"),
            ("file", ""),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(
            lines.first().unwrap().place.text(),
            "ping\\t\\t= 10.0.0.1 # gw"
        );
        let numbers: Vec<Option<i64>> = lines.iter().map(Line::number).collect();
        assert_eq!(numbers, [Some(10), Some(24), None]);
    }
}
