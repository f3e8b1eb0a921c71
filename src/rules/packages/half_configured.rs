//! `packages-half-configured`: packages between two states.

use super::critical;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct HalfConfigured;

impl Rule for HalfConfigured {
    fn id(&self) -> &'static str {
        "packages-half-configured"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let packages = super::databases(host)?;
        let mut out = Findings::new();
        if let Some(dpkg) = &packages.dpkg {
            for problem in dpkg.problems() {
                let message = "dpkg's status file is damaged: dpkg and apt refuse it";
                let evidence = Evidence::span(problem.place, problem.message);
                out.push(Finding::new(self.id(), "status", message, evidence).at_most(Level::Warn));
            }
            for package in dpkg.packages.iter().filter(|p| p.is_in_between()) {
                let name = &package.name;
                let state = if package.must_be_reinstalled {
                    format!("{} and must be reinstalled", package.state.word())
                } else {
                    package.state.word().to_owned()
                };
                let message = format!("package {name} is {state}");
                let label = format!("package {name}");
                let evidence = Evidence::span(package.place.clone(), label);
                let mut finding = Finding::new(self.id(), String::from(name), message, evidence);
                if critical::boots(name) {
                    finding = finding.impact(&[Impact::NoBoot]);
                } else if critical::connects(name) {
                    finding = finding.impact(&[Impact::NoNetwork, Impact::NoAccess]);
                } else {
                    finding = finding.at_most(Level::Warn).impact(&[Impact::NoService]);
                }
                out.push(finding);
            }
        }
        if let Some(portage) = &packages.portage {
            for merging in &portage.merging {
                let name = merging.strip_prefix("/var/db/pkg").unwrap_or(merging);
                let name = name.display().to_string();
                let message = format!("the merge of {name} never ended");
                let evidence = Evidence::path(merging, "portage left it marked as merging");
                out.push(
                    Finding::new(self.id(), name, message, evidence)
                        .at_most(Level::Warn)
                        .fix(
                            "Finish or repeat the merge before the reboot:",
                            &["emerge --resume"],
                        ),
                );
            }
        }
        if packages.dpkg.is_none() && packages.portage.is_none() {
            return Err(Stop::NotApplicable(
                "this package manager has no such states",
            ));
        }
        Ok(out)
    }
}
