//! `network-not-started`: interfaces are configured, and nothing sets them up.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::State;
use crate::facts::network::plan::{Part, Sets, of_networkd, said_by};
use crate::facts::services::masks;
use crate::parse::interfaces::Stanza;
use crate::rules::target::listed;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct NotStarted;

impl Rule for NotStarted {
    fn id(&self) -> &'static str {
        "network-not-started"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        if let Some(found) = networkd(self.id(), host)? {
            let mut out = Findings::new();
            out.push(found);
            return Ok(out);
        }
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
        let masked = is_masked(host, "networking.service");
        let why = match gone {
            Some(_) => "ifup is not installed",
            None if masked => "the service networking is masked",
            None => "the service networking is not enabled",
        };
        let message =
            format!("nothing sets up {names} at boot: {why}, and no other manager is started");
        let evidence = Evidence::span(first.place.clone(), "configured here");
        let mut finding = Finding::new(self.id(), names, message, evidence);
        finding = match gone {
            Some(looked) => finding.with(Evidence::from(looked)).fix(
                "Install what reads the file, before the next boot:",
                &["apt install ifupdown"],
            ),
            None if masked => finding.fix("Unmask it:", &["systemctl unmask networking"]),
            None if host.systemd().require()?.is_some() => {
                finding.fix("Enable it:", &["systemctl enable networking"])
            }
            None => finding,
        };
        out.push(finding);
        Ok(out)
    }
}

/// Files of systemd-networkd that would be all there is, where nothing starts it.
fn networkd(id: &'static str, host: &Host) -> Result<Option<Finding>, Stop> {
    host.must_start()?;
    let network = host.network();
    let ifupdown = !network.ifupdown.raised().is_empty();
    if ifupdown || host.systemd().require()?.is_none() || super::alone(host).is_err() {
        return Ok(None);
    }
    let plan = of_networkd(host);
    let meant = |part: &&Part| {
        let sets = part.dynamic || part.sets.iter().any(|s| matches!(s, Sets::Address(..)));
        let own = part
            .place
            .as_ref()
            .is_some_and(|place| place.path().starts_with("/etc/systemd/network"));
        own && sets && !part.aside && !part.fallback
    };
    let meant: Vec<&Part> = plan.parts.iter().filter(meant).collect();
    let Some(place) = meant.first().and_then(|part| part.place.clone()) else {
        return Ok(None);
    };
    // Scripts and agents of a cloud set up what no manager does.
    let by_script = [["ip", "addr"], ["ip", "address"], ["ip", "a"]];
    let other = host.network_plan().unknown.is_some()
        || by_script.iter().any(|words| said_by(host, words).is_some())
        || said_by(host, &["ifconfig"]).is_some();
    if other {
        return Ok(None);
    }
    let unit = "systemd-networkd.service";
    let (state, fix) = if is_masked(host, unit) {
        ("masked", "systemctl unmask systemd-networkd")
    } else {
        ("not enabled", "systemctl enable systemd-networkd")
    };
    let message = format!(
        "nothing sets up the network at boot: systemd-networkd is {state}, and no other \
         manager is started"
    );
    let evidence = Evidence::span(place, "configured here");
    let finding = Finding::new(id, "systemd-networkd", message, evidence);
    Ok(Some(finding.fix("Have it started:", &[fix])))
}

/// Whether the administrator masked a unit.
fn is_masked(host: &Host, unit: &str) -> bool {
    masks(host.tree(), &Path::new("/etc/systemd/system").join(unit))
}
