//! `cron-line-ignored`: lines of a crontab that the daemon does not run, or not as
//! they are written.

use std::collections::BTreeSet;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cron::Table;
use crate::parse::crontab::{Crontab, Daemon, Effect, Problem, ProblemKind, Schedule};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct LineIgnored;

impl Rule for LineIgnored {
    fn id(&self) -> &'static str {
        "cron-line-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        out.judged = cron.tables.items.len();
        for table in &cron.tables.items {
            of_table(self.id(), table, &mut out);
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

fn of_table(id: &'static str, table: &Table, out: &mut Findings) {
    let Some((daemon, first)) = table.readings.first() else {
        return;
    };
    let at = escape_path(table.file.path());
    let certain = table.readings.len() == 1;
    if let Some(problem) = &first.dropped {
        // Where the daemon is not known, all of them must agree.
        if table
            .readings
            .iter()
            .all(|(_, reading)| reading.dropped.is_some())
        {
            // Lines that do not parse are no jobs, so there may be none to count.
            let lost = match first.jobs.len() {
                0 => String::new(),
                1 => ": 1 job will not run".to_owned(),
                n => format!(": {n} jobs will not run"),
            };
            let message = format!("{daemon} ignores all of {at}{lost}");
            out.push(finding(id, table, &at, problem, message, certain));
            return;
        }
    }
    // The lines each daemon loses, and those on which it never fires.
    let losing = lines(table, |reading| {
        let lost = reading.problems.iter().filter(|p| loses(p));
        lost.map(|p| p.span.start).collect()
    });
    let idle = lines(table, |reading| {
        let idle = reading.jobs.iter().filter(|job| never(&job.schedule));
        idle.map(|job| job.line.start).collect()
    });
    for problem in first.problems.iter().filter(|p| loses(p)) {
        let line = table.file.position(problem.span.start).line;
        if !losing.iter().all(|lines| lines.contains(&line)) {
            continue;
        }
        let message = match problem.effect {
            Effect::RunsAnyway if problem.kind == ProblemKind::UnknownUser => {
                format!("line {line} of {at} does not run: nobody has that user's name")
            }
            Effect::RunsAnyway => format!("line {line} of {at} does not run when it says"),
            _ => format!("line {line} of {at} is ignored"),
        };
        out.push(finding(id, table, &at, problem, message, certain));
    }
    // A line that parses and never fires is as lost as one that does not parse.
    let told: BTreeSet<usize> = first
        .problems
        .iter()
        .filter(|p| loses(p))
        .map(|p| table.file.position(p.span.start).line)
        .collect();
    for job in first.jobs.iter().filter(|job| never(&job.schedule)) {
        let line = table.file.position(job.line.start).line;
        if told.contains(&line) || !idle.iter().all(|lines| lines.contains(&line)) {
            continue;
        }
        let message = format!("line {line} of {at} never fires");
        let place = table.file.place(job.schedule_span);
        let evidence = Evidence::span(place, "matches no date or time");
        let mut found = Finding::new(id, format!("{at}:{line}"), message, evidence);
        if !certain {
            found = found.confidence(Confidence::Likely);
        }
        out.push(found);
    }
}

/// Whether a line does not run, or runs when it should not.
fn loses(problem: &Problem) -> bool {
    match problem.effect {
        Effect::LineIgnored | Effect::TableIgnored | Effect::RunsAnyway => true,
        Effect::Surprise => false,
    }
}

/// Whether a schedule matches no date or time.
fn never(schedule: &Schedule) -> bool {
    match schedule {
        Schedule::Never(_) => true,
        Schedule::At(fields) => fields.never().is_some(),
        Schedule::Calendar(_) | Schedule::Every(_) | Schedule::Reboot => false,
    }
}

/// The lines that hold these places, for each reading.
fn lines(table: &Table, places: impl Fn(&Crontab) -> Vec<usize>) -> Vec<BTreeSet<usize>> {
    let of = |(_, reading): &(Daemon, Crontab)| {
        let places = places(reading).into_iter();
        places.map(|at| table.file.position(at).line).collect()
    };
    table.readings.iter().map(of).collect()
}

fn finding(
    id: &'static str,
    table: &Table,
    at: &str,
    problem: &Problem,
    message: String,
    certain: bool,
) -> Finding {
    let place = table.file.place(problem.span);
    let subject = format!("{at}:{}", problem.kind);
    let evidence = Evidence::span(place, problem.message.clone());
    let finding = Finding::new(id, subject, message, evidence);
    if certain {
        finding
    } else {
        finding.confidence(Confidence::Likely)
    }
}
