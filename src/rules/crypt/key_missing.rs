//! `crypt-key-missing`: a key file, or a program that prints a key, is not there.

use super::{field, is_early, is_waited_for};
use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::crypt::With;
use crate::parse::crypttab::Reader;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct KeyMissing;

impl Rule for KeyMissing {
    fn id(&self) -> &'static str {
        "crypt-key-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let crypt = super::of(host)?;
        let mut out = Findings::new();
        for unlock in &crypt.items {
            let by_systemd = crypt.reader == Reader::Systemd;
            let path = match &unlock.with {
                With::File(path) => path,
                // systemd does not look for it.
                With::Script(path) if !by_systemd => path,
                _ => {
                    out.judged += 1;
                    continue;
                }
            };
            // The initrd has a copy of its own.
            if unlock.entry.is_noauto() || is_early(host, unlock) {
                continue;
            }
            let resolved = host.tree().resolve(path);
            let Fact::Absent(looked) = &resolved else {
                out.judged += usize::from(matches!(resolved, Fact::Known(_)));
                out.gap(&resolved);
                continue;
            };
            let (name, shown) = (escape(&unlock.entry.name), escape_path(path));
            let waits = is_waited_for(crypt, unlock);
            let (message, level) = match (by_systemd, waits) {
                (true, true) => (
                    format!(
                        "the key of {name} is missing: the boot waits until somebody types one"
                    ),
                    Level::Block,
                ),
                (true, false) => (
                    format!("the key of {name} is missing: {name} is not unlocked"),
                    Level::Warn,
                ),
                (false, _) => (
                    format!("the key of {name} is missing: {name} is not unlocked"),
                    Level::Warn,
                ),
            };
            let is_script = matches!(unlock.with, With::Script(_));
            let place = match unlock.entry.option("keyscript") {
                Some(option) if is_script => option.place.clone(),
                _ => field(unlock, 2),
            };
            let evidence = Evidence::span(place, format!("{shown} does not exist"));
            let finding = Finding::new(self.id(), name, message, evidence);
            out.push(finding.with(looked.into()).at_most(level));
        }
        Ok(out)
    }
}
