//! `network-router-interface-missing`: a routing daemon is told to use an interface that is
//! not there.

use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::facts::cluster::starts;
use crate::facts::network::names;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{File, Place, Span, escape};

pub(in crate::rules) struct RouterInterfaceMissing;

/// Files, who reads them, and whether names stand in quotes.
const FILES: [(&str, &str, bool); 6] = [
    ("/etc/frr/frr.conf", "frr", false),
    ("/etc/frr/zebra.conf", "frr", false),
    ("/etc/frr/ospfd.conf", "frr", false),
    ("/etc/bird/bird.conf", "bird", true),
    ("/etc/bird/bird6.conf", "bird6", true),
    ("/etc/bird.conf", "bird", true),
];

/// The interfaces that a line names: one word for FRR (`interface eth0`), for BIRD what
/// stands in quotes before the block, patterns and what is left out apart.
fn named(line: &str, quoted: bool) -> Vec<&str> {
    let line = line.split('#').next().unwrap_or("").trim();
    let Some(rest) = line.strip_prefix("interface ") else {
        return Vec::new();
    };
    if !quoted {
        return rest.split_whitespace().take(1).collect();
    }
    let rest = rest.split(['{', ';']).next().unwrap_or("");
    let parts: Vec<&str> = rest.split('"').collect();
    let pairs = parts.chunks_exact(2);
    let wanted = pairs.filter_map(|pair| match pair {
        [before, name] if !before.trim_end().ends_with('-') => Some(*name),
        _ => None,
    });
    wanted
        .filter(|name| !name.contains(['*', '?', '[']))
        .collect()
}

/// Each name of a file with its line.
fn all(file: &Arc<File>, quoted: bool) -> Vec<(String, Place)> {
    let mut found: Vec<(String, Place)> = Vec::new();
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        for name in named(&text, quoted) {
            if !found.iter().any(|(known, _)| known == name) {
                let lead = line.len() - line.trim_ascii_start().len();
                let end = span.start + line.trim_ascii_end().len();
                let place = file.place(Span::new(span.start + lead, end));
                found.push((name.to_owned(), place));
            }
        }
    }
    found
}

impl Rule for RouterInterfaceMissing {
    fn id(&self) -> &'static str {
        "network-router-interface-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mut out = Findings::new();
        let there = names::running(host.tree());
        for (path, daemon, quoted) in FILES {
            let file = match host.tree().read(Path::new(path)) {
                Fact::Known(file) => file,
                other => {
                    if !matches!(&other, Fact::NotCovered(_)) {
                        out.gap(&other);
                    }
                    continue;
                }
            };
            let names = all(&file, quoted);
            if names.is_empty() {
                continue;
            }
            if let Err(stop) = starts(host, &[daemon], "nothing starts it") {
                out.stop(stop);
                continue;
            }
            if !there.uncovered.is_empty() {
                out.uncovered.push(Why::NoRuntime);
                continue;
            }
            out.open.extend(there.gaps.iter().cloned());
            out.judged += 1;
            for (name, place) in names {
                let known = there.items.iter().any(|other| other == name.as_bytes());
                let comes = names::is_configured(host.tree(), name.as_bytes());
                if known || comes || !there.gaps.is_empty() || !names::is_lasting(name.as_bytes()) {
                    continue;
                }
                let shown = escape(name.as_bytes());
                let message = format!("{daemon} is told to use {shown}, which is not there");
                let at = Evidence::span(place, "speaks to nobody there");
                let finding = Finding::new(self.id(), shown, message, at)
                    .with(Evidence::path(names::RUNNING, "has no such interface"));
                out.push(finding.confidence(Confidence::Likely));
            }
        }
        out.or_not_applicable("no routing daemon names an interface")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_each_daemon_writes_them() {
        assert_eq!(named("interface eth1 vrf a", false), ["eth1"]);
        let bird = "  interface \"eth1\", -\"eth2\", \"tun*\", \"eth3\" { cost 5; };";
        assert_eq!(named(bird, true), ["eth1", "eth3"]);
        for line in ["# interface eth1", "ip ospf area 0", "interface"] {
            assert!(
                named(line, false).is_empty() && named(line, true).is_empty(),
                "{line}"
            );
        }
    }
}
