//! `verify-mount-lost`: what was mounted is not, or takes no writes.

use super::{before, was, whole};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Mounted, mounted};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::text::escape_path;

pub(in crate::rules) struct MountLost;

impl Rule for MountLost {
    fn id(&self) -> &'static str {
        "verify-mount-lost"
    }

    fn check(&self, host: &Host, cx: &Cx<'_>) -> Result<Findings, Stop> {
        let before = before(host, cx)?;
        let now = whole(mounted(host))?;
        let then = whole(mounted(before))?;
        let mut out = Findings::new();
        for old in then.iter().filter(|mount| is_lasting(mount)) {
            let point = escape_path(old.point());
            let found = now.iter().find(|mount| mount.point() == old.point());
            let message = match found {
                Some(mount) if mount.mount.kind != old.mount.kind => format!(
                    "on {point} a file system of the type {} is mounted in the place of {}",
                    crate::text::escape(&mount.mount.kind),
                    crate::text::escape(&old.mount.kind)
                ),
                Some(mount) if mount.is_read_only() && !old.is_read_only() => {
                    format!("{point} came back read-only")
                }
                Some(_) => continue,
                None => format!("nothing is mounted on {point} any more"),
            };
            let finding = Finding::new(self.id(), point, message, was(&old.place, "mounted"));
            out.push(match found {
                Some(mount) => finding.with(Evidence::span(mount.place.clone(), "mounted now")),
                None => finding,
            });
        }
        Ok(out)
    }
}

/// Where mounts come and go with containers, sessions and media.
const PASSING: [&str; 10] = [
    "/run",
    "/media",
    "/proc",
    "/sys",
    "/dev",
    "/snap",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/containerd",
    "/var/lib/kubelet",
];

/// Whether a mount belongs to the box, not to something that runs on it.
fn is_lasting(mounted: &Mounted) -> bool {
    let point = mounted.point();
    let passing = PASSING.iter().any(|dir| point.starts_with(dir));
    let kind = &mounted.mount.kind[..];
    let made = matches!(
        kind,
        b"autofs" | b"nsfs" | b"fuse.portal" | b"fuse.gvfsd-fuse" | b"binfmt_misc"
    );
    !passing && !made
}
