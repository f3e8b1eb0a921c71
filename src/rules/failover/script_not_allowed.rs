//! `failover-script-not-allowed`: a script that its user may not run, or that
//! keepalived refuses to run for root.

use std::path::{Path, PathBuf};

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::parse::keepalived::Version;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::source::{FileKind, Found};
use crate::text::escape_path;

use super::commands::{USERS, User, group, started, user};
use super::security::{may_execute, parts, unsafe_part};

pub(in crate::rules) struct ScriptNotAllowed;

/// From here on the way that is written is looked at too; before, only the one behind
/// its links.
const AS_WRITTEN: Version = Version::new(2, 3, 0);

/// The first part that its user cannot pass.
fn closed(
    host: &Host,
    path: &Path,
    (uid, gid): (u32, Option<u32>),
    out: &mut Findings,
) -> Option<Found> {
    for part in parts(path) {
        match host.resolve(&part) {
            Fact::Known(found) => {
                if may_execute(&found.meta, uid, gid) == Some(false) {
                    return Some(found);
                }
            }
            other => {
                out.gap(&other);
                return None;
            }
        }
    }
    None
}

/// The first part that keepalived does not trust.
fn untrusted(
    host: &Host,
    path: &Path,
    real: &Path,
    version: Version,
    out: &mut Findings,
) -> Option<(PathBuf, String)> {
    let mut all = if version >= AS_WRITTEN {
        parts(path)
    } else {
        Vec::new()
    };
    all.extend(parts(real));
    for part in all {
        match host.tree().lstat(&part) {
            // A linked directory ends it for another reason.
            Fact::Known(found) if found.meta.kind == FileKind::Link && part != path => return None,
            Fact::Known(found) => {
                if let Some(why) = unsafe_part(&found.meta) {
                    return Some((part, why));
                }
            }
            other => {
                out.gap(&other);
                return None;
            }
        }
    }
    None
}

impl Rule for ScriptNotAllowed {
    fn id(&self) -> &'static str {
        "failover-script-not-allowed"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let failover = super::configured(host)?;
        let config = &failover.config;
        if config.version < USERS {
            return Err(Stop::NotApplicable("this keepalived runs every script"));
        }
        if !host.tree().coverage().owners {
            return Err(Stop::NotCovered(Why::NoOwners));
        }
        let mut out = Findings::new();
        super::open_parts(failover, &mut out);
        for one in started(config) {
            let Some(path) = one.program() else { continue };
            // What is not there, or has no execute bit at all, is told elsewhere.
            let found = match host.resolve(&path) {
                Fact::Known(found) if found.meta.any_execute_bit() => found,
                other => {
                    out.gap(&other);
                    continue;
                }
            };
            let uid = match user(host, failover, &one) {
                Ok(Some(User::Id(uid))) => uid,
                Ok(_) => continue,
                Err(unknown) => {
                    out.open.push(unknown);
                    continue;
                }
            };
            out.judged += 1;
            let gid = group(host, failover, &one);
            let shown = escape_path(&path);
            let owner = &one.owner;
            let asks = config.globals.enable_script_security.as_ref();
            let root = uid == 0 || gid == Some(0);
            let (message, evidence) = if let Some(part) = closed(host, &path, (uid, gid), &mut out)
            {
                let meta = &part.meta;
                let mode = meta.mode & 0o7777;
                let text = format!("mode {mode:04o} of user {}, group {}", meta.uid, meta.gid);
                let message = format!("{owner} is not run: user {uid} may not execute {shown}");
                (message, vec![Evidence::path(&part.path, text)])
            } else if let (Some(place), true) = (asks, root) {
                let version = config.version;
                let found = untrusted(host, &path, &found.path, version, &mut out);
                let Some((part, why)) = found else { continue };
                let message = format!("{owner} is disabled by enable_script_security: {shown}");
                let asked = Evidence::span(place.clone(), "asks for it");
                (message, vec![Evidence::path(&part, why), asked])
            } else {
                continue;
            };
            let label = if one.check {
                "dropped: whoever tracks it runs unchecked"
            } else {
                "called here, and silently not run"
            };
            let at = Evidence::span(one.command.place.clone(), label);
            let mut finding = Finding::new(self.id(), shown, message, at).with_all(evidence);
            if one.check {
                finding = finding.at_most(Level::Warn);
            }
            finding = super::by_version(failover, finding);
            out.push(finding);
        }
        out.or_not_applicable("keepalived starts no program")
    }
}
