//! `swap-source-missing`: swap of fstab that is not there.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use super::{Looked, field, listed, look};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::mounts::{Failure, Role, Wait};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct SwapSourceMissing;

impl Rule for SwapSourceMissing {
    fn id(&self) -> &'static str {
        "swap-source-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::NoDevice) {
            if plan.role != Role::Swap {
                continue;
            }
            let evidence = match &plan.device {
                Some(spec) => match look(host, spec) {
                    Looked::There => None,
                    Looked::Open(unknown) => {
                        out.open.push(unknown);
                        continue;
                    }
                    Looked::Uncovered(why) => {
                        out.uncovered.push(why);
                        continue;
                    }
                    Looked::Missing(_) => Some(listed(host, spec)),
                },
                None => {
                    let path = PathBuf::from(OsString::from_vec(plan.entry.source.clone()));
                    match host.tree().resolve(&path) {
                        Fact::Known(_) => None,
                        Fact::Absent(looked) => Some((&looked).into()),
                        other => {
                            out.gap(&other);
                            continue;
                        }
                    }
                }
            };
            let Some(evidence) = evidence else {
                out.judged += 1;
                continue;
            };
            let source = escape(&plan.entry.source);
            let place = Evidence::span(field(plan, 0), "is not there");
            let finding = match consequence.wait {
                Wait::Seconds(seconds) => {
                    let message = format!(
                        "the boot waits {seconds} s for swap on {source}, which is not there"
                    );
                    Finding::new(self.id(), source, message, place)
                        .at_most(Level::Warn)
                        .impact(&[Impact::Delay])
                }
                Wait::Forever => {
                    let message =
                        format!("the boot waits for ever for swap on {source}, which is not there");
                    Finding::new(self.id(), source, message, place).impact(&[Impact::NoBoot])
                }
                Wait::None => {
                    let message = format!("there is no swap on {source}: it is not there");
                    Finding::new(self.id(), source, message, place)
                        .at_most(Level::Warn)
                        .impact(&[Impact::NoService])
                }
            };
            out.push(finding.with(evidence));
        }
        Ok(out)
    }
}
