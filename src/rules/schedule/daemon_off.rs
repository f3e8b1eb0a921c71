//! `cron-daemon-off`: tables with jobs, and no daemon that the boot starts.

use super::jobs;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct DaemonOff;

impl Rule for DaemonOff {
    fn id(&self) -> &'static str {
        "cron-daemon-off"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        out.gap(&cron.enabled);
        out.judged = cron.tables.items.len();
        super::incomplete(&cron.tables, &mut out);
        if cron.enabled != Fact::Known(false) {
            return Ok(out);
        }
        // What a package brings is not what somebody counts on.
        let mut own = Vec::new();
        for live in jobs::live(cron) {
            let path = live.table.file.path();
            // The lines every distribution has stand for no wish of anybody's.
            let text = &live.job.command.text;
            if [&b"run-parts"[..], b"run-crons"]
                .iter()
                .any(|word| has(text, word))
            {
                continue;
            }
            match host.owner(path) {
                Fact::Absent(_) => own.push(live),
                Fact::Known(_) => {}
                other => out.gap(&other),
            }
        }
        let Some(first) = own.first() else {
            return Ok(out);
        };
        let at = escape_path(first.table.file.path());
        let message = match own.len() {
            1 => format!("nothing starts the cron daemon at boot: 1 job, in {at}, will not run"),
            jobs => format!(
                "nothing starts the cron daemon at boot: {jobs} jobs, the first in {at}, will \
                 not run"
            ),
        };
        let how = Evidence::computed(format!("the daemon: {}", cron.how));
        let place = first.table.file.place(first.job.line);
        let mut finding = Finding::new(self.id(), "cron", message, Evidence::span(place, "waits"));
        finding = finding.with(how);
        if own.iter().any(|live| live.takes_down(host)) {
            let text = "one of them would take the box down: starting the daemon arms it";
            finding = finding.with(Evidence::computed(text));
        }
        out.push(finding);
        Ok(out)
    }
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}
