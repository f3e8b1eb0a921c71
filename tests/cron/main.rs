//! The starts of cron jobs against what real daemons did: `cases.txt`, and what each of
//! them started in `said/`. Nothing is run here; `README.md` tells how it was taken down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use comeback::parse::crontab::{Crontab, Daemon, Job, TableKind, parse, unknown_user_effect};
use comeback::text::File;
use comeback::time::Zone;
use comeback::time::cron::{Timing, next_start};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// How many starts of a job are kept.
const KEPT: usize = 5;

/// What was recorded, and how many of its rows agree.
const RECORDS: [(&str, Daemon, bool); 8] = [
    ("debian-162", Daemon::Debian, true),
    ("debian-197", Daemon::Debian187, true),
    ("cronie-1.7.2", Daemon::Cronie, true),
    ("busybox-1.36.1", Daemon::Busybox, false),
    ("bcron-0.11", Daemon::Bcron, true),
    ("dcron-4.5", Daemon::Dcron, false),
    ("systemd-cron-1.15.19", Daemon::SystemdCron1, true),
    ("systemd-cron-2.5.1", Daemon::SystemdCron2, true),
];

/// The zones, as rules, so that no zone files are needed. What they give for the years
/// since 2008 is what the zone files give.
fn zone(name: &str) -> Option<Zone> {
    let rule = match name {
        "Europe/Berlin" => "CET-1CEST,M3.5.0,M10.5.0/3",
        "America/New_York" => "EST5EDT,M3.2.0,M11.1.0",
        "Australia/Lord_Howe" => "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "Asia/Tokyo" => "JST-9",
        "UTC" => return Some(Zone::utc()),
        _ => return None,
    };
    Some(Zone::posix(rule).unwrap())
}

/// One recorded row.
struct Row {
    zone: Zone,
    base: Timestamp,
    until: Timestamp,
    table: String,
    said: Vec<String>,
    commands: String,
}

fn rows(name: &str) -> Vec<Row> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cron/said");
    let text = std::fs::read_to_string(path.join(format!("{name}.tsv"))).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("# "));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let base: DateTime = cells[1].parse().unwrap();
        let base = base.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let days: i64 = cells[2].parse().unwrap();
        Row {
            zone: zone(cells[0]).unwrap(),
            base,
            until: base + SignedDuration::from_hours(24 * days) - SignedDuration::from_secs(1),
            table: cells[3].to_owned(),
            said: cells[4].split(' ').map(str::to_owned).collect(),
            commands: cells[5].to_owned(),
        }
    };
    lines.map(row).collect()
}

/// The bytes of a table as they were written for the daemon.
fn bytes(row: &str, user: &str) -> Vec<u8> {
    let column = if user.is_empty() {
        String::new()
    } else {
        format!("{user} ")
    };
    let row = row.replace("{user} ", &column).replace("{user}", user);
    let mut out = Vec::new();
    let mut chars = row.chars();
    let mut ended = true;
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.extend(char.to_string().bytes());
            continue;
        }
        match chars.next().unwrap() {
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            'r' => out.push(b'\r'),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            'e' => ended = false,
            other => out.push(u8::try_from(other).unwrap()),
        }
    }
    if ended {
        out.push(b'\n');
    }
    out
}

/// What is expected of a table: the minutes of the first starts, and the commands.
fn expected(row: &Row, daemon: Daemon, system: bool) -> (Vec<String>, String) {
    let kind = if system {
        TableKind::System
    } else {
        TableKind::User { root: false }
    };
    let user = if system { "u" } else { "" };
    let file = File::new("/table", bytes(&row.table, user));
    let mut table = parse(&file, kind, daemon);
    // As the reader of /etc/passwd has it.
    for (name, span) in users(&table) {
        if name != b"u" {
            table.unknown_user(span, unknown_user_effect(daemon), "nobody".to_owned());
        }
    }
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut commands = Vec::new();
    for job in &table.jobs {
        let runs = job.user.as_ref().is_none_or(|(name, _)| name == b"u");
        if table.dropped.is_some() || !runs {
            continue;
        }
        let found = of_job(row, daemon, &table, job);
        if !found.is_empty() {
            commands.push(String::from_utf8_lossy(&job.command.text).into_owned());
        }
        starts.extend(found);
    }
    starts.sort_unstable();
    starts.dedup();
    starts.truncate(KEPT);
    let shown = |at: &Timestamp| at.strftime("%Y-%m-%dT%H:%M").to_string();
    let mut shown: Vec<String> = starts.iter().map(shown).collect();
    if shown.is_empty() {
        shown.push("never".to_owned());
    }
    commands.sort();
    commands.dedup();
    (shown, commands.join(" | "))
}

fn users(table: &Crontab) -> Vec<(Vec<u8>, comeback::text::Span)> {
    table
        .jobs
        .iter()
        .filter_map(|job| job.user.clone())
        .collect()
}

fn of_job(row: &Row, daemon: Daemon, table: &Crontab, job: &Job) -> Vec<Timestamp> {
    let own = table.cron_tz(job).and_then(|assignment| {
        let text = std::str::from_utf8(&assignment.value).unwrap();
        match daemon {
            Daemon::Cronie => Some(Zone::for_tz(&assignment.value, zone)),
            _ => zone(text.strip_prefix(':').unwrap_or(text)),
        }
    });
    let timing = Timing {
        daemon,
        zone: &row.zone,
        job_zone: own.as_ref(),
    };
    let mut at = row.base;
    let mut found = Vec::new();
    while found.len() < KEPT {
        let Some(next) = next_start(&job.schedule, timing, at, row.until) else {
            break;
        };
        found.push(next);
        at = next;
    }
    found
}

/// Rows that differ on purpose.
const EXPLAINED: [(&str, &str); 9] = [
    // Reads on behind the end of the line, in what another line left there.
    ("bcron-0.11", "0 3 * * * {user}"),
    // Chance: here are all values that it may draw.
    ("systemd-cron-2.5.1", "20~20 3 * * * {user} :"),
    // Sixty starts are made up for, ten seconds between them; here they are one.
    ("debian-162", "5,* 2 * * * {user} :"),
    ("debian-197", "5,* 2 * * * {user} :"),
    ("cronie-1.7.2", "5,* 2 * * * {user} :"),
    // No release of cronie takes a range that ends on Sunday as 0; its source does since
    // March 2025 (`get_range` in entry.c), and here it is read so.
    ("cronie-1.7.2", "0 3 * * Sat-Sun {user} :"),
    ("cronie-1.7.2", "0 3 * * sat-sun {user} :"),
    ("cronie-1.7.2", "0 3 * * 6-0 {user} :"),
    // dcron 4.5 shifts by -1 where both day fields say something, and starts nothing;
    // here it is every such weekday, which holds what other versions do, too.
    ("dcron-4.5", ""),
];

fn is_explained(name: &str, row: &Row) -> bool {
    let words: Vec<&str> = row.table.split(' ').collect();
    let both = words.len() > 4 && words[2] != "*" && words[4] != "*";
    EXPLAINED.iter().any(|(record, table)| {
        let never = both && row.said == ["never"];
        *record == name && (*table == row.table || (table.is_empty() && never))
    })
}

/// Rows that differ, with what they say here.
fn differences(name: &str, daemon: Daemon, system: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows(name) {
        let (starts, commands) = expected(&row, daemon, system);
        let commands_differ = starts == row.said && plain(&commands) != plain(&row.commands);
        if (starts != row.said || commands_differ) && !is_explained(name, &row) {
            let said = row.said.join(" ");
            let here = starts.join(" ");
            wrong.push(format!(
                "{}  ({})\n  said: {said} [{}]\n  here: {here} [{commands}]",
                row.table, row.base, row.commands
            ));
        }
    }
    wrong
}

/// A command without the escapes of the record, and without blanks around it.
fn plain(command: &str) -> String {
    let text = command.replace("\\x5c", "\\").replace("\\x0d", "\r");
    text.trim().to_owned()
}

#[test]
fn jobs_start_when_the_daemons_started_them() {
    let mut all = Vec::new();
    let mut counted = 0;
    for (name, daemon, system) in RECORDS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cron/said");
        assert!(path.join(format!("{name}.tsv")).exists(), "{name}");
        counted += rows(name).len();
        for wrong in differences(name, daemon, system) {
            all.push(format!("{name}: {wrong}"));
        }
    }
    assert!(counted >= 2000);
    assert!(
        all.is_empty(),
        "{} of {counted}\n{}",
        all.len(),
        all.join("\n")
    );
}
