//! `cron-carriage-return`: a crontab whose lines end as on another system.

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::crontab::ProblemKind;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

use super::jobs;

pub(in crate::rules) struct CarriageReturn;

impl Rule for CarriageReturn {
    fn id(&self) -> &'static str {
        "cron-carriage-return"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        let mut told = Vec::new();
        for live in jobs::live(cron) {
            out.judged += 1;
            let file = &live.table.file;
            let ends = live.job.command.text.ends_with(b"\r");
            if !ends || told.contains(&file.path()) {
                continue;
            }
            told.push(file.path());
            let problem = live.reading.problems.iter();
            let mut problem = problem.filter(|p| p.kind == ProblemKind::CarriageReturn);
            let first = problem.next().map_or(live.job.command.span, |p| p.span);
            let at = escape_path(file.path());
            let message = format!("the commands in {at} end in a carriage return");
            let label = format!("`\\r` belongs to the command for {}", live.daemon);
            let evidence = Evidence::span(file.place(first), label);
            out.push(Finding::new(self.id(), at, message, evidence));
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}
