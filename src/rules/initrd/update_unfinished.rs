//! `initrd-update-unfinished`: what a tool that was writing an initrd left behind.

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape_path;

pub(in crate::rules) struct UpdateUnfinished;

impl Rule for UpdateUnfinished {
    fn id(&self) -> &'static str {
        "initrd-update-unfinished"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let entries = host.tree().entries(Path::new("/boot"));
        let mut out = Findings::new();
        out.open.extend(entries.gaps);
        out.uncovered.extend(entries.uncovered);
        for path in entries.items {
            let name = path
                .file_name()
                .map_or(&[][..], |name| name.as_encoded_bytes());
            let is_initrd = name.starts_with(b"initr");
            // update-initramfs 0.142 writes NAME.new, then renames it; NAME.dpkg-bak is
            // its copy of the old one, which it removes at the end.
            if !is_initrd || !name.ends_with(b".new") {
                continue;
            }
            let shown = escape_path(&path);
            let size = match host.tree().lstat(&path) {
                Fact::Known(found) => crate::text::size(found.meta.len),
                _ => "of unknown size".to_owned(),
            };
            let message = format!("the last update of an initrd was not finished: {shown} is left");
            let evidence = Evidence::path(&path, size);
            out.push(Finding::new(self.id(), shown, message, evidence));
        }
        Ok(out)
    }
}
