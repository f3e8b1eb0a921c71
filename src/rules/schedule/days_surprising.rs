//! `cron-days-surprising`: both day fields say something, and the daemon joins them in a
//! way that few expect.

use super::jobs::{self, Live};
use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::crontab::{DayRule, Field, Fields, Schedule};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};

pub(in crate::rules) struct DaysSurprising;

/// How many dates are shown.
const SHOWN: usize = 5;

impl Rule for DaysSurprising {
    fn id(&self) -> &'static str {
        "cron-days-surprising"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let cron = super::cron(host)?;
        let mut out = Findings::new();
        for live in jobs::live(cron) {
            out.judged += 1;
            let Schedule::At(fields) = &live.job.schedule else {
                continue;
            };
            if let Some(why) = surprise(fields)
                && !asks_itself(live)
            {
                out.push(finding(self.id(), host, live, why));
            }
        }
        super::incomplete(&cron.tables, &mut out);
        Ok(out)
    }
}

fn surprise(fields: &Fields) -> Option<&'static str> {
    if fields.either_day() {
        return Some("on every day that fits one of the two day fields, not both");
    }
    let narrow = |star: bool, set, field: Field| star && set != field.all();
    let half = narrow(fields.dom_star, fields.dom, Field::DayOfMonth)
        || narrow(fields.dow_star, fields.dow, Field::DayOfWeek);
    let both = fields.dom != Field::DayOfMonth.all() && fields.dow != Field::DayOfWeek.all();
    (fields.days == DayRule::Both && half && both)
        .then_some("only on days that fit both day fields, as one of them begins with a star")
}

/// The command asks for the date: its writer knows.
fn asks_itself(live: Live<'_>) -> bool {
    let text = &live.job.command.text;
    text.windows(6).any(|word| word == b"date +")
        || text
            .windows(7)
            .any(|word| word == b"date '+" || word == b"date \"+")
}

fn finding(id: &'static str, host: &Host, live: Live<'_>, why: &str) -> Finding {
    let message = format!("{} runs {why}", live.line());
    let starts = live.starts(host, 4096);
    let mut dates = Vec::new();
    for start in starts {
        let date = host.zone().at(start).strftime("%a %Y-%m-%d").to_string();
        if dates.last() != Some(&date) {
            dates.push(date);
        }
        if dates.len() == SHOWN {
            break;
        }
    }
    let label = format!("next on {}", dates.join(", "));
    let place = live.table.file.place(live.job.schedule_span);
    let finding = Finding::new(id, live.subject(), message, Evidence::span(place, label));
    if live.takes_down(host) {
        finding.with(Evidence::computed("this job takes the box down"))
    } else {
        finding.at_most(Level::Note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::crontab::{Daemon, TableKind, parse};
    use crate::text::File;

    fn of(daemon: Daemon, line: &str) -> bool {
        let file = File::new("/t", format!("{line} x\n"));
        let table = parse(&file, TableKind::User { root: true }, daemon);
        match &table.jobs[0].schedule {
            Schedule::At(fields) => surprise(fields).is_some(),
            _ => panic!("{line}"),
        }
    }

    #[test]
    fn two_narrow_day_fields_surprise_and_one_does_not() {
        for line in ["59 2 1-7 * 6", "0 3 */2 * 1", "0 3 1,15 * 5"] {
            assert!(of(Daemon::Debian, line), "{line}");
            assert!(of(Daemon::Busybox, line), "{line}");
        }
        for line in [
            "0 3 1 * *",
            "0 3 * * 1",
            "0 3 */2 * *",
            "0 3 1-31 * *",
            "0 3 * * 0-6",
        ] {
            assert!(!of(Daemon::Debian, line), "{line}");
            assert!(!of(Daemon::Busybox, line), "{line}");
        }
    }
}
