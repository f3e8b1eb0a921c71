//! corosync's votes (votequorum(5); corosync 3.1.7 with two to four nodes on one wire).
//!
//! | setting | how many of n nodes may be down at once |
//! |---|---|
//! | none | less than half |
//! | `two_node: 1` | one of the two |
//! | `auto_tie_breaker: 1` | half, where the node that breaks the tie stays |
//! | `last_man_standing: 1` | all but two, one after the other |
//! | `device` | half, and with the algorithm `lms` all but one |

use super::{Quorum, distinct};
use crate::parse::corosync::{Corosync, Node};

/// The voters of a cluster; none where nobody counts votes.
#[must_use]
pub fn corosync(conf: &Corosync) -> Option<Quorum> {
    let provider = conf.get("quorum", "provider")?;
    if provider.value != b"corosync_votequorum" {
        return None;
    }
    let place = conf.section("nodelist").unwrap_or(&provider.place).clone();
    let (mut voters, mut votes) = (Vec::new(), Vec::new());
    for node in conf.nodes() {
        // One without a vote may come and go.
        match vote(&node)? {
            0 => {}
            own => {
                voters.push(named(&node)?);
                votes.push(own);
            }
        }
    }
    let voters = distinct(voters);
    if voters.is_empty() || voters.len() != votes.len() {
        return None;
    }
    let text = conf.get("totem", "cluster_name");
    Some(Quorum {
        name: text.map(|name| String::from_utf8_lossy(&name.value).into_owned()),
        spare: Some(spare(conf, votes)),
        voters,
        size: None,
        place,
    })
}

/// How corosync and Pacemaker call a node: by its name, which is its host's, else by its
/// address.
fn named(node: &Node) -> Option<String> {
    let text = node.name.as_ref().or(node.address.as_ref())?;
    let text = std::str::from_utf8(&text.value).ok()?;
    Some(text.to_ascii_lowercase())
}

fn vote(node: &Node) -> Option<usize> {
    match &node.votes {
        Some(text) => number(&text.value),
        None => Some(1),
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// How many nodes may be down, those with the most votes first.
fn spare(conf: &Corosync, mut votes: Vec<usize>) -> usize {
    let nodes = votes.len();
    let set = |key: &str| conf.get("quorum", key).is_some_and(|v| v.value == b"1");
    if set("two_node") && nodes == 2 {
        return 1;
    }
    if conf.section("quorum.device").is_some() {
        let all_but_one = conf.get("quorum.device.net", "algorithm");
        let all_but_one = all_but_one.is_some_and(|text| text.value == b"lms");
        return if all_but_one { nodes - 1 } else { nodes / 2 };
    }
    if set("last_man_standing") && nodes > 2 {
        return nodes - 2;
    }
    if set("auto_tie_breaker") {
        return nodes / 2;
    }
    let sum: usize = votes.iter().fold(0, |sum, own| sum.saturating_add(*own));
    let expected = conf.get("quorum", "expected_votes");
    let expected = expected.and_then(|text| number(&text.value)).unwrap_or(0);
    // A list of nodes goes before what is expected, unless that is more.
    let majority = sum.max(expected) / 2 + 1;
    votes.sort_unstable_by(|a, b| b.cmp(a));
    let mut left = sum;
    let stays = |own: &&usize| {
        left = left.saturating_sub(**own);
        left >= majority
    };
    votes.iter().take_while(stays).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::corosync::parse;
    use crate::text::File;

    fn cluster(quorum: &str, votes: &[&str]) -> Option<Quorum> {
        let mut text = format!(
            "totem {{\n cluster_name: orders\n}}\nquorum {{\n provider: corosync_votequorum\n{quorum}}}\n\
             nodelist {{\n"
        );
        for (number, votes) in votes.iter().enumerate() {
            let node = format!("  ring0_addr: 10.0.0.{number}\n  name: C{number}\n{votes} }}\n");
            text.push_str(" node {\n");
            text.push_str(&node);
        }
        text.push_str("}\n");
        corosync(&parse(&File::new("/etc/corosync/corosync.conf", text)))
    }

    #[test]
    fn so_many_nodes_may_be_down_as_the_real_one_stays_quorate_without() {
        let device = " device {\n  model: net\n  net {\n   algorithm: ffsplit\n  }\n }\n";
        let alone = " device {\n  model: net\n  net {\n   algorithm: lms\n  }\n }\n";
        for (settings, nodes, spare) in [
            ("", 2, 0),
            (" two_node: 1\n", 2, 1),
            (" two_node: 0\n", 2, 0),
            ("", 3, 1),
            ("", 4, 1),
            (" auto_tie_breaker: 1\n", 4, 2),
            (" last_man_standing: 1\n", 4, 2),
            ("", 5, 2),
            (" expected_votes: 5\n", 4, 1),
            (" expected_votes: 9\n", 5, 0),
            (device, 2, 1),
            (alone, 4, 3),
        ] {
            let found = cluster(settings, &vec![""; nodes]).unwrap();
            assert_eq!(found.spare, Some(spare), "{nodes} nodes with {settings}");
            assert_eq!(found.voters.len(), nodes);
        }
    }

    #[test]
    fn votes_count_and_one_without_a_vote_is_no_voter() {
        let two = "  quorum_votes: 2\n";
        let none = "  quorum_votes: 0\n";
        let found = cluster("", &[two, "", ""]).unwrap();
        assert_eq!((found.spare, found.voters.len()), (Some(0), 3));
        let found = cluster("", &["", "", "", none]).unwrap();
        assert_eq!(found.voters, ["c0", "c1", "c2"]);
        assert_eq!(found.spare, Some(1));
        assert_eq!(found.name.as_deref(), Some("orders"));
        assert_eq!(found.place.bytes(), b"nodelist {");
        assert!(cluster("", &["  quorum_votes: many\n"]).is_none());
        assert!(cluster("", &[]).is_none());
    }

    #[test]
    fn without_a_provider_nobody_counts() {
        let text = "nodelist {\n node {\n  name: a\n }\n node {\n  name: b\n }\n}\n";
        assert!(corosync(&parse(&File::new("/c", text))).is_none());
    }
}
