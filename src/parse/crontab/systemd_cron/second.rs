//! The fields as systemd-cron 2.5 reads them.

use super::super::fields::{Field, Values};
use super::Part;

pub(super) fn fields(texts: [&[u8]; 5]) -> [Part; 5] {
    let [minute, hour, dom, month, dow] = texts;
    let last_day = dom == b"L";
    let (last_week, weekday) = match dow {
        [day, b'L'] if !last_day => (true, std::slice::from_ref(day)),
        other => (false, other),
    };
    let dom = match (last_day, last_week) {
        (true, _) => Part::LastDay,
        (false, true) => Part::LastWeek,
        (false, false) => field(dom, Field::DayOfMonth),
    };
    [
        field(minute, Field::Minute),
        field(hour, Field::Hour),
        dom,
        field(month, Field::Month),
        field(weekday, Field::DayOfWeek),
    ]
}

/// The largest index of a field's list; Sunday stands at both ends.
const fn most(field: Field) -> u64 {
    match field {
        Field::Minute => 59,
        Field::Hour => 23,
        Field::DayOfMonth => 30,
        Field::Month => 11,
        Field::DayOfWeek => 7,
    }
}

fn field(text: &[u8], field: Field) -> Part {
    if text == b"*" {
        return Part::Every;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return Part::Bad;
    };
    let mut set = Values::default();
    for period in text.split(',').filter(|period| !period.is_empty()) {
        if one(period, field, &mut set).is_none() {
            return Part::Bad;
        }
    }
    match (set.is_empty(), field) {
        (true, Field::DayOfWeek) => Part::Every,
        (true, _) => Part::Bad,
        (false, _) => Part::Values(set),
    }
}

fn one(period: &str, field: Field, set: &mut Values) -> Option<()> {
    let (range, step) = match period.split_once('/') {
        Some((range, step)) => (range, number(step)?),
        None => (period, 1),
    };
    let most = most(field);
    let mut add = |index: u64| {
        if let Ok(index) = u8::try_from(index) {
            let value = index.saturating_add(field.low());
            let sunday = field == Field::DayOfWeek && value == 7;
            set.insert(if sunday { 0 } else { value });
        }
    };
    // A step of 0 makes the generator run for ever: nothing starts.
    let step = usize::try_from(step).ok().filter(|step| *step > 0)?;
    if range == "*" {
        (0..=most).step_by(step).for_each(add);
        return Some(());
    }
    let shift = u64::from(field.low());
    if let Some((start, end)) = range.split_once('~') {
        // One of these at random.
        let first = match start {
            "" => shift,
            start => mapped(start, field, false)?.checked_sub(shift)?,
        };
        let last = match end {
            "" => most,
            end => mapped(end, field, true)?
                .saturating_add(1 - shift)
                .min(most),
        };
        (first <= last).then(|| (first..=last).for_each(add))?;
        return Some(());
    }
    let (start, end) = match range.split_once('-') {
        Some((_, end)) if end.contains('-') => return None,
        Some(both) => both,
        None => (range, range),
    };
    let first = mapped(start, field, false)?.checked_sub(shift)?;
    let last = mapped(end, field, true)?.checked_sub(shift)?.min(most);
    if first > last {
        return None;
    }
    (first..=last).step_by(step).for_each(&mut add);
    Some(())
}

/// C's `strtoull` over the whole text, without a minus.
fn number(text: &str) -> Option<u64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn mapped(text: &str, field: Field, last: bool) -> Option<u64> {
    let head: String = text.chars().take(3).collect::<String>().to_lowercase();
    let among = || {
        let at = field.names().iter().position(|name| *name == head)?;
        u64::try_from(at).ok()
    };
    match field {
        // It has the names of the months too, and refuses them: what was noted when the
        // name was no number is never taken back.
        Field::Minute | Field::Hour | Field::DayOfMonth | Field::Month => number(text),
        // A range ends on the Sunday behind Saturday.
        Field::DayOfWeek => match among() {
            Some(0) if last => Some(7),
            Some(day) => Some(day),
            None => number(text),
        },
    }
}
