//! The fields as systemd-cron 1.15 reads them: slices of Python's lists.

use super::super::fields::{Field, Values};
use super::Part;

pub(super) fn fields(texts: [&[u8]; 5]) -> [Part; 5] {
    let [minute, hour, dom, month, dow] = texts;
    [
        field(minute, Field::Minute),
        field(hour, Field::Hour),
        field(dom, Field::DayOfMonth),
        field(month, Field::Month),
        field(dow, Field::DayOfWeek),
    ]
}

fn field(text: &[u8], field: Field) -> Part {
    if text == b"*" {
        return Part::Every;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return Part::Bad;
    };
    let mut set = Values::default();
    for period in text.split(',') {
        // What is out of range selects nothing, and spoils nothing beside it.
        let Some(values) = one(period, field) else {
            return Part::Bad;
        };
        values.iter().for_each(|value| set.insert(value));
    }
    if set.is_empty() {
        Part::Bad
    } else {
        Part::Values(set)
    }
}

fn one(period: &str, field: Field) -> Option<Values> {
    let (range, step) = match period.split_once('/') {
        Some((range, step)) if !step.contains('/') => (range, number(step)?),
        Some(_) => (period, 1),
        None => (period, 1),
    };
    if range == "*" {
        return slice(field, None, None, step);
    }
    let (start, end) = match range.split_once('-') {
        Some((start, end)) if !end.contains('-') => (start, end),
        Some(_) => (range, range),
        None => (range, range),
    };
    let (start, end) = (mapped(start, field)?, mapped(end, field)?);
    // Lists that begin with 1 are counted from 0.
    let shift = i64::from(field.low() == 0);
    let (start, end) = (start.checked_add(shift - 1)?, end.checked_add(shift)?);
    slice(field, Some(start), Some(end), step)
}

/// Python's `int()`.
fn number(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

fn mapped(text: &str, field: Field) -> Option<i64> {
    let head: String = text.chars().take(3).collect::<String>().to_lowercase();
    let among = |names: &[&str]| {
        let at = names.iter().position(|name| *name == head)?;
        i64::try_from(at).ok()
    };
    match field {
        Field::Minute | Field::Hour | Field::DayOfMonth => number(text),
        Field::Month => number(text).or_else(|| {
            // October is not in the list, so the months behind it come early.
            let names = [
                "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "nov", "dec",
            ];
            among(&names).map(|at| at + 1)
        }),
        Field::DayOfWeek => {
            among(field.names()).or_else(|| number(text).map(|day| day.rem_euclid(7)))
        }
    }
}

/// `list[start:end:step]` of the field's values; a step of 0 is an error.
fn slice(field: Field, start: Option<i64>, end: Option<i64>, step: i64) -> Option<Values> {
    if step == 0 {
        return None;
    }
    let length = i64::from(field.high()) - i64::from(field.low()) + 1;
    let (least, most) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let index = |at: i64| {
        let at = if at < 0 {
            at.saturating_add(length)
        } else {
            at
        };
        at.clamp(least, most)
    };
    let (first, last) = if step > 0 {
        (0, length)
    } else {
        (length - 1, -1)
    };
    let (mut at, end) = (start.map_or(first, index), end.map_or(last, index));
    let mut set = Values::default();
    while if step > 0 { at < end } else { at > end } {
        let value = u8::try_from(at).ok()?.checked_add(field.low())?;
        set.insert(value);
        at = at.saturating_add(step);
    }
    Some(set)
}
