//! `mount-point-missing`: a mount point that nobody makes.

use super::{field, found};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::mounts::{Failure, Role};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::source::FileKind;

pub(in crate::rules) struct PointMissing;

impl Rule for PointMissing {
    fn id(&self) -> &'static str {
        "mount-point-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::NoPoint) {
            if plan.role != Role::Data {
                continue;
            }
            if plan
                .entry
                .options
                .iter()
                .any(|o| o.name() == b"X-mount.mkdir" || o.name() == b"x-mount.mkdir")
            {
                continue;
            }
            let point = plan.point();
            // The directory above answers: the point itself counts as another file
            // system's, in a tree in which it is not mounted.
            let Some((parent, name)) = point.parent().zip(point.file_name()) else {
                continue;
            };
            match host.tree().list(parent) {
                Fact::Known(names) if names.iter().any(|n| n == name) => out.judged += 1,
                Fact::Known(_) => {
                    let subject = plan.subject();
                    let problem =
                        format!("{subject} cannot be mounted: there is no such directory");
                    let evidence = Evidence::span(field(plan, 1), "no such directory");
                    let missing = Evidence::Missing {
                        paths: vec![point.clone()],
                        notes: Vec::new(),
                    };
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    let command = format!("mkdir -p {subject}");
                    let finding = finding.fix("Make the directory:", &[&command]);
                    out.push(finding.with(missing));
                }
                other => out.gap(&other),
            }
        }
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            // A file may be mounted over a file.
            if plan.role != Role::Data || plan.is_bind() {
                continue;
            }
            let Fact::Known(found_at) = host.tree().resolve(&plan.point()) else {
                continue;
            };
            if matches!(found_at.meta.kind, FileKind::Dir | FileKind::Link) {
                continue;
            }
            let problem = format!("{} cannot be mounted: it is no directory", plan.subject());
            let evidence = Evidence::span(field(plan, 1), "not a directory");
            out.push(found(self.id(), plan, &consequence, &problem, evidence));
        }
        Ok(out)
    }
}
