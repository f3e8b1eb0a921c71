//! Tables of dcron 4.5 (`database.c`: `SynchronizeFile`, `ParseField`, `FixDayDow`).
//!
//! It has no user column (files of /etc/cron.d run as root), no variables and no `%`. A
//! line it cannot read is left out. `@daily` and its kin count from the last start, which
//! is kept below a name that the line must give (`ID=name`).

use super::busybox::number;
use super::command::Percent;
use super::fields::{DayRule, Field, Fields, Never, Values};
use super::problem::{Effect, ProblemKind};
use super::{Crontab, Job, Schedule, lines};
use crate::text::{File, Span, escape};

/// A line is read in pieces of this many bytes.
const PIECE: usize = 1023;
/// How many lines with text are read, of root and of others.
const ROOT_LINES: usize = 65_534;
const LINES: usize = 255;

/// Reads a table as the daemon does.
pub(super) fn parse(file: &File, root: bool) -> Crontab {
    let mut table = Crontab::default();
    let bytes = file.bytes();
    let mut left = if root { ROOT_LINES } else { LINES };
    for (start, piece) in pieces(bytes) {
        let blanks = piece
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let start = start + blanks;
        let length = piece
            .iter()
            .skip(blanks)
            .take_while(|b| !matches!(b, b'\n' | 0));
        let line = Span::new(start, start + length.count());
        if line.is_empty() || bytes.get(start) == Some(&b'#') {
            continue;
        }
        if left == 0 {
            let message = "too many lines with text: crond reads no further";
            let kind = ProblemKind::TooLarge;
            table.report(line, kind, Effect::LineIgnored, message.into());
            break;
        }
        left -= 1;
        job(&mut table, bytes, line);
    }
    table
}

/// Where the pieces begin, as C's `fgets` reads them.
fn pieces(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        for piece in line.chunks(PIECE) {
            found.push((at, piece));
            at += piece.len();
        }
    }
    found
}

/// The `@words`, told by their beginning, and how many seconds they stand for.
const WORDS: [(&[u8], Option<u32>); 7] = [
    (b"@noauto", None),
    (b"@reboot", None),
    (b"@hourly", Some(3600)),
    (b"@daily", Some(86_400)),
    (b"@weekly", Some(7 * 86_400)),
    (b"@monthly", Some(30 * 86_400)),
    (b"@yearly", Some(365 * 86_400)),
];

fn job(table: &mut Crontab, bytes: &[u8], line: Span) {
    let text = lines::of(bytes, line);
    let mut fields = None;
    let (mut schedule, mut at) = if text.first() == Some(&b'@') {
        let known = WORDS.iter().find(|(word, _)| text.starts_with(word));
        let behind = known.and_then(|(word, _)| text.get(word.len()));
        let Some((word, every)) = known.filter(|_| matches!(behind, Some(b' ' | b'\t'))) else {
            let end = text.iter().position(|b| is_blank(*b));
            let span = Span::new(line.start, line.start + end.unwrap_or(text.len()));
            let word = escape(lines::of(bytes, span));
            let message = format!("`{word}` is no known time: crond ignores the line");
            table.report(span, ProblemKind::BadMacro, Effect::LineIgnored, message);
            return;
        };
        let schedule = match every {
            Some(seconds) => Schedule::Every(*seconds),
            None if *word == b"@reboot" => Schedule::Reboot,
            // Another job or the user starts it.
            None => Schedule::Never(Never::Rejected),
        };
        (schedule, line.start + word.len())
    } else {
        let Some((read, spans, end)) = five(table, bytes, line) else {
            return;
        };
        fields = Some(spans);
        let never = read.never();
        let schedule = match never {
            Some(never) => Schedule::Never(never),
            None => Schedule::At(read),
        };
        (schedule, end)
    };
    let schedule_span = match fields {
        Some([first, .., last]) => first.to(last),
        None => Span::new(line.start, at),
    };
    let mut named = false;
    let mut timed = matches!(schedule, Schedule::Every(_));
    at = skip_blanks(bytes, at, line.end);
    while let Some(tag) = tag(bytes, at, line.end) {
        let word = lines::of(bytes, Span::new(at, tag));
        named |= word.starts_with(b"ID=") && word.len() > 3;
        if let Some(span) = word.strip_prefix(b"FREQ=") {
            timed = true;
            if let Some(seconds) = interval(span) {
                schedule = Schedule::Every(seconds);
            }
        }
        at = skip_blanks(bytes, tag, line.end);
    }
    if timed && !named {
        let message = "crond wants a name (`ID=...`) to keep the time of the last start: it \
                       ignores the line";
        let kind = ProblemKind::BadOption;
        table.report(line, kind, Effect::LineIgnored, message.into());
        return;
    }
    let rest = Span::new(at, line.end);
    table.jobs.push(Job {
        line,
        schedule,
        schedule_span,
        field_spans: fields,
        user: None,
        command: lines::command(bytes, rest, Percent::Literal),
        assignments_above: 0,
        cron_tz: None,
        random_delay_minutes: 0,
    });
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip_blanks(bytes: &[u8], at: usize, end: usize) -> usize {
    let rest = bytes.get(at..end).unwrap_or(&[]);
    at + rest.iter().take_while(|b| is_blank(**b)).count()
}

/// The end of a word `ID=`, `FREQ=` or `AFTER=` at `at`.
fn tag(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let rest = bytes.get(at..end)?;
    let tags: [&[u8]; 3] = [b"ID=", b"FREQ=", b"AFTER="];
    tags.iter().find(|tag| rest.starts_with(tag))?;
    let length = rest.iter().position(|b| is_blank(*b)).unwrap_or(rest.len());
    Some(at + length)
}

/// `10m`, `2h`, `1d`, `1w`; of `a/b` the first.
fn interval(text: &[u8]) -> Option<u32> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let number: u32 = std::str::from_utf8(text.get(..digits)?)
        .ok()?
        .parse()
        .ok()?;
    let unit = match text.get(digits)? {
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        b'w' => 7 * 86_400,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// The five fields, their places, and where the rest of the line begins.
fn five(table: &mut Crontab, bytes: &[u8], line: Span) -> Option<(Fields, [Span; 5], usize)> {
    let mut at = line.start;
    let mut spans = [Span::default(); 5];
    let mut sets = [Values::default(); 5];
    for ((field, span), set) in Field::ALL.into_iter().zip(&mut spans).zip(&mut sets) {
        let rest = bytes.get(at..line.end).unwrap_or(&[]);
        let length = rest.iter().position(|b| is_blank(*b)).unwrap_or(rest.len());
        *span = Span::new(at, at + length);
        let Some(used) = read(rest, field, set) else {
            let text = escape(lines::of(bytes, *span));
            let message = format!("`{text}` is no {field}: crond ignores the line");
            let kind = ProblemKind::BadField(field);
            table.report(*span, kind, Effect::LineIgnored, message);
            return None;
        };
        at = skip_blanks(bytes, at + used, line.end);
    }
    let [minute, hour, mut dom, month, mut dow] = sets;
    let every_date = dom == Values::range(0, 31);
    let every_weekday = dow == Field::DayOfWeek.all();
    // Both restricted: such a weekday of the month by the manual. 4.5 itself shifts by -1
    // there and mostly never starts it; the weekday alone holds either.
    if !every_weekday {
        dom = Values::default();
    } else if !every_date {
        dow = Values::default();
    }
    dom.remove(0);
    let starred = |at: usize| bytes.get(at) == Some(&b'*');
    let fields = Fields {
        minute,
        hour,
        dom,
        month: month.iter().map(|month| month + 1).collect(),
        dow,
        days: DayRule::Either,
        dom_star: every_date,
        dow_star: every_weekday,
        wildcard: spans.iter().take(2).any(|span| starred(span.start)),
        random: false,
    };
    Some((fields, spans, at))
}

/// Reads one field and gives its length; nothing where the daemon refuses the line.
fn read(text: &[u8], field: Field, set: &mut Values) -> Option<usize> {
    let (modulus, offset): (i64, i64) = match field {
        Field::Minute => (60, 0),
        Field::Hour => (24, 0),
        Field::DayOfMonth => (32, 0),
        Field::Month => (12, -1),
        Field::DayOfWeek => (7, 0),
    };
    let (mut first, mut last) = (-1i64, -1i64);
    let mut rest = text;
    while rest.first().is_some_and(|b| !is_blank(*b)) {
        if let Some(after) = rest.strip_prefix(b"*") {
            (first, last) = (0, modulus - 1);
            rest = after;
        } else if rest.first().is_some_and(u8::is_ascii_digit) {
            let (value, after) = number(rest);
            let value = i64::from(value) + offset;
            *(if first < 0 { &mut first } else { &mut last }) = value;
            rest = after;
        } else {
            let (value, after) = named(field, rest)?;
            *(if first < 0 { &mut first } else { &mut last }) = value;
            rest = after;
        }
        if last < 0
            && let Some(after) = rest.strip_prefix(b"-")
        {
            rest = after;
            continue;
        }
        if last < 0 {
            last = first;
        }
        last %= modulus;
        let mut step = 1;
        if let Some(after) = rest.strip_prefix(b"/") {
            (step, rest) = number(after);
        }
        fill(set, first, last, step, modulus)?;
        let Some(after) = rest.strip_prefix(b",") else {
            break;
        };
        rest = after;
        (first, last) = (-1, -1);
    }
    rest.first()
        .is_some_and(|b| is_blank(*b))
        .then(|| text.len() - rest.len())
}

/// Sets every `step`-th value from `first` round to `last`.
fn fill(set: &mut Values, first: i64, last: i64, step: i32, modulus: i64) -> Option<()> {
    let mut at = first - 1;
    let mut wait = 1i32;
    for _ in 0..1023 {
        at = (at + 1) % modulus;
        wait = wait.wrapping_sub(1);
        if wait == 0 {
            if let Ok(value) = u8::try_from(at) {
                set.insert(value);
            }
            wait = step;
        }
        if at == last {
            return Some(());
        }
    }
    None
}

/// Three letters, in lower case or with a capital; the value is an index.
fn named(field: Field, text: &[u8]) -> Option<(i64, &[u8])> {
    let (word, rest) = text.split_at_checked(3)?;
    let at = field.names().iter().position(|name| {
        let (first, tail) = name.split_at(1);
        let (Some(letter), Some(letters)) = (word.first(), word.get(1..)) else {
            return false;
        };
        letters == tail.as_bytes() && [letter.to_ascii_lowercase()] == first.as_bytes()
    })?;
    Some((i64::try_from(at).ok()?, rest))
}
