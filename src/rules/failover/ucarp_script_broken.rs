//! `failover-ucarp-script-broken`: ucarp changes its state and nothing moves the address.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::hooks::ucarp_does_nothing;
use crate::parse::interfaces::{Choice, Stanza};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::escape;

pub(in crate::rules) struct UcarpScriptBroken;

/// Starts ucarp for the interfaces that have its options (ucarp 1.5.2, Debian).
const STARTER: &str = "/etc/network/if-up.d/ucarp";

/// What is wrong with a script, if anything.
fn fault(
    host: &Host,
    stanza: &Stanza,
    script: &Choice,
    out: &mut Findings,
) -> Option<(&'static str, Option<Evidence>)> {
    let path = Path::new(script.value.trim());
    if !path.is_absolute() {
        return None;
    }
    match host.resolve(path) {
        Fact::Absent(looked) => Some(("does not exist", Some(Evidence::from(&looked)))),
        Fact::Known(found)
            if found.meta.kind == FileKind::File && !found.meta.any_execute_bit() =>
        {
            Some(("is not executable", None))
        }
        Fact::Known(_) => {
            // A program whose bytes nobody can read is none that does something.
            if let Fact::Unknown(unread) = host.tree().read(path) {
                out.open.push(unread);
                return None;
            }
            let address = stanza.get("ucarp-vip").map_or("", |vip| vip.value.trim());
            match ucarp_does_nothing(host, path, &stanza.name, address) {
                Ok(nothing) => nothing.then_some(("does nothing", None)),
                Err(open) => {
                    out.open.extend(open);
                    None
                }
            }
        }
        other => {
            out.gap(&other);
            None
        }
    }
}

impl Rule for UcarpScriptBroken {
    fn id(&self) -> &'static str {
        "failover-ucarp-script-broken"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let read = host.network().ifupdown.interfaces.require()?;
        let read = read.ok_or(Stop::NotApplicable("there is no /etc/network/interfaces"))?;
        let needed = ["ucarp-vid", "ucarp-vip", "ucarp-password"];
        let starts = |stanza: &&Stanza| needed.iter().all(|name| stanza.get(name).is_some());
        let started: Vec<&Stanza> = read.stanzas.iter().filter(starts).collect();
        if started.is_empty() {
            return Err(Stop::NotApplicable("no interface has ucarp"));
        }
        if let Fact::Absent(_) = host.resolve(Path::new(STARTER)) {
            return Err(Stop::NotApplicable("nothing starts ucarp for interfaces"));
        }
        let mut out = Findings::new();
        for stanza in started {
            for (option, becomes) in [
                (
                    "ucarp-upscript",
                    "this box becomes MASTER without the address",
                ),
                (
                    "ucarp-downscript",
                    "this box becomes BACKUP and keeps the address",
                ),
            ] {
                let Some(script) = stanza.get(option) else {
                    continue;
                };
                out.judged += 1;
                let Some((what, more)) = fault(host, stanza, script, &mut out) else {
                    continue;
                };
                let shown = escape(script.value.trim().as_bytes());
                let message = format!("{becomes}: {shown} {what}");
                let at = Evidence::span(script.place.clone(), "what ucarp calls");
                let finding = Finding::new(self.id(), shown, message, at);
                out.push(finding.with_all(more));
            }
        }
        out.or_not_applicable("ucarp has no script of its own")
    }
}
