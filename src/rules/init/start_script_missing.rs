//! `init-start-script-missing`: an enabled service whose package ships a start
//! script that is not on disk.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::System;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct StartScriptMissing;

impl Rule for StartScriptMissing {
    fn id(&self) -> &'static str {
        "init-start-script-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let enabled = host.enabled();
        let mut out = Findings::new();
        out.judged = enabled.items.len();
        if let Fact::Absent(_) = host.packages() {
            return Err(Stop::NotApplicable("no package database"));
        }
        for entry in &enabled.items {
            if entry.system == System::Systemd {
                continue;
            }
            let Fact::Absent(_) = &entry.found else {
                if let Fact::Unknown(unknown) = &entry.found {
                    out.open.push(unknown.clone());
                }
                continue;
            };
            let Some(script) = entry.points_at() else {
                continue;
            };
            let package = match host.owner(&script) {
                Fact::Known(package) => package,
                Fact::Absent(_) => continue,
                Fact::Broken(fault) => {
                    out.open.push(fault.into());
                    continue;
                }
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::NotCovered(why) => {
                    out.uncovered.push(why);
                    continue;
                }
            };
            let (name, at) = (&entry.name, escape_path(&script));
            let message = format!("{name} will not start: its script {at} was deleted");
            let text = format!("enabled in {}", entry.level);
            let shipped = format!("package {package} ships {at}");
            let mut finding = Finding::new(
                self.id(),
                name.clone(),
                message,
                Evidence::path(&entry.link, text),
            )
            .with(Evidence::from(&crate::fact::Looked::at(&script)))
            .with(Evidence::computed(shipped));
            if super::is_essential(entry) {
                finding = finding.impact(&[Impact::NoAccess]);
            } else {
                finding = finding.at_most(Level::Warn);
            }
            out.push(finding);
        }
        if let Err(stop) = enabled.complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}
