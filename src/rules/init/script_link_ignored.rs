//! `init-script-link-ignored`: a link in rcN.d that startpar does not start.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::services::System;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};

pub(in crate::rules) struct ScriptLinkIgnored;

impl Rule for ScriptLinkIgnored {
    fn id(&self) -> &'static str {
        "init-script-link-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let makefile = host.makefile();
        let Some(lists) = makefile.require()? else {
            return Err(Stop::NotApplicable("no startpar starts this box"));
        };
        let level = match host.inittab().require()? {
            Some(table) => table.default_level().map(|(level, _)| level.to_string()),
            None => None,
        };
        let mut out = Findings::new();
        for enabled in &host.enabled().items {
            if enabled.system != System::SysV {
                continue;
            }
            let (list, name) = if enabled.level == "S" {
                (&lists.boot, "/etc/init.d/.depend.boot")
            } else if Some(&enabled.level) == level.as_ref() {
                (&lists.start, "/etc/init.d/.depend.start")
            } else {
                continue;
            };
            out.judged += 1;
            if list.contains(&enabled.name) {
                continue;
            }
            let message = format!(
                "{} is linked in rc{}.d and will not be started: insserv does not know it",
                enabled.name, enabled.level
            );
            let evidence = Evidence::path(&enabled.link, "links alone start nothing here");
            let finding = Finding::new(self.id(), enabled.name.clone(), message, evidence)
                .with(Evidence::path(Path::new(name), "does not list it"))
                .fix(
                    "Let insserv take it up:",
                    &[&format!("update-rc.d {} defaults", enabled.name)],
                );
            out.push(if super::is_essential(enabled) {
                finding.impact(&[Impact::NoAccess])
            } else {
                finding.at_most(Level::Warn)
            });
        }
        if let Err(stop) = host.enabled().complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}
