//! Calendar expressions against what `systemd-analyze calendar` itself said of them:
//! `expressions.txt`, and its answers in `said/`. Nothing is run here; `README.md` tells
//! how the answers were taken down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::Path;

use comeback::parse::calendar::{In, Zones, parse};
use comeback::time::calendar::{abbreviations, next};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The zones asked in, as rules, so that no zone files are needed. What they give for
/// the years since 2008 is what the zone files give.
const ZONES: [(&str, &str); 3] = [
    ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
    (
        "Australia/Lord_Howe",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    ),
];

/// Moments and expressions whose answers differ on purpose: times called by the
/// abbreviation of summer, on the day on which it ends. Once such a time was there,
/// systemd goes on with times that are not called so, or with a later year; here it is
/// the end.
const EXPLAINED: [(&str, &str); 3] = [
    ("2027-10-30", "*-10-31 0..4:0/30 CEST"),
    ("2027-10-31", "*-10-31 02:00:00 CEST"),
    ("2027-10-31", "*-11-07 0..4:0/30 EDT"),
];

fn zone(name: &str) -> Option<TimeZone> {
    let (_, rule) = ZONES.iter().find(|(zone, _)| *zone == name)?;
    Some(TimeZone::posix(rule).unwrap())
}

/// What the program says, in the words of the record.
fn said(version: u32, own: &TimeZone, base: &str, expression: &str) -> String {
    let base: DateTime = base.replace(' ', "T").parse().unwrap();
    let mut at = base.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let names = abbreviations(own, at);
    // Debian 13 moved the others into a package of their own.
    let others: &[&str] = match version {
        252 => &["EST", "CET", "GMT"],
        _ => &["GMT"],
    };
    let zones = Zones {
        local: [&names[0], &names[1]],
        is_zone: &|name| zone(name).is_some() || others.contains(&name),
    };
    let Ok(calendar) = parse(expression, zones) else {
        return "refused".to_owned();
    };
    let fixed = |hours| TimeZone::fixed(jiff::tz::Offset::constant(hours));
    let named = match &calendar.zone {
        In::Zone(name) if name == "EST" => fixed(-5),
        In::Zone(name) if name == "GMT" => fixed(0),
        In::Zone(name) if name == "CET" => zone("Europe/Berlin").unwrap(),
        In::Zone(name) => zone(name).unwrap(),
        In::Local | In::LocalIf { .. } | In::Utc => own.clone(),
    };
    let mut words = vec![calendar.to_string()];
    for _ in 0..6 {
        let Some(then) = next(&calendar, &named, at) else {
            if words.len() == 1 {
                words.push("never".to_owned());
            }
            break;
        };
        let shown = then.to_zoned(TimeZone::UTC);
        words.push(shown.strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string());
        at = then;
    }
    words.join("\t")
}

#[test]
fn expressions_elapse_when_systemd_says_they_do() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calendar");
    let expressions = std::fs::read_to_string(dir.join("expressions.txt")).unwrap();
    assert!(expressions.lines().count() >= 300);
    for version in [252, 257] {
        let path = dir.join(format!("said/{version}.txt"));
        let answers = std::fs::read_to_string(path).unwrap();
        let mut wrong = Vec::new();
        for line in answers.lines() {
            let fields: Vec<&str> = line.splitn(4, '\t').collect();
            // An expression may hold a tab itself: it is refused.
            let (expression, expected) = match fields[3].rsplit_once('\t') {
                Some((tail, "refused")) => (format!("{}\t{tail}", fields[2]), "refused"),
                _ => (fields[2].to_owned(), fields[3]),
            };
            let own = zone(fields[0]).unwrap();
            let found = said(version, &own, fields[1], &expression);
            // systemd reports that its search was too long; here that is the end.
            let ends = found.ends_with("never") || found.split('\t').count() < 7;
            let gives_up = expected == "gives up" && found != "refused" && ends;
            let explained = EXPLAINED
                .iter()
                .any(|(base, end)| fields[1].starts_with(base) && expression == *end);
            if found != expected && !gives_up && !explained {
                wrong.push(format!("{line}\n  here: {found}"));
            }
        }
        let text = wrong.join("\n");
        assert!(wrong.is_empty(), "{version}: {}\n{text}", wrong.len());
        assert!(answers.lines().count() > 3000);
    }
}

#[test]
fn any_moment_far_away_is_answered() {
    let berlin = zone("Europe/Berlin").unwrap();
    let zones = Zones {
        local: ["CET", "CEST"],
        is_zone: &|_| false,
    };
    for text in ["*-02-31", "*:*:*", "*-*~7/2", "12:00 CEST"] {
        let calendar = parse(text, zones).unwrap();
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let found = next(&calendar, &berlin, at);
            assert!(found.is_none_or(|found| found > at), "{text} {at}");
        }
    }
}
