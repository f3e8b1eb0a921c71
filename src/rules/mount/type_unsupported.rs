//! `mount-type-unsupported`: neither the kernel nor a helper mounts this type.

use super::{field, found};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Failure, Plan, Role, Support};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct TypeUnsupported;

/// Whether the type is to be guessed, and the source is a mere word: mount(8) looks for
/// a device and finds none.
fn cannot_be_guessed(plan: &Plan) -> bool {
    let source = plan.entry.source.as_slice();
    let guessed = matches!(plan.entry.kind.as_slice(), b"auto" | b"");
    let is_word = !source
        .iter()
        .any(|b| matches!(b, b'/' | b':' | b'=' | b'#'));
    guessed && is_word && !plan.entry.has("remount")
}

impl Rule for TypeUnsupported {
    fn id(&self) -> &'static str {
        "mount-type-unsupported"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            // The type of the root is not looked at by the remount.
            if matches!(plan.role, Role::Root | Role::Swap) || plan.is_bind() {
                continue;
            }
            if cannot_be_guessed(plan) {
                let (subject, source) = (plan.subject(), escape(&plan.entry.source));
                let problem = format!(
                    "{subject} cannot be mounted: {source} is nothing to guess a type from"
                );
                let evidence = Evidence::span(field(plan, 2), "guessed from a device");
                out.push(found(self.id(), plan, &consequence, &problem, evidence));
                continue;
            }
            match host.can_mount(&plan.entry.kind) {
                Support::Yes | Support::NoHelper(_) => out.judged += 1,
                Support::Unknown(unknown) => out.open.push(unknown),
                Support::NotCovered(why) => out.uncovered.push(why),
                Support::No(looked) => {
                    let (subject, kind) = (plan.subject(), escape(&plan.entry.kind));
                    let problem = format!(
                        "{subject} cannot be mounted: the kernel has no file system {kind}"
                    );
                    let evidence = Evidence::span(field(plan, 2), "no such type");
                    let paths = Evidence::Missing {
                        paths: looked,
                        notes: vec![format!("neither a module nor a helper for {kind}")],
                    };
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    out.push(finding.with(paths));
                }
            }
        }
        Ok(out)
    }
}
