//! Rules about crypttab.

mod key_missing;
mod keyscript_ignored;
mod line_misread;
mod mapper_not_unlocked;
mod passphrase_needed;
mod source_missing;

pub(super) use key_missing::KeyMissing;
pub(super) use keyscript_ignored::KeyscriptIgnored;
pub(super) use line_misread::LineMisread;
pub(super) use mapper_not_unlocked::MapperNotUnlocked;
pub(super) use passphrase_needed::PassphraseNeeded;
pub(super) use source_missing::SourceMissing;

use std::path::Path;

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::crypt::{Crypt, Unlock};
use crate::parse::crypttab::Reader;
use crate::text::Place;

/// What crypttab of a host that boots says.
fn of(host: &Host) -> Result<&Crypt, Stop> {
    host.must_boot()?;
    host.must_start()?;
    let crypt = host.crypt();
    match crypt.file.require()? {
        Some(_) => {}
        None => return Err(Stop::NotApplicable("there is no crypttab")),
    }
    if !is_carried_out(host, crypt) {
        return Err(Stop::NotApplicable("nothing here reads crypttab at boot"));
    }
    Ok(crypt)
}

/// Whether one of the two readers runs at boot: systemd's generator is part of it.
fn is_carried_out(host: &Host, crypt: &Crypt) -> bool {
    let there = |path: &str| matches!(host.tree().resolve(Path::new(path)), Fact::Known(_));
    match crypt.reader {
        Reader::Systemd => true,
        Reader::Debian => there("/etc/init.d/cryptdisks"),
    }
}

/// A field of the line, or the line.
fn field(unlock: &Unlock, index: usize) -> Place {
    let field = unlock.entry.fields.get(index);
    field.cloned().unwrap_or_else(|| unlock.entry.place.clone())
}

/// Whether the boot waits for it: neither `noauto` nor, with systemd, `nofail`.
fn is_waited_for(crypt: &Crypt, unlock: &Unlock) -> bool {
    let nofail = crypt.reader == Reader::Systemd && unlock.entry.is_nofail();
    !unlock.entry.is_noauto() && !nofail
}

/// Whether the initrd unlocks it, and not the init: the initrd has a line of that name,
/// the option says so, or the root or /usr lies on it by name.
fn is_early(host: &Host, unlock: &Unlock) -> bool {
    if unlock.entry.has("initramfs") || unlock.entry.has("x-initrd.attach") {
        return true;
    }
    if let Fact::Known(initrd) = host.initrd() {
        let tables = ["cryptroot/crypttab", "etc/crypttab"];
        let mut lines = tables
            .iter()
            .filter_map(|table| initrd.content(table))
            .flat_map(|content| content.split(|b| *b == b'\n'));
        let name = unlock.entry.name.as_slice();
        let is_it = |line: &[u8]| line.split(u8::is_ascii_whitespace).next() == Some(name);
        if lines.any(is_it) {
            return true;
        }
    }
    let points = [Path::new("/"), Path::new("/usr")];
    let mut plans = points.iter().filter_map(|point| host.mounts().at(point));
    plans.any(|plan| plan.entry.source == unlock.node())
}
