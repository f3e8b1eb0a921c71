//! `cron-environment-misread`: assignments of a crontab that do not mean what they say.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::cron::Table;
use crate::parse::crontab::{Assignment, Crontab, Daemon, ProblemKind};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::FileKind;
use crate::text::{escape, escape_path};

pub(in crate::rules) struct EnvironmentMisread;

/// Programs that end without having run anything, whatever they are given.
const IDLE: [&[u8]; 3] = [b"false", b"true", b"nologin"];

impl Rule for EnvironmentMisread {
    fn id(&self) -> &'static str {
        "cron-environment-misread"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for table in &cron.tables.items {
            let [(daemon, reading)] = table.readings.as_slice() else {
                continue;
            };
            out.judged += 1;
            if reading.dropped.is_some() || reading.jobs.is_empty() {
                continue;
            }
            shells(self.id(), host, table, *daemon, reading, &mut out);
            values(self.id(), table, reading, &mut out);
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

/// Shells that are not there, or run nothing.
fn shells(
    id: &'static str,
    host: &Host,
    table: &Table,
    daemon: Daemon,
    reading: &Crontab,
    out: &mut Findings,
) {
    let mut seen = Vec::new();
    for job in &reading.jobs {
        let Some(line) = reading.value(job, b"SHELL") else {
            continue;
        };
        // A box without /bin/sh has other troubles, which are told elsewhere.
        let usual = !line.value.starts_with(b"/") || line.value == b"/bin/sh";
        if seen.contains(&line.span) || usual {
            continue;
        }
        seen.push(line.span);
        let of_it = |job: &&crate::parse::crontab::Job| {
            reading
                .value(job, b"SHELL")
                .is_some_and(|own| own.span == line.span)
        };
        let jobs = match reading.jobs.iter().filter(of_it).count() {
            1 => "does not run the job".to_owned(),
            count => format!("runs none of the {count} jobs"),
        };
        let path = Path::new(std::ffi::OsStr::from_bytes(&line.value));
        let base = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
        let shown = escape_path(path);
        let found = host.resolve(path);
        out.gap(&found);
        let (why, looked) = match found {
            _ if IDLE.contains(&base) => ("runs nothing".to_owned(), None),
            Fact::Absent(looked) => ("is not there".to_owned(), Some(looked)),
            Fact::Known(found) if found.meta.kind != FileKind::File => {
                (format!("is {}", found.meta.kind.noun()), None)
            }
            Fact::Known(found) if !found.meta.any_execute_bit() => {
                ("cannot be executed".to_owned(), None)
            }
            Fact::Known(_) | Fact::Broken(_) | Fact::Unknown(_) | Fact::NotCovered(_) => continue,
        };
        let at = escape_path(table.file.path());
        let message = format!("{daemon} {jobs} in {at}: the shell {shown} {why}");
        let place = table.file.place(line.span);
        let finding = Finding::new(
            id,
            format!("{at}:SHELL"),
            message,
            Evidence::span(place, why),
        );
        out.push(finding.with_all(looked.as_ref().map(Evidence::from)));
    }
}

/// Values that are taken literally.
fn values(id: &'static str, table: &Table, reading: &Crontab, out: &mut Findings) {
    for problem in &reading.problems {
        let what = match problem.kind {
            ProblemKind::NoExpansion => "with a literal dollar sign",
            ProblemKind::HashInValue => "with a comment in its value",
            _ => continue,
        };
        let holds = |line: &&Assignment| {
            line.span.start <= problem.span.start && problem.span.end <= line.span.end
        };
        let Some(line) = reading.assignments.iter().find(holds) else {
            continue;
        };
        let (name, at) = (escape(&line.name), escape_path(table.file.path()));
        let message = format!("the jobs in {at} get {name} {what}");
        let place = table.file.place(problem.span);
        let evidence = Evidence::span(place, problem.message.clone());
        let finding = Finding::new(id, format!("{at}:{name}"), message, evidence);
        // Without its PATH a job finds no program; of the others nobody knows who asks.
        out.push(if line.name == b"PATH" {
            finding
        } else {
            finding.at_most(Level::Note)
        });
    }
}
