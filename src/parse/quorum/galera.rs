//! Galera: the members behind `gcomm://` in `wsrep_cluster_address`.

use super::{Quorum, distinct, host_of};
use crate::text::Place;

/// The members of an address; none where it begins a cluster of its own.
#[must_use]
pub fn galera(address: &str, name: Option<&str>, place: Place) -> Option<Quorum> {
    let list = address.strip_prefix("gcomm://")?;
    let list = list.split('?').next().unwrap_or(list);
    let voters = distinct(list.split(',').filter_map(host_of));
    (!voters.is_empty()).then_some(Quorum {
        name: name.map(str::to_owned),
        voters,
        size: None,
        spare: None,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{File, Span};

    #[test]
    fn the_members_stand_behind_gcomm() {
        let file = File::new("/etc/mysql/my.cnf", "x\n");
        let place = || file.place(Span::new(0, 1));
        let text = "gcomm://db1,10.0.0.2:4567,db1?pc.wait=1";
        let found = galera(text, Some("orders"), place()).unwrap();
        assert_eq!(found.voters, ["db1", "10.0.0.2"]);
        assert_eq!(found.name.as_deref(), Some("orders"));
        for none in ["gcomm://", "dummy://", ""] {
            assert!(galera(none, None, place()).is_none(), "{none}");
        }
    }
}
