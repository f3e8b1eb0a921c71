//! `packages-transaction-interrupted`: a package manager was stopped at its work.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::packages::{RESUME, left_to_merge};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{File, escape};

pub(in crate::rules) struct TransactionInterrupted;

/// Named in the evidence.
const SHOWN: usize = 4;

impl Rule for TransactionInterrupted {
    fn id(&self) -> &'static str {
        "packages-transaction-interrupted"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let packages = super::databases(host)?;
        let mut out = Findings::new();
        if let Some(dpkg) = &packages.dpkg
            && let Some(first) = dpkg.journal.first()
        {
            let count = dpkg.journal.len();
            let word = if count == 1 { "entry" } else { "entries" };
            let message =
                format!("dpkg was stopped at its work: its journal has {count} {word} left");
            let evidence = Evidence::path(first, "was not taken into the status file");
            let finding = Finding::new(self.id(), "dpkg", message, evidence);
            out.push(finding.fix(
                "Let dpkg finish; apt refuses to work until it did:",
                &["dpkg --configure -a"],
            ));
        }
        if let Some(rpm) = &packages.rpm {
            self.doubles(rpm, &mut out);
        }
        if packages.portage.is_some() {
            let read = host.tree().read(Path::new(RESUME));
            out.gap(&read);
            if let Fact::Known(file) = read {
                self.resume(&file, &mut out);
            }
        }
        if packages.pacman.is_some() {
            // libalpm 13 `lib/libalpm/util.c`: made with O_EXCL before a transaction,
            // removed behind it.
            let lock = Path::new("/var/lib/pacman/db.lck");
            let found = host.tree().lstat(lock);
            out.gap(&found);
            if let Fact::Known(_) = found {
                let message = "pacman is at work, or was stopped: its lock is there";
                let evidence = Evidence::path(lock, "is there");
                let finding = Finding::new(self.id(), "pacman", message, evidence)
                    .confidence(Confidence::Likely)
                    .fix(
                        "See that no pacman runs, remove the lock, and repeat the upgrade:",
                        &["pacman -Syu"],
                    );
                out.push(finding);
            }
        }
        Ok(out)
    }
}

impl TransactionInterrupted {
    /// emerge keeps what it has still to do, also where it stopped over a toy: only what
    /// the boot hangs on counts.
    fn resume(&self, file: &File, out: &mut Findings) {
        let left = left_to_merge(file.bytes());
        let critical: Vec<&String> = left
            .iter()
            .filter(|package| super::critical::merges(package))
            .collect();
        let Some(first) = critical.first() else {
            return;
        };
        let message = match critical.len() {
            1 => format!(
                "emerge was stopped, or is at work, before it merged {}",
                escape(first.as_bytes())
            ),
            count => format!(
                "emerge was stopped, or is at work, before it merged {} and {} more of the boot",
                escape(first.as_bytes()),
                count - 1
            ),
        };
        let shown = critical
            .iter()
            .take(SHOWN)
            .map(|package| escape(package.as_bytes()));
        let text = shown.collect::<Vec<_>>().join(", ");
        let evidence = Evidence::path(file.path(), format!("still to do: {text}"));
        let finding = Finding::new(self.id(), "portage", message, evidence)
            .confidence(Confidence::Likely)
            .fix(
                "Let portage finish, or start the upgrade again:",
                &["emerge --resume"],
            );
        out.push(finding);
    }

    /// rpm unpacks every new version before it erases the old ones: one that was
    /// stopped in between has both.
    fn doubles(&self, rpm: &crate::facts::packages::Rpm, out: &mut Findings) {
        let mut versions: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for package in &rpm.packages {
            let key = (package.name.as_str(), package.architecture.as_str());
            versions.entry(key).or_default().push(&package.version);
        }
        let doubled: Vec<String> = versions
            .iter()
            .filter(|((name, _), versions)| versions.len() > 1 && !is_kernel(name))
            .map(|((name, _), versions)| format!("{name} {}", versions.join(" and ")))
            .collect();
        if doubled.is_empty() {
            return;
        }
        let count = doubled.len();
        let word = if count == 1 { "package" } else { "packages" };
        let message =
            format!("rpm was stopped at its work: {count} {word} installed in two versions");
        let shown = doubled.iter().take(SHOWN);
        let mut evidence = shown.map(|text| Evidence::path(&rpm.path, text.clone()));
        if let Some(first) = evidence.next() {
            let finding = Finding::new(self.id(), "rpm", message, first)
                .with_all(evidence)
                .confidence(Confidence::Likely);
            out.push(finding.fix(
                "Take the older of each away, then repeat the upgrade:",
                &["dnf remove --duplicates"],
            ));
        }
    }
}

/// Packages that are installed beside each other on purpose: kernels and modules for
/// them (dnf 4.14 `installonlypkgs`, libzypp `multiversion`).
fn is_kernel(name: &str) -> bool {
    name.starts_with("kernel") || name.contains("kmod") || name.contains("-kmp-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn kernels_may_be_there_twice() {
        assert!(super::is_kernel("kernel-core") && super::is_kernel("kmod-nvidia"));
        assert!(!super::is_kernel("glibc"));
    }
}
