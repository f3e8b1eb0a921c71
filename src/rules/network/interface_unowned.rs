//! `network-interface-unowned`: an interface that the box is reached by is set up by
//! nothing at boot.

use super::lost;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::{Link, addresses, default_routes, links};
use crate::facts::network::plan::said_by;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct InterfaceUnowned;

impl Rule for InterfaceUnowned {
    fn id(&self) -> &'static str {
        "network-interface-unowned"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let found = links(host.tree());
        let Some(found) = found.require()? else {
            return Err(Stop::NotApplicable("the kernel was not asked"));
        };
        let addresses = addresses(host.tree());
        let addresses = addresses.require()?.map_or(&[][..], Vec::as_slice);
        let routes = default_routes(host.tree());
        let routes = routes.require()?.map_or(&[][..], Vec::as_slice);
        let (plan, _) = lost::followed(host)?;
        let mut out = Findings::new();
        for link in found.iter().filter(|link| is_way_out(link)) {
            let of = |name: &str| name == link.name;
            let own: Vec<_> = addresses
                .iter()
                .filter(|a| a.interface.as_deref().is_some_and(of) && a.address.is_ipv4())
                .collect();
            let Some(first) = own.first() else { continue };
            out.judged += 1;
            if !plan.of(link).is_empty() || plan.makes(&link.name) {
                continue;
            }
            let name = escape(link.name.as_bytes());
            let text = first.address.to_string();
            // Its name alone stands in many a default script.
            if said_by(host, &[&link.name, &text]).is_some() {
                continue;
            }
            let route = routes.iter().find(|route| of(&route.interface));
            let and = if route.is_some() {
                " and the default route"
            } else {
                ""
            };
            let message = format!("nothing sets up {name} at boot, which has {text}{and} now");
            let evidence = Evidence::span(first.place.clone(), "the kernel has it now");
            let mut finding = Finding::new(self.id(), name, message, evidence);
            if let Some(route) = route {
                finding = finding.with(Evidence::span(route.place.clone(), "leads out by it"));
            }
            out.push(finding);
        }
        Ok(out)
    }
}

/// Hardware, or what stands for it in a container.
fn is_way_out(link: &Link) -> bool {
    let own = matches!(link.kind.as_deref(), None | Some("veth"));
    // The other end of a container's pair is called so.
    let inner = link.name.starts_with("veth") || link.port_of.is_some();
    link.up && link.ether && own && !inner
}
