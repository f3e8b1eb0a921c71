//! `mount-option-unknown`: a file system refuses an option.

use super::found;
use crate::fact::{Fact, Stop, Unknown};
use crate::facts::Host;
use crate::facts::kernels::version_in;
use crate::facts::mounts::{Failure, Judged, Manager, Outcome, Role, judge_option};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct OptionUnknown;

impl Rule for OptionUnknown {
    fn id(&self) -> &'static str {
        "mount-option-unknown"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            // A root that stays read-only has a rule of its own.
            let root = consequence.outcome == Outcome::RootReadOnly;
            if plan.role == Role::Swap || plan.is_bind() || root {
                continue;
            }
            out.judged += 1;
            let kind = &plan.entry.kind;
            for option in &plan.entry.options {
                // mount of busybox keeps this one for itself.
                if mounts.manager == Manager::Busybox && option.text == b"sw" {
                    continue;
                }
                let (what, label) = match judge_option(kind, option) {
                    Judged::Fine => continue,
                    Judged::Unknown => ("has no option".to_owned(), "unknown".to_owned()),
                    Judged::BadValue(values) => (
                        "does not take".to_owned(),
                        format!("takes {}", values.join(", ")),
                    ),
                    Judged::Removed(release) => match is_older(host, release) {
                        Ok(true) => continue,
                        Ok(false) => (
                            "no longer takes".to_owned(),
                            format!("gone since Linux {release}"),
                        ),
                        Err(unknown) => {
                            out.open.push(unknown);
                            continue;
                        }
                    },
                };
                let (subject, kind) = (plan.subject(), escape(kind));
                let name = escape(&option.text);
                let problem = format!("{subject} cannot be mounted: {kind} {what} {name}");
                let evidence = Evidence::span(option.place.clone(), label);
                out.push(found(self.id(), plan, &consequence, &problem, evidence));
                // One is enough to fail the mount.
                break;
            }
        }
        Ok(out)
    }
}

/// Whether the kernel of the next boot is from before `release`; so it is held to be
/// where its release is not known.
fn is_older(host: &Host, release: &str) -> Result<bool, Unknown> {
    match host.mount_types() {
        Fact::Known(types) => Ok(version_in(&types.release) < version_in(release)),
        Fact::Unknown(unknown) => Err(unknown.clone()),
        Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => Ok(true),
    }
}
