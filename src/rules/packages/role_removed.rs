//! `packages-role-removed`: a transaction takes away the last package that does a part
//! of the boot.

use super::roles::{ROLES, networkd};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::packages::Packages;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct RoleRemoved;

impl Rule for RoleRemoved {
    fn id(&self) -> &'static str {
        "packages-role-removed"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let Some(before) = cx.base else {
            return Err(Stop::NotApplicable("no transaction"));
        };
        let was = before.packages().require()?;
        let is = host.packages().require()?;
        let (Some(was), Some(is)) = (was, is) else {
            return Err(Stop::NotApplicable("no package database"));
        };
        let mut out = Findings::new();
        for role in &ROLES {
            let doing = |packages: &Packages| -> Vec<String> {
                let installed = packages.entries().filter(|e| e.state.is_installed());
                let names = installed.filter(|e| role.packages.iter().any(|p| fits(p, e.name)));
                names
                    .map(|e| format!("{} {}", e.name, e.version()))
                    .collect()
            };
            let gone = doing(was);
            if gone.is_empty() || !doing(is).is_empty() {
                continue;
            }
            out.judged += 1;
            if role.subject == "kernel" && !host.kernels().items.is_empty() {
                continue;
            }
            if role.subject == "network" && networkd(host) {
                continue;
            }
            let used = (role.used)(before);
            out.gap(&used);
            let Fact::Known(used) = used else { continue };
            let names: Vec<&str> = gone.iter().filter_map(|n| n.split(' ').next()).collect();
            let message = format!("{} goes: {}", names.join(" and "), role.what);
            let text = format!("{} is installed now", gone.join(" and "));
            let finding = Finding::new(self.id(), role.subject, message, Evidence::computed(text));
            out.push(
                finding
                    .with(used)
                    .impact(role.impact)
                    .at_most(role.level)
                    .confidence(Confidence::Likely),
            );
        }
        Ok(out)
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        }
        None => name == pattern,
    }
}
