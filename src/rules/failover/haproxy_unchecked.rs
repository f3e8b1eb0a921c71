//! `failover-haproxy-unchecked`: haproxy goes on sending to a server that is gone.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::cluster::starts;
use crate::parse::haproxy::{self, Line};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape;

pub(in crate::rules) struct HaproxyUnchecked;

const CONFIG: &str = "/etc/haproxy/haproxy.cfg";

/// Words that ask for the state of a server, or keep it out of use.
const ASKS: [&str; 5] = ["check", "agent-check", "track", "backup", "disabled"];

fn asks(line: &Line) -> bool {
    let mut words = line.words.iter().skip(1);
    words.any(|word| ASKS.contains(&word.as_str()))
}

fn is(line: &Line, word: &str) -> bool {
    line.words.first().is_some_and(|first| first == word)
}

impl Rule for HaproxyUnchecked {
    fn id(&self) -> &'static str {
        "failover-haproxy-unchecked"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let file = host.tree().read(Path::new(CONFIG));
        let file = file.require()?;
        let file = file.ok_or(Stop::NotApplicable("haproxy is not configured"))?;
        starts(host, &["haproxy"], "nothing starts haproxy at boot")?;
        let mut out = Findings::new();
        let lines = haproxy::parse(file);
        // What holds for every server of the sections behind it.
        let mut everywhere = false;
        let mut number = 0;
        for line in &lines {
            if is(line, "defaults") {
                everywhere = false;
            }
            if line.section == "defaults" && is(line, "default-server") {
                everywhere = asks(line);
            }
            let proxy = matches!(line.section.as_str(), "backend" | "listen");
            if !proxy || line.number == number {
                continue;
            }
            number = line.number;
            let own: Vec<&Line> = lines
                .iter()
                .filter(|other| other.number == number)
                .collect();
            let servers: Vec<&&Line> = own.iter().filter(|l| is(l, "server")).collect();
            let by_default = own.iter().any(|l| is(l, "default-server") && asks(l));
            if servers.len() < 2 {
                continue;
            }
            out.judged += 1;
            let Some(server) = servers.iter().find(|l| !asks(l)) else {
                continue;
            };
            if everywhere || by_default {
                continue;
            }
            let word = |at: usize| server.words.get(at).map_or("", String::as_str).as_bytes();
            let shown = format!("{}/{}", escape(line.name.as_bytes()), escape(word(1)));
            let message = format!("haproxy sends to {shown} whether it answers or not");
            let at = Evidence::span(server.place.clone(), "without check");
            out.push(Finding::new(self.id(), shown, message, at));
        }
        out.or_not_applicable("no backend of haproxy has two servers")
    }
}
