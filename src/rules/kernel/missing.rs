//! `kernel-missing`: the kernel of the entry that boots is not there.

use crate::boot::Written;
use crate::fact::{Fact, Stop};
use crate::facts::boot::{BootEntry, LoaderKind, Located, Start};
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule, loader};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct Missing;

impl Rule for Missing {
    fn id(&self) -> &'static str {
        "kernel-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let entry = loader::entry(host)?;
        let (Some(written), Some(located)) = (&entry.entry.kernel, &entry.kernel) else {
            return Err(Stop::NotApplicable("the kernel comes from outside"));
        };
        let mut out = Findings::new();
        let looked = match &located.found {
            Fact::Known(_) => return Ok(out),
            Fact::Absent(looked) => looked,
            Fact::Broken(fault) => return Err(undecided(fault.clone().into())),
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        let path = escape_path(&located.path);
        let title = escape(&entry.entry.title);
        let message = format!("the kernel of \"{title}\", which boots by default, is not there");
        let mut finding =
            Finding::new(self.id(), path, message, named(written)).with(Evidence::from(looked));
        if let Some(spare) = spare(host) {
            let title = escape(&spare.entry.title);
            let text = format!("GRUB then tries \"{title}\", whose kernel is there");
            let place = spare.entry.place.clone();
            finding = finding
                .with(Evidence::span(place, text))
                .at_most(Level::Warn);
        }
        let others: Vec<String> = host
            .kernels()
            .items
            .iter()
            .map(|k| escape_path(&k.path))
            .collect();
        if !others.is_empty() {
            let text = format!("other kernels in /boot: {}", others.join(" "));
            finding = finding.with(Evidence::computed(text));
        }
        out.push(finding);
        Ok(out)
    }
}

/// The line that names the kernel.
fn named(written: &Written) -> Evidence {
    Evidence::span(written.place.clone(), "names it")
}

/// The entry GRUB tries next by itself, where its kernel is there (GRUB 2.06
/// `grub-core/normal/menu.c`, `fallback`).
fn spare(host: &Host) -> Option<&BootEntry> {
    let Start::Loader(chosen) = host.start() else {
        return None;
    };
    if !matches!(chosen.kind, LoaderKind::Grub | LoaderKind::GrubLegacy) {
        return None;
    }
    let there = |entry: &&BootEntry| entry.kernel.as_ref().is_some_and(Located::is_there);
    chosen.fallbacks.iter().find(there)
}
