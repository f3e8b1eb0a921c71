//! `root-comes-back-read-only`: nothing makes the root file system writable.

use super::{Looked, field, look};
use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::facts::boot::mounted_writable;
use crate::facts::mounts::{Failure, Judged, Manager, Mounts, Outcome, Plan, Role, judge_option};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct RootReadOnly;

impl Rule for RootReadOnly {
    fn id(&self) -> &'static str {
        "root-comes-back-read-only"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        // Mounted writable by the kernel or the initrd, it stays so without fstab.
        let asked = mounted_writable(host);
        let (writable, told) = (asked == Some(true), asked.is_some());
        let root = mounts.plans.iter().find(|plan| plan.role == Role::Root);
        out.judged += 1;
        let confidence = if told {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        let Some(plan) = root else {
            if mounts.manager == Manager::Systemd && !writable {
                if !told {
                    out.uncovered.push(Why::KernelOutside);
                    return Ok(out);
                }
                let message = "the root file system stays read-only: fstab has no line for /";
                let evidence = match &mounts.fstab {
                    Fact::Absent(looked) => looked.into(),
                    _ => Evidence::path("/etc/fstab", "no line for /"),
                };
                out.push(Finding::new(self.id(), "/", message, evidence));
            }
            return Ok(out);
        };
        if let Some((true, option)) = plan.entry.switch("ro", "rw") {
            let message = "the root file system comes back read-only: fstab says so";
            let evidence = Evidence::span(option.place.clone(), "read-only");
            let finding = Finding::new(self.id(), "/", message, evidence);
            // What must be written has a place of its own: it is meant so.
            let meant = |plan: &Plan| plan.entry.target == b"/var" || plan.entry.kind == b"overlay";
            let level = if mounts.plans.iter().any(meant) {
                Level::Note
            } else {
                Level::Warn
            };
            out.push(finding.at_most(level));
            return Ok(out);
        }
        if writable || !stays(mounts, plan, Failure::Refused) {
            return Ok(out);
        }
        let refused = plan.entry.options.iter().find(|option| {
            matches!(
                judge_option(&plan.entry.kind, option),
                Judged::Unknown | Judged::BadValue(_)
            )
        });
        if let Some(option) = refused {
            let text = escape(&option.text);
            let message = format!(
                "the root file system stays read-only: its remount fails, {} has no option {text}",
                escape(&plan.entry.kind)
            );
            let evidence = Evidence::span(option.place.clone(), "refused");
            out.push(Finding::new(self.id(), "/", message, evidence).confidence(confidence));
            return Ok(out);
        }
        if let Some(spec) = plan
            .device
            .as_ref()
            .filter(|_| stays(mounts, plan, Failure::NoDevice))
        {
            match look(host, spec) {
                Looked::There => {}
                Looked::Open(unknown) => out.open.push(unknown),
                Looked::Uncovered(why) => out.uncovered.push(why),
                Looked::Missing(_) => {
                    let name = spec.shown();
                    let message = format!(
                        "the root file system stays read-only: its remount fails, no device is {name}"
                    );
                    let evidence = Evidence::span(field(plan, 0), "no device has this name");
                    let finding = Finding::new(self.id(), "/", message, evidence);
                    out.push(finding.confidence(confidence));
                }
            }
        }
        Ok(out)
    }
}

fn stays(mounts: &Mounts, plan: &Plan, failure: Failure) -> bool {
    let consequence = mounts.consequence(plan, failure);
    consequence.is_some_and(|c| c.outcome == Outcome::RootReadOnly)
}
