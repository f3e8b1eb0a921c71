//! `network-keyfile-ignored`: `NetworkManager` passes over the file of a connection.

use std::path::Path;

use crate::fact::{Fact, Stop, Why};
use crate::facts::Host;
use crate::facts::network::State;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::FileKind;
use crate::text::escape_path;

pub(in crate::rules) struct KeyfileIgnored;

impl Rule for KeyfileIgnored {
    fn id(&self) -> &'static str {
        "network-keyfile-ignored"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let mut managers = host.network().managers.iter();
        match managers
            .find(|manager| manager.name == "NetworkManager")
            .map(|manager| &manager.state)
        {
            Some(State::Starts(_)) => {}
            Some(State::Unknown(open)) => return Err(Stop::Undecided(open.clone())),
            Some(State::No | State::NotModelled) | None => {
                return Err(Stop::NotApplicable("nothing starts NetworkManager"));
            }
        }
        if !host.tree().coverage().owners {
            return Err(Stop::NotCovered(Why::NoOwners));
        }
        let mut out = Findings::new();
        let dir = Path::new("/etc/NetworkManager/system-connections");
        let files = host.tree().entries(dir);
        out.open.extend(files.gaps);
        out.uncovered.extend(files.uncovered);
        for path in files.items {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            if !name.is_some_and(|name| name.ends_with(".nmconnection") && !name.starts_with('.')) {
                continue;
            }
            let found = match host.resolve(&path) {
                Fact::Known(found) => found,
                other => {
                    out.gap(&other);
                    continue;
                }
            };
            let meta = found.meta;
            let why = if meta.kind != FileKind::File {
                "is no regular file".to_owned()
            } else if meta.uid != 0 {
                format!("belongs to user {}, not to root", meta.uid)
            } else if meta.mode & 0o077 != 0 {
                format!("has mode {:04o}: others may read it", meta.mode & 0o7777)
            } else {
                continue;
            };
            let shown = escape_path(&path);
            let message = format!("NetworkManager ignores {shown}: it {why}");
            let finding = Finding::new(
                self.id(),
                shown.clone(),
                message,
                Evidence::path(&path, why),
            );
            let (own, mode) = (
                format!("chown root: '{shown}'"),
                format!("chmod 0600 '{shown}'"),
            );
            out.push(finding.fix("Give the file to root alone:", &[&own, &mode]));
        }
        Ok(out)
    }
}
