//! `failover-script-names-unknown-instance`: a hook that waits for a name no instance
//! and no group has.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::failover::Handling;
use crate::parse::keepalived::HookState;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Comparison, Input};
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
        let mut seen: Vec<(String, Vec<u8>)> = Vec::new();
        for call in failover
            .calls
            .iter()
            .filter(|call| call.state == HookState::Master)
        {
            let Some(path) = &call.path else { continue };
            let Some(position) = call.name_at else {
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
                // A part of a name, as in `${2#VI_}`, is known by what it matches.
                let fits = |other: &Comparison| {
                    other.place == comparison.place
                        && other.literal == *literal
                        && other.matched == Some(true)
                };
                let mut all = failover.calls.iter().flat_map(|call| &call.comparisons);
                if names.contains(&literal) || all.any(fits) {
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
                .follows(&[
                    "failover-renamed-on-one-side",
                    "failover-instance-not-handled",
                ]);
                let known: Vec<String> = names.iter().map(|name| escape(name)).collect();
                let text = format!("keepalived.conf has {}", known.join(", "));
                finding = finding.with(Evidence::computed(text));
                out.push(finding);
            }
        }
        Ok(out)
    }
}
