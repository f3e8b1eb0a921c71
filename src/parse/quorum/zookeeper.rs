//! `zoo.cfg`: lines `server.N=HOST:PORT:PORT[:observer]` (`ZooKeeper` 3.8
//! `QuorumPeerConfig` and `QuorumPeer.QuorumServer`): an observer has no vote.

use std::sync::Arc;

use super::{Quorum, distinct, host_of};
use crate::text::{File, Span};

/// The voters.
#[must_use]
pub fn zookeeper(file: &Arc<File>) -> Option<Quorum> {
    let mut voters = Vec::new();
    let mut all: Option<Span> = None;
    for (span, line) in file.lines() {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let is_server = key
            .trim()
            .strip_prefix("server.")
            .is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
        let observer = value.to_ascii_lowercase().contains(":observer");
        if !is_server || observer {
            continue;
        }
        // Several addresses of one server stand with `|` between (3.6).
        let first = value.split('|').next().unwrap_or(value);
        let Some(host) = host_of_server(first.trim()) else {
            continue;
        };
        voters.push(host);
        all = Some(all.map_or(span, |all| all.to(span)));
    }
    let place = file.place(all?);
    Some(Quorum {
        name: None,
        voters: distinct(voters),
        size: None,
        spare: None,
        place,
    })
}

/// The host of `HOST:PORT:PORT`.
fn host_of_server(text: &str) -> Option<String> {
    match text.strip_prefix('[') {
        Some(_) => host_of(text),
        None => host_of(text.split(':').next()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observers_have_no_vote() {
        let text = "tickTime=2000\nserver.1=zk1:2888:3888\n server.2 = [fd00::2]:2888:3888;2181\n\
                    server.3=zk3:2888:3888:observer\nserver.x=zk9:1:1\n#server.4=zk4:1:1\n\
                    server.5=a5:2888:3888|b5:2888:3888\n";
        let found = zookeeper(&File::new("/etc/zookeeper/conf/zoo.cfg", text)).unwrap();
        assert_eq!(found.voters, ["zk1", "fd00::2", "a5"]);
        assert!(zookeeper(&File::new("/x", "tickTime=2000\n")).is_none());
    }
}
