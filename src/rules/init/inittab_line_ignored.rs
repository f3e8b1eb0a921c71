//! `init-inittab-line-ignored`: a line of /etc/inittab that init drops.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::init::InitKind;
use crate::parse::busybox_inittab;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::Place;

pub(in crate::rules) struct InittabLineIgnored;

impl Rule for InittabLineIgnored {
    fn id(&self) -> &'static str {
        "init-inittab-line-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut out = Findings::new();
        match host.init_kind() {
            Some(InitKind::SysV) => {
                let table = host.inittab();
                let Some(table) = table.require()? else {
                    return Err(Stop::NotApplicable("no /etc/inittab"));
                };
                for problem in &table.problems {
                    // A lost initdefault is told by target-default-unusable.
                    if word(&problem.place, "initdefault") {
                        continue;
                    }
                    out.push(finding("sysvinit", &problem.place, problem.message));
                }
            }
            Some(InitKind::Busybox) => {
                let file = host.tree().read(Path::new("/etc/inittab"));
                let file = match &file {
                    Fact::Known(file) => file,
                    other => {
                        other.require()?;
                        return Err(Stop::NotApplicable("no /etc/inittab"));
                    }
                };
                let (_, problems) = busybox_inittab::parse(file);
                for (place, message) in problems {
                    // Tables made for sysvinit carry it along.
                    if word(&place, "initdefault") {
                        continue;
                    }
                    out.push(finding("busybox init", &place, message));
                }
            }
            _ => return Err(Stop::NotApplicable("this init reads no inittab")),
        }
        Ok(out)
    }
}

fn word(place: &Place, word: &str) -> bool {
    place.text().to_ascii_lowercase().contains(word)
}

fn finding(init: &str, place: &Place, why: &str) -> Finding {
    let line = place.start().line;
    let message = format!("{init} drops line {line} of the inittab: {why}");
    let subject = format!("line {line}");
    let evidence = Evidence::span(place.clone(), why);
    let finding = Finding::new("init-inittab-line-ignored", subject, message, evidence);
    if word(place, "sysinit") {
        // Nothing is mounted, and the root stays read-only.
        finding.impact(&[Impact::NoNetwork, Impact::NoAccess])
    } else {
        finding.at_most(Level::Warn)
    }
}
