//! What the version of a daemon changes in how it reads a table.

use std::sync::Arc;

use crate::fact::Fact;
use crate::facts::Host;
use crate::parse::crontab::{Crontab, Field, ProblemKind};
use crate::text::{File, Span, escape};

/// The versions of cronie that refuse a range of weekdays that ends in Sunday, written
/// as 0 or by name: since `~` came (1.6.0, `entry.c`, commit fc8b0e5), and until
/// commit d037042, which no release has yet.
const REFUSING: [[u32; 3]; 2] = [[1, 6, 0], [1, 7, 2]];

/// Takes out of a table what the installed cronie refuses; what a cronie of unknown
/// version does is read as the newest.
pub(super) fn cronie(host: &Host, file: &Arc<File>, reading: &mut Crontab) {
    let Fact::Known(packages) = host.packages() else {
        return;
    };
    let Some(version) = packages.version_of("cronie") else {
        return;
    };
    let [first, last] = REFUSING;
    let refuses = numbers(version).is_some_and(|own| (first..=last).contains(&own));
    if !refuses {
        return;
    }
    let refused: Vec<(Span, Span)> = reading
        .jobs
        .iter()
        .filter_map(|job| {
            let [.., weekdays] = job.field_spans?;
            ends_in_sunday(file.slice(weekdays)).then_some((job.line, weekdays))
        })
        .collect();
    for (line, span) in refused {
        let text = escape(file.slice(span));
        let message = format!(
            "`{text}` is a range that ends in Sunday: cronie 1.6.0 to 1.7.2 ignores the line; \
             7 in its place is taken"
        );
        let kind = ProblemKind::BadField(Field::DayOfWeek);
        reading.refuse(line, span, kind, message);
    }
}

/// The three numbers that a version begins with, behind an epoch.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let version = version.rsplit(':').next()?;
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    let mut next = || parts.next()?.parse().ok();
    Some([next()?, next()?, next().unwrap_or(0)])
}

/// `6-0`, `Sat-Sun`, without a step.
fn ends_in_sunday(field: &[u8]) -> bool {
    let mut ranges = field.split(|b| *b == b',');
    ranges.any(|range| {
        let mut ends = range.splitn(2, |b| *b == b'-');
        let (Some(from), Some(to)) = (ends.next(), ends.next()) else {
            return false;
        };
        let is_sunday = |end: &[u8]| end == b"0" || end.eq_ignore_ascii_case(b"sun");
        is_sunday(to) && !is_sunday(from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_ends_in_sunday_is_seen() {
        for field in ["6-0", "Sat-Sun", "1,fri-sun", "5-0,2"] {
            assert!(ends_in_sunday(field.as_bytes()), "{field}");
        }
        for field in ["*", "0", "0-6", "Sun-Sat", "5-7", "6-0/2", "sun", "0-0"] {
            assert!(!ends_in_sunday(field.as_bytes()), "{field}");
        }
    }

    #[test]
    fn three_numbers_are_a_version() {
        assert_eq!(numbers("1.7.2-1.fc41"), Some([1, 7, 2]));
        assert_eq!(numbers("0:1.5.7-13.el9"), Some([1, 5, 7]));
        assert_eq!(numbers("1.6"), Some([1, 6, 0]));
        assert_eq!(numbers("git"), None);
    }
}
