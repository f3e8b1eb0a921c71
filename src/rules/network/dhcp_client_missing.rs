//! `network-dhcp-client-missing`: ifup has no client to ask for an address.

use std::path::{Path, PathBuf};

use crate::fact::Stop;
use crate::facts::Host;
use crate::parse::interfaces::Stanza;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape;

pub(in crate::rules) struct DhcpClientMissing;

/// What ifupdown looks for (0.8.36 to 0.8.44 `inet.defn`).
const CLIENTS: [&str; 9] = [
    "/sbin/dhclient",
    "/usr/sbin/dhclient",
    "/sbin/dhclient3",
    "/sbin/pump",
    "/sbin/udhcpc",
    "/usr/sbin/udhcpc",
    "/usr/bin/udhcpc",
    "/sbin/dhcpcd",
    "/usr/sbin/dhcpcd",
];

impl Rule for DhcpClientMissing {
    fn id(&self) -> &'static str {
        "network-dhcp-client-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (ifupdown, _) = super::running(host)?;
        let raised = ifupdown.raised();
        let asks = |stanza: &&&Stanza| stanza.family == "inet" && stanza.method == "dhcp";
        let Some(first) = raised.iter().find(asks) else {
            return Err(Stop::NotApplicable(
                "no interface is to get its address by DHCP",
            ));
        };
        let mut out = Findings::new();
        for client in CLIENTS {
            if host.resolve(Path::new(client)).require()?.is_some() {
                return Ok(out);
            }
        }
        super::alone(host)?;
        let name = escape(first.name.as_bytes());
        let message = format!("{name} gets no address at boot: no DHCP client is installed");
        let evidence = Evidence::span(first.place.clone(), "asks for one");
        let missing = Evidence::Missing {
            paths: CLIENTS.iter().map(PathBuf::from).collect(),
            notes: Vec::new(),
        };
        let finding = Finding::new(self.id(), name, message, evidence).with(missing);
        let only = raised.iter().all(|stanza| stanza.method == "dhcp");
        out.push(if only {
            finding
        } else {
            finding.at_most(Level::Warn)
        });
        Ok(out)
    }
}
