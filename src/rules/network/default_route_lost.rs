//! `network-default-route-lost`: the kernel has a default route that nothing on disk sets.

use super::lost;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::{DefaultRoute, Link, default_routes};
use crate::facts::network::plan::{Plan, Sets, said_by};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
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
        let (plan, links) = lost::followed(host)?;
        if super::has_silent_router(host) {
            return Err(Stop::NotApplicable("a program that sets routes is started"));
        }
        let mut out = Findings::new();
        for route in routes {
            let link = lost::link(&links, &route.interface);
            if lost::by_daemon(route.protocol.as_deref()) || lost::is_passing(&link, plan) {
                continue;
            }
            out.judged += 1;
            if is_set(plan, &link, route) || is_said(host, route) {
                continue;
            }
            let name = escape(route.interface.as_bytes());
            let via = route
                .gateway
                .map_or(String::new(), |gateway| format!(" via {gateway}"));
            let message =
                format!("the default route{via} on {name} is lost at boot: no file sets it");
            let evidence = Evidence::span(route.place.clone(), "the kernel has it now");
            let finding = Finding::new(self.id(), format!("{name}{via}"), message, evidence)
                .follows(&["network-interface-unowned"]);
            let parts = lost::owned(plan, &link);
            // Only what ifupdown does was seen in the end to leave the box without a way.
            // Only beside ifupdown it was seen in the end that nobody gets in.
            let by_ifupdown = parts.iter().all(|part| part.owner == "ifupdown");
            let finding = match (lost::is_proven(&parts), by_ifupdown) {
                (true, true) => finding,
                (true, false) => finding.at_most(Level::Warn),
                (false, _) => finding
                    .at_most(Level::Warn)
                    .confidence(Confidence::Possible),
            };
            let Some((part, place)) = parts
                .first()
                .and_then(|part| part.place.as_ref().map(|place| (part, place)))
            else {
                out.push(finding);
                continue;
            };
            let own = part.sets.iter().find_map(|sets| match sets {
                Sets::Default(Some(gateway)) => Some(gateway),
                _ => None,
            });
            let text = match own {
                Some(other) => format!("its gateway here is {other}"),
                None => "has no gateway line".to_owned(),
            };
            out.push(finding.with(Evidence::span(place.clone(), text)));
        }
        Ok(out)
    }
}

/// Whether something sets it, or may.
fn is_set(plan: &Plan, link: &Link, route: &DefaultRoute) -> bool {
    let set = |sets: &Sets| match sets {
        Sets::Default(gateway) => *gateway == route.gateway,
        Sets::Command(command) => super::sets_default(command) || super::is_script(command),
        Sets::Address(..) | Sets::Rule { .. } => false,
    };
    let parts = lost::owned(plan, link);
    // A router may tell the way, whoever owns the interface.
    let told = route.v6 && route.protocol.is_none();
    told || lost::may_do_more(plan, link)
        || parts.iter().any(|part| part.dynamic)
        || plan.parts.iter().flat_map(|part| &part.sets).any(set)
}

fn is_said(host: &Host, route: &DefaultRoute) -> bool {
    let Some(gateway) = route.gateway else {
        return said_by(host, &["default", &route.interface]).is_some();
    };
    let gateway = gateway.to_string();
    let said = |word: &str| said_by(host, &[&gateway, word]).is_some();
    said("default") || said("0.0.0.0") || said("::/0")
}
