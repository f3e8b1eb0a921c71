//! Time spans (systemd 257 `src/basic/time-util.c`, `parse_sec`).

use std::time::Duration;

/// A length of time, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeSpan {
    /// That long, whole microseconds.
    For(Duration),
    /// No end.
    Infinite,
}

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Units in the order in which they are tried: the first that is a prefix counts.
const UNITS: [(&str, u64); 30] = [
    ("seconds", SECOND),
    ("second", SECOND),
    ("sec", SECOND),
    ("s", SECOND),
    ("minutes", MINUTE),
    ("minute", MINUTE),
    ("min", MINUTE),
    ("months", 2_629_800 * SECOND),
    ("month", 2_629_800 * SECOND),
    ("M", 2_629_800 * SECOND),
    ("msec", 1_000),
    ("ms", 1_000),
    ("m", MINUTE),
    ("hours", HOUR),
    ("hour", HOUR),
    ("hr", HOUR),
    ("h", HOUR),
    ("days", DAY),
    ("day", DAY),
    ("d", DAY),
    ("weeks", 7 * DAY),
    ("week", 7 * DAY),
    ("w", 7 * DAY),
    ("years", 31_557_600 * SECOND),
    ("year", 31_557_600 * SECOND),
    ("y", 31_557_600 * SECOND),
    ("usec", 1),
    ("us", 1),
    ("\u{3bc}s", 1),
    ("\u{b5}s", 1),
];

/// A time span; plain numbers are seconds. None where systemd refuses it.
#[must_use]
pub fn parse_span(text: &str) -> Option<TimeSpan> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let mut rest = text.trim_matches(blank);
    if rest == "infinity" {
        return Some(TimeSpan::Infinite);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => {
                let (fraction, after) = after.split_at(digits(after));
                if fraction.is_empty() {
                    return None;
                }
                (fraction, after)
            }
            None if whole.is_empty() => return None,
            None => ("", after),
        };
        let after_blank = after.trim_start_matches(blank);
        let unit = UNITS.iter().find(|(name, _)| after_blank.starts_with(name));
        let multiplier = match unit {
            Some((name, size)) => {
                rest = after_blank.get(name.len()..)?;
                *size
            }
            // A number without unit ends at a blank or at the end.
            None if after_blank.len() == after.len() && !after.is_empty() => return None,
            None => {
                rest = after_blank;
                SECOND
            }
        };
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        total = total.checked_add(whole.checked_mul(multiplier)?)?;
        let mut size = multiplier / 10;
        for digit in fraction.bytes() {
            total = total.checked_add(u64::from(digit - b'0') * size)?;
            size /= 10;
        }
        rest = rest.trim_start_matches(blank);
    }
    Some(TimeSpan::For(Duration::from_micros(total)))
}
