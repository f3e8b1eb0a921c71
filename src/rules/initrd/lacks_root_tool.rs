//! `initrd-lacks-root-tool`: the initrd has nothing to open what the root lies on.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::stack::{self, Layer};
use crate::facts::boot::{InitrdFacts, InitrdKind};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, root};
use crate::text::escape_path;

pub(in crate::rules) struct LacksRootTool;

impl Rule for LacksRootTool {
    fn id(&self) -> &'static str {
        "initrd-lacks-root-tool"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        if facts.kind == InitrdKind::Unknown {
            return Err(Stop::NotApplicable("an initrd of unknown kind"));
        }
        let layers = stack::layers(host);
        let mut out = Findings::new();
        for layer in layers {
            let Some(lack) = lack(facts, &layer) else {
                continue;
            };
            let Some(file) = facts.files.last() else {
                continue;
            };
            let what = layer.kind.name();
            let message = format!("the root lies on {what}, and the initrd {lack}");
            let evidence = Evidence::path(&file.path, lack);
            let finding = Finding::new(self.id(), escape_path(&file.path), message, evidence);
            let finding = finding.with(root::told(&layer.told));
            out.push(if layer.certain {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
        }
        Ok(out)
    }
}

/// What the initrd lacks for a layer, as the rest of a sentence.
fn lack(facts: &InitrdFacts, layer: &Layer) -> Option<&'static str> {
    use crate::facts::boot::stack::LayerKind;
    match layer.kind {
        LayerKind::Luks => {
            let programs = [
                "sbin/cryptsetup",
                "usr/sbin/cryptsetup",
                "usr/bin/cryptsetup",
                "usr/lib/systemd/systemd-cryptsetup",
                "usr/bin/systemd-cryptsetup",
                "lib/systemd/systemd-cryptsetup",
            ];
            if !facts.has_any(&programs) {
                return Some("has no cryptsetup");
            }
            // cryptsetup-initramfs 2.6.1, conf-hook: without an entry nothing is opened.
            let listed = facts.content("cryptroot/crypttab");
            let empty = listed.is_none_or(|text| text.trim_ascii().is_empty());
            (facts.kind == InitrdKind::InitramfsTools && empty)
                .then_some("names no volume to open in cryptroot/crypttab")
        }
        LayerKind::Lvm => {
            let programs = ["sbin/lvm", "usr/sbin/lvm", "usr/bin/lvm", "bin/lvm"];
            (!facts.has_any(&programs)).then_some("has no lvm")
        }
        LayerKind::Raid => {
            let programs = ["sbin/mdadm", "usr/sbin/mdadm", "usr/bin/mdadm"];
            (!facts.has_any(&programs)).then_some("has no mdadm")
        }
    }
}
