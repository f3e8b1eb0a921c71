//! `loader-directory-not-mounted`: /boot or the EFI system partition is not mounted now.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::parse::mountinfo;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};
use crate::source::TreeKind;
use crate::text::escape_path;

pub(in crate::rules) struct DirectoryNotMounted;

/// Where loaders and kernels are mounted.
const POINTS: [&str; 3] = ["/boot", "/boot/efi", "/efi"];

impl Rule for DirectoryNotMounted {
    fn id(&self) -> &'static str {
        "loader-directory-not-mounted"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_boot()?;
        if host.tree().coverage().kind != TreeKind::Live {
            return Err(Stop::NotApplicable("only a running system mounts"));
        }
        let mounts = host.mounts();
        mounts.fstab.require()?;
        let table = host.tree().read(Path::new("/proc/self/mountinfo"));
        let Some(table) = table.require()? else {
            return Err(Stop::NotApplicable("no table of mounts"));
        };
        let mounted = mountinfo::parse(table.bytes());
        let mut out = Findings::new();
        for point in POINTS.map(Path::new) {
            let Some(plan) = mounts.at(point) else {
                continue;
            };
            let by_hand = plan.entry.is_noauto()
                || plan.entry.option("x-systemd.automount").is_some()
                || plan.entry.option("comment=systemd.automount").is_some();
            let is_there = mounted.iter().any(|m| m.point == plan.entry.target);
            if by_hand || is_there {
                continue;
            }
            let shown = escape_path(point);
            let message = format!(
                "{shown} is not mounted: what updates wrote there lies on the root file system, \
                 and the loader reads the other"
            );
            let place = plan.entry.fields.get(1).unwrap_or(&plan.entry.place);
            let evidence = Evidence::span(place.clone(), "is to be mounted");
            let mut finding = Finding::new(self.id(), shown.clone(), message, evidence).with(
                Evidence::path("/proc/self/mountinfo", format!("has no {shown}")),
            );
            if let Fact::Known(names) = host.tree().list(point)
                && let Some(name) = names.iter().find(|name| name.len() > 3)
            {
                let text = "lies below the mount point";
                finding = finding.with(Evidence::path(point.join(name), text));
            }
            out.push(finding);
        }
        Ok(out)
    }
}
