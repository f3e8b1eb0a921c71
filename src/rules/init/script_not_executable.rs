//! `init-script-not-executable`: an enabled start script without an execute bit.

use std::collections::BTreeSet;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::System;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

pub(in crate::rules) struct ScriptNotExecutable;

impl Rule for ScriptNotExecutable {
    fn id(&self) -> &'static str {
        "init-script-not-executable"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let enabled = host.enabled();
        let mut out = Findings::new();
        let mut seen = BTreeSet::new();
        for entry in &enabled.items {
            if entry.system == System::Systemd || !host.is_reached(entry) {
                continue;
            }
            out.judged += 1;
            let found = match &entry.found {
                Fact::Known(found) => found,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown.clone());
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            let is_file = found.meta.kind == FileKind::File;
            if !is_file || found.meta.any_execute_bit() || !seen.insert(found.path.clone()) {
                continue;
            }
            let (name, at) = (&entry.name, escape_path(&found.path));
            let mode = found.meta.mode;
            let message = format!("{name} will not start: {at} is not executable");
            let evidence = Evidence::path(&found.path, format!("mode {mode:04o}"));
            let finding = Finding::new(self.id(), name.clone(), message, evidence)
                .with(Evidence::path(
                    &entry.link,
                    format!("enabled in {}", entry.level),
                ))
                .fix("Give it back its mode:", &[&format!("chmod 755 {at}")]);
            out.push(if super::is_essential(entry) {
                finding.impact(&[Impact::NoAccess])
            } else {
                finding.at_most(Level::Warn)
            });
        }
        if let Err(stop) = enabled.complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}
