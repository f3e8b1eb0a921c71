//! `cron-line-ignored`: lines of a crontab that the daemon does not run, or not as
//! they are written.

use std::collections::BTreeSet;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cron::Table;
use crate::parse::crontab::{Effect, Problem, Schedule};
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
        for table in &cron.tables.items {
            of_table(self.id(), table, &mut out);
        }
        super::incomplete(cron, &cron.tables, &mut out);
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
            let lost = first.jobs.len();
            let jobs = if lost == 1 { "job" } else { "jobs" };
            let message = format!("{daemon} ignores all of {at}: {lost} {jobs} will not run");
            out.push(finding(id, table, &at, problem, message, certain));
            return;
        }
    }
    // By line: a hostile table has hundreds of thousands.
    let lost: Vec<BTreeSet<usize>> = table
        .readings
        .iter()
        .map(|(_, reading)| {
            let problems = reading.problems.iter().filter(|p| loses(p));
            problems.map(|p| line_of(table, p.span.start)).collect()
        })
        .collect();
    let never: Vec<BTreeSet<usize>> = table
        .readings
        .iter()
        .map(|(_, reading)| {
            let jobs = reading.jobs.iter().filter(|job| never(&job.schedule));
            jobs.map(|job| job.line.start).collect()
        })
        .collect();
    for problem in first.problems.iter().filter(|p| loses(p)) {
        let line = line_of(table, problem.span.start);
        if !lost.iter().all(|lines| lines.contains(&line)) {
            continue;
        }
        let message = match problem.effect {
            Effect::RunsAnyway => format!("line {line} of {at} does not run when it says"),
            _ => format!("line {line} of {at} is ignored"),
        };
        out.push(finding(id, table, &at, problem, message, certain));
    }
    // A line that parses and never fires is as lost as one that does not parse.
    for job in &first.jobs {
        let line = line_of(table, job.line.start);
        let told = lost.first().is_some_and(|lines| lines.contains(&line));
        let everywhere = never.iter().all(|jobs| jobs.contains(&job.line.start));
        if told || !everywhere {
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

/// Whether a schedule matches no time.
fn never(schedule: &Schedule) -> bool {
    match schedule {
        Schedule::Never(_) => true,
        Schedule::At(fields) => fields.never().is_some(),
        Schedule::Reboot => false,
    }
}

fn line_of(table: &Table, offset: usize) -> usize {
    table.file.position(offset).line
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
