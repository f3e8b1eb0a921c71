//! The scripts of `/etc/cron.daily` and its kin as systemd-cron 2 makes timers of them
//! (2.8 `src/bin/systemd-crontab-generator.cpp`, built without run-parts as in Debian
//! 13). What 1.15 has in its place are units like others.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::command::judge;
use super::event::{names, script};
use super::timers::next_of;
use super::{Starter, Trigger, When, delayed, further};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::facts::cron::STOCK;
use crate::parse::crontab::{Daemon, Directory, accepted_name};

/// The directories, and what a timer of each elapses at: hour and minute.
const PERIODS: [(&str, &str); 5] = [
    ("hourly", "*-*-* *:5:0"),
    ("daily", "*-*-* H:10:0"),
    ("weekly", "Mon *-*-* H:15:0"),
    ("monthly", "*-*-1 H:20:0"),
    ("yearly", "*-1-1 H:25:0"),
];

pub(super) fn read(host: &Host, decided: &mut usize, out: &mut Listing<Trigger>) {
    let cron = host.cron();
    if !cron.daemons.contains(&Daemon::SystemdCron2) || cron.enabled == Fact::Known(false) {
        return;
    }
    for (period, times) in PERIODS {
        let hour = start_hour(host, period).to_string();
        let times = times.replace('H', &hour);
        for path in names(host, format!("/etc/cron.{period}"), out) {
            if let Some(trigger) = of_script(host, &path, period, &times, out) {
                out.items.push(trigger);
            }
            *decided += 1;
        }
    }
}

/// The hour of the line that /etc/crontab has for a directory; 0 without one.
fn start_hour(host: &Host, period: &str) -> u8 {
    let Fact::Known(file) = host.tree().read(Path::new("/etc/crontab")) else {
        return 0;
    };
    let text = String::from_utf8_lossy(file.bytes()).into_owned();
    let dir = format!("/etc/cron.{period}");
    let known = STOCK.contains(&dir.as_str()) && period != "hourly";
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let line = lines.find(|line| known && line.contains(&dir));
    let hour = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    hour.filter(|hour| *hour < 24).unwrap_or(0)
}

fn of_script(
    host: &Host,
    path: &Path,
    period: &str,
    times: &str,
    out: &mut Listing<Trigger>,
) -> Option<Trigger> {
    let name = path.file_name()?;
    let shown = name.to_string_lossy().into_owned();
    let directory = Directory::CronD { lsb: false };
    let runs = matches!(host.resolve(path), Fact::Known(found)
        if found.meta.is_program());
    let timer = |dir: &&str| {
        let unit = PathBuf::from(dir).join(format!("{shown}.timer"));
        matches!(host.tree().lstat(&unit), Fact::Known(_))
    };
    let dirs = [
        "/lib/systemd/system",
        "/etc/systemd/system",
        "/run/systemd/system",
    ];
    let accepted = accepted_name(Daemon::SystemdCron2, directory, name.as_bytes()).is_ok();
    if !runs || !accepted || dirs.iter().any(timer) {
        return None;
    }
    let fall = judge(host, &script(path, &[]), Daemon::SystemdCron2, 0).fall(host, out)?;
    let falls = |start| delayed(start, &fall.down, fall.slept, host.zone());
    let first = next_of(host, times, host.now());
    let when = match first {
        Some(at) => When::At(falls(at)),
        None => When::Never("the schedule matches no date".to_owned()),
    };
    let later = first.map_or(Vec::new(), |first| {
        further(host.now(), first, |at, _| next_of(host, times, at))
    });
    let later = later.into_iter().map(falls).collect();
    let unit = format!("cron-{period}-{shown}.timer");
    Some(Trigger {
        action: fall.down.kind,
        by: format!("{unit} of systemd-cron, as root"),
        starter: Starter::Timer(unit),
        spread: jiff::SignedDuration::ZERO,
        when,
        later,
        schedule: times.to_owned(),
        schedule_place: fall.place.clone(),
        command_place: fall.place.clone(),
        place: fall.place,
        via: fall.via,
        conditions: fall.conditions,
        guard: fall.guard,
        certain: false,
    })
}
