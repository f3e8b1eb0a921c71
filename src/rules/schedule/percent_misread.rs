//! `cron-percent-misread`: a percent sign that ends a command in its middle, or a
//! backslash before one that stays.

use super::jobs::{self, Live};
use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::crontab::ProblemKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{Span, escape};

pub(in crate::rules) struct PercentMisread;

impl Rule for PercentMisread {
    fn id(&self) -> &'static str {
        "cron-percent-misread"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for live in jobs::live(cron) {
            out.judged += 1;
            out.list.extend(cut(self.id(), live));
            out.list.extend(kept(self.id(), live));
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

/// A command that is cut where it is not finished.
fn cut(id: &'static str, live: Live<'_>) -> Option<Finding> {
    let command = &live.job.command;
    let at = command.cut?;
    let rest = live.table.file.slice(Span::new(at, command.span.end));
    let open = !is_whole(&command.text) || command.text.ends_with(b"+");
    if !open && !goes_on(rest) {
        // Standard input, as it is meant to be.
        return None;
    }
    let (line, text) = (live.line(), escape(&command.text));
    let message = format!("{line} runs only `{text}`: the first % ends it");
    let place = live.table.file.place(Span::new(at, command.span.end));
    let evidence = Evidence::span(place, "becomes standard input");
    Some(Finding::new(id, live.subject(), message, evidence))
}

/// `\%` inside quotes, where the shell keeps the backslash that this daemon keeps.
fn kept(id: &'static str, live: Live<'_>) -> Option<Finding> {
    let within = |span: Span| {
        span.start >= live.job.command.span.start && span.end <= live.job.command.span.end
    };
    let mut problems = live.reading.problems.iter();
    let problem = problems.find(|p| p.kind == ProblemKind::PercentKept && within(p.span))?;
    let text = &live.job.command.text;
    let at = text.windows(2).position(|pair| pair == b"\\%")?;
    if is_whole(text.get(..at)?) {
        return None;
    }
    let daemon = live.daemon;
    let message = format!("{} keeps the backslash before its %", live.line());
    let label = format!("{daemon} cuts at no %, so nothing wants this backslash");
    let place = live.table.file.place(problem.span);
    let finding = Finding::new(id, live.subject(), message, Evidence::span(place, label));
    Some(
        finding
            .at_most(Level::Note)
            .fix("Write % without a backslash.", &[]),
    )
}

/// Whether quotes, backticks and parentheses are closed.
fn is_whole(text: &[u8]) -> bool {
    let (mut single, mut double, mut back, mut depth) = (false, false, false, 0_usize);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\'' if !double => single = !single,
            _ if single => {}
            b'\\' => {
                bytes.next();
            }
            b'"' => double = !double,
            b'`' => back = !back,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    !single && !double && !back && depth == 0
}

/// Whether what is cut off reads like the rest of a command.
fn goes_on(rest: &[u8]) -> bool {
    let signs: [&[u8]; 6] = [b" && ", b" || ", b" | ", b" > ", b" >> ", b" 2>&1"];
    signs
        .iter()
        .any(|sign| rest.windows(sign.len()).any(|part| part == *sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_quotes_and_parentheses_are_seen() {
        for text in [
            "date \"+",
            "x $(date +",
            "x `date +",
            "tar '",
            "(a",
            "\"$(x)",
        ] {
            assert!(!is_whole(text.as_bytes()), "{text}");
        }
        for text in [
            "date +",
            "x \"a\" 'b' $(c) `d`",
            "echo \\\"",
            "'(' \"'\"",
            "",
        ] {
            assert!(is_whole(text.as_bytes()), "{text}");
        }
    }
}
