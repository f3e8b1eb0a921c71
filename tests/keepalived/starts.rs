//! Whether the daemon stays, and what it says of hooks, checks and instances, against
//! what the rules find.

use std::collections::BTreeSet;

use comeback::facts::{Given, Host};
use comeback::parse::keepalived::Version;
use comeback::rules::{Level, Selection, examine};
use comeback::source::{Coverage, Limits, MemSource, Tree};
use comeback::time::Deadline;

use super::explained::STARTS;
use super::{Case, Said, VERSIONS, cases, said};

/// The daemon ends.
const ENDS: &str = "failover-config-broken";

/// Words of its messages, and the rule that says the same.
const RULES: &[(&str, &str)] = &[
    ("Wrong file type found", "failover-script-behind-link"),
    ("Invalid user/group for", "failover-script-user-missing"),
    ("Unable to set default user", "failover-script-user-missing"),
    ("Failed to set default user", "failover-script-user-missing"),
    ("Unable to set uid/gid", "failover-script-user-missing"),
    ("track script gone not found", "failover-check-void"),
    ("since not found/accessible", "failover-check-void"),
    ("is not executable for", "failover-check-void"),
    ("nopreempt", "failover-preempts-anyway"),
    ("ignoring tracked script", "failover-weight-without-effect"),
    ("A unicast keyword has been", "failover-peers-missing"),
    ("more than one sync group", "failover-group-broken"),
    ("in sync group g doesn't exist", "failover-group-broken"),
    ("you want - removing", "failover-group-broken"),
    ("address family must match", "failover-mixed-families"),
    ("skipping IP", "failover-address-dropped"),
    ("skipping VIP", "failover-address-dropped"),
    ("No dev parameter", "failover-address-dropped"),
    ("MUST be of the same family", "failover-peers-missing"),
];

/// What keepalived's answer comes down to.
fn told(said: &Said) -> BTreeSet<&'static str> {
    let messages = said.messages.iter().map(|(_, message)| message);
    let messages: Vec<&String> = messages.chain(&said.log).collect();
    let found = RULES
        .iter()
        .filter(|(words, _)| messages.iter().any(|m| m.contains(words)));
    let mut all: BTreeSet<&str> = found.map(|(_, rule)| *rule).collect();
    // Also the words for a script that was removed, which the row before tells.
    let unknown = messages
        .iter()
        .any(|m| m.contains("track script s not found"));
    if unknown && !all.contains("failover-script-user-missing") {
        all.insert("failover-check-void");
    }
    if !said.stays {
        all.insert(ENDS);
    }
    all
}

/// What the rules find on a machine with that release.
fn found(case: &Case, version: Version) -> BTreeSet<&'static str> {
    let mut source = MemSource::new();
    for given in &case.files {
        source.file_mode(&given.path, given.bytes.clone(), given.mode);
    }
    source.link("/bin", "usr/bin");
    source.file_mode("/usr/bin/true", "#!/bin/sh\n", 0o755);
    source.file_mode("/usr/bin/sh", "\x7fELF", 0o755);
    let mut accounts = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n".to_owned();
    for name in &case.accounts {
        accounts.extend([name, ":x:998:998::/:/bin/sh\n"]);
    }
    source.file("/etc/passwd", accounts);
    source.file("/etc/hostname", "node1\n");
    let status =
        format!("Package: keepalived\nStatus: install ok installed\nVersion: 1:{version}-1\n");
    source.file("/var/lib/dpkg/status", status);
    let tree = Tree::new(
        Box::new(source),
        Coverage::full(true),
        Limits::STANDARD,
        Deadline::none(),
    );
    let host = Host::new(tree, jiff::Timestamp::UNIX_EPOCH, Given::default());
    let examined = examine(&host, &Selection::default(), jiff::SignedDuration::ZERO);
    let compared = |rule: &str| RULES.iter().any(|(_, known)| *known == rule);
    let findings = examined.findings.iter().filter(|finding| {
        let ends = finding.rule == ENDS && finding.at_most == Level::Block;
        ends || compared(finding.rule) && finding.at_most > Level::Note
    });
    findings.map(|finding| finding.rule).collect()
}

#[test]
fn rules_find_what_keepalived_says_at_its_start() {
    let cases = cases();
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    let mut alike = 0;
    for version in VERSIONS {
        for (name, said) in said(version) {
            let (told, found) = (told(&said), found(&cases[&name], version));
            alike += told.intersection(&found).count();
            let missed = told
                .difference(&found)
                .map(|rule| ("only keepalived", rule));
            let more = found.difference(&told).map(|rule| ("only here", rule));
            for (who, rule) in missed.chain(more) {
                let what = format!("{who}: {rule}");
                let row = STARTS.iter().position(|(case, difference, versions, _)| {
                    *case == name && *difference == what && versions.contains(&version)
                });
                match row {
                    Some(row) => {
                        used.insert((row, version));
                    }
                    None => complaints.push(format!("{version} {name}: {what}")),
                }
            }
        }
    }
    for (row, (case, what, versions, _)) in STARTS.iter().enumerate() {
        for version in *versions {
            if !used.contains(&(row, *version)) {
                complaints.push(format!("{version} {case}: no longer {what}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(alike >= 140, "alike in {alike}");
}
