//! A quoted line with the span underlined, in the shape compilers use.

use std::fmt::Write as _;

use super::Paths;
use crate::text::{Place, Span, escape, redact_line};

/// Characters of a quoted line that are shown at most.
const QUOTED: usize = 160;

/// The place's line, escaped and redacted, with the columns of the span in it.
pub(super) struct Quoted {
    /// 1-based line number.
    pub(super) line: usize,
    /// The text shown.
    pub(super) text: String,
    /// Where the span begins in it, in characters.
    pub(super) start: usize,
    /// How many characters it covers, at least one.
    pub(super) len: usize,
    /// Whether something was redacted.
    pub(super) redacted: bool,
}

/// Quotes the first line of `place`.
pub(super) fn quote(place: &Place) -> Quoted {
    let line = place.start().line;
    let whole = place.file.line_span(line);
    // Far from the span a line of any length is cut before it is looked at.
    let from = whole.start.max(place.span.start.saturating_sub(QUOTED * 4));
    let to = whole.end.min(place.span.start.saturating_add(QUOTED * 4));
    let bytes = place.file.slice(Span::new(from, to));
    let (bytes, redacted) = redact_line(bytes);
    let at = place.span.start.clamp(from, to) - from;
    let end = place.span.end.clamp(from, to) - from;
    let part = |range: std::ops::Range<usize>| escape(bytes.get(range).unwrap_or(&[]));
    let before = part(0..at);
    let marked = part(at..end.max(at));
    let after = part(end.max(at)..bytes.len());
    let mut text = format!("{before}{marked}{after}");
    let mut start = before.chars().count();
    let mut len = marked.chars().count().max(1);
    if start > QUOTED / 2 {
        let cut = start - QUOTED / 4;
        text = format!("...{}", text.chars().skip(cut).collect::<String>());
        start = start - cut + 3;
    }
    if text.chars().count() > QUOTED {
        text = text.chars().take(QUOTED).collect::<String>() + "...";
    }
    len = len.min(QUOTED.saturating_sub(start).max(1));
    let lead = text.chars().take(start).take_while(|c| *c == ' ').count();
    let lead = if start > 0 { lead.min(start) } else { 0 };
    let text = text.chars().skip(lead).collect();
    Quoted {
        line,
        text,
        start: start - lead,
        len,
        redacted,
    }
}

/// The snippet of one place, with a gutter `width` digits wide.
pub(super) fn snippet(place: &Place, label: &str, at: Paths<'_>, width: usize) -> String {
    let start = place.start();
    let path = at.show(place.path());
    let pad = " ".repeat(width);
    let mut out = String::new();
    let _ = writeln!(out, "  {pad}--> {path}:{}:{}", start.line, start.column);
    let quoted = quote(place);
    if quoted.text.is_empty() {
        let _ = writeln!(out, "   {pad} = {label}");
        return out;
    }
    let _ = writeln!(out, "   {pad} |");
    let _ = writeln!(out, "   {:>width$} | {}", quoted.line, quoted.text);
    let underline = "-".repeat(quoted.len);
    let indent = " ".repeat(quoted.start);
    let column = 3 + width + 3 + quoted.start + quoted.len + 1;
    let length = label.chars().count();
    if column + length <= super::wrap::WIDTH || label.is_empty() {
        let line = format!("   {pad} | {indent}{underline} {label}");
        let _ = writeln!(out, "{}", line.trim_end());
    } else {
        let _ = writeln!(out, "   {pad} | {indent}{underline}");
        let at = 3 + width + 3;
        let _ = writeln!(out, "   {pad} | {}", super::wrap::wrap(label, at, at));
    }
    out
}

/// How many digits the largest line number of `places` has.
pub(super) fn gutter<'a>(places: impl Iterator<Item = &'a Place>) -> usize {
    let largest = places.map(|place| place.start().line).max();
    largest.map_or(1, |line| line.to_string().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::File;

    #[test]
    fn the_underline_stands_under_the_span_also_behind_escapes() {
        let file = File::new("/etc/crontab", "a\n15 3 * * *\t/sbin/reboot\n");
        let place = file.place(Span::new(13, 25));
        let text = snippet(&place, "here", Paths::PLAIN, 1);
        assert_eq!(
            text,
            "   --> /etc/crontab:2:12\n     |\n   2 | 15 3 * * *\\t/sbin/reboot\n     \
             |             ------------ here\n"
        );
    }

    #[test]
    fn a_line_of_a_million_bytes_is_cut_around_the_span() {
        let mut text = "x".repeat(1_000_000);
        text.replace_range(500_000..500_003, "RED");
        let file = File::new("/f", text);
        let quoted = quote(&file.place(Span::new(500_000, 500_003)));
        assert!(quoted.text.len() < 400);
        let marked: String = quoted
            .text
            .chars()
            .skip(quoted.start)
            .take(quoted.len)
            .collect();
        assert_eq!(marked, "RED");
    }

    #[test]
    fn a_secret_is_hidden_in_the_quoted_line() {
        let file = File::new("/k", "  auth_pass hunter2\n");
        let quoted = quote(&file.place(Span::new(2, 11)));
        assert_eq!(quoted.text, "auth_pass *******");
        assert!(quoted.redacted);
    }
}
