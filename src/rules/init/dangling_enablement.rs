//! `init-dangling-enablement`: enabled to start at boot, and nothing there to start.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::services::{Enabled, System};
use crate::parse::dpkg::State;
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
        out.judged = enabled.items.len();
        let mut units: Vec<&Enabled> = Vec::new();
        for entry in &enabled.items {
            // Runlevels that no boot comes to may hold what they like.
            if !host.is_reached(entry) {
                continue;
            }
            let Fact::Absent(looked) = &entry.found else {
                out.gap(&entry.found);
                continue;
            };
            if entry.system == System::Systemd {
                units.push(entry);
                continue;
            }
            // A script that its package still ships is the business of
            // init-start-script-missing.
            let shipped = entry.points_at().map(|path| host.owner(&path));
            if matches!(shipped, Some(Fact::Known(_))) {
                continue;
            }
            let name = &entry.name;
            let message = format!(
                "{name} is enabled in {}, but its start script is gone",
                entry.level
            );
            let target = entry
                .target
                .as_deref()
                .map_or_else(String::new, escape_path);
            let evidence = Evidence::path(&entry.link, format!("-> {target}"));
            let mut finding = Finding::new(self.id(), name.clone(), message, evidence)
                .with(Evidence::from(looked));
            if super::is_essential(entry) {
                finding = finding.impact(&[Impact::NoAccess]);
            } else {
                finding = finding.at_most(Level::Warn);
            }
            if removed_but_not_purged(host, name) {
                finding = finding.at_most(Level::Note);
            }
            out.push(finding);
        }
        let systemd = enabled
            .items
            .iter()
            .filter(|e| e.system == System::Systemd)
            .count();
        dangling_units(host, &units, units.len() == systemd, &mut out);
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

/// Units named in one finding.
const SHOWN: usize = 5;

/// Units that are enabled and gone. systemd passes over such links, so the rest of
/// the boot is not touched; what they were for does not happen.
fn dangling_units(host: &Host, units: &[&Enabled], all: bool, out: &mut Findings) {
    let (left, lost): (Vec<&Enabled>, Vec<&Enabled>) = units
        .iter()
        .copied()
        .partition(|entry| removed_but_not_purged(host, &entry.name));
    for (entries, level) in [(lost, Level::Warn), (left, Level::Note)] {
        let Some(first) = entries.first() else {
            continue;
        };
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let (subject, message) = match names.as_slice() {
            [one] => {
                let message = format!("{one} is enabled in {}, but its unit is gone", first.level);
                ((*one).to_owned(), message)
            }
            many => {
                let shown = many
                    .iter()
                    .take(SHOWN)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ");
                let more = if many.len() > SHOWN { ", ..." } else { "" };
                let message = format!("{} enabled units are gone: {shown}{more}", many.len());
                ("units".to_owned(), message)
            }
        };
        let link = |entry: &&Enabled| {
            let target = entry
                .target
                .as_deref()
                .map_or_else(String::new, escape_path);
            Evidence::path(&entry.link, format!("-> {target}"))
        };
        let mut evidence = entries.iter().take(SHOWN).map(link);
        let Some(first) = evidence.next() else {
            continue;
        };
        let mut finding = Finding::new("init-dangling-enablement", subject, message, first)
            .with_all(evidence)
            .with(Evidence::computed(
                "no unit of that name in any directory systemd reads",
            ))
            .at_most(level);
        if all && entries.len() > 1 {
            // Nothing of systemd's is there: that is another fault's consequence.
            finding = finding.follows(&["init-missing"]);
        }
        out.push(finding);
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
    named.any(|package| package.state == State::ConfigFiles)
}
