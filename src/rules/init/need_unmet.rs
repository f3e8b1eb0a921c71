//! `init-need-unmet`: a service of OpenRC needs one that does not exist.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::System;
use crate::parse::openrc_script;
use crate::rules::{Cx, Evidence, Finding, Findings, Impact, Level, Rule};
use crate::text::File;

pub(in crate::rules) struct NeedUnmet;

impl Rule for NeedUnmet {
    fn id(&self) -> &'static str {
        "init-need-unmet"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        if host.openrc_calls().items.is_empty() {
            host.openrc_calls().complete()?;
            return Err(Stop::NotApplicable("OpenRC does not start this box"));
        }
        let mut out = Findings::new();
        let mut provided: BTreeSet<Vec<u8>> = BTreeSet::new();
        let mut scripts = crate::fact::Listing::new();
        for dir in ["/etc/init.d", "/usr/local/etc/init.d"] {
            scripts.append(host.tree().entries(Path::new(dir)));
        }
        for path in &scripts.items {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            provided.extend(name.map(String::into_bytes));
            if let Fact::Known(file) = host.tree().read(path) {
                let words = openrc_script::depend(&file);
                provided.extend(
                    words
                        .into_iter()
                        .filter(|w| w.kind == "provide")
                        .map(|w| w.name),
                );
            }
        }
        let complete = scripts.complete().is_ok();
        let mut seen = BTreeSet::new();
        for enabled in &host.enabled().items {
            let reached = enabled.system == System::OpenRc && host.is_reached(enabled);
            if !reached || !seen.insert(&enabled.name) {
                continue;
            }
            let file = match enabled.script(host.tree()) {
                Fact::Known(file) => file,
                Fact::Unknown(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => continue,
            };
            out.judged += 1;
            let path = enabled.points_at().unwrap_or_else(|| enabled.link.clone());
            let own: Arc<File> = File::new(path, file.bytes());
            for word in openrc_script::depend(&own) {
                if word.kind != "need" || provided.contains(&word.name) {
                    continue;
                }
                if !complete {
                    out.open.extend(scripts.gaps.iter().cloned());
                    continue;
                }
                let needs = crate::text::escape(&word.name);
                let name = &enabled.name;
                let message =
                    format!("{name} will not start: it needs {needs}, which no script is");
                let evidence = Evidence::span(word.place, "nothing of that name in /etc/init.d");
                let finding = Finding::new(self.id(), name.clone(), message, evidence)
                    .with(Evidence::path(
                        &enabled.link,
                        format!("enabled in {}", enabled.level),
                    ))
                    .follows(&["init-foreign-script", "init-script-interpreter-missing"]);
                out.push(if super::is_essential(enabled) {
                    finding.impact(&[Impact::NoAccess])
                } else {
                    finding.at_most(Level::Warn)
                });
            }
        }
        out.open.extend(host.enabled().gaps.iter().cloned());
        Ok(out)
    }
}
