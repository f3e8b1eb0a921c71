//! What systemd-networkd, netplan and `NetworkManager` themselves did with some files, held
//! against what is read of these (`tests/network`).

use std::collections::BTreeSet;

use super::tests::link;
use super::{Covers, Plan, Sets, netplan, networkd, networkmanager};
use crate::facts::Host;
use crate::facts::host::Given;
use crate::facts::network::live::Link;
use crate::source::{Coverage, MemSource, Tree};

const CASES: &str = include_str!("../../../../tests/network/cases.txt");
const SAID: &str = include_str!("../../../../tests/network/said");

/// Where more is read than came of it, and why that is left so.
const MORE: [(&str, &str); 3] = [
    ("netplan: a broken file", "values are not looked at"),
    ("netplan: for NetworkManager", "later ones write the rule"),
    (
        "NetworkManager: two profiles for one",
        "the other may come up",
    ),
];

/// The plan for the files of a case.
fn plan(case: &str) -> Plan {
    let mut source = MemSource::new();
    source.file("/lib/systemd/system-generators/netplan", "");
    for part in case.split("-- ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        source.file_mode(format!("/{path}"), content, 0o600);
    }
    let tree = Tree::for_tests(source, Coverage::live());
    let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
    let mut plan = Plan::EMPTY;
    networkd::read(&host, &mut plan);
    netplan::read(&host, &mut plan);
    if case.contains("etc/NetworkManager") {
        networkmanager::read(&host, &mut plan);
    }
    plan
}

fn links() -> Vec<Link> {
    let mut second = link("eth1", Some("veth"));
    second.mac = Some("02:00:00:00:00:02".to_owned());
    vec![
        link("eth0", Some("veth")),
        second,
        link("br0", Some("bridge")),
    ]
}

/// The same lines as `record` writes; none where it may be more or less.
fn ours(plan: &Plan) -> Option<BTreeSet<String>> {
    let mut lines = BTreeSet::new();
    if !plan.open.is_empty() {
        return None;
    }
    for link in links() {
        let name = &link.name;
        if name == "br0" && !plan.makes(name) {
            continue;
        }
        if link.kind.as_deref() == Some("bridge") {
            lines.insert(format!("link {name} bridge"));
        }
        for (part, covers) in plan.of(&link) {
            if covers == Covers::Perhaps || part.open {
                return None;
            }
            if !part.owns {
                continue;
            }
            for sets in &part.sets {
                lines.insert(match sets {
                    Sets::Address(ip, _) => format!("address {name} {ip}"),
                    Sets::Default(Some(via)) => format!("default {name} {via}"),
                    Sets::Default(None) => format!("default {name} -"),
                    Sets::Rule { from, to, table } => {
                        let end =
                            |end: &Option<String>| end.clone().unwrap_or_else(|| "all".to_owned());
                        let table = table.clone().unwrap_or_else(String::new);
                        format!("rule {} {} {table}", end(from), end(to))
                    }
                    Sets::Command(text) => panic!("{text}"),
                });
            }
        }
    }
    Some(lines)
}

#[test]
fn what_the_programs_did_is_what_is_read_here() {
    let (mut count, mut skipped) = (0, Vec::new());
    let cases = CASES.split("== ").skip(1);
    for (case, said) in cases.zip(SAID.split("== ").skip(1)) {
        let (name, content) = case.split_once('\n').unwrap();
        let (same, said) = said.split_once('\n').unwrap();
        assert_eq!(name, same);
        count += 1;
        let words = |line: &str| line.split(' ').take(4).collect::<Vec<_>>().join(" ");
        let said: BTreeSet<String> = said
            .lines()
            .filter(|line| *line != "refused")
            .map(|line| match line.split(' ').next() {
                Some("address" | "default" | "link") => {
                    line.split(' ').take(3).collect::<Vec<_>>().join(" ")
                }
                _ => words(line),
            })
            .collect();
        let Some(ours) = ours(&plan(content)) else {
            skipped.push(name);
            continue;
        };
        let missing: Vec<_> = said.difference(&ours).collect();
        assert!(missing.is_empty(), "{name}: not read: {missing:?} {ours:?}");
        let more: Vec<_> = ours.difference(&said).collect();
        let known = MORE.iter().any(|(own, _)| *own == name);
        assert_eq!(more.is_empty(), !known, "{name}: {more:?}");
    }
    assert_eq!(count, 47);
    // Where less is known than the program knows, nothing is said.
    let known = [
        "networkd: a broken address and an unknown key",
        "netplan: a tab",
        "NetworkManager: a gateway, a route and a rule",
    ];
    assert_eq!(skipped, known);
}
