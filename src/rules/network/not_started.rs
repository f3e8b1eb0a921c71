//! `network-not-started`: interfaces are configured, and nothing sets them up.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::State;
use crate::parse::interfaces::Stanza;
use crate::rules::target::listed;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct NotStarted;

impl Rule for NotStarted {
    fn id(&self) -> &'static str {
        "network-not-started"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (ifupdown, interfaces) = super::ifupdown(host)?;
        let hotplugged = |stanza: &Stanza| {
            let mut raised = interfaces.raised.iter();
            raised.any(|raised| raised.class == "hotplug" && raised.name == stanza.name)
        };
        let all = ifupdown.raised();
        let mut out = Findings::new();
        let gone = match &ifupdown.program {
            Fact::Absent(looked) => Some(looked),
            Fact::Known(_) => None,
            other => {
                out.gap(other);
                return Ok(out);
            }
        };
        // Without the service, udev still raises what is hotplugged.
        let stanzas: Vec<&&Stanza> = match (gone, &ifupdown.state) {
            (Some(_), _) => all.iter().collect(),
            (None, State::No) => all.iter().filter(|stanza| !hotplugged(stanza)).collect(),
            (None, State::Unknown(open)) => return Err(Stop::Undecided(open.clone())),
            (None, State::Starts(_) | State::NotModelled) => Vec::new(),
        };
        let Some(first) = stanzas.first() else {
            return Ok(out);
        };
        super::alone(host)?;
        let mut names: Vec<&str> = stanzas.iter().map(|stanza| stanza.name.as_str()).collect();
        names.dedup();
        let names = listed(&names).unwrap_or_else(|| "nothing".to_owned());
        let why = match gone {
            Some(_) => "ifup is not installed, and no other manager is started",
            None => "the service networking is not enabled, and no other manager is started",
        };
        let message = format!("nothing sets up {names} at boot: {why}");
        let evidence = Evidence::span(first.place.clone(), "configured here");
        let mut finding = Finding::new(self.id(), names, message, evidence);
        finding = match gone {
            Some(looked) => finding.with(Evidence::from(looked)).fix(
                "Install what reads the file, before the next boot:",
                &["apt install ifupdown"],
            ),
            None if host.systemd().require()?.is_some() => {
                finding.fix("Enable it:", &["systemctl enable networking"])
            }
            None => finding,
        };
        out.push(finding);
        Ok(out)
    }
}
