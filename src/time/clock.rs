//! The present: the system's, or the one given with `--now`.

use jiff::{Timestamp, civil::DateTime};

use super::{TimeError, Zone};

/// The present of one run; it does not move while the run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    now: Timestamp,
    given: bool,
}

impl Clock {
    /// The system clock's present.
    #[must_use]
    pub fn system() -> Self {
        Self {
            now: Timestamp::now(),
            given: false,
        }
    }

    /// A given present.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now, given: true }
    }

    /// The present.
    #[must_use]
    pub const fn now(self) -> Timestamp {
        self.now
    }

    /// Whether it was given, not read.
    #[must_use]
    pub const fn is_given(self) -> bool {
        self.given
    }
}

/// Two clocks side by side, one of which nobody can set.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    wall: Timestamp,
    steady: std::time::Instant,
}

/// How far the two may drift apart within a run, seconds; adjusting a clock is not
/// setting it.
const DRIFT_SECONDS: i64 = 30;

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn start() -> Self {
        Self {
            wall: Timestamp::now(),
            steady: std::time::Instant::now(),
        }
    }

    /// By how many seconds the system's clock was set since, where it was.
    #[must_use]
    pub fn jumped(&self) -> Option<i64> {
        Self::jump(self.wall, Timestamp::now(), self.steady.elapsed())
    }

    fn jump(then: Timestamp, now: Timestamp, passed: std::time::Duration) -> Option<i64> {
        let passed = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
        let jump = (now.as_second() - then.as_second()).saturating_sub(passed);
        (jump.abs() > DRIFT_SECONDS).then_some(jump)
    }
}

/// Reads a point in time: RFC 3339, or a date with or without a time, which is
/// then taken in `zone`. A time that the zone skips means the one an hour later,
/// one that it has twice the first.
///
/// # Errors
/// [`TimeError::Now`] for anything else.
pub fn parse_now(text: &str, zone: &Zone) -> Result<Timestamp, TimeError> {
    let bad = || TimeError::Now(text.to_owned());
    let time = text.get("0000-00-00".len()..).unwrap_or("");
    // The civil parser would read over an offset.
    if time.contains(['+', '-', 'Z', 'z', '[']) {
        return text.parse().map_err(|_| bad());
    }
    let civil: DateTime = text.parse().map_err(|_| bad())?;
    zone.tz().to_timestamp(civil).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_from_one_that_runs() {
        let then = Timestamp::from_second(1_000_000).unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let passed = std::time::Duration::from_secs;
        assert_eq!(Watch::jump(then, at(10), passed(10)), None);
        assert_eq!(Watch::jump(then, at(12), passed(10)), None);
        assert_eq!(Watch::jump(then, at(3610), passed(10)), Some(3600));
        assert_eq!(Watch::jump(then, at(-90), passed(10)), Some(-100));
    }

    #[test]
    fn a_watch_looks_at_both_clocks() {
        let mut watch = Watch::start();
        assert_eq!(watch.jumped(), None);
        watch.wall = Timestamp::from_second(watch.wall.as_second() - 3600).unwrap();
        assert!(matches!(watch.jumped(), Some(3599..=3601)));
    }

    #[test]
    fn a_point_in_time_is_read_with_or_without_an_offset() {
        let zone = Zone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        for (text, expected) in [
            ("2011-09-29T21:40:00-05:00", "2011-09-30T02:40:00Z"),
            ("2011-09-29 21:40:00-05:00", "2011-09-30T02:40:00Z"),
            ("2011-09-30T02:40:00Z", "2011-09-30T02:40:00Z"),
            ("2011-09-29T21:40:00", "2011-09-30T01:40:00Z"),
            ("2011-09-29 21:40", "2011-09-30T01:40:00Z"),
            ("2011-09-29", "2011-09-29T04:00:00Z"),
            // Skipped, and had twice.
            ("2011-03-13T02:30", "2011-03-13T07:30:00Z"),
            ("2011-11-06T01:30", "2011-11-06T05:30:00Z"),
        ] {
            let now = parse_now(text, &zone).unwrap();
            assert_eq!(now.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_point_in_time_is_an_error() {
        let zone = Zone::utc();
        for text in [
            "",
            "now",
            "tomorrow",
            "21:40",
            "2011-02-30",
            "2011-09-29T25:00",
            "2011-09-29T21:40:00+99:00",
            "2011-09-29T21:40:00[Europe/Berlin]",
            "1317258000",
        ] {
            assert!(parse_now(text, &zone).is_err(), "{text}");
        }
    }

    #[test]
    fn a_given_clock_stands_still() {
        let clock = Clock::at(Timestamp::UNIX_EPOCH);
        assert!(clock.is_given());
        assert_eq!(clock.now(), clock.now());
        assert!(!Clock::system().is_given());
    }
}
