//! `unit-program-deleted`: a service runs a program whose file is gone.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::running::{must_run, serving};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ProgramDeleted;

impl Rule for ProgramDeleted {
    fn id(&self) -> &'static str {
        "unit-program-deleted"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let serving = serving(host);
        out.open.extend(serving.gaps);
        for service in serving.items {
            out.judged += 1;
            let Some(program) = service.program.filter(|_| service.is_deleted) else {
                continue;
            };
            let there = match host.resolve(&program) {
                Fact::Known(_) => true,
                Fact::Absent(_) => false,
                other => {
                    out.gap(&other);
                    continue;
                }
            };
            let (unit, shown) = (escape(service.unit.as_bytes()), escape_path(&program));
            let place = service.process.place("Name");
            out.push(if there {
                let message = format!("{unit} still runs the {shown} of before its replacement");
                let evidence = Evidence::span(place, "its program was replaced");
                Finding::new(self.id(), unit, message, evidence).at_most(Level::Note)
            } else {
                let message =
                    format!("{unit} runs {shown}, and that file is gone: it will not start again");
                let evidence = Evidence::span(place, "runs it still");
                Finding::new(self.id(), unit, message, evidence).with(Evidence::Missing {
                    paths: vec![program],
                    notes: Vec::new(),
                })
            });
        }
        Ok(out)
    }
}
