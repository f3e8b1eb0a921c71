//! Galera in an option file of `MariaDB` or `MySQL`: `wsrep_cluster_address` lists the
//! members behind `gcomm://`; dashes and underscores in names are the same.

use std::sync::Arc;

use super::{Quorum, distinct, host_of};
use crate::text::File;

/// The members, where wsrep is not switched off in the same file.
#[must_use]
pub fn galera(file: &Arc<File>) -> Option<Quorum> {
    let mut members = None;
    let mut name = None;
    let mut on = true;
    for (span, line) in file.lines() {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let Some((key, value)) = line.trim().split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim().replace('-', "_").to_ascii_lowercase().as_str() {
            "wsrep_cluster_address" => members = Some((value.to_owned(), file.place(span))),
            "wsrep_cluster_name" => name = Some(value.to_owned()),
            "wsrep_on" => on = !matches!(value.to_ascii_lowercase().as_str(), "0" | "off"),
            _ => {}
        }
    }
    let (address, place) = members.filter(|_| on)?;
    let list = address.strip_prefix("gcomm://")?;
    let list = list.split('?').next().unwrap_or(list);
    let voters = distinct(list.split(',').filter_map(host_of));
    (!voters.is_empty()).then_some(Quorum {
        name,
        voters,
        size: None,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_stand_behind_gcomm() {
        let text = "[galera]\nwsrep-cluster-address = \"gcomm://db1,10.0.0.2:4567,db1?pc.wait=1\"\n\
                    wsrep_cluster_name=orders\n";
        let file = |text: &str| File::new("/etc/mysql/mariadb.conf.d/60-galera.cnf", text);
        let found = galera(&file(text)).unwrap();
        assert_eq!(found.voters, ["db1", "10.0.0.2"]);
        assert_eq!(found.name.as_deref(), Some("orders"));
        for none in [
            "wsrep_cluster_address=gcomm://\n",
            "wsrep_cluster_address=dummy://\n",
            "wsrep_on=OFF\nwsrep_cluster_address=gcomm://a,b\n",
            "#wsrep_cluster_address=gcomm://a,b\n",
        ] {
            assert!(galera(&file(none)).is_none(), "{none}");
        }
    }
}
