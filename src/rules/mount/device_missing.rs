//! `mount-device-missing`: a line of fstab names a device that does not exist.

use super::{Looked, field, found, look};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::devices::Spec;
use crate::facts::mounts::{Failure, Outcome, Role};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct DeviceMissing;

impl Rule for DeviceMissing {
    fn id(&self) -> &'static str {
        "mount-device-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::NoDevice) {
            let Some(spec) = &plan.device else {
                continue;
            };
            // A root that stays read-only has a rule of its own.
            if plan.role == Role::Swap || consequence.outcome == Outcome::RootReadOnly {
                continue;
            }
            match look(host, spec) {
                Looked::There => out.judged += 1,
                Looked::Open(unknown) => out.open.push(unknown),
                Looked::Uncovered(why) => out.uncovered.push(why),
                Looked::Missing(making) => {
                    let name = spec.shown();
                    let subject = plan.subject();
                    let (problem, evidence) = match making {
                        None => {
                            let problem =
                                format!("{subject} cannot be mounted: no device is {name}");
                            (
                                problem,
                                Evidence::span(field(plan, 0), "no device has this name"),
                            )
                        }
                        Some(unlock) => {
                            let source = escape(&unlock.entry.source);
                            let problem = format!(
                                "{subject} cannot be mounted: {name} is to be unlocked from \
                                 {source}, which no device is"
                            );
                            (
                                problem,
                                Evidence::span(field(plan, 0), "unlocked by crypttab"),
                            )
                        }
                    };
                    let mut finding = found(self.id(), plan, &consequence, &problem, evidence);
                    if let Some(place) = making.and_then(|m| m.entry.fields.get(1)) {
                        let evidence = Evidence::span(place.clone(), "no device has this name");
                        finding = finding.with(evidence);
                    }
                    finding = finding.with(listed(host, spec));
                    if plan.entry.is_nofail() {
                        finding = finding.fix("Correct the name as blkid prints it.", &["blkid"]);
                    }
                    out.push(finding);
                }
            }
        }
        Ok(out)
    }
}

/// What the devices have instead.
pub(in crate::rules) fn listed(host: &Host, spec: &Spec) -> Evidence {
    let crate::fact::Fact::Known(devices) = host.devices() else {
        return Evidence::computed("no devices are known");
    };
    if let Some(near) = devices.find_in_other_case(spec) {
        return Evidence::computed(format!("{} has it in other case", near.node));
    }
    let from = &devices.from;
    Evidence::computed(match devices.items.len() {
        1 => format!("the one device ({from}) has it not"),
        count => format!("none of {count} devices ({from}) has it"),
    })
}
