//! `mount-helper-missing`: a type that the kernel cannot mount alone, without its helper.

use super::{field, found};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::mounts::{Failure, Plan, Support};
use crate::rules::{Cx, Evidence, Findings, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct HelperMissing;

impl Rule for HelperMissing {
    fn id(&self) -> &'static str {
        "mount-helper-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let mounts = super::of(host)?;
        let mut out = Findings::new();
        for (plan, consequence) in super::at_risk(mounts, Failure::Refused) {
            match host.can_mount(&plan.entry.kind) {
                Support::Unknown(unknown) => out.open.push(unknown),
                Support::NoHelper(helper) => {
                    let (subject, kind) = (plan.subject(), escape(&plan.entry.kind));
                    let problem = format!(
                        "{subject} cannot be mounted: {kind} needs {}, which is missing",
                        escape_path(&helper)
                    );
                    let evidence = Evidence::span(field(plan, 2), "needs a helper");
                    let missing = Evidence::Missing {
                        paths: vec![helper],
                        notes: Vec::new(),
                    };
                    let finding = found(self.id(), plan, &consequence, &problem, evidence);
                    let mut finding = finding.with(missing);
                    if let Some(package) = package(plan) {
                        let command = format!("apt-get install {package}");
                        finding = finding.fix("Install the package with the helper.", &[&command]);
                    }
                    out.push(finding);
                }
                Support::Yes | Support::No(_) | Support::NotCovered(_) => out.judged += 1,
            }
        }
        Ok(out)
    }
}

/// The package of Debian that has the helper of a line, or depends on it.
fn package(plan: &Plan) -> Option<&'static str> {
    let kind = plan.entry.kind.as_slice();
    let program = match kind {
        // An old way to name the program of FUSE: before a hash in the source.
        b"fuse" => {
            let source = plan.entry.source.as_slice();
            let hash = source.iter().position(|byte| *byte == b'#');
            hash.and_then(|at| source.get(..at)).unwrap_or(kind)
        }
        _ => kind.strip_prefix(b"fuse.").unwrap_or(kind),
    };
    Some(match program {
        b"nfs" | b"nfs4" => "nfs-common",
        b"cifs" | b"smb3" => "cifs-utils",
        b"ceph" => "ceph-common",
        b"glusterfs" => "glusterfs-client",
        b"davfs" => "davfs2",
        b"ecryptfs" => "ecryptfs-utils",
        b"vboxsf" => "virtualbox-guest-utils",
        b"ntfs-3g" => "ntfs-3g",
        b"sshfs" => "sshfs",
        b"s3fs" => "s3fs",
        b"mergerfs" => "mergerfs",
        b"encfs" => "encfs",
        b"lxcfs" => "lxcfs",
        b"bindfs" => "bindfs",
        b"curlftpfs" => "curlftpfs",
        b"rclone" | b"rclonefs" => "rclone",
        b"lustre" => return None,
        _ => "fuse3",
    })
}
