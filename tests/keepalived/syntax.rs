//! Complaints about the text, class by class and line by line: what `keepalived -t`
//! calls a fault is told at the same line, and what it takes is taken.

use std::collections::{BTreeMap, BTreeSet};

use comeback::parse::keepalived::Version;

use super::classes::{ours, theirs};
use super::explained::SYNTAX;
use super::{VERSIONS, cases, said};

#[test]
fn faults_of_the_text_are_told_at_the_line_where_keepalived_tells_them() {
    let cases = cases();
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    let mut agreed: BTreeMap<Version, usize> = BTreeMap::new();
    for version in VERSIONS {
        for (name, said) in said(version) {
            let config = cases[&name].read(version);
            let (theirs, unknown, ended) = theirs(&said.messages);
            let unknown = unknown.iter();
            complaints.extend(unknown.map(|m| format!("{version} {name}: no class for {m}")));
            let ours = ours(&config);
            *agreed.entry(version).or_default() += ours.intersection(&theirs).count();
            let missed = theirs.difference(&ours).map(|c| ("only keepalived", c));
            // It ends at a missing parameter and tells nothing of what follows.
            let more = ours.difference(&theirs).filter(|_| !ended);
            let more = more.map(|c| ("only here", c));
            for (who, (kind, line)) in missed.chain(more) {
                let what = format!("{who}: {kind} {line}");
                let row = SYNTAX.iter().position(|(case, difference, versions, _)| {
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
    for (row, (case, what, versions, _)) in SYNTAX.iter().enumerate() {
        for version in *versions {
            if !used.contains(&(row, *version)) {
                complaints.push(format!("{version} {case}: no longer {what}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    for version in VERSIONS {
        let count = agreed.get(&version).copied().unwrap_or(0);
        assert!(count >= 60, "{version}: alike in {count} complaints");
    }
}
