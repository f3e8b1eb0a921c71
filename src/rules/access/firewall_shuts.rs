//! `access-firewall-shuts`: the rules that the boot loads let no connection to sshd in.

use super::{coming, config, weighed};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::filters::{Loaded, loaded};
use crate::facts::network::plan::said_by;
use crate::facts::services::bare_names;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::Place;

pub(in crate::rules) struct FirewallShuts;

/// Programs that open a port to whom they know.
const PORTERS: [&str; 4] = ["knockd", "fwknop-server", "fwknopd", "fail2ban-allow"];

impl Rule for FirewallShuts {
    fn id(&self) -> &'static str {
        "access-firewall-shuts"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let sshd = coming(host)?;
        let config = config(sshd)?;
        if sshd.has_options || bare_names(host).any(|name| PORTERS.contains(&name)) {
            return Err(Stop::NotApplicable(
                "a port is opened by what is not followed",
            ));
        }
        let found = loaded(host);
        if found.items.is_empty() {
            found.complete()?;
            return Err(Stop::NotApplicable(
                "the boot loads no rules that are followed",
            ));
        }
        let mut ports = config.ports(&host.tree());
        ports.extend(
            config
                .addresses(&host.tree())
                .iter()
                .filter_map(|on| on.port),
        );
        ports.sort_unstable();
        ports.dedup();
        let mut out = Findings::new();
        out.judged = found.items.len();
        out.open.extend(found.gaps.iter().cloned());
        // A script of the site's own may open it.
        let opened = |port: &u16| {
            let number = port.to_string();
            ["dport", "dports"]
                .iter()
                .any(|word| said_by(host, &[word, &number]).is_some())
        };
        for loaded in &found.items {
            let Some((family, place)) = shut(loaded, &ports) else {
                continue;
            };
            if ports.iter().any(opened) {
                continue;
            }
            let named: Vec<String> = ports.iter().map(ToString::to_string).collect();
            let named = named.join(" and ");
            let message = format!(
                "no connection to sshd (port {named}) comes in: {} drops it after the boot",
                loaded.by
            );
            let evidence =
                Evidence::span(place.clone(), "what drops it; no rule before lets it in");
            let finding = Finding::new(self.id(), loaded.by.clone(), message, evidence);
            // Over the other family somebody may still come in.
            let finding = if family == "inet" {
                finding
            } else {
                finding.at_most(Level::Warn)
            };
            out.push(weighed(host, finding));
        }
        Ok(out)
    }
}

/// What drops connections to every one of the ports, and of which family.
fn shut<'a>(loaded: &'a Loaded, ports: &[u16]) -> Option<(&'a str, &'a Place)> {
    let mut tables = loaded.tables.iter().filter(|table| table.family != "ip6");
    tables.find_map(|table| {
        let drops: Option<Vec<&Place>> = ports.iter().map(|port| table.shuts(*port)).collect();
        let first = drops?.first().copied()?;
        Some((table.family.as_str(), first))
    })
}
