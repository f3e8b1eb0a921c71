//! What reading and scheduling crontabs costs, beside only reading the files.
//!
//! `cargo bench --bench crontabs` makes `TABLES` (10,000) tables in a temporary folder,
//! four in ten as of a user and the rest as of /etc/cron.d, and goes over them twice in
//! each round, in alternating order: once to open and read every file, once to read it
//! as its daemon does and to find the next start of each of its jobs. It prints the
//! median of the ratios of each round and fails where it is above its limit. `ROUNDS` is
//! 15 where it is not told.

mod support;

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use comeback::parse::crontab::{Daemon, Schedule, TableKind, parse};
use comeback::text::File;
use comeback::time::Zone;
use comeback::time::cron::{Timing, next};
use jiff::{SignedDuration, Timestamp};
use support::{ended, number};

/// Most that reading and scheduling may take of the time of reading.
const MOST: f64 = 3.0;

fn main() -> ExitCode {
    ended(measure())
}

fn measure() -> io::Result<bool> {
    let rounds = number("ROUNDS", 15);
    let dir = std::env::temp_dir().join(format!("bench-crontabs-{}", std::process::id()));
    let tables = make(&dir, number("TABLES", 10_000))?;
    let mut ratios = Vec::new();
    let (mut read, mut whole) = (Duration::MAX, Duration::MAX);
    let mut counts = (0, 0);
    for round in 0..rounds {
        // Who goes first changes, so that neither has the warmer cache.
        let (mut only, mut all) = (Duration::ZERO, Duration::ZERO);
        for step in 0..2 {
            let begun = Instant::now();
            if (round + step) % 2 == 0 {
                counts.0 = only_read(&tables)?;
                only = begun.elapsed();
            } else {
                counts.1 = scheduled(&tables)?;
                all = begun.elapsed();
            }
        }
        read = read.min(only);
        whole = whole.min(all);
        ratios.push(all.as_secs_f64() / only.as_secs_f64());
    }
    std::fs::remove_dir_all(&dir)?;
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} tables, {} bytes, {} starts: read {:.1} ms, read and scheduled {:.1} ms, ratio \
         {ratio:.2} (at most {MOST})",
        tables.len(),
        counts.0,
        counts.1,
        read.as_secs_f64() * 1e3,
        whole.as_secs_f64() * 1e3,
    )?;
    Ok(ratio <= MOST)
}

/// Opens and reads every file; the sum of their sizes.
fn only_read(tables: &[(PathBuf, TableKind)]) -> io::Result<usize> {
    let mut bytes = 0;
    for (path, _) in tables {
        bytes += content(path)?.len();
    }
    Ok(bytes)
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.read_to_end(&mut bytes)?;
    Ok(std::hint::black_box(bytes))
}

/// Reads every table as Debian's cron does; how many jobs have a next start.
fn scheduled(tables: &[(PathBuf, TableKind)]) -> io::Result<usize> {
    let zone = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").map_err(io::Error::other)?;
    let now: Timestamp = "2026-08-24T20:00:00Z".parse().map_err(io::Error::other)?;
    let until = now + SignedDuration::from_hours(24 * 366 * 8);
    let timing = Timing {
        daemon: Daemon::Debian,
        zone: &zone,
        job_zone: None,
    };
    let mut starts = 0;
    for (path, kind) in tables {
        let file = File::new(path, content(path)?);
        for job in parse(&file, *kind, Daemon::Debian).jobs {
            let Schedule::At(fields) = &job.schedule else {
                continue;
            };
            starts += usize::from(next(fields, timing, now, until).is_some());
        }
    }
    Ok(std::hint::black_box(starts))
}

/// The lines of which tables are made: schedule, command.
const LINES: [(&str, &str); 16] = [
    ("*/5 * * * *", "/usr/local/bin/poll --quiet >/dev/null 2>&1"),
    ("17 * * * *", "cd / && run-parts --report /etc/cron.hourly"),
    (
        "25 6 * * *",
        "test -x /usr/sbin/anacron || { cd / && run-parts /etc/cron.daily; }",
    ),
    ("0 3 * * 1-5", "/usr/local/bin/backup --all"),
    ("15 3 * * 0", "/sbin/shutdown -r now"),
    ("0 4 1,15 * *", "find /tmp -mtime +10 -delete"),
    ("30 2 * * *", "tar cf /b/$(date +\\%F).tar /srv"),
    ("@daily", "certbot renew --quiet"),
    (
        "@hourly",
        "/usr/bin/flock -n /run/sync.lock rsync -a /a/ /b/",
    ),
    ("@reboot", "/usr/local/bin/announce"),
    ("0 0 29 2 *", "/usr/local/bin/leap"),
    (
        "*/10 8-18 * * mon-fri",
        "curl -fsS -m 10 http://app/health || mail -s down ops",
    ),
    (
        "5-55/10 * * * *",
        "[ -x /usr/lib/sysstat/sa1 ] && /usr/lib/sysstat/sa1 1 1",
    ),
    (
        "59 2 1-7 * 6",
        "[ -f /var/run/reboot-required ] && systemctl reboot",
    ),
    ("0 12 * jan,jul *", "/usr/local/bin/half-year"),
    (
        "* * * * *",
        "php /srv/www/artisan schedule:run >> /dev/null 2>&1",
    ),
];

/// Makes the tables: a comment, a variable or two and one to eight jobs in each.
fn make(dir: &Path, count: usize) -> io::Result<Vec<(PathBuf, TableKind)>> {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir)?;
    // A small generator of its own keeps the tables the same in each run.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 65_536).unwrap_or(0) % below.max(1)
    };
    let mut tables = Vec::new();
    for index in 0..count {
        let kind = if draw(10) < 4 {
            TableKind::User {
                root: index % 7 == 0,
            }
        } else {
            TableKind::System
        };
        let mut text = String::from("# edit this file to introduce tasks to be run by cron\n");
        text.push_str("SHELL=/bin/sh\nPATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin\n");
        if draw(3) == 0 {
            text.push_str("MAILTO=ops@example.org\n\n# m h dom mon dow command\n");
        }
        for _ in 0..=draw(8) {
            let Some((schedule, command)) = LINES.get(draw(LINES.len())) else {
                continue;
            };
            let user = match kind {
                TableKind::System => " root",
                TableKind::User { .. } => "",
            };
            for part in [schedule, user, " ", command, "\n"] {
                text.push_str(part);
            }
        }
        let path = dir.join(format!("table-{index}"));
        std::fs::write(&path, text)?;
        tables.push((path, kind));
    }
    Ok(tables)
}
