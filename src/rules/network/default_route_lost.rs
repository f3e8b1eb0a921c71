//! `network-default-route-lost`: the kernel has a default route that nothing on disk sets.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::default_routes;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct DefaultRouteLost;

impl Rule for DefaultRouteLost {
    fn id(&self) -> &'static str {
        "network-default-route-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let routes = default_routes(host.tree());
        let routes = routes.require()?;
        let Some(routes) = routes.filter(|routes| !routes.is_empty()) else {
            return Err(Stop::NotApplicable("the kernel has no default route"));
        };
        let (ifupdown, interfaces) = super::running(host)?;
        if interfaces.is_refused() {
            return Err(Stop::NotApplicable("ifup refuses the file"));
        }
        if super::has_router(host) || !interfaces.mapped.is_empty() {
            return Err(Stop::NotApplicable("a program that sets routes is started"));
        }
        super::alone(host)?;
        let mut out = Findings::new();
        let set = interfaces
            .stanzas
            .iter()
            .filter(|s| interfaces.raises(&s.name));
        let set: Vec<_> = set
            .filter(|stanza| super::may_set_default(stanza))
            .collect();
        for route in routes {
            // A gateway that another stanza sets, or a client that may be told one.
            let gateway = route.gateway.map(std::net::IpAddr::V4);
            let reproduced = set.iter().any(|stanza| match stanza.gateway() {
                Some((address, _)) => Some(address) == gateway,
                None => true,
            });
            if reproduced {
                continue;
            }
            let name = escape(route.interface.as_bytes());
            let via = gateway.map_or(String::new(), |gateway| format!(" via {gateway}"));
            let message =
                format!("the default route{via} on {name} is lost at boot: no file sets it");
            let evidence = Evidence::span(route.place.clone(), "the kernel has it now");
            let mut finding = Finding::new(self.id(), format!("{name}{via}"), message, evidence);
            let stanza = ifupdown
                .raised()
                .into_iter()
                .find(|stanza| stanza.name == route.interface);
            if let Some(stanza) = stanza {
                let text = match stanza.gateway() {
                    Some((other, _)) => format!("its gateway here is {other}"),
                    None => "has no gateway line".to_owned(),
                };
                finding = finding.with(Evidence::span(stanza.place.clone(), text));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
