//! Which host is meant by a name or an address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Member;

/// The hosts by every name and address that one of them alone has.
#[derive(Clone, Debug)]
pub struct Directory(BTreeMap<String, usize>);

impl Directory {
    /// That of these hosts.
    #[must_use]
    pub fn of(members: &[Option<&Member>]) -> Self {
        let mut known: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (index, member) in members.iter().enumerate() {
            let Some(member) = member else { continue };
            let addresses = member.addresses.iter().map(ToString::to_string);
            for name in member.names.iter().cloned().chain(addresses) {
                known
                    .entry(name)
                    .and_modify(|at| *at = at.filter(|at| *at == index))
                    .or_insert(Some(index));
            }
        }
        let single = known.into_iter();
        Self(single.filter_map(|(name, at)| Some((name, at?))).collect())
    }

    /// The host that is called just so.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// The host that is called so, with its domain or without, or has this address.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return self.called(&address.to_string());
        }
        let short = || name.split('.').next().and_then(|short| self.called(short));
        self.called(name).or_else(short)
    }
}
