//! `/etc/default/etcd` and `/etc/etcd/etcd.conf`: environment files of the service.
//!
//! `ETCD_INITIAL_CLUSTER` lists `NAME=URL` with commas between (etcd documentation,
//! configuration flags, `initial-cluster`); it tells the members at the cluster's
//! creation, which is what a configuration repository has.

use std::sync::Arc;

use super::{Quorum, distinct, host_of};
use crate::text::File;

/// The members of `ETCD_INITIAL_CLUSTER`, the last such line.
#[must_use]
pub fn etcd(file: &Arc<File>) -> Option<Quorum> {
    let mut members = None;
    let mut name = None;
    for (span, line) in file.lines() {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim() {
            "ETCD_INITIAL_CLUSTER" => members = Some((value.to_owned(), file.place(span))),
            "ETCD_INITIAL_CLUSTER_TOKEN" => name = Some(value.to_owned()),
            _ => {}
        }
    }
    let (members, place) = members?;
    let host = |member: &str| {
        let (_, url) = member.split_once('=')?;
        let (_, authority) = url.split_once("://")?;
        host_of(authority.split('/').next()?)
    };
    let voters = distinct(members.split(',').filter_map(host));
    (!voters.is_empty()).then_some(Quorum {
        name,
        voters,
        size: None,
        spare: None,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_initial_cluster_are_the_hosts_of_its_urls() {
        let text = "# x\nETCD_NAME=\"db1\"\nETCD_INITIAL_CLUSTER=\"db1=http://10.0.0.1:2380,\
                    db2=https://db2.example:2380/,db1=http://10.0.0.1:2379,bad\"\n\
                    ETCD_INITIAL_CLUSTER_TOKEN=orders\n";
        let found = etcd(&File::new("/etc/default/etcd", text)).unwrap();
        assert_eq!(found.voters, ["10.0.0.1", "db2.example"]);
        assert_eq!(found.name.as_deref(), Some("orders"));
        assert!(etcd(&File::new("/etc/default/etcd", "#ETCD_NAME=x\n")).is_none());
        assert!(etcd(&File::new("/x", "ETCD_INITIAL_CLUSTER=\n")).is_none());
    }
}
