//! Tables of fcron (3.4 `fileconf.c`, fcrontab(5)), read in its source alone.
//!
//! | line | fcron |
//! |---|---|
//! | `22-6`, `5-5` in a field | over the end; every value |
//! | `5-8~6` | without 6; `~0` takes 7 out too |
//! | `0 3 13 * 5` | both must match, unless `dayor` is set |
//! | `&2 0 3 * * *` | every second time |
//! | `@ 30 x`, `@first(5) 1h30 x` | so long after the last run, counted while fcron runs |
//! | `%daily * 21-23 x` | once a day, in that time |
//! | `@reboot x`, `runatreboot` | when fcron starts |
//! | `!dayor` | for the lines below |
//! | `root x` | as root: the first word of a command, where it is a user |
//! | a `\` at the end | the line goes on |
//! | `%` in a command | nothing special |

use std::sync::Arc;

use super::crontab::{DayRule, Field, Fields, Values};
use crate::text::{File, Place, Span};

/// Lines that are read at most.
const MOST: usize = 10_000;

/// A job.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it runs.
    pub when: When,
    /// Whether it runs at the start of fcron too.
    pub at_start: bool,
    /// Whom the options name.
    pub run_as: Option<String>,
    /// The zone that the options name.
    pub zone: Option<String>,
    /// The first line.
    pub place: Place,
    /// The fields, or what stands in their place.
    pub schedule: Place,
    /// The command.
    pub command: Place,
}

/// When a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At these times, or at each so manieth of them.
    Times(Fields, u32),
    /// Once in each interval, at one of these times.
    Once(Fields),
    /// So many seconds after its last run.
    Every(u64),
    /// When fcron starts, or the box wakes up.
    Start,
}

/// What the options in force say.
#[derive(Clone, Default)]
struct Options {
    day_or: bool,
    at_start: bool,
    run_as: Option<String>,
    zone: Option<String>,
    every: u32,
    off: bool,
}

/// The jobs of a table, in order. Lines that fcron refuses are left out.
#[must_use]
pub fn parse(file: &Arc<File>) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut defaults = Options::default();
    let mut lines = file.lines().take(MOST);
    while let Some((span, line)) = lines.next() {
        let blanks = line.len() - line.trim_ascii_start().len();
        let mut span = Span::new(span.start + blanks, span.end);
        while file.slice(span).ends_with(b"\\")
            && let Some((next, _)) = lines.next()
        {
            span = Span::new(span.start, next.end);
        }
        let text = file.slice(span);
        match text.first() {
            Some(b'!') => {
                let mut line = Line { file, span, at: 1 };
                line.options(&mut defaults);
            }
            Some(b'@' | b'&' | b'%' | b'*' | b'0'..=b'9') => {
                let line = Line { file, span, at: 0 };
                out.extend(line.entry(defaults.clone()));
            }
            _ => {}
        }
    }
    out
}

struct Line<'a> {
    file: &'a Arc<File>,
    span: Span,
    at: usize,
}

impl Line<'_> {
    fn rest(&self) -> &[u8] {
        self.file.slice(self.span).get(self.at..).unwrap_or(&[])
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> String {
        let len = self.rest().iter().take_while(|b| keep(**b)).count();
        let word = self.rest().get(..len).unwrap_or(&[]);
        let word = String::from_utf8_lossy(word).into_owned();
        self.at += len;
        word
    }

    fn blanks(&mut self) {
        self.take_while(|b| b == b' ' || b == b'\t' || b == b'\\' || b == b'\n');
    }

    fn place(&self, from: usize) -> Place {
        let span = Span::new(self.span.start + from, self.span.start + self.at);
        self.file.place(span)
    }

    /// `name(arguments),name`.
    fn options(&mut self, options: &mut Options) -> Option<()> {
        loop {
            let name = self.take_while(|b| b.is_ascii_alphanumeric());
            let mut value = None;
            if self.peek() == Some(b'(') {
                self.at += 1;
                let text = self.take_while(|b| b != b')' && b != b'\n');
                self.at += usize::from(self.peek() == Some(b')'));
                value = Some(text.trim_matches(['"', '\'']).to_owned());
            }
            let on = !matches!(value.as_deref(), Some("0" | "no" | "false"));
            match name.as_str() {
                "dayor" => options.day_or = on,
                "dayand" => options.day_or = !on,
                "runatreboot" | "bootrun" | "b" => {
                    options.at_start |= on && name == "runatreboot";
                }
                "runas" => options.run_as = value,
                "timezone" => options.zone = value.filter(|zone| !zone.is_empty()),
                "runfreq" | "r" => options.every = value?.parse().ok()?,
                "disabled" => options.off = on,
                "reset" => *options = Options::default(),
                _ => {}
            }
            if self.peek() != Some(b',') {
                return Some(());
            }
            self.at += 1;
        }
    }

    fn entry(mut self, mut options: Options) -> Option<Entry> {
        let first = self.peek()?;
        let mut begin = 0;
        let when = match first {
            b'@' => {
                self.at += 1;
                if let Some(when) = self.shortcut(&mut options) {
                    when
                } else {
                    self.at = 1;
                    // A time in place of options is that of the first run.
                    if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                        self.seconds()?;
                    } else {
                        self.options(&mut options)?;
                    }
                    self.blanks();
                    begin = self.at;
                    When::Every(self.seconds()?)
                }
            }
            b'%' => {
                self.at += 1;
                let keyword = self.take_while(|b| b.is_ascii_alphanumeric());
                if self.peek() == Some(b',') {
                    self.at += 1;
                    self.options(&mut options)?;
                }
                self.blanks();
                begin = self.at;
                let count = match keyword.as_str() {
                    "hourly" | "midhourly" => 1,
                    "daily" | "middaily" | "nightly" | "weekly" | "midweekly" => 2,
                    "monthly" | "midmonthly" => 3,
                    "mins" | "hours" | "days" | "mons" | "dow" => 5,
                    _ => return None,
                };
                When::Once(self.fields(count, options.day_or)?)
            }
            _ => {
                if first == b'&' {
                    self.at += 1;
                    let number = self.take_while(|b| b.is_ascii_digit());
                    if number.is_empty() {
                        self.options(&mut options)?;
                    } else {
                        options.every = number.parse().ok()?;
                    }
                    self.blanks();
                    begin = self.at;
                }
                When::Times(self.fields(5, options.day_or)?, options.every.max(1))
            }
        };
        let schedule = self.place(begin);
        self.blanks();
        let from = self.at;
        self.at = self.span.end.saturating_sub(self.span.start);
        let command = self.place(from);
        if command.bytes().is_empty() || options.off {
            return None;
        }
        Some(Entry {
            when,
            at_start: options.at_start,
            run_as: options.run_as,
            zone: options.zone,
            place: self.place(0),
            schedule,
            command,
        })
    }

    /// The words of Vixie cron.
    fn shortcut(&mut self, options: &mut Options) -> Option<When> {
        let word = self.take_while(|b| b.is_ascii_alphanumeric());
        if !self.peek()?.is_ascii_whitespace() {
            return None;
        }
        let fields = match word.as_str() {
            "reboot" | "resume" => {
                options.at_start = word == "reboot";
                return Some(When::Start);
            }
            "yearly" | "annually" => "0 0 1 1 *",
            "monthly" => "0 0 1 * *",
            "weekly" => "0 0 * * 0",
            "daily" | "midnight" => "0 0 * * *",
            "hourly" => "0 * * * *",
            _ => return None,
        };
        let file = File::new("fcrontab", fields);
        let span = Span::new(0, fields.len());
        let mut line = Line {
            file: &file,
            span,
            at: 0,
        };
        Some(When::Times(line.fields(5, false)?, 1))
    }

    /// `3w2d5h1`: minutes at the end.
    fn seconds(&mut self) -> Option<u64> {
        let text = self.take_while(|b| b.is_ascii_alphanumeric());
        let mut total: u64 = 0;
        let mut digits = String::new();
        for c in text.chars().chain(['\0']) {
            let unit = match c {
                '0'..='9' => {
                    digits.push(c);
                    continue;
                }
                'm' => 4 * 7 * 24 * 3600,
                'w' => 7 * 24 * 3600,
                'd' => 24 * 3600,
                'h' => 3600,
                's' => 1,
                '\0' => 60,
                _ => return None,
            };
            let number: u64 = match digits.as_str() {
                "" if c == '\0' => 0,
                text => text.parse().ok()?,
            };
            total = total.checked_add(number.checked_mul(unit)?)?;
            digits.clear();
        }
        (total > 0).then_some(total)
    }

    fn fields(&mut self, count: usize, day_or: bool) -> Option<Fields> {
        let mut sets = Field::ALL.map(Field::all);
        for (field, set) in Field::ALL.into_iter().zip(&mut sets).take(count) {
            let text = self.take_while(|b| !b.is_ascii_whitespace());
            *set = values(&text.to_ascii_lowercase(), field)?;
            self.blanks();
        }
        let [minute, hour, dom, month, dow] = sets;
        let narrow = dom != Field::DayOfMonth.all() && dow != Field::DayOfWeek.all();
        Some(Fields {
            minute,
            hour,
            dom,
            month,
            dow,
            days: if day_or && narrow {
                DayRule::Either
            } else {
                DayRule::Both
            },
            dom_star: false,
            dow_star: false,
            wildcard: false,
            random: false,
        })
    }
}

/// A field: values, ranges that may go over the end, and what is taken out of them.
fn values(text: &str, field: Field) -> Option<Values> {
    let (low, high) = match field {
        Field::Minute => (0, 59),
        Field::Hour => (0, 23),
        Field::DayOfMonth => (1, 31),
        Field::Month => (1, 12),
        Field::DayOfWeek => (0, 7),
    };
    let number = |text: &str| -> Option<u8> {
        let names: &[&str] = match field {
            Field::Month => &[
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            ],
            Field::DayOfWeek => &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
            _ => &[],
        };
        let named = names.iter().position(|name| *name == text);
        let named = named.and_then(|at| u8::try_from(at).ok());
        let named = named.map(|at| if field == Field::Month { at + 1 } else { at });
        named
            .or_else(|| text.parse().ok())
            .filter(|n| (low..=high).contains(n))
    };
    let mut set = Values::default();
    if text.is_empty() {
        return None;
    }
    for piece in text.split(',').filter(|piece| !piece.is_empty()) {
        let mut parts = piece.split('~');
        let (range, step) = match parts.next()?.split_once('/') {
            Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)?),
            None => (parts_of(piece), 1_u8),
        };
        let (start, stop) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((start, stop)) => (number(start)?, number(stop)?),
            None => {
                let value = number(range)?;
                set.insert(value);
                continue;
            }
        };
        if start < stop {
            set = (start..=stop)
                .step_by(usize::from(step))
                .chain(set.iter())
                .collect();
        } else {
            // Over the end, the step going on.
            let steps = u16::from(start)..=u16::from(high) + u16::from(stop) + 1 - u16::from(low);
            let around = steps.step_by(usize::from(step)).filter_map(|n| {
                let n = u8::try_from(n).ok()?;
                Some(if n > high { n - high - 1 + low } else { n })
            });
            set = around.chain(set.iter()).collect();
        }
        for removed in parts {
            let value = number(removed)?;
            set.remove(value);
            if field == Field::DayOfWeek && value % 7 == 0 {
                set.remove(0);
                set.remove(7);
            }
        }
    }
    if field == Field::DayOfWeek && (set.contains(0) || set.contains(7)) {
        set.insert(0);
        set.remove(7);
    }
    Some(set)
}

/// A piece without what is taken out of it.
fn parts_of(piece: &str) -> &str {
    piece.split('~').next().unwrap_or(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Entry {
        let file = File::new("/t", format!("{line}\n"));
        let mut found = parse(&file);
        assert_eq!(found.len(), 1, "{line}");
        found.remove(0)
    }

    #[test]
    fn fields_go_over_the_end_and_leave_values_out() {
        for (text, field, shown) in [
            ("22-3", Field::Hour, "0-3,22,23"),
            ("5-8~6~7", Field::Hour, "5,8"),
            ("0-23/2", Field::Hour, "0,2,4,6,8,10,12,14,16,18,20,22"),
            ("*~0", Field::DayOfWeek, "1-6"),
            ("sat-sun", Field::DayOfWeek, "0,6"),
            ("7", Field::DayOfWeek, "0"),
            ("2,5-10/2~7,15", Field::Minute, "2,5,9,15"),
            ("jan", Field::Month, "1"),
        ] {
            assert_eq!(values(text, field).unwrap().to_string(), shown, "{text}");
        }
        for text in ["60", "x", "", "5-", "*/0"] {
            assert!(values(text, Field::Minute).is_none(), "{text}");
        }
    }

    #[test]
    fn lines_of_each_kind_are_told_apart() {
        let entry = one("&nice(10),runas(web),dayor 45 03 1 * 0 /bin/x \"a % b\"");
        let When::Times(fields, 1) = &entry.when else {
            panic!("{:?}", entry.when);
        };
        assert_eq!(fields.days, DayRule::Either);
        assert_eq!(entry.run_as.as_deref(), Some("web"));
        assert_eq!(entry.command.bytes(), b"/bin/x \"a % b\"");
        assert_eq!(entry.schedule.bytes(), b"45 03 1 * 0 ");
        assert_eq!(one("@ 30 x").when, When::Every(1800));
        assert_eq!(
            one("@5 3w2d5h1 x").when,
            When::Every(((23 * 24 + 5) * 60 + 1) * 60)
        );
        assert_eq!(one("@reboot x").when, When::Start);
        assert!(one("@runatreboot 1d x").at_start);
        assert!(matches!(one("@daily x").when, When::Times(_, 1)));
        assert!(matches!(one("&2 0 3 * * * x").when, When::Times(_, 2)));
        assert!(matches!(
            one("%nightly,mail(no) * 21-23,3-5 x").when,
            When::Once(_)
        ));
        let joined = one("0 3 * * * a \\\nb");
        assert_eq!(joined.command.bytes(), b"a \\\nb");
    }

    #[test]
    fn what_is_no_job_is_left_out() {
        let text =
            "# 0 3 * * * x\nA = b\n!dayor\n&disabled 0 3 * * * x\n0 3 * *\n@ x\n%often 0 x\n";
        assert!(parse(&File::new("/t", text)).is_empty());
        for bytes in [
            &b"@"[..],
            b"&",
            b"%",
            b"0 \\",
            b"!(",
            b"@first(",
            b"\xff",
            b"*,~",
        ] {
            assert!(parse(&File::new("/t", bytes)).is_empty());
        }
    }
}
