//! `packages-config-merge-pending`: configuration updates left for the administrator.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::merges::{Meaning, Merge};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct ConfigMergePending;

/// Files named in one finding; the rest is counted.
const SHOWN: usize = 6;

impl Rule for ConfigMergePending {
    fn id(&self) -> &'static str {
        "packages-config-merge-pending"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let merges = host.merges();
        let mut out = Findings::new();
        out.judged = merges.items.len();
        let group = |keep: &dyn Fn(&Merge) -> bool| {
            merges.items.iter().filter(|m| keep(m)).collect::<Vec<_>>()
        };
        let gentoo = |merge: &Merge| {
            let name = merge
                .path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with("._cfg"))
        };
        // Portage leaves every change of a protected file to be merged, so what a
        // finished update needs may still be waiting. dpkg, rpm and pacman write
        // `.dpkg-dist`, `.rpmnew` and `.pacnew` only beside a file that the
        // administrator changed and that goes on working.
        let grave = group(&|m| {
            let decides = match m.meaning {
                Meaning::HalfUnpacked | Meaning::OwnMovedAway => true,
                Meaning::NewVersionWaits => gentoo(m),
            };
            m.boot_critical && decides
        });
        let rest =
            group(&|m| m.boot_critical && m.meaning == Meaning::NewVersionWaits && !gentoo(m));
        for (merges, level, subject) in [(grave, Level::Warn, "boot"), (rest, Level::Note, "kept")]
        {
            let Some(first) = merges.first() else {
                continue;
            };
            let message = match (level, merges.len()) {
                (Level::Note, 1) => "1 newer default of a boot-critical file is not merged".into(),
                (Level::Note, n) => {
                    format!("{n} newer defaults of boot-critical files are not merged")
                }
                (_, 1) => "1 boot-critical configuration update is half done".into(),
                (_, n) => format!("{n} boot-critical configuration updates are half done"),
            };
            let mut finding = Finding::new(self.id(), subject, message, evidence(first));
            for merge in merges.iter().skip(1).take(SHOWN - 1) {
                finding = finding.with(evidence(merge));
            }
            if merges.len() > SHOWN {
                let text = format!("and {} more", merges.len() - SHOWN);
                finding = finding.with(Evidence::computed(text));
            }
            out.push(finding.at_most(level));
        }
        if let Err(stop) = merges.complete() {
            out.stop(stop);
        }
        Ok(out)
    }
}

fn evidence(merge: &Merge) -> Evidence {
    let for_file = escape_path(&merge.for_file);
    let text = match merge.meaning {
        Meaning::NewVersionWaits => format!("a new version of {for_file} waits to be merged"),
        Meaning::HalfUnpacked => format!("{for_file} was unpacked and never put in place"),
        Meaning::OwnMovedAway => format!("your {for_file} was moved away: defaults are in force"),
    };
    Evidence::path(&merge.path, text)
}
