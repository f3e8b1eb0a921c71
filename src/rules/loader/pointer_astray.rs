//! `loader-pointer-astray`: the configuration on the EFI system partition leads to a
//! file system that is not the one with GRUB's files.

use std::sync::Arc;

use crate::boot::RootSpec;
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::{Esp, is_pointer};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule};
use crate::text::{File, Place, Span, escape, escape_path};

pub(in crate::rules) struct PointerAstray;

impl Rule for PointerAstray {
    fn id(&self) -> &'static str {
        "loader-pointer-astray"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let chosen = super::grub(host)?;
        let esp = super::esp(host)?;
        let mut out = Findings::new();
        out.open.extend(esp.programs.gaps.iter().cloned());
        let pointers = pointers(host, esp, &mut out);
        if pointers.is_empty() && out.open.is_empty() {
            return Err(Stop::NotApplicable(
                "no configuration that leads to another",
            ));
        }
        let systems = host.file_systems();
        let Some(own) = systems.holding(&chosen.config) else {
            return Ok(out);
        };
        let names_own = |pointer: &Pointer| {
            let spec = RootSpec::Uuid(pointer.uuid.clone());
            systems.named(&spec).map(|named| named.at == own.at)
        };
        let nowhere = |p: &Pointer| systems.is_nowhere(&RootSpec::Uuid(p.uuid.clone()));
        // One that fits is enough: others may belong to other systems. fstab may name
        // the file system by the UUID it had, as the partition does.
        let fits = pointers
            .iter()
            .any(|pointer| names_own(pointer) == Some(true) && !nowhere(pointer));
        let by_uuid = own
            .source
            .get(..5)
            .is_some_and(|tag| tag.eq_ignore_ascii_case(b"UUID="));
        let certain = pointers.iter().all(nowhere);
        if fits || !(by_uuid || certain) {
            return Ok(out);
        }
        let Some(pointer) = pointers.first() else {
            return Ok(out);
        };
        let uuid = escape(&pointer.uuid);
        let at = escape_path(&own.at);
        let message = format!("GRUB looks for its files on UUID {uuid}, which is not that of {at}");
        let label = if certain {
            "no device has this UUID".to_owned()
        } else {
            format!("fstab has {} at {at}", escape(&own.source))
        };
        let evidence = Evidence::span(pointer.place.clone(), label);
        let subject = escape_path(pointer.place.path());
        let finding = Finding::new(self.id(), subject, message, evidence);
        out.push(if certain {
            finding
        } else {
            finding.confidence(Confidence::Likely)
        });
        Ok(out)
    }
}

struct Pointer {
    uuid: Vec<u8>,
    place: Place,
}

/// Where the configurations beside the programs lead to, where that is a UUID.
fn pointers(host: &Host, esp: &Esp, out: &mut Findings) -> Vec<Pointer> {
    let mut found = Vec::new();
    for dir in esp.dirs() {
        let file = host.tree().read(&dir.join("grub.cfg"));
        out.gap(&file);
        if let Fact::Known(file) = file {
            found.extend(pointer(&file));
        }
    }
    found
}

/// The UUID a configuration searches for, where it only leads to another one.
fn pointer(file: &Arc<File>) -> Option<Pointer> {
    if !is_pointer(file) {
        return None;
    }
    file.lines().find_map(|(span, line)| {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let command = words.next()?;
        let uuid = match command {
            b"search.fs_uuid" => words.next()?,
            b"search" => {
                let by_uuid = |word: &&[u8]| matches!(*word, b"--fs-uuid" | b"-u");
                line.split(u8::is_ascii_whitespace).find(by_uuid)?;
                words.rfind(|word| !word.starts_with(b"-"))?
            }
            _ => return None,
        };
        let start = line.windows(uuid.len()).position(|w| w == uuid)?;
        let start = span.start + start;
        Some(Pointer {
            uuid: uuid.to_vec(),
            place: file.place(Span::new(start, start + uuid.len())),
        })
    })
}
