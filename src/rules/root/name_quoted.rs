//! `root-name-quoted`: `root=` in quotes, for an initrd that takes them as a part of it.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::{Finder, InitrdKind};
use crate::rules::{Cx, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct NameQuoted;

impl Rule for NameQuoted {
    fn id(&self) -> &'static str {
        "root-name-quoted"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        let root = super::of(host)?;
        if root.finder != Finder::Initrd(InitrdKind::InitramfsTools) {
            return Err(Stop::NotApplicable("not an initrd of initramfs-tools"));
        }
        let mut out = Findings::new();
        // 0.142 init: `for x in $(cat /proc/cmdline)`, words at blanks, the last counts.
        let words = entry.cmdline.split(u8::is_ascii_whitespace);
        let mut values = words.filter_map(|word| word.strip_prefix(b"root="));
        let Some(value) = values.next_back() else {
            return Ok(out);
        };
        if !value.contains(&b'"') {
            return Ok(out);
        }
        let shown = escape(value);
        let message = format!(
            "root={shown}: the quotes are taken as a part of the name, which no device has"
        );
        let evidence = super::line(root, "initramfs-tools knows no quotes");
        out.push(Finding::new(self.id(), shown, message, evidence));
        Ok(out)
    }
}
