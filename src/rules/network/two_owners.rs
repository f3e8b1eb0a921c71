//! `network-two-owners`: two programs set up one interface.

use super::lost;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::network::live::links;
use crate::facts::network::plan::{Covers, Part, Plan};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct TwoOwners;

impl Rule for TwoOwners {
    fn id(&self) -> &'static str {
        "network-two-owners"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let plan = host.network_plan();
        if !plan.open.is_empty() {
            return Err(Stop::Undecided(plan.open.clone()));
        }
        let mut owners: Vec<&str> = plan.parts.iter().map(owner).collect();
        owners.sort_unstable();
        owners.dedup();
        if owners.len() < 2 {
            return Err(Stop::NotApplicable("one program sets up the network"));
        }
        let mut out = Findings::new();
        for name in names(host, plan) {
            out.judged += 1;
            let found = links(host.tree());
            let known = match &found {
                Fact::Known(links) => links.as_slice(),
                _ => &[],
            };
            let link = lost::link(known, &name);
            let sure: Vec<&Part> = plan
                .of(&link)
                .into_iter()
                .filter(|(part, covers)| {
                    *covers == Covers::Yes && part.owns && !part.fallback && part.place.is_some()
                })
                .map(|(part, _)| part)
                .collect();
            let Some(first) = sure.first() else { continue };
            let other = sure
                .iter()
                .find(|part| !goes_with(owner(first), owner(part)));
            let (Some(other), Some(place)) = (other, &first.place) else {
                continue;
            };
            let shown = escape(name.as_bytes());
            let (one, two) = (owner(first), owner(other));
            let message =
                format!("{one} and {two} both set up {shown}: the later one undoes the other");
            let mut finding = Finding::new(
                self.id(),
                shown,
                message,
                Evidence::span(place.clone(), format!("{one} has it here")),
            );
            if let Some(place) = &other.place {
                let text = format!("{two} has it here");
                finding = finding.with(Evidence::span(place.clone(), text));
            }
            out.push(finding);
        }
        Ok(out)
    }
}

const fn owner(part: &Part) -> &'static str {
    part.owner
}

/// netplan writes for the other two; one of them reads also what it did not write.
fn goes_with(one: &str, other: &str) -> bool {
    let writes =
        |a: &str, b: &str| a == "netplan" && matches!(b, "systemd-networkd" | "NetworkManager");
    one == other || writes(one, other) || writes(other, one)
}

/// The interfaces that something names, and those of now.
fn names(host: &Host, plan: &Plan) -> Vec<String> {
    let named = plan.parts.iter().flat_map(|part| {
        let plain = |name: &&String| !name.contains(['*', '?', '[', '!']);
        let names = part.selector.names.iter().filter(plain);
        names.cloned().collect::<Vec<_>>()
    });
    let mut names: Vec<String> = named.collect();
    if let Fact::Known(links) = links(host.tree()) {
        names.extend(links.into_iter().map(|link| link.name));
    }
    names.retain(|name| name != "lo");
    names.sort();
    names.dedup();
    names
}
