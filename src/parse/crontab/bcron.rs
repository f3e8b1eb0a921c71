//! Tables of bcron 0.11 (`crontab.c`, `timespec-parse.c`).
//!
//! A line that does not parse is left out; there are no `@words`, and a line without a
//! final newline is read. Both day fields must match, whatever the manual says.

use super::command::Percent;
use super::fields::{DayRule, Field, Fields, Never, Values};
use super::problem::{Effect, ProblemKind};
use super::{Assignment, Crontab, Job, Schedule, TableKind, lines};
use crate::text::{File, Span, escape};

/// Reads a table as the daemon does.
pub(super) fn parse(file: &File, kind: TableKind) -> Crontab {
    let mut table = Crontab::default();
    let bytes = file.bytes();
    for line in lines::stripped(bytes) {
        let text = lines::of(bytes, line);
        if text.first() == Some(&b'#') {
            continue;
        }
        if let Some((name, value)) = assignment(text) {
            table.assignments.push(Assignment {
                name,
                value,
                span: line,
            });
            continue;
        }
        job(&mut table, bytes, line, kind);
    }
    table
}

/// `NAME = value`; a value is needed, and quotes count only around all of it.
fn assignment(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let end = line
        .iter()
        .position(|b| lines::is_space(*b) || *b == b'=')?;
    let (name, rest) = line.split_at(end);
    let value = rest.trim_ascii_start().strip_prefix(b"=")?;
    let value = value.trim_ascii_start();
    let (first, inside) = value.split_first()?;
    let quoted = matches!(first, b'"' | b'\'') && value.last() == Some(first);
    let value = if quoted {
        inside.get(..inside.len().saturating_sub(1)).unwrap_or(&[])
    } else {
        value
    };
    Some((name.to_vec(), value.to_vec()))
}

fn job(table: &mut Crontab, bytes: &[u8], line: Span, kind: TableKind) {
    let system = kind == TableKind::System;
    let most = if system { 7 } else { 6 };
    let words = lines::words(bytes, line, most);
    let mut sets = [Values::default(); 5];
    let mut bad = None;
    for ((field, set), word) in Field::ALL.into_iter().zip(&mut sets).zip(&words) {
        // The daemon wants a blank behind each field.
        let read = read(lines::of(bytes, *word), field).filter(|_| word.end < line.end);
        match read {
            Some(Some(values)) => *set = values,
            Some(None) => {
                let message = "bcron never ends to read a step of 0: no job of any table runs";
                let kind = ProblemKind::BadField(field);
                table.report(*word, kind, Effect::TableIgnored, message.into());
                bad = Some(field);
                break;
            }
            None => {
                let text = escape(lines::of(bytes, *word));
                let message = format!("`{text}` is no {field}: bcron ignores the line");
                let kind = ProblemKind::BadField(field);
                table.report(*word, kind, Effect::LineIgnored, message);
                bad = Some(field);
                break;
            }
        }
    }
    if words.len() < most {
        if bad.is_none() {
            let message = "the line has too few words to be a job: bcron ignores it";
            let kind = ProblemKind::TooFewWords;
            table.report(line, kind, Effect::LineIgnored, message.into());
        }
        return;
    }
    let [minute, hour, dom, month, dow] = sets;
    let star = |at: usize| {
        let word = words.get(at).map(|word| lines::of(bytes, *word));
        word.is_some_and(|word| word.first() == Some(&b'*'))
    };
    let fields = Fields {
        minute,
        hour,
        dom,
        month,
        dow,
        days: DayRule::Both,
        dom_star: star(2),
        dow_star: star(4),
        wildcard: star(0) || star(1),
        random: false,
    };
    let schedule = match (bad, fields.never()) {
        (Some(_), _) => Schedule::Never(Never::Rejected),
        (None, Some(never)) => Schedule::Never(never),
        (None, None) => Schedule::At(fields),
    };
    let mut spans = words.iter().copied();
    let fields = [(); 5].map(|()| spans.next().unwrap_or(line));
    let [first, .., last] = fields;
    let user = system.then(|| spans.next()).flatten();
    let Some(rest) = spans.next() else { return };
    table.jobs.push(Job {
        line,
        schedule,
        schedule_span: first.to(last),
        field_spans: bad.is_none().then_some(fields),
        user: user.map(|span| (lines::of(bytes, span).to_vec(), span)),
        command: lines::command(bytes, rest, Percent::Literal),
        assignments_above: table.assignments.len(),
        cron_tz: None,
        random_delay_minutes: 0,
    });
}

/// The highest value of a field: Sunday is 7 as well.
const fn high(field: Field) -> i32 {
    match field {
        Field::Minute => 59,
        Field::Hour => 23,
        Field::DayOfMonth => 31,
        Field::Month => 12,
        Field::DayOfWeek => 7,
    }
}

/// What a field selects; nothing where the daemon refuses it, `Some(None)` where it
/// never comes to an end.
#[allow(clippy::option_option, reason = "refused, endless, or read")]
fn read(word: &[u8], field: Field) -> Option<Option<Values>> {
    let (low, high) = (i32::from(field.low()), high(field));
    let mut values = Values::default();
    let mut rest = word;
    loop {
        let (first, mut last);
        if let Some(after) = rest.strip_prefix(b"*") {
            (first, last) = (low, high);
            rest = after;
        } else {
            (first, rest) = value(rest, field)?;
            last = first;
            if let Some(after) = rest.strip_prefix(b"-") {
                (last, rest) = value(after, field)?;
            }
        }
        let mut step = 1;
        if let Some(after) = rest.strip_prefix(b"/") {
            (step, rest) = number(after)?;
        }
        if first > last || first < low || last > high {
            return None;
        }
        if step <= 0 {
            return Some(None);
        }
        let mut at = first;
        while at <= last {
            values.insert(u8::try_from(at).ok()?);
            at = at.checked_add(step)?;
        }
        while let Some(after) = rest.strip_prefix(b",") {
            rest = after;
        }
        if rest.is_empty() {
            break;
        }
    }
    if values.contains(7) && field == Field::DayOfWeek {
        values.remove(7);
        values.insert(0);
    }
    Some(Some(values))
}

/// A number, in C's `int`.
fn number(text: &[u8]) -> Option<(i32, &[u8])> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let value = digits.iter().fold(0i32, |sum, digit| {
        let digit = i32::from(digit.wrapping_sub(b'0'));
        sum.wrapping_mul(10).wrapping_add(digit)
    });
    (length > 0).then_some((value, rest))
}

/// A number, or a name: whole or its first three letters, in any case.
fn value(text: &[u8], field: Field) -> Option<(i32, &[u8])> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return number(text);
    }
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (word, rest) = text.split_at(length);
    let names: &[&str] = match field {
        Field::Month => &MONTHS,
        Field::DayOfWeek => &WEEKDAYS,
        Field::Minute | Field::Hour | Field::DayOfMonth => &[],
    };
    let is = |name: &&str| {
        let short = name.get(..3).unwrap_or(name);
        word.eq_ignore_ascii_case(name.as_bytes()) || word.eq_ignore_ascii_case(short.as_bytes())
    };
    let at = i32::try_from(names.iter().position(is)?).ok()?;
    Some((at + i32::from(field.low()), rest))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];
