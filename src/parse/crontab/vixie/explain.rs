//! The words for what the Vixie family makes of a line.

use super::super::Schedule;
use super::super::assignment::Line;
use super::super::fields::Field;
use super::super::problem::{Effect, ProblemKind};
use super::fields::{Oddity, Scan};
use super::job::When;
use super::{Reader, Reject};
use crate::text::{Span, escape};

impl Reader<'_> {
    /// The kind and message of a rejected line, by what its author meant.
    pub(super) fn explain(
        &self,
        start: usize,
        why: &Line,
        reject: &Reject,
    ) -> (ProblemKind, String) {
        let then = self.consequence();
        let word = escape(self.cursor.slice(reject.span));
        match why {
            Line::Empty => {
                let message = format!("an empty value wants quotes (`NAME=\"\"`): {then}");
                return (ProblemKind::EmptyAssignment, message);
            }
            Line::Quote => {
                let message =
                    format!("a quote is not closed, or text follows the closing one: {then}");
                return (ProblemKind::UnbalancedQuote, message);
            }
            Line::Assignment { .. } | Line::Other => {}
        }
        if start == 0 && self.cursor.slice(Span::new(0, 3)) == b"\xef\xbb\xbf" {
            let message = format!("the file begins with a byte order mark: {then}");
            return (ProblemKind::ByteOrderMark, message);
        }
        if word == "\\r" && matches!(reject.kind, ProblemKind::BadField(_)) {
            let message = format!("a line holds nothing but a carriage return: {then}");
            return (ProblemKind::CarriageReturn, message);
        }
        let message = match reject.kind {
            ProblemKind::BadField(field) if word.is_empty() => {
                format!("the line ends before its {field}: {then}")
            }
            ProblemKind::BadField(field) => format!("`{word}` is no {field}: {then}"),
            ProblemKind::BadMacro => format!("`{word}` is no known time: {then}"),
            ProblemKind::BadOption => format!("`{word}` is not allowed here: {then}"),
            ProblemKind::BadUser => format!("`{word}` cannot be a user name: {then}"),
            ProblemKind::CommandTooLong => {
                format!("the command has 999 bytes or more: {then}")
            }
            _ => format!("the line has no command: {then}"),
        };
        (reject.kind, message)
    }

    pub(super) fn oddities(&mut self, field: Field, span: Span, read: &Scan) {
        for oddity in &read.oddities {
            let (span, kind, message) = match *oddity {
                Oddity::Reversed => (
                    span,
                    ProblemKind::ReversedRange,
                    format!("a range of {field} values written backwards selects nothing"),
                ),
                Oddity::Garbage(at) => {
                    let tail = Span::new(at, span.end);
                    let text = escape(self.cursor.slice(tail));
                    let message = format!("`{text}` in the {field} field is skipped");
                    (tail, ProblemKind::SkippedTail, message)
                }
                Oddity::Step(step) => (
                    span,
                    ProblemKind::LargeStep,
                    format!("a step of {step} leaves only the first {field}"),
                ),
                Oddity::Random => (
                    span,
                    ProblemKind::RandomValue,
                    format!("cronie draws the {field} when it loads the table"),
                ),
            };
            self.table.report(span, kind, Effect::Surprise, message);
        }
    }

    pub(super) fn field_surprises(&mut self, when: &When, start: usize) {
        if let Schedule::Never(never) = when.schedule {
            let line = Span::new(start, when.span.end);
            let message = format!("the line is accepted and never fires: {never}");
            self.table
                .report(line, ProblemKind::NeverFires, Effect::Surprise, message);
        }
    }

    pub(super) fn command_surprises(&mut self) {
        let Some(job) = self.table.jobs.last() else {
            return;
        };
        let (line, span, cut) = (job.line, job.command.span, job.command.cut);
        let written = self.cursor.slice(span);
        if let Some(at) = cut {
            let message = "this `%` ends the command; what follows becomes its standard input";
            let span = Span::new(at, span.end);
            self.table.report(
                span,
                ProblemKind::PercentCuts,
                Effect::Surprise,
                message.into(),
            );
        }
        if span.is_empty() {
            let message = "the line has no command: Debian cron runs an empty one";
            let kind = ProblemKind::BadCommand;
            self.table
                .report(line, kind, Effect::Surprise, message.into());
        }
        if written.last() == Some(&b'\\') {
            let message = "a backslash joins no lines here: the next line is read on its own";
            let span = Span::new(span.end - 1, span.end);
            let kind = ProblemKind::NoContinuation;
            self.table
                .report(span, kind, Effect::Surprise, message.into());
        }
    }

    pub(super) fn value_surprises(&mut self, name: &[u8], value: &[u8], quoted: bool, span: Span) {
        let name = escape(name);
        if value.contains(&b'$') {
            let message = format!("cron does not expand `$`: {name} holds it literally");
            self.table
                .report(span, ProblemKind::NoExpansion, Effect::Surprise, message);
        }
        let comment = value.windows(2).any(|pair| matches!(pair, b" #" | b"\t#"));
        if comment && !quoted {
            let message = format!("cron knows no comment behind a value: it is part of {name}");
            self.table
                .report(span, ProblemKind::HashInValue, Effect::Surprise, message);
        }
    }
}
