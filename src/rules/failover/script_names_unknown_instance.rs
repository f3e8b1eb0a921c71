//! `failover-script-names-unknown-instance`: a hook that waits for a name no instance
//! and no group has.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::{Handling, HookCall};
use crate::parse::keepalived::{HookState, Invocation, NotifyCall, NotifyKind};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::Input;
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ScriptNamesUnknownInstance;

impl Rule for ScriptNamesUnknownInstance {
    fn id(&self) -> &'static str {
        "failover-script-names-unknown-instance"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        let config = &failover.config;
        let instances = config.instances.iter().map(|i| &i.name.value);
        let names: Vec<&Vec<u8>> = instances
            .chain(config.groups.iter().map(|g| &g.name.value))
            .collect();
        let notify_calls = config.notify_calls();
        let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
        for call in failover
            .calls
            .iter()
            .filter(|call| call.state == HookState::Master)
        {
            let Some(path) = &call.path else { continue };
            let Some(position) = name_position(call, &notify_calls) else {
                continue;
            };
            if let Handling::Undecided(open) = &call.handling {
                out.open.extend(open.iter().cloned());
            }
            for comparison in &call.comparisons {
                let literal = &comparison.literal;
                let about_name = comparison.input == Input::Argument(position);
                if !about_name || comparison.pattern || literal.is_empty() {
                    continue;
                }
                if names.contains(&literal) {
                    continue;
                }
                let key = (escape_path(path), literal.clone());
                if seen.contains(&key) {
                    continue;
                }
                seen.push(key);
                let (shown, literal) = (escape_path(path), escape(literal));
                let script = path
                    .file_name()
                    .map_or(shown.clone(), |n| n.to_string_lossy().into_owned());
                let message =
                    format!("{script} waits for {literal}, and no instance or group has that name");
                let label = format!("there is no {literal}");
                let mut finding = Finding::new(
                    self.id(),
                    format!("{shown} {literal}"),
                    message,
                    Evidence::span(comparison.place.clone(), label),
                )
                .confidence(Confidence::Likely)
                .follows(&["failover-instance-not-handled"]);
                let known: Vec<String> = names.iter().map(|name| escape(name)).collect();
                let text = format!("keepalived.conf has {}", known.join(", "));
                finding = finding.with(Evidence::computed(text));
                out.push(finding);
            }
        }
        Ok(out)
    }
}

/// Which argument of the script is the name: the second of the four that a generic
/// hook gets behind its own words.
fn name_position(call: &HookCall, calls: &[NotifyCall<'_>]) -> Option<usize> {
    let same = calls.iter().find(|c| {
        c.name == call.name
            && c.state == call.state
            && c.notify.command == call.command
            && c.notify.kind == NotifyKind::Notify
    })?;
    match &same.invocation {
        Invocation::Exec(argv) => argv.len().checked_sub(3),
        Invocation::Shell(_) => Some(2),
        Invocation::Never(_) => None,
    }
}
