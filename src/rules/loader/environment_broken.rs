//! `loader-environment-broken`: GRUB cannot read, or not write, its environment block.

use crate::boot::ProblemKind;
use crate::fact::Stop;
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct EnvironmentBroken;

impl Rule for EnvironmentBroken {
    fn id(&self) -> &'static str {
        "loader-environment-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::of(host)?;
        let mut out = Findings::new();
        let mut broken = chosen
            .next
            .problems
            .iter()
            .filter(|problem| problem.kind == ProblemKind::EnvBlock);
        let Some(first) = broken.next() else {
            return Ok(out);
        };
        let path = escape_path(first.place.path());
        let message = format!("GRUB's environment block {path} is not as GRUB writes it");
        let told = |p: &crate::boot::Problem| Evidence::path(p.place.path(), &*p.message);
        let finding = Finding::new(self.id(), path, message, told(first));
        let mut more: Vec<Evidence> = Vec::new();
        for evidence in broken.map(told) {
            if !finding.evidence.contains(&evidence) && !more.contains(&evidence) {
                more.push(evidence);
            }
        }
        out.push(finding.with_all(more));
        Ok(out)
    }
}
