//! `init-script-interpreter-missing`: an enabled start script whose interpreter does
//! not exist.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::System;
use crate::parse::init_script::{Head, head};
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ScriptInterpreterMissing;

impl Rule for ScriptInterpreterMissing {
    fn id(&self) -> &'static str {
        "init-script-interpreter-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let enabled = host.enabled();
        let mut out = Findings::new();
        let mut seen = Vec::new();
        for entry in &enabled.items {
            if entry.system == System::Systemd {
                continue;
            }
            let file = match entry.script(host.tree()) {
                Fact::Known(file) => file,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            let Head::Script(interpreter) = head(&file) else {
                continue;
            };
            let path = Path::new(std::ffi::OsStr::from_bytes(&interpreter.path));
            let looked = match host.resolve(path) {
                Fact::Absent(looked) => looked,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::NotCovered(why) => {
                    out.uncovered.push(why);
                    continue;
                }
                Fact::Known(_) | Fact::Broken(_) => continue,
            };
            if seen.contains(&entry.name) {
                continue;
            }
            seen.push(entry.name.clone());
            let (name, at) = (&entry.name, escape_path(path));
            let message = if interpreter.path.ends_with(b"\r") {
                let shown = escape(&interpreter.path);
                format!(
                    "{name} will not start: its script has DOS line ends and asks for \"{shown}\""
                )
            } else {
                format!("{name} will not start: its script needs {at}, which is missing")
            };
            let label = "no such interpreter on this system";
            let mut place = interpreter.place.clone();
            if let Some(script) = entry.points_at() {
                // The script's own name tells more than the runlevel's link.
                let renamed = crate::text::File::new(script, file.bytes());
                place = renamed.place(place.span);
            }
            let text = format!("enabled in {}", entry.level);
            let mut finding = Finding::new(
                self.id(),
                name.clone(),
                message,
                Evidence::span(place, label),
            )
            .with(Evidence::path(&entry.link, text))
            .with(Evidence::from(&looked));
            if super::is_essential(entry) {
                finding = finding.impact(&[Impact::NoAccess]);
            } else {
                finding = finding.at_most(Level::Warn);
            }
            out.push(finding);
        }
        if let Err(stop) = enabled.complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}
