//! `failover-script-behind-link`: from keepalived 2.3.0 on, a script of root whose path
//! goes through a linked directory is not run.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::keepalived::Version;
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

use super::commands::{User, directories, started, user};

pub(in crate::rules) struct ScriptBehindLink;

/// The first release that looks at the path as it is written; before, it looked at the
/// one behind the links.
const AS_WRITTEN: Version = Version::new(2, 3, 0);

impl Rule for ScriptBehindLink {
    fn id(&self) -> &'static str {
        "failover-script-behind-link"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        let version = failover.config.version;
        for one in started(&failover.config) {
            let Some(path) = one.program() else { continue };
            // Without one there is nothing to run; that is told elsewhere.
            let there = host.resolve(&path);
            match &there {
                Fact::Known(found) if found.meta.any_execute_bit() => {}
                other => {
                    out.gap(other);
                    continue;
                }
            }
            let mut link = None;
            for directory in directories(&path) {
                match host.tree().lstat(&directory) {
                    Fact::Known(found) if found.meta.kind == FileKind::Link => {
                        link = Some(directory);
                        break;
                    }
                    other => out.gap(&other),
                }
            }
            out.judged += 1;
            let Some(link) = link else { continue };
            match user(host, failover, &one) {
                Ok(Some(User::Id(0))) => {}
                Ok(_) => continue,
                Err(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
            }
            let (shown, directory) = (escape_path(&path), escape_path(&link));
            let now = version >= AS_WRITTEN;
            let owner = &one.owner;
            let message = if now {
                format!("{owner} is not run: {directory} on the way to it is a link")
            } else {
                format!("{owner} stops being run with keepalived 2.3: {directory} is a link")
            };
            let label = if now {
                "keepalived disables it at its start, with one line in its log"
            } else {
                "run by this version, and not by the next ones"
            };
            let target = match host.tree().read_link(&link) {
                Fact::Known(target) => format!("a link to {}", escape_path(&target)),
                _ => "a link".to_owned(),
            };
            let mut finding = Finding::new(
                self.id(),
                shown,
                message,
                Evidence::span(one.command.place.clone(), label),
            )
            .with(Evidence::path(&link, target))
            .with(Evidence::computed(failover.version_from.clone()));
            if let Fact::Known(found) = &there {
                let real = escape_path(&found.path);
                finding = finding.fix(format!("Write {real} instead."), &[]);
            }
            finding = match (now, one.check) {
                (false, _) => finding.at_most(Level::Note),
                (true, true) => finding.at_most(Level::Warn),
                (true, false) => finding,
            };
            if failover.version.is_none() {
                finding = finding.confidence(Confidence::Likely).at_most(Level::Warn);
            }
            out.push(finding);
        }
        out.or_not_applicable("keepalived starts no program")
    }
}
