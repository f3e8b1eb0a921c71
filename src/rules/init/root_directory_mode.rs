//! `root-directory-mode`: / is closed to everybody but root.

use std::path::Path;

use crate::fact::Stop;
use crate::facts::{Boots, Host};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::TreeKind;

pub(in crate::rules) struct RootDirectoryMode;

impl Rule for RootDirectoryMode {
    fn id(&self) -> &'static str {
        "root-directory-mode"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        if !host.tree().coverage().owners {
            return Err(Stop::NotCovered(crate::fact::Why::NoOwners));
        }
        // The directory that a root was unpacked into has a mode of its own, unless it
        // is the root itself.
        let is_root =
            matches!(host.boots(), Boots::Yes(_)) || host.tree().coverage().kind == TreeKind::Live;
        let found = host.tree().resolve(Path::new("/"));
        let mut out = Findings::new();
        let Some(found) = found.require()? else {
            return Ok(out);
        };
        let mode = found.meta.mode;
        if !is_root || mode & 0o001 != 0 {
            return Ok(out);
        }
        let message =
            format!("/ has mode {mode:04o}: nothing that does not run as root gets anywhere");
        let evidence = Evidence::path("/", format!("mode {mode:04o}"));
        let finding = Finding::new(self.id(), "/", message, evidence);
        out.push(finding.fix("Open the directory, not what is in it:", &["chmod 755 /"]));
        Ok(out)
    }
}
