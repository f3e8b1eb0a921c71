//! Tables of busybox crond 1.37 (`miscutils/crond.c`, `libbb/parse_config.c`).
//!
//! It never rejects a time field: after a parse error the line runs on whatever
//! was understood before it. Its tables are files of users only.

mod fields;

pub(super) use fields::number;

use super::command::{Command, Percent, Traced};
use super::fields::{DayRule, Field, Never, Values};
use super::problem::{Effect, ProblemKind};
use super::{Assignment, Crontab, Job, Schedule, TableKind};
use crate::text::{File, Span, escape};
use fields::Memory;

/// How many lines with text are read: one less than `MAXLINES`, or than 65,535
/// for root.
const LINES: usize = 255;
const ROOT_LINES: usize = 65_534;

/// Reads a table as the daemon does.
pub(super) fn parse(file: &File, kind: TableKind) -> Crontab {
    let mut table = Crontab::default();
    let limit = match kind {
        TableKind::User { root: true } => ROOT_LINES,
        TableKind::User { root: false } => LINES,
        TableKind::System => {
            let message = "busybox crond reads users' tables only, not this one";
            let kind = ProblemKind::NotRead;
            let span = Span::new(0, 0);
            table.report(span, kind, Effect::TableIgnored, message.into());
            return table;
        }
    };
    whole_file(&mut table, file);
    let mut reader = Lines {
        bytes: file.bytes(),
        at: 0,
    };
    let mut lines = 0;
    while let Some(line) = reader.next() {
        let Some(tokens) = Tokens::read(&line) else {
            continue;
        };
        lines += 1;
        if lines > limit {
            let message = format!("more than {limit} lines with text: crond reads no further");
            let kind = ProblemKind::TooLarge;
            table.report(line.span, kind, Effect::LineIgnored, message);
            break;
        }
        read_line(&mut table, &line, &tokens);
    }
    table
}

fn whole_file(table: &mut Crontab, file: &File) {
    let bytes = file.bytes();
    if let Some(at) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let message = "lines end in a carriage return, which becomes part of the command";
        let kind = ProblemKind::CarriageReturn;
        table.report(
            Span::new(at, at + 1),
            kind,
            Effect::Surprise,
            message.into(),
        );
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let message =
            "the file begins with a byte order mark, which becomes part of the first word";
        let kind = ProblemKind::ByteOrderMark;
        table.report(Span::new(0, 3), kind, Effect::Surprise, message.into());
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        let message = "crond ends a line at a NUL byte and drops the rest of it";
        let kind = ProblemKind::NulByte;
        table.report(
            Span::new(at, at + 1),
            kind,
            Effect::Surprise,
            message.into(),
        );
    }
}

/// Physical lines joined at a backslash.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// One logical line.
struct Logical {
    text: Traced,
    span: Span,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<Logical> {
        let start = self.at;
        let mut text = Traced::default();
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty());
            let Some(rest) = rest else {
                // The end of the file after a backslash ends the line, too.
                break;
            };
            let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or(&[]);
            for (offset, byte) in line.iter().enumerate() {
                text.push(*byte, self.at + offset);
            }
            self.at = (self.at + length + 1).min(self.bytes.len());
            if text.bytes.last() != Some(&b'\\') {
                break;
            }
            text.pop();
        }
        if start == self.at {
            return None;
        }
        let newline = self.bytes.get(self.at - 1) == Some(&b'\n');
        let span = Span::new(start, self.at - usize::from(newline));
        // C sees the line up to its first NUL only.
        let end = text.bytes.iter().position(|b| *b == 0);
        if let Some(end) = end {
            text = text.part(0, end);
        }
        Some(Logical { text, span })
    }
}

/// Up to six words, the last one being the rest of the line up to a `#`.
struct Tokens {
    words: Vec<(usize, usize)>,
    /// Where the untokenised line begins.
    start: usize,
    hash: Option<usize>,
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

impl Tokens {
    /// `None` for blank lines and comments.
    fn read(line: &Logical) -> Option<Self> {
        let bytes = &line.text.bytes;
        let start = bytes.iter().position(|b| !is_blank(*b))?;
        if bytes.get(start) == Some(&b'#') {
            return None;
        }
        let hash = bytes.iter().position(|b| *b == b'#');
        let end = hash.unwrap_or(bytes.len());
        let mut words = Vec::new();
        let mut at = start;
        while at < end && words.len() < 6 {
            let rest = bytes.get(at..end).unwrap_or(&[]);
            let length = if words.len() == 5 {
                rest.iter()
                    .rposition(|b| !is_blank(*b))
                    .map_or(0, |last| last + 1)
            } else {
                rest.iter().position(|b| is_blank(*b)).unwrap_or(rest.len())
            };
            words.push((at, at + length));
            let rest = rest.get(length..).unwrap_or(&[]);
            at += length + rest.iter().take_while(|b| is_blank(**b)).count();
        }
        Some(Self { words, start, hash })
    }

    fn bytes<'a>(&self, line: &'a Logical, word: usize) -> &'a [u8] {
        let range = self.words.get(word).copied();
        range
            .and_then(|(from, to)| line.text.bytes.get(from..to))
            .unwrap_or(&[])
    }

    fn span(&self, line: &Logical, word: usize) -> Span {
        let ends = self.words.get(word).and_then(|(from, to)| {
            let last = line.text.offset(to.checked_sub(1)?)?;
            Some(Span::new(line.text.offset(*from)?, last + 1))
        });
        ends.unwrap_or(line.span)
    }
}

fn read_line(table: &mut Crontab, line: &Logical, tokens: &Tokens) {
    let first = tokens.bytes(line, 0);
    for name in [&b"MAILTO="[..], b"SHELL=", b"PATH="] {
        if let Some(value) = first.strip_prefix(name) {
            assign(table, line, tokens, name, value);
            return;
        }
    }
    if first.first() == Some(&b'@') {
        at_word(table, line, tokens);
        return;
    }
    if tokens.words.len() < 6 {
        let (kind, message) = if first.contains(&b'=') || tokens.bytes(line, 1).starts_with(b"=") {
            let message = "crond knows MAILTO=, SHELL= and PATH= only, without blanks: the line \
                           is ignored";
            (ProblemKind::VariableIgnored, message)
        } else {
            let message = "a job has five fields and a command: crond ignores the line";
            (ProblemKind::TooFewWords, message)
        };
        table.report(line.span, kind, Effect::LineIgnored, message.into());
        return;
    }
    job(table, line, tokens);
}

fn assign(table: &mut Crontab, line: &Logical, tokens: &Tokens, name: &[u8], value: &[u8]) {
    if value.contains(&b'$') {
        let message = "cron does not expand `$`: the variable holds it literally";
        let kind = ProblemKind::NoExpansion;
        table.report(line.span, kind, Effect::Surprise, message.into());
    }
    if tokens.words.len() > 1 {
        let message = "crond takes the first word of the value only";
        let kind = ProblemKind::BadValue;
        table.report(line.span, kind, Effect::Surprise, message.into());
    }
    table.assignments.push(Assignment {
        name: name.strip_suffix(b"=").unwrap_or(name).to_vec(),
        value: value.to_vec(),
        span: line.span,
    });
}

/// The `@words`, and what stands for each of them after the minute 0.
const AT_WORDS: [(&[u8], [&str; 4]); 7] = [
    (b"@yearly", ["0", "1", "1", "*"]),
    (b"@annually", ["0", "1", "1", "*"]),
    (b"@monthly", ["0", "1", "*", "*"]),
    (b"@weekly", ["0", "*", "*", "0"]),
    (b"@daily", ["0", "*", "*", "*"]),
    (b"@midnight", ["0", "*", "*", "*"]),
    (b"@hourly", ["*", "*", "*", "*"]),
];

fn at_word(table: &mut Crontab, line: &Logical, tokens: &Tokens) {
    let word = tokens.bytes(line, 0);
    let span = tokens.span(line, 0);
    let known = AT_WORDS.iter().find(|(name, _)| *name == word);
    let schedule = match known {
        _ if tokens.words.len() < 2 => None,
        Some((_, [hour, dom, month, dow])) => {
            let texts = ["0", hour, dom, month, dow].map(str::as_bytes);
            Some(Schedule::At(Memory::default().line(texts).0))
        }
        None if word == b"@reboot" => Some(Schedule::Reboot),
        None => None,
    };
    let Some(schedule) = schedule else {
        let kind = ProblemKind::BadMacro;
        let message = format!(
            "`{}` is no known time: crond ignores the line",
            escape(word)
        );
        table.report(span, kind, Effect::LineIgnored, message);
        return;
    };
    // The command is taken from the line as written: `#` and all.
    let bytes = &line.text.bytes;
    let rest = bytes.get(tokens.start + word.len()..).unwrap_or(&[]);
    let from = bytes.len() - rest.trim_ascii_start().len();
    push_job(table, line, (schedule, span, None), (from, bytes.len()));
}

fn job(table: &mut Crontab, line: &Logical, tokens: &Tokens) {
    let texts = [0, 1, 2, 3, 4].map(|word| tokens.bytes(line, word));
    let spans = [0, 1, 2, 3, 4].map(|word| tokens.span(line, word));
    let (fields, errors) = Memory::default().line(texts);
    let sets = [
        fields.minute,
        fields.hour,
        fields.dom,
        fields.month,
        fields.dow,
    ];
    let fired = fields.never();
    for (((field, failed), span), set) in Field::ALL.into_iter().zip(errors).zip(spans).zip(sets) {
        if failed {
            let text = escape(texts.get(index(field)).copied().unwrap_or(b""));
            let on = describe(field, set, fields.days);
            let message =
                format!("`{text}` is no {field}: crond logs it and runs the line on {on}");
            table.report(
                span,
                ProblemKind::BadField(field),
                Effect::RunsAnyway,
                message,
            );
        }
    }
    let [first, .., last] = spans;
    let schedule = match fired {
        Some(never) => {
            never_fires(table, first.to(last), never);
            Schedule::Never(never)
        }
        None => Schedule::At(fields),
    };
    let Some(range) = tokens.words.get(5).copied() else {
        return;
    };
    push_job(table, line, (schedule, first.to(last), Some(spans)), range);
    if let Some(at) = tokens.hash.and_then(|at| line.text.offset(at)) {
        let message = "crond ends the line at this `#`, whatever stands before it";
        let span = Span::new(at, line.span.end.max(at));
        table.report(
            span,
            ProblemKind::HashCuts,
            Effect::Surprise,
            message.into(),
        );
    }
}

const fn index(field: Field) -> usize {
    match field {
        Field::Minute => 0,
        Field::Hour => 1,
        Field::DayOfMonth => 2,
        Field::Month => 3,
        Field::DayOfWeek => 4,
    }
}

fn never_fires(table: &mut Crontab, span: Span, never: Never) {
    let message = format!("the line is accepted and never fires: {never}");
    table.report(span, ProblemKind::NeverFires, Effect::Surprise, message);
}

/// `every hour`, `no minute`, `minute 0,30`.
fn describe(field: Field, set: Values, days: DayRule) -> String {
    let day = matches!(field, Field::DayOfMonth | Field::DayOfWeek);
    if set == field.all() || (day && set.is_empty() && days == DayRule::Either) {
        format!("every {field}")
    } else if set.is_empty() {
        format!("no {field}")
    } else {
        format!("{field} {set}")
    }
}

fn push_job(
    table: &mut Crontab,
    line: &Logical,
    (schedule, schedule_span, field_spans): (Schedule, Span, Option<[Span; 5]>),
    (from, to): (usize, usize),
) {
    let written = line.text.part(from, to);
    let command = Command::new(written, Percent::Literal, line.span.end);
    if let Some(at) = command.text.windows(2).position(|pair| pair == b"\\%") {
        let message = "crond keeps the backslash of `\\%`; the shell drops it outside quotes only";
        let span = command.file_span(at..at + 2);
        let kind = ProblemKind::PercentKept;
        table.report(span, kind, Effect::Surprise, message.into());
    }
    let blanks = line.text.bytes.iter().take_while(|b| is_blank(**b)).count();
    let start = line.text.offset(blanks).unwrap_or(line.span.start);
    table.jobs.push(Job {
        line: Span::new(start, line.span.end),
        schedule,
        schedule_span,
        field_spans,
        user: None,
        command,
        assignments_above: table.assignments.len(),
        cron_tz: None,
        random_delay_minutes: 0,
    });
}
