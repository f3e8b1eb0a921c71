//! `init-dangling-enablement`: enabled to start at boot, and nothing there to start.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::System;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct DanglingEnablement;

impl Rule for DanglingEnablement {
    fn id(&self) -> &'static str {
        "init-dangling-enablement"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let enabled = host.enabled();
        let mut out = Findings::new();
        for entry in &enabled.items {
            let looked = match &entry.found {
                Fact::Absent(looked) => looked,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown.clone());
                    continue;
                }
                Fact::NotCovered(why) => {
                    out.uncovered.push(why.clone());
                    continue;
                }
                Fact::Known(_) | Fact::Broken(_) => continue,
            };
            // A script that its package still ships is the business of
            // init-start-script-missing.
            let shipped = entry.points_at().map(|path| host.owner(&path));
            if matches!(shipped, Some(Fact::Known(_))) {
                continue;
            }
            let name = &entry.name;
            let kind = match entry.system {
                System::SysV | System::OpenRc => "start script",
                System::Systemd => "unit",
            };
            let message = format!(
                "{name} is enabled in {}, but its {kind} is gone",
                entry.level
            );
            let target = entry
                .target
                .as_deref()
                .map_or_else(String::new, escape_path);
            let evidence = Evidence::path(&entry.link, format!("-> {target}"));
            let mut finding = Finding::new(self.id(), name.clone(), message, evidence)
                .with(Evidence::from(looked));
            if super::is_essential(entry) && entry.system != System::Systemd {
                finding = finding.impact(&[Impact::NoAccess]);
            } else {
                finding = finding.at_most(Level::Warn);
            }
            if removed_but_not_purged(host, name) {
                finding = finding.at_most(Level::Note);
            }
            out.push(finding);
        }
        match enabled.complete() {
            Err(stop) => out.stop(stop),
            Ok(()) if enabled.items.is_empty() => {
                return Err(Stop::NotApplicable("nothing is enabled to start at boot"));
            }
            Ok(()) => {}
        }
        Ok(out)
    }
}

/// Whether dpkg removed a package of that name and kept its configuration: the link
/// was left on purpose.
fn removed_but_not_purged(host: &Host, name: &str) -> bool {
    let Fact::Known(packages) = host.packages() else {
        return false;
    };
    let Some(dpkg) = &packages.dpkg else {
        return false;
    };
    let mut named = dpkg.packages.iter().filter(|p| p.name == name);
    named.any(|package| package.state == "config-files")
}
