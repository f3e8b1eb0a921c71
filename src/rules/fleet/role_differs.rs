//! `fleet-role-differs`: a file that is meant to be alike on all holders of a role.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{members, name, names};
use crate::fact::Fact;
use crate::rules::{Cx, Evidence, Examined, Finding, FleetRule, Together};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct RoleDiffers;

/// Hosts by the digest of a file, which is none where it is not there.
type Kinds<'a> = BTreeMap<Option<&'a [u8]>, Vec<usize>>;

impl FleetRule for RoleDiffers {
    fn id(&self) -> &'static str {
        "fleet-role-differs"
    }

    fn check(&self, hosts: &[Examined], _cx: &Cx<'_>) -> Together {
        let otherwise = "policy asks for no file that is alike on the holders of a role";
        let mut out = Together::new(otherwise);
        // By role and file, the hosts by what is in it; nothing where it is not there.
        let mut found: BTreeMap<(&str, &PathBuf), Kinds<'_>> = BTreeMap::new();
        for (index, member) in members(hosts).iter().enumerate() {
            let Some(member) = member else { continue };
            for role in &member.roles {
                for path in &role.same {
                    let kinds = found.entry((&role.name, path)).or_default();
                    match member.alike.get(path) {
                        Some(Fact::Known(digest)) => {
                            kinds.entry(Some(digest)).or_default().push(index);
                        }
                        Some(Fact::Absent(_)) => kinds.entry(None).or_default().push(index),
                        Some(Fact::Unknown(unknown)) => out.open.push((index, unknown.clone())),
                        Some(Fact::Broken(fault)) => out.open.push((index, fault.clone().into())),
                        Some(Fact::NotCovered(_)) | None => {}
                    }
                }
            }
        }
        for ((role, path), kinds) in found {
            out.judged.extend(kinds.values().flatten().copied());
            // Of equally many the one with the first host is taken for what is meant.
            let usual = kinds
                .iter()
                .max_by_key(|(_, hosts)| (hosts.len(), std::cmp::Reverse(hosts.first().copied())));
            let Some((usual, like)) = usual else { continue };
            let shown = escape_path(path);
            let role = escape(role.as_bytes());
            for (kind, others) in &kinds {
                if kind == usual {
                    continue;
                }
                for at in others {
                    let host = name(hosts, *at);
                    let message = match (kind, usual) {
                        (None, _) => format!("{host} has no {shown}, as other {role} hosts have"),
                        (_, None) => format!("{host} has a {shown}, which other {role} hosts lack"),
                        _ => format!("{shown} of {host} is not as on other {role} hosts"),
                    };
                    let text = format!("{}: {}", plural(like.len()), names(hosts, like));
                    let finding = Finding::new(
                        self.id(),
                        path.to_string_lossy(),
                        message,
                        Evidence::path(path, "differs"),
                    );
                    out.list.push((*at, finding.with(Evidence::computed(text))));
                }
            }
        }
        out
    }
}

fn plural(count: usize) -> String {
    if count == 1 {
        "1 host has it otherwise".to_owned()
    } else {
        format!("{count} hosts have it otherwise")
    }
}
