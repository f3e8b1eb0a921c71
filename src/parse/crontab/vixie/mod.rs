//! Tables of the Vixie family: Debian cron 3.0pl1-162 and cronie 1.7 (`user.c`,
//! `entry.c`, `misc.c`).
//!
//! The reader follows the daemons' own steps, since where they stop reading
//! decides which lines exist.

mod explain;
mod fields;
mod job;

pub(super) use fields::narrow;

use super::assignment::{self, Line, Style};
use super::cursor::{Byte, Cursor, Piece};
use super::problem::{Effect, ProblemKind};
use super::{Assignment, CRONIE_BUFFER, Crontab, TableKind};
use crate::text::{File, Span};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Debian,
    Cronie,
}

/// Debian's `MAX_COMMAND` and `MAX_ENVSTR`, in bytes with the terminator.
const DEBIAN_BUFFER: usize = 1000;
/// The first physical line on which a job or assignment makes Debian give up:
/// 10,000 lines, 3 hidden ones, and the counter's head start.
const DEBIAN_LAST_LINE: usize = 10_004;
/// cronie's limits for user tables: jobs, assignments, and bytes of comments and
/// blanks in a row. The last one cuts system tables, too, without dropping them.
const CRONIE_JOBS: usize = 10_000;
const CRONIE_ASSIGNMENTS: usize = 1_000;
const CRONIE_COMMENTS: usize = 32_768;
/// cronie's `RANDOM_DELAY` goes up to a day.
const LONGEST_DELAY_MINUTES: i64 = 24 * 60;

/// Reads a table as the daemon does.
/// Where `empty` is set, `NAME=` is an assignment.
pub(super) fn parse(file: &File, kind: TableKind, dialect: Dialect, empty: bool) -> Crontab {
    let mut reader = Reader {
        cursor: Cursor::new(file.bytes()),
        dialect,
        kind,
        empty,
        table: Crontab::default(),
        cron_tz: None,
        random_delay: 0,
        attempts: 0,
        lines: (0, 1),
    };
    reader.whole_file();
    reader.run();
    reader.table
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    dialect: Dialect,
    kind: TableKind,
    empty: bool,
    table: Crontab,
    cron_tz: Option<usize>,
    random_delay: u16,
    attempts: usize,
    /// An offset and its line number, to count lines without going back.
    lines: (usize, usize),
}

/// A line the daemon rejects.
struct Reject {
    kind: ProblemKind,
    span: Span,
    /// The last byte read, which decides where the daemon reads on.
    last: Byte,
}

impl Reader<'_> {
    fn system(&self) -> bool {
        match self.kind {
            TableKind::System => true,
            TableKind::User { .. } => false,
        }
    }

    /// What one bad line does.
    fn bad_line(&self) -> Effect {
        match self.dialect {
            Dialect::Debian => Effect::TableIgnored,
            Dialect::Cronie => Effect::LineIgnored,
        }
    }

    fn consequence(&self) -> &'static str {
        match self.dialect {
            Dialect::Debian => "Debian cron ignores the whole table",
            Dialect::Cronie => "cronie ignores the line",
        }
    }

    /// Problems that belong to no single line.
    fn whole_file(&mut self) {
        let all = self.cursor.slice(Span::new(0, usize::MAX));
        // Whether a byte is there at all is told much faster than where.
        let pairs = all.contains(&b'\r').then(|| all.windows(2));
        if let Some(at) = pairs.and_then(|mut pairs| pairs.position(|pair| pair == b"\r\n")) {
            let effect = Effect::Surprise;
            let message = "lines end in a carriage return, which becomes part of the command";
            let span = Span::new(at, at + 1);
            self.table
                .report(span, ProblemKind::CarriageReturn, effect, message.into());
        }
        let nul = all.contains(&0).then(|| all.iter().position(|b| *b == 0));
        if let Some(at) = nul.flatten() {
            let message = "the daemon ends a line at a NUL byte and reads a new one behind it";
            let span = Span::new(at, at + 1);
            self.table
                .report(span, ProblemKind::NulByte, Effect::Surprise, message.into());
        }
    }

    fn run(&mut self) {
        loop {
            self.skip_comments();
            let start = self.cursor.at;
            let size = match self.dialect {
                Dialect::Debian => DEBIAN_BUFFER - 1,
                Dialect::Cronie => CRONIE_BUFFER,
            };
            let piece = self.cursor.string(size, b"\n");
            if piece.end.is_none() {
                if piece.whole.is_empty() {
                    return;
                }
                self.no_final_newline(start, &piece);
                if self.dialect == Dialect::Cronie || self.cursor.closed {
                    return;
                }
                // What the line would be if it were complete.
                self.cursor.closed = true;
                self.cursor.at = start;
                continue;
            }
            let style = Style {
                empty: self.empty,
                quotes_twice: self.dialect == Dialect::Debian,
            };
            match assignment::read(self.cursor.slice(piece.kept), style) {
                Line::Assignment {
                    name,
                    value,
                    quoted,
                } => self.assign(name, value, quoted, &piece),
                other => {
                    self.cursor.at = start;
                    self.line(start, &other);
                }
            }
            self.check_limits(start);
        }
    }

    /// Skips blank lines, comments and the blanks before a line. cronie stops in
    /// the middle of a comment when there is too much of it, and reads on there.
    fn skip_comments(&mut self) {
        let mut limit = match self.dialect {
            Dialect::Debian => usize::MAX,
            Dialect::Cronie => self.cursor.at.saturating_add(CRONIE_COMMENTS),
        };
        loop {
            let mut byte = self.cursor.next();
            while matches!(byte, Some(b' ' | b'\t')) && self.cursor.at <= limit {
                byte = self.cursor.next();
            }
            if byte.is_none() {
                return;
            }
            if self.cursor.at <= limit {
                match byte {
                    Some(b'\n') => continue,
                    Some(b'#') => {}
                    byte => {
                        self.cursor.back(byte);
                        return;
                    }
                }
                let end = self.cursor.line_end(self.cursor.at);
                if end < limit {
                    self.cursor.at = end;
                    let _ = self.cursor.next();
                    continue;
                }
                self.cursor.at = limit.saturating_add(1);
            }
            self.too_many_comments();
            if self.system() {
                return;
            }
            // The daemon has given up; what follows is read for its own sake.
            limit = usize::MAX;
            self.cursor.at = self.cursor.line_end(self.cursor.at.saturating_sub(1));
        }
    }

    fn too_many_comments(&mut self) {
        let at = self.cursor.at;
        let (effect, message) = if self.system() {
            let message = "more than 32,768 bytes of comments in a row: cronie reads on in the \
                           middle of the comment";
            (Effect::Surprise, message)
        } else {
            let message = "more than 32,768 bytes of comments in a row: cronie ignores the table";
            (Effect::TableIgnored, message)
        };
        let span = Span::new(at.saturating_sub(1), at);
        self.table
            .report(span, ProblemKind::TooLarge, effect, message.into());
    }

    fn no_final_newline(&mut self, start: usize, piece: &Piece) {
        let (effect, message) = match self.dialect {
            Dialect::Debian => (
                Effect::TableIgnored,
                "the last line has no newline: Debian cron ignores the whole table",
            ),
            Dialect::Cronie => (
                Effect::LineIgnored,
                "the last line has no newline: cronie ignores it",
            ),
        };
        let kind = ProblemKind::NoFinalNewline;
        self.table.report(piece.whole, kind, effect, message.into());
        if self.dialect == Dialect::Cronie {
            self.rejected_job(start);
        }
    }

    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>, quoted: bool, piece: &Piece) {
        let span = piece.whole;
        self.value_surprises(&name, &value, quoted, span);
        if self.dialect == Dialect::Cronie {
            if name == b"CRON_TZ" {
                self.cron_tz = Some(self.table.assignments.len());
            }
            if name == b"RANDOM_DELAY" {
                self.random_delay = self.delay(&value, span);
            }
        }
        self.table
            .assignments
            .push(Assignment { name, value, span });
    }

    /// `strtol` of the value, 0 where cronie refuses it.
    fn delay(&mut self, value: &[u8], span: Span) -> u16 {
        let text = value.trim_ascii_start();
        let (minus, digits) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, text),
        };
        let digits = digits.iter().take_while(|b| b.is_ascii_digit());
        let minutes = digits.fold(0i64, |sum, digit| {
            let digit = i64::from(digit.wrapping_sub(b'0'));
            sum.saturating_mul(10).saturating_add(digit)
        });
        if (minus && minutes > 0) || minutes > LONGEST_DELAY_MINUTES {
            let message = "cronie refuses a RANDOM_DELAY that is not 0 to 1440 minutes and uses 0";
            self.table.report(
                span,
                ProblemKind::BadValue,
                Effect::Surprise,
                message.into(),
            );
            return 0;
        }
        u16::try_from(minutes).unwrap_or(0)
    }

    /// A line that is no assignment: a job or an error.
    fn line(&mut self, start: usize, why: &Line) {
        self.attempts += 1;
        let problems = self.table.problems.len();
        let Err(reject) = self.job(start) else {
            return;
        };
        // A rejected line has no finer points.
        self.table.problems.truncate(problems);
        let (kind, message) = self.explain(start, why, &reject);
        self.table
            .report(reject.span, kind, self.bad_line(), message);
        self.rejected_job(start);
        match self.dialect {
            // The daemon has stopped; the next line is ours to look at.
            Dialect::Debian => {
                self.cursor.at = self.cursor.line_end(start);
                let _ = self.cursor.next();
            }
            Dialect::Cronie => {
                let mut last = reject.last;
                for _ in 0..CRONIE_BUFFER {
                    if last == Some(b'\n') {
                        break;
                    }
                    last = self.cursor.next();
                    if last.is_none() {
                        break;
                    }
                }
            }
        }
    }

    /// Limits the daemon checks after each job and assignment.
    fn check_limits(&mut self, start: usize) {
        let message = match self.dialect {
            Dialect::Debian => {
                let (from, line) = self.lines;
                let between = self.cursor.slice(Span::new(from, start));
                let line = line + between.split(|b| *b == b'\n').skip(1).count();
                self.lines = (start, line);
                (line >= DEBIAN_LAST_LINE)
                    .then_some("more than 10,000 lines: Debian cron ignores the whole table")
            }
            Dialect::Cronie if self.system() => None,
            Dialect::Cronie => (self.attempts > CRONIE_JOBS
                || self.table.assignments.len() > CRONIE_ASSIGNMENTS)
                .then_some("more than 10,000 jobs or 1,000 variables: cronie ignores the table"),
        };
        let reported = |kind| self.table.dropped.as_ref().is_some_and(|p| p.kind == kind);
        if let Some(message) = message
            && !reported(ProblemKind::TooLarge)
        {
            let span = self.cursor.word(start);
            let kind = ProblemKind::TooLarge;
            self.table
                .report(span, kind, Effect::TableIgnored, message.into());
        }
    }
}
