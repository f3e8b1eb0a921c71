//! `cron-read-twice`: two cron daemons are started and read the same tables.

use super::jobs::fires;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cron::{Cron, Table};
use crate::parse::crontab::Daemon;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ReadTwice;

impl Rule for ReadTwice {
    fn id(&self) -> &'static str {
        "cron-read-twice"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for installed in &cron.installed {
            out.gap(&installed.enabled);
        }
        super::incomplete(&cron.tables, &mut out);
        out.judged = cron.tables.items.len();
        let twice: Vec<(&Table, Vec<Daemon>, usize)> = cron
            .tables
            .items
            .iter()
            .filter_map(|table| {
                let daemons = starters(cron, table);
                let jobs = twice(table, &daemons);
                (jobs > 0).then_some((table, daemons, jobs))
            })
            .collect();
        let Some((first, daemons, _)) = twice.first() else {
            return Ok(out);
        };
        let jobs: usize = twice.iter().map(|(.., jobs)| jobs).sum();
        let names: Vec<String> = daemons.iter().map(ToString::to_string).collect();
        let plural = if jobs == 1 { "job is" } else { "jobs are" };
        let message = format!(
            "{} are both started at boot: {jobs} {plural} started by each of them",
            names.join(" and ")
        );
        let place = first
            .readings
            .iter()
            .flat_map(|(_, reading)| &reading.jobs)
            .map(|job| first.file.place(job.line))
            .next();
        let Some(place) = place else { return Ok(out) };
        let evidence = Evidence::span(place, "runs twice");
        let mut finding = Finding::new(self.id(), "cron", message, evidence);
        for (table, ..) in twice.iter().skip(1).take(5) {
            let path = table.file.path();
            let text = format!("{} is read by both too", escape_path(path));
            finding = finding.with(Evidence::computed(text));
        }
        out.push(finding.with(Evidence::computed(format!("the daemons: {}", cron.how))));
        Ok(out)
    }
}

/// The started daemons that read a table and do not keep each other from running:
/// Debian's and cronie lock the same `crond.pid` (cron 3.0pl1-162 and cronie 1.7.2
/// `misc.c`, `acquire_daemonlock`), so that one of them does not start.
fn starters(cron: &Cron, table: &Table) -> Vec<Daemon> {
    let mut locked = false;
    let mut daemons = cron.started_readers(table);
    daemons.retain(|daemon| {
        let locks = daemon.is_debian() || *daemon == Daemon::Cronie;
        let kept = !(locks && locked);
        locked |= locks;
        kept
    });
    daemons
}

/// How many lines of a table each of the daemons starts.
fn twice(table: &Table, daemons: &[Daemon]) -> usize {
    let mut lines: Vec<usize> = Vec::new();
    if daemons.len() < 2 {
        return 0;
    }
    for (daemon, reading) in &table.readings {
        if daemons.contains(daemon) && reading.dropped.is_none() {
            let jobs = reading.jobs.iter().filter(|job| fires(job));
            lines.extend(jobs.map(|job| job.line.start));
        }
    }
    lines.sort_unstable();
    let same = lines.chunk_by(|a, b| a == b);
    same.filter(|lines| lines.len() > 1).count()
}
