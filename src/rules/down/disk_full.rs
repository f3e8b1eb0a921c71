//! `down-disk-full`: a file system that the boot writes to has no room.

use std::path::Path;

use super::super::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::running::{Filled, filled, must_run};
use crate::text::{escape_path, size};

/// Where boots and services write.
const WRITTEN: [&str; 8] = [
    "/",
    "/var",
    "/var/log",
    "/var/lib",
    "/tmp",
    "/var/tmp",
    "/var/spool",
    "/boot",
];

/// Bytes with which a boot gets by.
const ENOUGH: u64 = 16 << 20;

pub(in crate::rules) struct DiskFull;

impl Rule for DiskFull {
    fn id(&self) -> &'static str {
        "down-disk-full"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        must_run(host)?;
        let mut out = Findings::new();
        let list = filled(host);
        out.open.extend(list.gaps);
        for Filled { mounted, usage } in list.items {
            out.judged += 1;
            // Daemons that are not root have no share of what is kept back for it.
            let bytes = usage.available < ENOUGH;
            let inodes = usage.inodes > 0 && usage.inodes_free < 64;
            if !bytes && !inodes {
                continue;
            }
            let point = mounted.point();
            let is_written = WRITTEN.iter().any(|dir| point == Path::new(dir));
            let left = if bytes {
                format!(
                    "{} of {} are left",
                    size(usage.available),
                    size(usage.bytes)
                )
            } else {
                format!("{} of {} inodes are left", usage.inodes_free, usage.inodes)
            };
            let shown = escape_path(point);
            let message = format!("{shown} is full: {left}; what starts at boot and writes, fails");
            let evidence = Evidence::span(mounted.place.clone(), left);
            let finding = Finding::new(self.id(), shown, message, evidence);
            out.push(if is_written && point != Path::new("/boot") {
                finding
            } else {
                finding.at_most(Level::Note)
            });
        }
        Ok(out)
    }
}
