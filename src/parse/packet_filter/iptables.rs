//! What iptables-save(8) writes and iptables-restore(8) loads (iptables 1.8.9
//! `iptables/iptables-restore.c`).

use std::sync::Arc;

use super::{Bound, Chain, Rule, Table, Verdict, is_no_beginning, is_other_protocol, ports};
use crate::text::File;

/// Targets that let a packet go on.
const PASSING: [&str; 16] = [
    "LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "SET", "CT", "NOTRACK", "TCPMSS", "AUDIT", "TRACE",
    "TTL", "HL", "DSCP", "CLASSIFY", "RETURN",
];

/// The table `filter` of a file, for packets of `family`.
#[must_use]
pub fn parse(file: &Arc<File>, family: &str) -> Table {
    let mut table = Table {
        family: family.to_owned(),
        chains: Vec::new(),
    };
    let mut counts = false;
    for (span, line) in file.lines() {
        let text = String::from_utf8_lossy(line).into_owned();
        let text = text.trim();
        if let Some(name) = text.strip_prefix('*') {
            counts = name == "filter";
        } else if !counts || text.is_empty() || text.starts_with('#') {
        } else if let Some(head) = text.strip_prefix(':') {
            let mut words = head.split_whitespace();
            let (Some(name), Some(policy)) = (words.next(), words.next()) else {
                continue;
            };
            table.chains.push(Chain {
                name: name.to_owned(),
                is_input: name == "INPUT",
                drops: (policy == "DROP").then(|| file.place(span)),
                rules: Vec::new(),
            });
        } else {
            let words: Vec<&str> = text.split_whitespace().collect();
            let at = words.iter().position(|word| matches!(*word, "-A" | "-I"));
            let name = at.and_then(|at| words.get(at + 1).copied());
            let chain = table
                .chains
                .iter_mut()
                .find(|chain| Some(chain.name.as_str()) == name);
            if let Some(chain) = chain {
                let made = rule(&words, file.place(span));
                if words.contains(&"-I") {
                    chain.rules.insert(0, made);
                } else {
                    chain.rules.push(made);
                }
            }
        }
    }
    table
}

fn rule(words: &[&str], place: crate::text::Place) -> Rule {
    let value = |options: &[&str]| {
        let at = words.iter().position(|word| options.contains(word))?;
        words.get(at + 1).copied()
    };
    let verdict = match value(&["-j", "--jump", "-g", "--goto"]) {
        None => Verdict::Nothing,
        Some("ACCEPT") => Verdict::Accepts,
        Some("DROP" | "REJECT") => Verdict::Drops,
        Some(target) if PASSING.contains(&target) => Verdict::Nothing,
        Some(chain) => Verdict::Jumps(vec![chain.to_owned()]),
    };
    let mut bounds = Vec::new();
    // What a negation leaves over is not worked out.
    let negated = words.contains(&"!");
    if !negated {
        let list = |text: &'_ str| text.split(',').map(str::to_owned).collect::<Vec<String>>();
        let states = value(&["--state", "--ctstate"]).map(list);
        let protocol = value(&["-p", "--protocol", "--proto"]);
        let interface = value(&["-i", "--in-interface"]);
        if states.is_some_and(|states| states.iter().all(|state| is_no_beginning(state)))
            || protocol.is_some_and(|protocol| is_other_protocol(&protocol.to_ascii_lowercase()))
            || interface == Some("lo")
        {
            bounds.push(Bound::NoBeginning);
        }
        let named = value(&[
            "--dport",
            "--destination-port",
            "--dports",
            "--destination-ports",
        ]);
        if let Some(text) = named {
            let words: Vec<&str> = text.split(',').collect();
            bounds.extend(ports(&words, ':').map(Bound::Ports));
        }
    }
    Rule {
        verdict,
        bounds,
        // `-A INPUT -j DROP`, perhaps with what to answer.
        is_for_all: matches!(words, [_, _, "-j", ..]),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shuts(text: &str) -> Option<String> {
        let file = File::new("/etc/iptables/rules.v4", text.as_bytes().to_vec());
        let table = parse(&file, "ip");
        table.shuts(22).map(|place| place.text().trim().to_owned())
    }

    #[test]
    fn a_port_that_no_rule_lets_in_is_shut_by_the_policy_or_by_the_last_rule() {
        let head = "*filter\n:INPUT DROP [0:0]\n:f2b - [0:0]\n-A INPUT -i lo -j ACCEPT\n\
            -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
            -A INPUT -p icmp -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 80,443,8000:8999 -j ACCEPT\n\
            -A INPUT -j f2b\n-A f2b -s 192.0.2.9 -j REJECT\n-A f2b -j RETURN\n";
        assert_eq!(
            shuts(&format!("{head}COMMIT\n")).as_deref(),
            Some(":INPUT DROP [0:0]")
        );
        let accepting = head.replace("DROP", "ACCEPT");
        assert_eq!(shuts(&accepting), None);
        let last = format!("{accepting}-A INPUT -j REJECT --reject-with icmp-port-unreachable\n");
        assert!(shuts(&last).is_some_and(|text| text.starts_with("-A INPUT -j REJECT")));
        for way_in in [
            "-A INPUT -p tcp --dport 22 -j ACCEPT",
            "-A INPUT -p tcp --dport 20:30 -j ACCEPT",
            "-A INPUT -s 192.0.2.0/24 -j ACCEPT",
            "-A INPUT ! -i eth1 -j ACCEPT",
            "-A INPUT -j SOMETHING",
            "-A f2b -s 198.51.100.1 -j ACCEPT",
        ] {
            assert_eq!(shuts(&format!("{head}{way_in}\n")), None, "{way_in}");
        }
        assert_eq!(shuts("*nat\n:INPUT DROP\n"), None);
    }
}
