//! `declared-port-closed`: nothing listens where the site says that something must.

use super::super::{Cx, Evidence, Findings, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::declared::Protocol;
use crate::facts::standing::all_listeners;

pub(in crate::rules) struct PortClosed;

impl Rule for PortClosed {
    fn id(&self) -> &'static str {
        "declared-port-closed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let (mut out, ports) = super::of(host, &host.declared().ports, |port| &port.common)?;
        let listeners = all_listeners(host);
        for port in ports {
            match listeners.any(|socket| port.is_served_by(socket)) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let message = format!("nothing listens on {}", port.common.name);
                    let table = match port.protocol {
                        Protocol::Tcp => "/proc/net/tcp",
                        Protocol::Udp => "/proc/net/udp",
                    };
                    let text = "no such socket here, nor in the table of IPv6";
                    let evidence = Evidence::path(table, text);
                    out.push(super::finding(self.id(), &port.common, message, evidence));
                }
                Err(stop) => {
                    out.judged -= 1;
                    out.stop(stop);
                }
            }
        }
        Ok(out)
    }
}
