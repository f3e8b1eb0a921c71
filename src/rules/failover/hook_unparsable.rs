//! `failover-hook-unparsable`: a hook that its shell cannot read.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{is_shell_script, syntax_fault};
use crate::text::escape_path;

pub(in crate::rules) struct HookUnparsable;

impl Rule for HookUnparsable {
    fn id(&self) -> &'static str {
        "failover-hook-unparsable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        for (path, call) in super::programs(failover) {
            let Fact::Known(found) = &call.program else {
                out.gap(&call.program);
                continue;
            };
            if !found.meta.is_program() {
                continue;
            }
            let file = match host.tree().read_head(path, 512) {
                Fact::Known(head) if is_shell_script(&head) => host.tree().read(path),
                other => other,
            };
            let Fact::Known(file) = file else {
                out.gap(&file);
                continue;
            };
            if !is_shell_script(&file) {
                continue;
            }
            let Some((place, fault)) = syntax_fault(&file) else {
                continue;
            };
            let owner = super::called(call.subject, &call.name);
            let shown = escape_path(path);
            let line = place.start().line;
            let message = format!("the hook of {owner} ends at line {line}: no shell can read it");
            let finding = Finding::new(self.id(), shown, message, Evidence::span(place, fault));
            let label = "called here; what stands before that line is done, and no more";
            out.push(finding.with(Evidence::span(call.command.place.clone(), label)));
        }
        Ok(out)
    }
}
