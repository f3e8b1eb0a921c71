//! Spans of time: how far ahead to look, and how far away something is.

use std::time::Duration;

use jiff::Timestamp;

use super::TimeError;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const LONGEST: u64 = 36_500 * DAY;

/// Reads a duration such as `24h`, `7d`, `90m`, `30s`, `2w` or `1d12h`; days have 24 hours.
///
/// # Errors
/// [`TimeError::Horizon`] for anything else, for nothing and for more than 36,500 days.
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let bad = || TimeError::Horizon(text.to_owned());
    let mut seconds = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let mut letters = tail.chars();
        let unit = match letters.next() {
            Some('s') => 1,
            Some('m') => MINUTE,
            Some('h') => HOUR,
            Some('d') => DAY,
            Some('w') => 7 * DAY,
            _ => return Err(bad()),
        };
        let part = number.checked_mul(unit).ok_or_else(bad)?;
        seconds = seconds.checked_add(part).ok_or_else(bad)?;
        rest = letters.as_str();
    }
    if (1..=LONGEST).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(bad())
    }
}

/// How far `then` is from `now`: `in 5 h 35 min`, `3 d 4 h ago`, `now`. The two
/// largest units, the rest cut.
#[must_use]
pub fn relative(now: Timestamp, then: Timestamp) -> String {
    let seconds = then.as_second() - now.as_second();
    let distance = seconds.unsigned_abs();
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min")];
    let Some(first) = units.iter().position(|(unit, _)| distance >= *unit) else {
        return match seconds {
            0 => "now".to_owned(),
            1.. => "in less than a minute".to_owned(),
            _ => "less than a minute ago".to_owned(),
        };
    };
    let mut rest = distance;
    let mut parts = Vec::new();
    for (unit, name) in units.iter().skip(first).take(2) {
        let number = rest / unit;
        rest %= unit;
        if number > 0 {
            parts.push(format!("{number} {name}"));
        }
    }
    let distance = parts.join(" ");
    if seconds > 0 {
        format!("in {distance}")
    } else {
        format!("{distance} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_minutes_hours_days_and_weeks() {
        for (text, seconds) in [
            ("24h", 86_400),
            ("7d", 604_800),
            ("90m", 5_400),
            ("2w", 1_209_600),
            ("1d12h", 129_600),
        ] {
            assert_eq!(parse_duration(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in [
            "",
            "0h",
            "h",
            "24",
            "24 h",
            "-1h",
            "1y",
            "1.5h",
            "36501d",
            "99999999999999999999h",
            "9999999999999999999h",
            "1\u{e9}",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn distances_are_given_in_their_two_largest_units() {
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in [
            (0, "now"),
            (59, "in less than a minute"),
            (-1, "less than a minute ago"),
            (60, "in 1 min"),
            (5 * 3600 + 35 * 60 + 59, "in 5 h 35 min"),
            (6 * 3600, "in 6 h"),
            (86_400 + 59 * 60, "in 1 d"),
            (3 * 86_400 + 4 * 3600, "in 3 d 4 h"),
            (-(5 * 3600 + 60), "5 h 1 min ago"),
        ] {
            let then = Timestamp::from_second(seconds).unwrap();
            assert_eq!(relative(now, then), expected);
        }
    }
}
