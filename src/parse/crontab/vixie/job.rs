//! One job line of the Vixie family: schedule, user, command.

use super::super::command::{Command, Percent, Traced};
use super::super::cursor::{Byte, Cursor};
use super::super::fields::{DayRule, Field, Fields, Never, Values};
use super::super::problem::{Effect, ProblemKind};
use super::super::{CRONIE_BUFFER, Job, Schedule, TableKind};
use super::fields::{Oddity, Scan, cronie_list, debian_list};
use super::{DEBIAN_BUFFER, Dialect, Reader, Reject};
use crate::text::{Span, escape};

/// The schedule of a line.
pub(super) struct When {
    pub(super) schedule: Schedule,
    pub(super) span: Span,
    /// The five fields, where there are five.
    fields: Option<[Span; 5]>,
    /// The first byte after it and its blanks.
    next: Byte,
}

impl Reader<'_> {
    /// Reads a job from its first byte on.
    pub(super) fn job(&mut self, start: usize) -> Result<(), Reject> {
        if self.dialect == Dialect::Cronie {
            self.silence()?;
        }
        let at = self.cursor.at;
        let when = match self.cursor.next() {
            Some(b'@') => self.at_word(at)?,
            byte => {
                self.cursor.back(byte);
                self.five_fields()?
            }
        };
        self.field_surprises(&when, start);
        self.user_and_command(start, when)
    }

    /// cronie's leading `-`: no log line; for root and system tables only.
    fn silence(&mut self) -> Result<(), Reject> {
        let at = self.cursor.at;
        let byte = self.cursor.next();
        if byte != Some(b'-') {
            self.cursor.back(byte);
            return Ok(());
        }
        match self.kind {
            TableKind::System | TableKind::User { root: true } => Ok(()),
            TableKind::User { root: false } => Err(Reject {
                kind: ProblemKind::BadOption,
                span: Span::new(at, at + 1),
                last: byte,
            }),
        }
    }

    /// An `@word`, whose `@` is read.
    fn at_word(&mut self, at: usize) -> Result<When, Reject> {
        let size = match self.dialect {
            Dialect::Debian => DEBIAN_BUFFER,
            Dialect::Cronie => CRONIE_BUFFER,
        };
        let piece = self.cursor.string(size, b" \t\n");
        let span = Span::new(at, piece.whole.end);
        let Some(schedule) = at_word(self.cursor.slice(piece.kept)) else {
            return Err(Reject {
                kind: ProblemKind::BadMacro,
                span: self.cursor.word(at),
                last: piece.end,
            });
        };
        let next = self.cursor.skip_blanks(piece.end);
        Ok(When {
            schedule,
            span,
            fields: None,
            next,
        })
    }

    fn five_fields(&mut self) -> Result<When, Reject> {
        let mut byte = self.cursor.next();
        let mut spans = [Span::default(); 5];
        let mut sets = [Values::default(); 5];
        let mut stars = [false; 5];
        let mut random = false;
        for (field, ((span, set), star)) in Field::ALL
            .into_iter()
            .zip(spans.iter_mut().zip(&mut sets).zip(&mut stars))
        {
            let at = self.cursor.at.saturating_sub(usize::from(byte.is_some()));
            *span = self.cursor.word(at);
            *star = byte == Some(b'*');
            let mut scan = Scan::default();
            byte = match self.dialect {
                Dialect::Debian => debian_list(&mut self.cursor, byte, field, &mut scan),
                Dialect::Cronie => {
                    self.cursor.back(byte);
                    cronie_list(&mut self.cursor, field, &mut scan)
                }
            };
            if byte.is_none() {
                return Err(Reject {
                    kind: ProblemKind::BadField(field),
                    span: *span,
                    last: None,
                });
            }
            random |= scan.oddities.contains(&Oddity::Random);
            self.oddities(field, *span, &scan);
            *set = scan.values;
        }
        let [minute, hour, dom, month, mut dow] = sets;
        let [every_minute, every_hour, every_date, _, every_weekday] = stars;
        if dow.contains(7) {
            dow.remove(7);
            dow.insert(0);
        }
        let fields = Fields {
            minute,
            hour,
            dom,
            month,
            dow,
            days: if every_date || every_weekday {
                DayRule::Both
            } else {
                DayRule::Either
            },
            dom_star: every_date,
            dow_star: every_weekday,
            wildcard: every_minute || every_hour,
            random,
        };
        let [first, .., last] = spans;
        let schedule = match fields.never() {
            Some(never) => Schedule::Never(never),
            None => Schedule::At(fields),
        };
        Ok(When {
            schedule,
            span: first.to(last),
            fields: Some(spans),
            next: byte,
        })
    }

    fn user_and_command(&mut self, start: usize, when: When) -> Result<(), Reject> {
        let reject = |kind, span, last| Err(Reject { kind, span, last });
        let here = |cursor: &Cursor| cursor.word(cursor.at.saturating_sub(1));
        match (self.dialect, when.next) {
            // The line ends here: for Debian the command is empty, and in a
            // system table the next line's text becomes the user name.
            (Dialect::Debian, Some(b'\n')) if self.system() => {
                return reject(ProblemKind::BadCommand, when.span, when.next);
            }
            (Dialect::Debian, Some(b'*')) if !self.system() => {
                return reject(ProblemKind::BadCommand, here(&self.cursor), when.next);
            }
            (Dialect::Cronie, None | Some(b'\n')) => {
                return reject(ProblemKind::BadCommand, when.span, when.next);
            }
            (Dialect::Cronie, Some(b'*')) => {
                return reject(ProblemKind::BadCommand, here(&self.cursor), when.next);
            }
            _ => {}
        }
        self.cursor.back(when.next);
        let user = if self.system() {
            Some(self.user()?)
        } else {
            None
        };
        if self.dialect == Dialect::Cronie {
            self.command_options()?;
        }
        let size = match self.dialect {
            Dialect::Debian => DEBIAN_BUFFER,
            Dialect::Cronie => CRONIE_BUFFER,
        };
        let piece = self.cursor.string(size, b"\n");
        let kept = piece.kept.end - piece.kept.start;
        if self.dialect == Dialect::Debian && kept == DEBIAN_BUFFER - 1 {
            return reject(ProblemKind::CommandTooLong, piece.whole, piece.end);
        }
        if piece.end.is_none() {
            return reject(ProblemKind::BadCommand, piece.whole, None);
        }
        let line = Span::new(start, piece.whole.end);
        self.push_job(line, when, user, piece.kept);
        self.command_surprises();
        Ok(())
    }

    /// The user column. A name with a newline, a slash or nothing in it is in no
    /// user database, which is fatal on Debian; cronie keeps the line.
    fn user(&mut self) -> Result<(Vec<u8>, Span), Reject> {
        let size = match self.dialect {
            Dialect::Debian => DEBIAN_BUFFER,
            Dialect::Cronie => CRONIE_BUFFER,
        };
        let piece = self.cursor.string(size, b" \t\n");
        let name = self.cursor.slice(piece.kept);
        let reject = |kind| {
            Err(Reject {
                kind,
                span: piece.whole,
                last: piece.end,
            })
        };
        // Debian reads on over the newline, up to a blank, and never finds such a user.
        if matches!(piece.end, None | Some(b'\n')) {
            return reject(ProblemKind::BadCommand);
        }
        if !can_be_user(name) {
            if self.dialect == Dialect::Debian {
                return reject(ProblemKind::BadUser);
            }
            let text = escape(name);
            let message =
                format!("`{text}` cannot be a user name: cronie keeps the line for nobody");
            let kind = ProblemKind::BadUser;
            self.table
                .report(piece.whole, kind, Effect::Surprise, message);
        }
        if self.dialect == Dialect::Cronie {
            let byte = self.cursor.skip_blanks(piece.end);
            if matches!(byte, None | Some(b'\n')) {
                return Err(Reject {
                    kind: ProblemKind::BadCommand,
                    span: piece.whole,
                    last: byte,
                });
            }
            self.cursor.back(byte);
        }
        Ok((name.to_vec(), piece.kept))
    }

    /// cronie's options before the command: `-n` once.
    fn command_options(&mut self) -> Result<(), Reject> {
        let mut seen = false;
        loop {
            let at = self.cursor.at;
            let byte = self.cursor.next();
            if byte != Some(b'-') {
                self.cursor.back(byte);
                return Ok(());
            }
            let bad = |kind, last| Reject {
                kind,
                span: Span::new(at, at + 2),
                last,
            };
            let letter = self.cursor.next();
            if letter != Some(b'n') || seen {
                return Err(bad(ProblemKind::BadOption, letter));
            }
            seen = true;
            let after = self.cursor.next();
            if !matches!(after, Some(b' ' | b'\t')) {
                return Err(bad(ProblemKind::BadOption, after));
            }
            let next = self.cursor.skip_blanks(after);
            if matches!(next, None | Some(b'\n')) {
                return Err(bad(ProblemKind::BadCommand, next));
            }
            self.cursor.back(next);
        }
    }

    /// What a rejected line was meant to run, as far as its words show it.
    pub(super) fn rejected_job(&mut self, start: usize) {
        let end = self.cursor.line_end(start);
        let line = Span::new(start, end);
        let bytes = self.cursor.slice(line);
        if bytes.len() > CRONIE_BUFFER {
            return;
        }
        let words = if bytes.first() == Some(&b'@') { 1 } else { 5 };
        let mut at = 0;
        let mut spans = Vec::new();
        for _ in 0..words + usize::from(self.system()) {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let length = rest
                .iter()
                .take_while(|b| !matches!(b, b' ' | b'\t'))
                .count();
            let blanks = rest.iter().skip(length);
            let blanks = blanks.take_while(|b| matches!(b, b' ' | b'\t')).count();
            if length == 0 || blanks == 0 {
                return;
            }
            spans.push(Span::new(start + at, start + at + length));
            at += length + blanks;
        }
        let Some((first, last)) = spans.first().zip(spans.get(words - 1)) else {
            return;
        };
        let written = Span::new(start + at, end);
        if written.is_empty() {
            return;
        }
        let user = spans.get(words).map(|span| {
            let name = self.cursor.slice(*span).to_vec();
            (name, *span)
        });
        let when = When {
            schedule: Schedule::Never(Never::Rejected),
            span: first.to(*last),
            fields: None,
            next: None,
        };
        self.push_job(line, when, user, written);
    }

    fn push_job(&mut self, line: Span, when: When, user: Option<(Vec<u8>, Span)>, written: Span) {
        let percent = match self.dialect {
            Dialect::Debian => Percent::CutAndUnescape,
            Dialect::Cronie => Percent::Cut,
        };
        let text = Traced::copy(self.cursor.slice(written), written);
        self.table.jobs.push(Job {
            line,
            schedule: when.schedule,
            schedule_span: when.span,
            field_spans: when.fields,
            user,
            command: Command::new(text, percent, written.start),
            assignments_above: self.table.assignments.len(),
            cron_tz: self.cron_tz,
            random_delay_minutes: self.random_delay,
        });
    }
}

/// Whether a user database could hold this name at all.
fn can_be_user(name: &[u8]) -> bool {
    let bad = |b: &u8| b.is_ascii_control() || matches!(b, b'/' | b'*' | b':');
    !name.is_empty() && !name.iter().any(bad)
}

/// The schedule of an `@word`, lower case only. `@hourly` alone counts as a
/// wildcard when the clock jumps.
fn at_word(word: &[u8]) -> Option<Schedule> {
    let zero = Values::range(0, 0);
    let one = Values::range(1, 1);
    let every = Fields {
        minute: zero,
        hour: zero,
        dom: Field::DayOfMonth.all(),
        month: Field::Month.all(),
        dow: Field::DayOfWeek.all(),
        days: DayRule::Either,
        dom_star: false,
        dow_star: false,
        wildcard: false,
        random: false,
    };
    let on_first = Fields {
        dom: one,
        dow_star: true,
        days: DayRule::Both,
        ..every.clone()
    };
    Some(Schedule::At(match word {
        b"reboot" => return Some(Schedule::Reboot),
        b"yearly" | b"annually" => Fields {
            month: one,
            ..on_first
        },
        b"monthly" => on_first,
        b"weekly" => Fields {
            dow: zero,
            dom_star: true,
            days: DayRule::Both,
            ..every
        },
        b"daily" | b"midnight" => every,
        b"hourly" => Fields {
            hour: Field::Hour.all(),
            wildcard: true,
            ..every
        },
        _ => return None,
    }))
}
