//! `initrd-config-outdated`: the initrd opens the root by an old crypttab or mdadm.conf.

use std::collections::BTreeSet;
use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{InitrdFacts, InitrdKind};
use crate::facts::devices::{Device, Devices, Match, Spec};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ConfigOutdated;

impl Rule for ConfigOutdated {
    fn id(&self) -> &'static str {
        "initrd-config-outdated"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        if facts.kind != InitrdKind::InitramfsTools {
            return Err(Stop::NotApplicable("not an initrd of initramfs-tools"));
        }
        let mut out = Findings::new();
        self.crypttab(host, facts, &mut out);
        self.arrays(host, facts, &mut out);
        Ok(out)
    }
}

impl ConfigOutdated {
    /// cryptsetup-initramfs 2.6.1 copies the lines of the root into cryptroot/crypttab.
    fn crypttab(&self, host: &Host, facts: &InitrdFacts, out: &mut Findings) {
        let Some(inside) = facts.content("cryptroot/crypttab") else {
            return;
        };
        if let Some(unread) = host.crypt().unread() {
            out.open.push(unread);
            return;
        }
        for line in inside.split(|b| *b == b'\n') {
            let mut fields = line
                .split(u8::is_ascii_whitespace)
                .filter(|f| !f.is_empty());
            let (Some(name), Some(source)) = (fields.next(), fields.next()) else {
                continue;
            };
            let own = host
                .crypt()
                .items
                .iter()
                .find(|item| item.entry.name == name);
            let Some(own) = own else { continue };
            out.judged += 1;
            let (old, new) = (Spec::of(source), &own.device);
            // Two kinds of names may mean the same.
            let (Some(Spec::Uuid(a)), Some(Spec::Uuid(b))) = (&old, new) else {
                continue;
            };
            if a == b {
                continue;
            }
            let Some(file) = facts.files.last() else {
                continue;
            };
            let (name, source) = (escape(name), escape(source));
            let message = format!(
                "the initrd unlocks {name} from {source}, and crypttab says {}",
                escape(&own.entry.source)
            );
            let text = format!("cryptroot/crypttab has {source}");
            let mut finding =
                Finding::new(self.id(), name, message, Evidence::path(&file.path, text));
            if let Some(place) = own.entry.fields.get(1) {
                finding = finding.with(Evidence::span(place.clone(), "changed later"));
            }
            let gone = match host.devices() {
                Fact::Known(devices) => is_replaced(devices, a, new.as_ref()),
                _ => false,
            };
            out.push(if gone {
                finding.with(Evidence::computed(format!("no device is {source}")))
            } else {
                finding.at_most(Level::Warn).confidence(Confidence::Likely)
            });
        }
    }

    /// The hook of mdadm 4.2 copies mdadm.conf; arrays that it does not list are
    /// assembled all the same, but by another number.
    fn arrays(&self, host: &Host, facts: &InitrdFacts, out: &mut Findings) {
        let Some(inside) = facts
            .content("etc/mdadm/mdadm.conf")
            .or_else(|| facts.content("etc/mdadm.conf"))
        else {
            return;
        };
        let path = Path::new("/etc/mdadm/mdadm.conf");
        let own = host.tree().read(path);
        out.gap(&own);
        let Fact::Known(own) = own else { return };
        let (inside, now) = (uuids(inside), uuids(own.bytes()));
        if inside.is_empty() || now.is_empty() {
            return;
        }
        out.judged += 1;
        let missing: Vec<String> = now.difference(&inside).map(|u| escape(u)).collect();
        let Some(file) = facts.files.last() else {
            return;
        };
        if missing.is_empty() {
            return;
        }
        let message = format!(
            "the initrd does not know the arrays {}: they may come up by other names",
            missing.join(", ")
        );
        let evidence = Evidence::path(&file.path, "has an older mdadm.conf");
        let finding = Finding::new(self.id(), escape_path(path), message, evidence)
            .with(Evidence::path(path, "lists them"));
        out.push(finding.at_most(Level::Warn).confidence(Confidence::Likely));
    }
}

/// Whether the new device is there and no device has the old UUID.
fn is_replaced(devices: &Devices, old: &[u8], new: Option<&Spec>) -> bool {
    let there = new.is_some_and(|new| matches!(devices.find(new), Match::One(_)));
    let has = |device: &Device| device.uuid.as_deref() == Some(old);
    there && !devices.items.iter().any(has)
}

/// The UUIDs of the ARRAY lines (mdadm.conf(5): keywords by their first letters, in any
/// case).
fn uuids(text: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    for line in text.split(|b| *b == b'\n') {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|w| !w.is_empty());
        if !words
            .next()
            .is_some_and(|w| w.eq_ignore_ascii_case(b"ARRAY"))
        {
            continue;
        }
        for word in words {
            let (head, value) = word.split_at(word.len().min(5));
            if head.eq_ignore_ascii_case(b"uuid=") {
                found.insert(value.to_ascii_lowercase());
            }
        }
    }
    found
}
