//! `failover-ucarp-alias-missing`: ucarp raises an interface that
//! `/etc/network/interfaces` does not have.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::interfaces::Stanza;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct UcarpAliasMissing;

/// Starts ucarp for the interfaces that have its options (ucarp 1.5.2, Debian).
const STARTER: &str = "/etc/network/if-up.d/ucarp";

/// What it calls unless told otherwise: `ifup $1:ucarp`.
const UP: &str = "/usr/share/ucarp/vip-up";

/// Whether a stanza has all that ucarp is started with.
fn is_started(stanza: &Stanza) -> bool {
    let needed = ["ucarp-vid", "ucarp-vip", "ucarp-password"];
    needed.iter().all(|name| stanza.get(name).is_some())
}

impl Rule for UcarpAliasMissing {
    fn id(&self) -> &'static str {
        "failover-ucarp-alias-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let read = host.network().ifupdown.interfaces.require()?;
        let read = read.ok_or(Stop::NotApplicable("there is no /etc/network/interfaces"))?;
        let own = |stanza: &&Stanza| {
            let script = stanza.get("ucarp-upscript");
            is_started(stanza) && script.is_none_or(|script| script.value == UP)
        };
        let started: Vec<&Stanza> = read.stanzas.iter().filter(own).collect();
        if started.is_empty() {
            return Err(Stop::NotApplicable("no interface has ucarp"));
        }
        let mut out = Findings::new();
        out.open.extend(read.open.iter().cloned());
        out.uncovered.extend(read.uncovered.iter().cloned());
        let complete = out.open.is_empty() && out.uncovered.is_empty();
        if let Fact::Absent(_) = host.resolve(Path::new(STARTER)) {
            return Err(Stop::NotApplicable("nothing starts ucarp for interfaces"));
        }
        for stanza in started {
            out.judged += 1;
            let alias = format!("{}:ucarp", stanza.name);
            if !complete || !read.mapped.is_empty() || read.of(&alias).next().is_some() {
                continue;
            }
            let alias = escape(alias.as_bytes());
            let message = format!("ucarp raises {alias} as MASTER, and no stanza has that name");
            let Some(address) = stanza.get("ucarp-vip") else {
                continue;
            };
            let label = "never raised: ifup knows no such interface";
            let at = Evidence::span(address.place.clone(), label);
            let finding = Finding::new(self.id(), alias, message, at);
            out.push(finding.with(Evidence::path(UP, "calls ifup $1:ucarp")));
        }
        Ok(out)
    }
}
