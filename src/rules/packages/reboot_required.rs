//! `packages-reboot-required`: an update asked for a reboot.

use std::path::Path;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::TreeKind;
use crate::text::escape;

pub(in crate::rules) struct RebootRequired;

/// The flag, and who asked: update-notifier-common 3.192 of Debian and Ubuntu, and
/// zypper 1.14 (`/run/reboot-needed`, which says how).
const FLAGS: [(&str, Option<&str>); 2] = [
    ("/run/reboot-required", Some("/run/reboot-required.pkgs")),
    ("/run/reboot-needed", None),
];

/// Packages named in the message.
const SHOWN: usize = 6;

impl Rule for RebootRequired {
    fn id(&self) -> &'static str {
        "packages-reboot-required"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        if host.tree().coverage().kind != TreeKind::Live {
            return Err(Stop::NotCovered(Why::NoRuntime));
        }
        let mut out = Findings::new();
        for (flag, who) in FLAGS {
            let found = host.tree().resolve(Path::new(flag));
            out.gap(&found);
            if !matches!(found, Fact::Known(_)) {
                continue;
            }
            let mut names: Vec<String> = Vec::new();
            let mut finding_evidence = Vec::new();
            if let Some(path) = who {
                let file = host.tree().read(Path::new(path));
                out.gap(&file);
                if let Fact::Known(file) = file {
                    for (span, line) in file.lines().filter(|(_, line)| !line.is_empty()) {
                        let name = escape(line.trim_ascii());
                        if !names.contains(&name) {
                            let place = file.place(span);
                            finding_evidence.push(Evidence::span(place, "asked for it"));
                            names.push(name);
                        }
                    }
                }
            }
            let message = match names.len() {
                0 => "an update asked for a reboot".to_owned(),
                count if count > SHOWN => {
                    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
                    format!(
                        "updates asked for a reboot: {} and {} more",
                        shown.join(", "),
                        count - SHOWN
                    )
                }
                _ => format!("an update asked for a reboot: {}", names.join(", ")),
            };
            let finding = Finding::new(self.id(), flag, message, Evidence::path(flag, "is there"));
            out.push(finding.with_all(finding_evidence.into_iter().take(1)));
        }
        Ok(out)
    }
}
