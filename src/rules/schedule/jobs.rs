//! The jobs of the cron tables as rules look at them.

use jiff::Timestamp;

use crate::facts::Host;
use crate::facts::cron::{Cron, Table};
use crate::facts::triggers::job_zone;
use crate::parse::crontab::{Crontab, Daemon, Job, Schedule};
use crate::text::{escape, escape_path};
use crate::time::Zone;
use crate::time::cron::{Timing, next_start};

/// How far ahead starts are looked for.
const AHEAD: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 366);

/// A job that a daemon starts.
#[derive(Clone, Copy)]
pub(super) struct Live<'a> {
    pub(super) table: &'a Table,
    pub(super) daemon: Daemon,
    pub(super) reading: &'a Crontab,
    pub(super) job: &'a Job,
}

/// The jobs that are started, of the tables that one known daemon reads: what a daemon
/// makes of a command is its own, so nothing is said where it is not known.
pub(super) fn live(cron: &Cron) -> impl Iterator<Item = Live<'_>> {
    cron.tables.items.iter().flat_map(|table| {
        let reading = match table.readings.as_slice() {
            [(daemon, reading)] if reading.dropped.is_none() => Some((*daemon, reading)),
            _ => None,
        };
        reading.into_iter().flat_map(move |(daemon, reading)| {
            reading
                .jobs
                .iter()
                .filter(|job| fires(job))
                .map(move |job| Live {
                    table,
                    daemon,
                    reading,
                    job,
                })
        })
    })
}

/// Whether a job's time ever comes.
pub(super) fn fires(job: &Job) -> bool {
    match &job.schedule {
        Schedule::At(fields) => fields.never().is_none(),
        Schedule::Calendar(_) | Schedule::Every(_) | Schedule::Reboot => true,
        Schedule::Never(_) => false,
    }
}

impl Live<'_> {
    /// `line 7 of /etc/crontab`.
    pub(super) fn line(&self) -> String {
        let line = self.table.file.position(self.job.line.start).line;
        format!("line {line} of {}", escape_path(self.table.file.path()))
    }

    /// The file and the command as written: what stays the same when lines move.
    pub(super) fn subject(&self) -> String {
        let command = escape(self.table.file.slice(self.job.command.span));
        format!("{}:{command}", escape_path(self.table.file.path()))
    }

    /// The zone that the table asks for.
    pub(super) fn job_zone(&self, host: &Host) -> Option<Zone> {
        let own = self.reading.cron_tz(self.job);
        own.and_then(|line| job_zone(host, self.daemon, &line.value))
    }

    /// The next starts, at most so many.
    pub(super) fn starts(&self, host: &Host, most: usize) -> Vec<Timestamp> {
        let own = self.job_zone(host);
        let timing = Timing {
            daemon: self.daemon,
            zone: host.zone(),
            job_zone: own.as_ref(),
        };
        let mut at = host.now();
        let until = at.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        let next = || {
            at = next_start(&self.job.schedule, timing, at, until)?;
            Some(at)
        };
        std::iter::from_fn(next).take(most).collect()
    }

    /// Whether the job takes the box down.
    pub(super) fn takes_down(&self, host: &Host) -> bool {
        let listing = &host.triggers().list;
        let place = self.table.file.place(self.job.line);
        listing.items.iter().any(|trigger| trigger.place == place)
    }
}
