//! `failover-route-only-by-hook`: a default route that nothing but a hook sets.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::failover::Handling;
use crate::parse::keepalived::{HookState, Text};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::shell::{Action, Effect};
use crate::text::escape_path;

pub(in crate::rules) struct RouteOnlyByHook;

const DEFAULTS: [&[u8]; 4] = [b"default", b"0.0.0.0/0", b"::/0", b"0/0"];

/// Whether an effect sets a default route.
fn sets_default(effect: &Effect) -> bool {
    let Action::Run { argv, .. } = &effect.action else {
        return false;
    };
    let words: Vec<&[u8]> = argv.iter().filter_map(|word| word.bytes()).collect();
    let first = words.first().copied().unwrap_or(b"");
    let base = first.rsplit(|b| *b == b'/').next().unwrap_or(first);
    let has = |all: &[&[u8]]| words.iter().any(|word| all.contains(word));
    let adds = has(&[b"add", b"replace", b"append", b"change", b"a", b"r"]);
    let route = base == b"ip" && has(&[b"route", b"ro", b"r"]) || base == b"route";
    route && adds && has(&DEFAULTS)
}

/// Whether the network's own configuration has a gateway.
fn has_gateway(host: &Host) -> bool {
    let says = |path: &Path, words: [&str; 2]| match host.tree().read(path) {
        Fact::Known(file) => {
            let text = String::from_utf8_lossy(file.bytes()).into_owned();
            text.lines().any(|line| {
                let line = line.trim();
                words.iter().any(|word| line.starts_with(word))
            })
        }
        _ => false,
    };
    let network = Path::new("/etc/systemd/network");
    says(
        Path::new("/etc/network/interfaces"),
        ["gateway ", "gateway\t"],
    ) || host
        .tree()
        .entries(network)
        .items
        .iter()
        .any(|path| says(path, ["Gateway=", "Gateway ="]))
}

impl Rule for RouteOnlyByHook {
    fn id(&self) -> &'static str {
        "failover-route-only-by-hook"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (failover, mut out) = super::hooks(host)?;
        let default = |route: &Vec<Text>| {
            route
                .iter()
                .any(|word| DEFAULTS.contains(&word.value.as_slice()))
        };
        let kept = failover
            .config
            .instances
            .iter()
            .any(|i| i.virtual_routes.iter().any(default));
        if kept || has_gateway(host) {
            return Ok(out);
        }
        let masters = failover
            .calls
            .iter()
            .filter(|c| c.state == HookState::Master);
        for call in masters {
            let Handling::Handled(effects) = &call.handling else {
                continue;
            };
            let Some(effect) = effects.iter().find(|effect| sets_default(effect)) else {
                continue;
            };
            let path = call.path.as_deref().unwrap_or(Path::new("/"));
            let owner = super::called(call.subject, &call.name);
            let message = format!("the default route depends on the hook of {owner} alone");
            let at = Evidence::span(effect.place.clone(), "the only line that sets it");
            let finding = Finding::new(self.id(), escape_path(path), message, at).with(
                Evidence::span(call.command.place.clone(), "run once, and not looked after"),
            );
            out.push(finding.confidence(Confidence::Likely));
            // One program, one finding.
            break;
        }
        Ok(out)
    }
}
