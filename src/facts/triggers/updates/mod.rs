//! Programs that install updates and then take the box down, at once or in a window of
//! time: those of SUSE, Fedora `CoreOS` and Flatcar, snapd and Kubernetes' kured. What is said of
//! them was read in their sources, not seen on a machine.
//!
//! yum-cron (yum 3.4.3 `yum-cron/yum-cron.py`) and zypper itself never reboot.

mod coreos;
mod flatcar;
mod kured;
mod snapd;
mod suse;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, Zoned, civil::Weekday};

use super::event::{Handler, optional};
use super::{Starter, Trigger, When};
use crate::fact::Listing;
use crate::facts::Host;
use crate::parse::os_release;
use crate::shell::power::Kind;
use crate::text::{File, Place};

/// Services of timers that are judged here rather than by their commands.
pub(super) const SERVICES: [&str; 2] = ["transactional-update.service", "os-update.service"];

/// What they are called in a sentence.
pub(super) const NAMES: [&str; 6] = [
    "transactional-update",
    "os-update",
    "zincati",
    "locksmithd",
    "kured",
    "snapd",
];

/// Adds what they do.
pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    for of in [
        suse::read,
        coreos::read,
        flatcar::read,
        kured::read,
        snapd::read,
    ] {
        let before = (out.items.len(), out.gaps.len());
        of(host, out);
        let found = out.items.len() > before.0;
        *decided += usize::from(found && before.1 == out.gaps.len());
    }
}

/// A reboot by one of them.
struct Reboot {
    name: &'static str,
    kind: Kind,
    when: When,
    spread: SignedDuration,
    by: String,
    place: Place,
    via: Vec<Place>,
    conditions: Vec<String>,
}

impl Reboot {
    fn new(name: &'static str, when: When, place: Place) -> Self {
        Self {
            name,
            kind: Kind::Reboot,
            when,
            spread: SignedDuration::ZERO,
            by: format!("{name}, as root"),
            place,
            via: Vec::new(),
            conditions: Vec::new(),
        }
    }

    fn trigger(self) -> Trigger {
        let mut handler = Handler::new(self.name, "an automatic update", "", self.place);
        handler.starter = Starter::Other {
            name: self.name.to_owned(),
            noun: "an automatic update",
        };
        let place = handler.place.clone();
        let via = self.via.into_iter().filter(|via| *via != place);
        Trigger {
            when: self.when,
            spread: self.spread,
            by: self.by,
            via: via.collect(),
            conditions: self.conditions,
            certain: false,
            ..handler.plain(self.kind)
        }
    }
}

/// An assignment of a file that a shell sources or that systemd reads variables from.
struct Assigned {
    value: String,
    place: Place,
}

/// The last assignment of a name in files of which a later one counts more.
fn assigned(files: &[Arc<File>], name: &str) -> Option<Assigned> {
    files.iter().rev().find_map(|file| {
        let lines: Vec<_> = file.lines().collect();
        lines.into_iter().rev().find_map(|(span, line)| {
            let text = line.trim_ascii();
            let text = text.strip_prefix(b"export ").unwrap_or(text);
            let mut found = os_release::parse(text).into_iter();
            let (_, value) = found.find(|(own, _)| own == name)?;
            let place = file.place(span);
            Some(Assigned { value, place })
        })
    })
}

/// The files among these that are there.
fn files(host: &Host, paths: &[&str], out: &mut Listing<Trigger>) -> Vec<Arc<File>> {
    let found = paths.iter().filter_map(|path| optional(host, path, out));
    found.collect()
}

/// A span of time that comes again every week or every day.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Every day where there is none.
    day: Option<Weekday>,
    hour: i8,
    minute: i8,
    length: SignedDuration,
}

impl Window {
    /// The next moment inside it from `now` on, and how long it lasts from there.
    fn next(&self, now: &Zoned) -> Option<(Timestamp, SignedDuration)> {
        // One that began up to a week ago may still be open.
        let first = now.date().checked_sub(jiff::Span::new().days(7)).ok()?;
        let dates = (0..=15).filter_map(|n| first.checked_add(jiff::Span::new().days(n)).ok());
        let dates = dates.filter(|date| self.day.is_none_or(|day| date.weekday() == day));
        let open = dates.filter_map(|date| {
            let start = date.at(self.hour, self.minute, 0, 0);
            let start = start.to_zoned(now.time_zone().clone()).ok()?.timestamp();
            let end = start.checked_add(self.length).ok()?;
            let from = start.max(now.timestamp());
            (end > from).then(|| (from, end.duration_since(from)))
        });
        open.min_by_key(|(from, _)| *from)
    }
}

/// `hh:mm` by the clock of a day.
fn clock(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':')?;
    let hour = hour.parse().ok().filter(|hour| (0..24).contains(hour))?;
    let minute = minute.parse().ok();
    Some((hour, minute.filter(|minute| (0..60).contains(minute))?))
}

/// A day of the week by the first three letters of its English name.
fn weekday(text: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("sat", Weekday::Saturday),
        ("sun", Weekday::Sunday),
    ];
    let text = text.to_ascii_lowercase();
    let found = DAYS.iter().find(|(name, _)| text == *name)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_open_is_now_and_one_that_is_closed_is_its_next_start() {
        let window = Window {
            day: Some(Weekday::Thursday),
            hour: 23,
            minute: 0,
            length: SignedDuration::from_mins(90),
        };
        // A Thursday.
        for (now, from, rest) in [
            ("2026-11-26T22:00:00Z", "2026-11-26T23:00:00Z", 90),
            ("2026-11-27T00:10:00Z", "2026-11-27T00:10:00Z", 20),
            ("2026-11-27T00:30:00Z", "2026-12-03T23:00:00Z", 90),
        ] {
            let now: Timestamp = now.parse().unwrap();
            let now = now.to_zoned(jiff::tz::TimeZone::UTC);
            let (at, left) = window.next(&now).unwrap();
            assert_eq!((at.to_string(), left.as_mins()), (from.to_owned(), rest));
        }
    }

    #[test]
    fn the_last_assignment_of_the_last_file_counts() {
        let vendor = File::new("/usr/share/u.conf", "A=1\nB=2\n");
        let site = File::new("/etc/u.conf", "# A=9\nexport A='3'\nA=4\n");
        let files = [vendor, site];
        let found = assigned(&files, "A").unwrap();
        assert_eq!(
            (found.value.as_str(), found.place.bytes()),
            ("4", &b"A=4"[..])
        );
        assert_eq!(assigned(&files, "B").unwrap().value, "2");
        assert!(assigned(&files, "C").is_none());
    }
}
