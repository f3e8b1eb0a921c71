//! Hosts that need another one while they boot.

use super::{Constraint, Directory, Member, Need};

/// The hosts that a need of the host `own` means; none where one of them is no host of
/// this run, which may well be up.
#[must_use]
pub fn providers(directory: &Directory, need: &Need, own: usize) -> Vec<usize> {
    let find = |name: &String| directory.find(name).filter(|at| *at != own);
    let found: Option<Vec<usize>> = need.of.iter().map(find).collect();
    found.into_iter().flatten().collect()
}

/// A host and the one it boots from are not down together: of several that do the same
/// one is enough.
#[must_use]
pub fn needs(members: &[Option<&Member>]) -> Vec<Constraint> {
    let directory = Directory::of(members);
    let mut out = Vec::new();
    for (index, member) in members.iter().enumerate() {
        for need in member.iter().flat_map(|member| &member.needs.items) {
            let mut hosts = providers(&directory, need, index);
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
