//! Hosts that need another one while they boot.

use std::collections::BTreeMap;

use super::{Constraint, Member, Need};

/// The hosts by every name and address that one of them alone has.
#[must_use]
pub fn directory(members: &[Option<&Member>]) -> BTreeMap<String, usize> {
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
    single.filter_map(|(name, at)| Some((name, at?))).collect()
}

/// The hosts that a need of the host `own` means; none where one of them is no host of
/// this run, which may well be up.
#[must_use]
pub fn providers(known: &BTreeMap<String, usize>, need: &Need, own: usize) -> Vec<usize> {
    let find = |name: &String| {
        let short = || name.split('.').next().and_then(|short| known.get(short));
        let is_address = name.parse::<std::net::IpAddr>().is_ok();
        let found = known
            .get(name)
            .or_else(|| if is_address { None } else { short() });
        found.copied().filter(|at| *at != own)
    };
    let found: Option<Vec<usize>> = need.of.iter().map(find).collect();
    found.map_or(Vec::new(), |found| found)
}

/// A host and the one it boots from are not down together: of several that do the same
/// one is enough.
#[must_use]
pub fn needs(members: &[Option<&Member>]) -> Vec<Constraint> {
    let known = directory(members);
    let mut out = Vec::new();
    for (index, member) in members.iter().enumerate() {
        for need in member.iter().flat_map(|member| &member.needs.items) {
            let mut hosts = providers(&known, need, index);
            if hosts.is_empty() {
                continue;
            }
            hosts.push(index);
            hosts.sort_unstable();
            hosts.dedup();
            out.push(Constraint {
                kind: None,
                name: need.what.clone(),
                may_be_down: hosts.len() - 1,
                hosts,
                last: None,
            });
        }
    }
    out
}
