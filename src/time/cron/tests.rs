use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Jump, Minutes, Occurrence, Timing, near, next, occurrences};
use crate::parse::crontab::{Daemon, DayRule, Field, Fields, Schedule, TableKind, Values, parse};
use crate::text::File;
use crate::time::{Zone, parse_now};

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
/// Half an hour of summer time, in the southern summer.
const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";

fn daemon(name: &str) -> Daemon {
    match name {
        "debian" => Daemon::Debian,
        "cronie" => Daemon::Cronie,
        "busybox" => Daemon::Busybox,
        other => panic!("no daemon {other}"),
    }
}

fn zone(name: &str) -> Zone {
    match name {
        "Berlin" => Zone::posix(BERLIN).unwrap(),
        "New_York" => Zone::posix(NEW_YORK).unwrap(),
        "Lord_Howe" => Zone::posix(LORD_HOWE).unwrap(),
        "UTC" => Zone::utc(),
        other => panic!("no zone {other}"),
    }
}

fn schedule(daemon: Daemon, expression: &str) -> Schedule {
    let file = File::new("/x", format!("{expression} reboot\n"));
    let table = parse(&file, TableKind::User { root: true }, daemon);
    assert!(table.dropped.is_none(), "{expression}: {:?}", table.dropped);
    table.jobs.into_iter().next().unwrap().schedule
}

fn fields(daemon: Daemon, expression: &str) -> Fields {
    match schedule(daemon, expression) {
        Schedule::At(fields) => fields,
        other => panic!("{expression}: {other:?}"),
    }
}

fn show(occurrence: &Occurrence) -> String {
    let note = match occurrence.jump {
        None => "",
        Some(Jump::Gap { .. }) => " gap",
        Some(Jump::First) => " first",
        Some(Jump::Second) => " second",
    };
    let at = occurrence.at.strftime("%a %Y-%m-%d %H:%M %:z");
    format!("{at}{note}")
}

fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}

/// `dialect | expression | zone | now | next`
const NEXT: &str = "
debian  | 15 3 * * *            | New_York  | 2011-09-29T21:40       | Fri 2011-09-30 03:15 -04:00
debian  | 15 3 * * *            | UTC       | 2011-09-30T03:15       | Sat 2011-10-01 03:15 +00:00
debian  | 15 3 * * *            | UTC       | 2011-09-30T03:14:59    | Fri 2011-09-30 03:15 +00:00
debian  | 15 3 * * *            | UTC       | 2011-09-30T03:15:30    | Sat 2011-10-01 03:15 +00:00
debian  | * * * * *             | UTC       | 2026-08-24T20:00:30    | Mon 2026-08-24 20:01 +00:00
debian  | 0 2 * * 2             | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 02:00 +00:00
debian  | 0 2 * * 0             | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 02:00 +00:00
debian  | 0 2 * * 7             | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 02:00 +00:00
cronie  | 0 2 * * 7             | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 02:00 +00:00
busybox | 0 2 * * 7             | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 02:00 +00:00
busybox | 0 2 * * 0             | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 02:00 +00:00
debian  | 0 2 13 * 5            | UTC       | 2026-08-24T20:00       | Fri 2026-08-28 02:00 +00:00
cronie  | 0 2 13 * 5            | UTC       | 2026-08-28T20:00       | Fri 2026-09-04 02:00 +00:00
busybox | 0 2 13 * 5            | UTC       | 2026-09-11T20:00       | Sun 2026-09-13 02:00 +00:00
debian  | 0 3 * * 1-5/2         | UTC       | 2026-08-24T20:00       | Wed 2026-08-26 03:00 +00:00
debian  | 0 3 29 2 *            | UTC       | 2026-08-24T20:00       | Tue 2028-02-29 03:00 +00:00
debian  | 0 3 29 2 */6          | UTC       | 2026-08-24T20:00       | Sun 2032-02-29 03:00 +00:00
debian  | 0 3 31 2 *            | UTC       | 2026-08-24T20:00       | never
busybox | 0 3 31 2 *            | UTC       | 2026-08-24T20:00       | never
debian  | 0 3 31 4,6,9,11 *     | UTC       | 2026-08-24T20:00       | never
debian  | 0 3 30 2 1            | UTC       | 2026-08-24T20:00       | Mon 2027-02-01 03:00 +00:00
debian  | 0 22-6 * * *          | UTC       | 2026-08-24T20:00       | never
cronie  | 0 22-6 * * *          | UTC       | 2026-08-24T20:00       | never
busybox | 0 22-6 * * *          | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 22:00 +00:00
busybox | 0 22-6 * * *          | UTC       | 2026-08-24T23:30       | Tue 2026-08-25 00:00 +00:00
debian  | 0 3 * * Sat-Sun       | UTC       | 2026-08-24T20:00       | never
cronie  | 0 3 * * Sat-Sun       | UTC       | 2026-08-24T20:00       | Sat 2026-08-29 03:00 +00:00
cronie  | 0 3 * * 6-0           | UTC       | 2026-08-29T20:00       | Sun 2026-08-30 03:00 +00:00
busybox | 0 3 * * 6-0           | UTC       | 2026-08-29T20:00       | Sun 2026-08-30 03:00 +00:00
debian  | 0 3 * * 5-7           | UTC       | 2026-08-24T20:00       | Fri 2026-08-28 03:00 +00:00
busybox | 0 3 * * 5-7           | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
debian  | 0 0 1 Nov-Feb *       | UTC       | 2026-08-24T20:00       | never
busybox | 0 0 1 Nov-Feb *       | UTC       | 2026-08-24T20:00       | Sun 2026-11-01 00:00 +00:00
debian  | 0 3 */2 * 1           | UTC       | 2026-08-24T20:00       | Mon 2026-08-31 03:00 +00:00
busybox | 0 3 */2 * 1           | UTC       | 2026-08-24T20:00       | Wed 2026-08-26 03:00 +00:00
debian  | 0 3 1-31/2 * 1        | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
debian  | 0 3 1,* * 1           | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
cronie  | 0 3 1,* * 1           | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
busybox | 0 3 1,* * 1           | UTC       | 2026-08-24T20:00       | Mon 2026-08-31 03:00 +00:00
debian  | 0 3 1-7 * 1           | UTC       | 2026-08-24T20:00       | Mon 2026-08-31 03:00 +00:00
debian  | 0 3 1-7 * 1           | UTC       | 2026-08-31T20:00       | Tue 2026-09-01 03:00 +00:00
debian  | 0 3 * * 1             | UTC       | 2026-08-24T20:00       | Mon 2026-08-31 03:00 +00:00
busybox | 0 3 * * 1             | UTC       | 2026-08-24T20:00       | Mon 2026-08-31 03:00 +00:00
busybox | 0 3 1-31 * 1          | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
debian  | 1-5-9 3 * * *         | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:01 +00:00
debian  | 0 3 * * 1#2           | UTC       | 2026-08-25T20:00       | Mon 2026-08-31 03:00 +00:00
debian  | */70 * * * *          | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
cronie  | */70 * * * *          | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
busybox | */70 * * * *          | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
busybox | */0 * * * *           | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
busybox | 5/15 * * * *          | UTC       | 2026-08-24T20:05       | Mon 2026-08-24 21:05 +00:00
busybox | 60 * * * *            | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 20:01 +00:00
busybox | 75 3 * * *            | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
busybox | 75 3 * * *            | UTC       | 2026-08-25T03:00       | Tue 2026-08-25 03:01 +00:00
busybox | 0 24 * * *            | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
busybox | 0 3 * * 8             | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
busybox | 0 3 0 * *             | UTC       | 2026-08-24T20:00       | never
busybox | 0 3 * 0 *             | UTC       | 2026-08-24T20:00       | never
busybox | 0,,5 3 * * *          | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
busybox | 0 3 L * *             | UTC       | 2026-08-24T20:00       | never
busybox | 0 3 15W * *           | UTC       | 2026-08-24T20:00       | Tue 2026-09-15 03:00 +00:00
busybox | 0 3 * * sunday        | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 03:00 +00:00
busybox | 0~30 3 * * *          | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
busybox | 10-5 3 * * *          | UTC       | 2026-08-25T03:05       | Tue 2026-08-25 03:10 +00:00
debian  | 0~30 3 * * *          | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
cronie  | 20~30 3 * * *         | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:20 +00:00
cronie  | -0 3 * * *            | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
debian  | 0 0 3 * * ?           | UTC       | 2026-08-24T20:00       | Thu 2026-09-03 00:00 +00:00
debian  | 4294967296 3 * * *    | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 03:00 +00:00
debian  | @hourly               | UTC       | 2026-08-24T20:00       | Mon 2026-08-24 21:00 +00:00
debian  | @daily                | UTC       | 2026-08-24T20:00       | Tue 2026-08-25 00:00 +00:00
debian  | @weekly               | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 00:00 +00:00
busybox | @weekly               | UTC       | 2026-08-24T20:00       | Sun 2026-08-30 00:00 +00:00
cronie  | @monthly              | UTC       | 2026-08-24T20:00       | Tue 2026-09-01 00:00 +00:00
busybox | @yearly               | UTC       | 2026-08-24T20:00       | Fri 2027-01-01 00:00 +00:00
debian  | 30 2 * * *            | Berlin    | 2027-03-27T12:00       | Sun 2027-03-28 03:00 +02:00 gap
cronie  | 0,30 2 * * *          | Berlin    | 2027-03-27T12:00       | Sun 2027-03-28 03:00 +02:00 gap
busybox | 30 2 * * *            | Berlin    | 2027-03-27T12:00       | Mon 2027-03-29 02:30 +02:00
debian  | */30 2 * * *          | Berlin    | 2027-03-27T12:00       | Mon 2027-03-29 02:00 +02:00
debian  | 30 */2 * * *          | Berlin    | 2027-03-28T01:00       | Sun 2027-03-28 04:30 +02:00
debian  | 15 3 * * *            | Berlin    | 2027-03-27T12:00       | Sun 2027-03-28 03:15 +02:00
debian  | 0 3 * * *             | Berlin    | 2027-03-28T01:59       | Sun 2027-03-28 03:00 +02:00
debian  | 0 2,3 * * *           | Berlin    | 2027-03-28T03:00       | Mon 2027-03-29 02:00 +02:00
debian  | 30 2 * * *            | Berlin    | 2027-10-30T12:00       | Sun 2027-10-31 02:30 +02:00 first
debian  | 30 2 * * *            | Berlin    | 2027-10-31T02:30+02:00 | Mon 2027-11-01 02:30 +01:00
cronie  | 30 2 * * *            | Berlin    | 2027-10-31T02:10+01:00 | Mon 2027-11-01 02:30 +01:00
debian  | */30 2 * * *          | Berlin    | 2027-10-31T02:30+02:00 | Sun 2027-10-31 02:00 +01:00 second
busybox | 30 2 * * *            | Berlin    | 2027-10-31T02:30+02:00 | Sun 2027-10-31 02:30 +01:00 second
debian  | @hourly               | Berlin    | 2027-10-31T02:00+02:00 | Sun 2027-10-31 02:00 +01:00 second
debian  | @hourly               | Berlin    | 2027-03-28T01:00       | Sun 2027-03-28 03:00 +02:00
debian  | 5,* 2 * * *           | Berlin    | 2027-03-27T12:00       | Sun 2027-03-28 03:00 +02:00 gap
debian  | 30 2 * * *            | New_York  | 2027-03-13T12:00       | Sun 2027-03-14 03:00 -04:00 gap
debian  | 30 1 * * *            | New_York  | 2027-11-07T01:30-04:00 | Mon 2027-11-08 01:30 -05:00
busybox | 30 1 * * *            | New_York  | 2027-11-07T01:30-04:00 | Sun 2027-11-07 01:30 -05:00 second
debian  | 15 2 * * *            | Lord_Howe | 2027-10-02T12:00       | Sun 2027-10-03 02:30 +11:00 gap
debian  | 45 2 * * *            | Lord_Howe | 2027-10-02T12:00       | Sun 2027-10-03 02:45 +11:00
busybox | 15 2 * * *            | Lord_Howe | 2027-10-02T12:00       | Mon 2027-10-04 02:15 +11:00
debian  | 45 1 * * *            | Lord_Howe | 2027-04-03T12:00       | Sun 2027-04-04 01:45 +11:00 first
debian  | 45 1 * * *            | Lord_Howe | 2027-04-04T01:45+11:00 | Mon 2027-04-05 01:45 +10:30
busybox | 45 1 * * *            | Lord_Howe | 2027-04-04T01:45+11:00 | Sun 2027-04-04 01:45 +10:30 second
";

#[test]
fn the_next_run_is_the_daemons() {
    let rows: Vec<&str> = NEXT.lines().filter(|row| !row.is_empty()).collect();
    assert!(rows.len() >= 60);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [dialect, expression, place, now, expected] = cells[..] else {
            panic!("{row}");
        };
        let (daemon, zone) = (daemon(dialect), zone(place));
        let after = parse_now(now, &zone).unwrap();
        let timing = Timing {
            daemon,
            zone: &zone,
            job_zone: None,
        };
        let found = match schedule(daemon, expression) {
            Schedule::At(fields) => next(&fields, timing, after, after + days(36_500)),
            Schedule::Never(_) => None,
            other => panic!("{row}: {other:?}"),
        };
        let found = found.as_ref().map_or("never".to_owned(), show);
        assert_eq!(found, expected, "{row}");
    }
}

#[test]
fn a_schedule_without_dates_ends_at_once() {
    let mut fields = fields(Daemon::Debian, "0 3 1 2 *");
    fields.dom = Values::range(30, 31);
    let zone = zone("Berlin");
    let timing = Timing {
        daemon: Daemon::Debian,
        zone: &zone,
        job_zone: None,
    };
    let after = Timestamp::UNIX_EPOCH;
    let started = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(next(&fields, timing, after, Timestamp::MAX), None);
    }
    assert!(started.elapsed().as_secs() < 2);
    fields.minute = Values::default();
    assert_eq!(next(&fields, timing, after, Timestamp::MAX), None);
}

#[test]
fn nothing_lies_beyond_the_horizon() {
    let fields = fields(Daemon::Debian, "15 3 * * *");
    let zone = Zone::utc();
    let timing = Timing {
        daemon: Daemon::Debian,
        zone: &zone,
        job_zone: None,
    };
    let at = |text: &str| parse_now(text, &zone).unwrap();
    let after = at("2011-09-29T21:40");
    assert_eq!(
        next(&fields, timing, after, at("2011-09-30T03:14:59")),
        None
    );
    assert!(next(&fields, timing, after, at("2011-09-30T03:15")).is_some());
    let week = occurrences(&fields, timing, after, after + days(7));
    assert_eq!(week.count(), 7);
    assert!(next(&fields, timing, Timestamp::MAX, Timestamp::MAX).is_none());
    assert!(next(&fields, timing, Timestamp::MIN, Timestamp::MAX).is_some());
}

/// The starts of a `cronie` job with a zone of its own.
fn in_job_zone(expression: &str, place: &str, now: &str, hours: i64) -> Vec<String> {
    let (berlin, job_zone) = (zone("Berlin"), zone(place));
    let timing = Timing {
        daemon: Daemon::Cronie,
        zone: &berlin,
        job_zone: Some(&job_zone),
    };
    let after = parse_now(now, &berlin).unwrap();
    let until = after + SignedDuration::from_hours(hours);
    let fields = fields(Daemon::Cronie, expression);
    occurrences(&fields, timing, after, until)
        .map(|o| show(&o))
        .collect()
}

#[test]
fn a_job_with_a_zone_of_its_own_runs_in_that_zone() {
    let runs = in_job_zone("15 3 * * *", "New_York", "2011-09-29T21:40", 24);
    assert_eq!(runs, ["Fri 2011-09-30 03:15 -04:00"]);
    // Its own gap is not caught up, its own overlap is run twice.
    assert!(in_job_zone("30 2 * * *", "New_York", "2027-03-14T00:00", 24).is_empty());
    let runs = in_job_zone("30 1 * * *", "New_York", "2027-11-07T00:00", 24);
    assert_eq!(
        runs,
        [
            "Sun 2027-11-07 01:30 -04:00 first",
            "Sun 2027-11-07 01:30 -05:00 second"
        ]
    );
    // What falls into the second pass of the daemon's overlap is lost, unless wild.
    assert!(in_job_zone("30 1 * * *", "UTC", "2027-10-31T00:00", 12).is_empty());
    let runs = in_job_zone("*/30 1 * * *", "UTC", "2027-10-31T00:00", 12);
    assert_eq!(runs.len(), 2);
}

/// The main loop of the daemons, run minute by minute.
fn simulate(
    fields: &Fields,
    daemon: Daemon,
    zone: &TimeZone,
    after: Timestamp,
    minutes: i64,
) -> Vec<i64> {
    let mut runs = Vec::new();
    let local = |now: i64| {
        let then = Timestamp::from_second(now).unwrap();
        (now + i64::from(zone.to_offset(then).seconds())) / 60
    };
    let matches = |minute: i64| {
        let time = TimeZone::UTC.to_datetime(Timestamp::from_second(minute * 60).unwrap());
        let value = |v: i8| u8::try_from(v).unwrap();
        let dom = fields.dom.contains(value(time.day()));
        let weekday = time.weekday().to_sunday_zero_offset();
        let dow = fields.dow.contains(value(weekday));
        fields.minute.contains(value(time.minute()))
            && fields.hour.contains(value(time.hour()))
            && fields.month.contains(value(time.month()))
            && match fields.days {
                DayRule::Both => dom && dow,
                DayRule::Either => dom || dow,
            }
    };
    // Starts a day early, so that the loop has a past.
    let begin = after.as_second() - 86_400;
    let mut virtual_time = local(begin);
    for step in 1..=minutes + 1440 {
        let now = begin + step * 60;
        let running = local(now);
        let mut run = |minute: i64, wild: bool, fixed: bool| {
            let wanted = if fields.wildcard { wild } else { fixed };
            if wanted && matches(minute) && now > after.as_second() && runs.last() != Some(&now) {
                runs.push(now);
            }
        };
        if daemon == Daemon::Busybox {
            run(running, true, true);
            continue;
        }
        let difference = running - virtual_time;
        let large = match daemon {
            Daemon::Debian => difference > 180 || difference <= -180,
            _ => difference.abs() > 180,
        };
        if large {
            virtual_time = running;
            run(running, true, true);
        } else if difference > 5 {
            run(running, true, false);
            for minute in virtual_time + 1..=running {
                run(minute, false, true);
            }
            virtual_time = running;
        } else if difference > 0 {
            for minute in virtual_time + 1..=running {
                run(minute, true, true);
            }
            virtual_time = running;
        } else {
            run(running, true, false);
        }
    }
    runs
}

fn any_values(field: Field) -> impl Strategy<Value = Values> {
    let (low, high) = (field.low(), field.high());
    prop_oneof![
        2 => Just(field.all()),
        3 => prop::collection::vec(low..=high, 1..4).prop_map(Values::from_iter),
        1 => (low..=high, low..=high).prop_map(|(a, b)| Values::range(a.min(b), a.max(b))),
    ]
}

prop_compose! {
    fn any_fields()(
        minute in any_values(Field::Minute),
        hour in any_values(Field::Hour),
        dom in any_values(Field::DayOfMonth),
        month in any_values(Field::Month),
        dow in any_values(Field::DayOfWeek),
        both in any::<bool>(),
        wildcard in any::<bool>(),
    ) -> Fields {
        Fields {
            minute, hour, dom, month, dow, wildcard,
            days: if both { DayRule::Both } else { DayRule::Either },
            dom_star: false, dow_star: false, random: false,
        }
    }
}

/// Around jumps, and in between. The last zone jumps by one minute, by four
/// hours and by more than three hours back.
const STARTS: [(&str, &str); 8] = [
    (BERLIN, "2027-03-27T20:00:00Z"),
    (BERLIN, "2027-10-30T22:00:00Z"),
    (NEW_YORK, "2027-03-14T00:30:00Z"),
    (NEW_YORK, "2027-11-07T05:45:00Z"),
    (LORD_HOWE, "2027-10-02T10:00:00Z"),
    (LORD_HOWE, "2027-04-03T14:40:00Z"),
    ("AAA0BBB-4,M3.5.0,M10.5.0", "2027-03-27T20:00:00Z"),
    ("AAA0BBB-4,M3.5.0,M10.5.0", "2027-10-30T16:00:00Z"),
];

/// The daemons whose main loop is simulated.
const LOOPS: [Daemon; 3] = [Daemon::Debian, Daemon::Cronie, Daemon::Busybox];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_starts_are_those_of_the_main_loop(
        fields in any_fields(),
        place in 0..STARTS.len(),
        shift in 0i64..2000,
        who in 0..3usize,
    ) {
        let (rule, start) = STARTS[place];
        let zone = Zone::posix(rule).unwrap();
        let after: Timestamp = start.parse().unwrap();
        let after = after + SignedDuration::from_mins(shift);
        let timing = Timing { daemon: LOOPS[who], zone: &zone, job_zone: None };
        let minutes = 3 * 1440;
        let until = after + SignedDuration::from_mins(minutes);
        let found: Vec<i64> = occurrences(&fields, timing, after, until)
            .map(|o| o.at.timestamp().as_second())
            .collect();
        let expected = simulate(&fields, timing.daemon, zone.tz(), after, minutes);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_is_near_is_what_the_package_finds(
        fields in any_fields(),
        start in -100i64..4_000_000_000,
    ) {
        let minutes = Minutes::new(&fields);
        let far = minutes.far(start);
        match near(&fields, start) {
            Some(second) => prop_assert_eq!(far, Some(second)),
            // Only what lies years ahead is left to the package.
            None => prop_assert!(far.is_none_or(|far| far - start > 7 * 365 * 86_400)),
        }
    }

    #[test]
    fn the_next_run_is_the_first_matching_minute(
        fields in any_fields(),
        start in 1_500_000_000i64..2_500_000_000,
    ) {
        let zone = Zone::utc();
        let after = Timestamp::from_second(start - start % 60).unwrap();
        let timing = Timing { daemon: Daemon::Cronie, zone: &zone, job_zone: None };
        let minutes = 20 * 1440;
        let until = after + SignedDuration::from_mins(minutes);
        let found = next(&fields, timing, after, until).map(|o| o.at.timestamp().as_second());
        let expected = simulate(&fields, timing.daemon, zone.tz(), after, minutes);
        prop_assert_eq!(found, expected.first().copied());
    }
}
