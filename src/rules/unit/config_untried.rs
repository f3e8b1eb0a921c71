//! `unit-config-untried`: the configuration of a service was changed after it started.

use crate::fact::{Doubt, Stop, Unknown};
use crate::facts::Host;
use crate::facts::running::{Serving, Tested, must_run, serving, tested, validate, younger};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ConfigUntried;

impl Rule for ConfigUntried {
    fn id(&self) -> &'static str {
        "unit-config-untried"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let serving = serving(host);
        out.open.extend(serving.gaps);
        let table = tested();
        for service in &serving.items {
            let name = service
                .program
                .as_ref()
                .and_then(|program| program.file_name());
            let Some(tested) = table
                .iter()
                .find(|one| name.is_some_and(|n| *n == *one.program))
            else {
                continue;
            };
            if tested.is_elsewhere(host, service.process) {
                continue;
            }
            out.judged += 1;
            let Some(since) = service.since else {
                let path = format!("/proc/{}/stat", service.process.pid);
                let doubt = Doubt::CannotModel("does not tell when the process began".to_owned());
                out.open.push(Unknown::new(path, doubt));
                continue;
            };
            judge(self.id(), host, service, tested, since, &mut out);
        }
        Ok(out)
    }
}

fn judge(
    id: &'static str,
    host: &Host,
    service: &Serving<'_>,
    tested: &Tested,
    since: i64,
    out: &mut Findings,
) {
    let files = younger(host, tested, since);
    out.open.extend(files.gaps);
    let Some(first) = files.items.first() else {
        return;
    };
    let (unit, file) = (escape(service.unit.as_bytes()), escape_path(first));
    let command = tested.command.join(" ");
    let place = service.process.place("Name");
    let changed = Evidence::path(first, "changed since the process began");
    let answer = validate(host, tested);
    out.push(match answer {
        Some(Ok(said)) if said.accepts => return,
        Some(Ok(said)) => {
            let message = format!("{unit} will not start again: {file} was changed since, and \"{command}\" refuses it");
            let mut finding = Finding::new(id, unit, message, changed);
            let mut lines = said.text.lines().filter(|line| !line.trim().is_empty());
            if let Some(line) = lines.next() {
                let text = format!("it says: {}", escape(line.trim().as_bytes()));
                finding = finding.with(Evidence::span(place, text));
            }
            finding
        }
        Some(Err(error)) => {
            let doubt = Doubt::CannotModel(format!("\"{command}\" says nothing: {error}"));
            out.open.push(Unknown::new(first.clone(), doubt));
            return;
        }
        None => {
            let message = format!("{file} was changed after {unit} started: its first start with it is the boot's");
            Finding::new(id, unit, message, changed).at_most(Level::Note)
        }
    });
}
