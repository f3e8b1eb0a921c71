//! `network-interface-not-raised`: every interface is configured and none is raised.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::sets_up;
use crate::parse::interfaces::Stanza;
use crate::rules::target::listed;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct InterfaceNotRaised;

impl Rule for InterfaceNotRaised {
    fn id(&self) -> &'static str {
        "network-interface-not-raised"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (ifupdown, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        let mut out = Findings::new();
        let manual = interfaces.stanzas.iter().any(|stanza| {
            stanza.name != "lo" && stanza.method == "manual" && interfaces.raises(&stanza.name)
        });
        if !ifupdown.raised().is_empty() || manual || !interfaces.mapped.is_empty() {
            return Ok(out);
        }
        // A class of the site's own is raised by something of the site's own.
        let by_class = |stanza: &&Stanza| {
            let mut raised = interfaces.raised.iter();
            !raised.any(|raised| raised.name == stanza.name)
        };
        let meant: Vec<&Stanza> = interfaces
            .stanzas
            .iter()
            .filter(|stanza| sets_up(stanza))
            .filter(by_class)
            .collect();
        let Some(first) = meant.first() else {
            return Ok(out);
        };
        super::alone(host)?;
        let mut names: Vec<&str> = meant.iter().map(|stanza| stanza.name.as_str()).collect();
        names.dedup();
        let names = listed(&names).unwrap_or_else(|| "nothing".to_owned());
        let message = format!("{names} is configured, and nothing raises it at boot");
        let evidence = Evidence::span(
            first.place.clone(),
            "no auto or allow-hotplug line names it",
        );
        let fix = format!("auto {}", first.name);
        let finding = Finding::new(self.id(), names, message, evidence);
        out.push(finding.fix(format!("Add a line to its file: {fix}"), &[]));
        Ok(out)
    }
}
