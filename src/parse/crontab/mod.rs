//! Crontabs, by each daemon's own grammar.
//!
//! The daemons disagree about nearly every odd input, and about what happens to
//! the lines around it, so a table is always read as one daemon reads it. Read
//! from: Debian cron 3.0pl1-162, cronie 1.7, busybox 1.37, bcron 0.11, dcron 4.5 and
//! systemd-cron 1.15.19 and 2.5.1 (their sources); `tests/cron` holds what they did.

mod access;
mod assignment;
mod bcron;
mod busybox;
mod command;
mod cursor;
mod dcron;
mod fields;
mod lines;
mod problem;
mod systemd_cron;
mod vixie;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::text::{File, Span};

pub use access::{
    Directory, RunParts, TableMeta, accepted_mode, accepted_name, unknown_user_effect,
};
pub use command::Command;
pub use fields::{DayRule, Field, Fields, Never, Values};
pub use problem::{Effect, Problem, ProblemKind};

/// The size of cronie's string buffers, in bytes (`macros.h`).
const CRONIE_BUFFER: usize = 131_072;

/// A cron daemon, which is a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Daemon {
    /// Debian's and Ubuntu's cron before 3.0pl1-187, a patched Vixie cron 3.0pl1.
    Debian,
    /// The same since 3.0pl1-187 (Debian 13), which takes `NAME=` for an assignment.
    Debian187,
    /// cronie: Red Hat, Fedora, SUSE, Arch, Gentoo.
    Cronie,
    /// busybox crond: Alpine, `OpenWrt`, many containers.
    Busybox,
    /// bcron, of its own making.
    Bcron,
    /// dcron, from which busybox crond descends.
    Dcron,
    /// systemd-cron 1.15 and before, which makes timers of the tables (in Python).
    SystemdCron1,
    /// systemd-cron 2 (in C++).
    SystemdCron2,
}

/// Which kind of table, which decides about the user column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableKind {
    /// `/etc/crontab` and the drop-in directory: a user column.
    System,
    /// A user's table in the spool: no user column.
    User {
        /// Whether it is root's, who has higher limits and may silence the log.
        root: bool,
    },
}

/// A table as its daemon understands it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crontab {
    /// The jobs in file order. When `dropped` is set none of them runs: they
    /// are what the table would hold without its fatal lines.
    pub jobs: Vec<Job>,
    /// The assignments in file order; see [`Crontab::value`].
    pub assignments: Vec<Assignment>,
    /// Everything worth saying, in file order.
    pub problems: Vec<Problem>,
    /// The first problem for which the daemon ignores the whole table.
    pub dropped: Option<Problem>,
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The line without its newline and leading blanks; all its lines where the
    /// daemon joins them.
    pub line: Span,
    /// When it runs.
    pub schedule: Schedule,
    /// The five fields or the `@word`.
    pub schedule_span: Span,
    /// The five fields one by one, where there are five.
    pub field_spans: Option<[Span; 5]>,
    /// The user column of a system table, unchecked: see [`unknown_user_effect`].
    pub user: Option<(Vec<u8>, Span)>,
    /// What it runs.
    pub command: Command,
    /// How many of [`Crontab::assignments`] stand above the line.
    pub assignments_above: usize,
    /// The assignment of `CRON_TZ` (or `TZ`) in force, for a daemon that heeds it: an
    /// index into [`Crontab::assignments`].
    pub cron_tz: Option<usize>,
    /// By how many minutes the daemon may start it late (`RANDOM_DELAY` of cronie and
    /// systemd-cron).
    pub random_delay_minutes: u16,
}

/// A `NAME=value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub name: Vec<u8>,
    /// The value, unquoted as the daemon does it.
    pub value: Vec<u8>,
    /// The line.
    pub span: Span,
}

/// When a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At these times.
    At(Fields),
    /// At the times of this expression of `OnCalendar=` (systemd-cron).
    Calendar(String),
    /// So many seconds after its last start (dcron's `@daily` and `FREQ=`).
    Every(u32),
    /// Once, when the daemon first starts after a boot.
    Reboot,
    /// Never.
    Never(Never),
}

/// Reads `file` as `daemon` reads a table of this kind.
///
/// busybox knows no system tables: there the result is a dropped, empty table.
#[must_use]
pub fn parse(file: &Arc<File>, kind: TableKind, daemon: Daemon) -> Crontab {
    match daemon {
        Daemon::Debian => vixie::parse(file, kind, vixie::Dialect::Debian, false),
        Daemon::Debian187 => vixie::parse(file, kind, vixie::Dialect::Debian, true),
        Daemon::Cronie => vixie::parse(file, kind, vixie::Dialect::Cronie, true),
        Daemon::Busybox => busybox::parse(file, kind),
        Daemon::Bcron => bcron::parse(file, kind),
        Daemon::Dcron => dcron::parse(file, kind != TableKind::User { root: false }),
        Daemon::SystemdCron1 => systemd_cron::parse(file, kind, systemd_cron::Version::One),
        Daemon::SystemdCron2 => systemd_cron::parse(file, kind, systemd_cron::Version::Two),
    }
}

impl Crontab {
    /// The value of a variable in force at `job`: the last assignment above it.
    #[must_use]
    pub fn value(&self, job: &Job, name: &[u8]) -> Option<&Assignment> {
        let above = self.assignments.get(..job.assignments_above)?;
        above.iter().rev().find(|a| a.name == name)
    }

    /// The assignments in force at `job`, one per name, in file order.
    #[must_use]
    pub fn environment(&self, job: &Job) -> Vec<&Assignment> {
        let above = self.assignments.get(..job.assignments_above).unwrap_or(&[]);
        let mut seen = std::collections::HashSet::new();
        let last = above.iter().rev().filter(|a| seen.insert(&a.name));
        let mut last: Vec<&Assignment> = last.collect();
        last.reverse();
        last
    }

    /// The `CRON_TZ` in force at `job`, for a daemon that heeds it.
    #[must_use]
    pub fn cron_tz(&self, job: &Job) -> Option<&Assignment> {
        self.assignments.get(job.cron_tz?)
    }

    /// Adds what only a reader of /etc/passwd can know: the user at `span` does not
    /// exist.
    pub fn unknown_user(&mut self, span: Span, effect: Effect, message: String) {
        self.report(span, ProblemKind::UnknownUser, effect, message);
        self.problems.sort_by_key(|problem| problem.span);
    }

    /// Takes out a job that this version of its daemon refuses.
    pub fn refuse(&mut self, line: Span, span: Span, kind: ProblemKind, message: String) {
        self.jobs.retain(|job| job.line != line);
        self.report(span, kind, Effect::LineIgnored, message);
        self.problems.sort_by_key(|problem| problem.span);
    }

    /// Adds a problem; the first that is fatal for the table is the cause.
    fn report(&mut self, span: Span, kind: ProblemKind, effect: Effect, message: String) {
        let problem = Problem {
            span,
            kind,
            effect,
            message,
        };
        if effect == Effect::TableIgnored && self.dropped.is_none() {
            self.dropped = Some(problem.clone());
        }
        self.problems.push(problem);
    }
}

impl Daemon {
    /// The daemons whose grammar is known here.
    pub const ALL: [Self; 8] = [
        Self::Debian,
        Self::Cronie,
        Self::Busybox,
        Self::Debian187,
        Self::Bcron,
        Self::Dcron,
        Self::SystemdCron1,
        Self::SystemdCron2,
    ];

    /// Debian's cron, of any version.
    #[must_use]
    pub const fn is_debian(self) -> bool {
        matches!(self, Self::Debian | Self::Debian187)
    }

    /// Whether what is known of it was only read in its source, or does not hold for all
    /// of its versions.
    #[must_use]
    pub const fn is_preview(self) -> bool {
        matches!(self, Self::Dcron)
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debian | Self::Debian187 => "Debian cron",
            Self::Cronie => "cronie",
            Self::Busybox => "busybox crond",
            Self::Bcron => "bcron",
            Self::Dcron => "dcron",
            Self::SystemdCron1 | Self::SystemdCron2 => "systemd-cron",
        })
    }
}
