//! `initrd-lacks-root-module`: neither the kernel nor the initrd has a driver for the
//! root's disk or file system.

use crate::fact::Stop;
use crate::facts::boot::drivers::{self, Driver, Loadable};
use crate::facts::boot::{InitrdFacts, InitrdKind};
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, kernel, root};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct LacksRootModule;

impl Rule for LacksRootModule {
    fn id(&self) -> &'static str {
        "initrd-lacks-root-module"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        let release = &kernel::release(host)?;
        let Some(built_in) = drivers::built_in(host).map_err(undecided)? else {
            return Err(Stop::NotApplicable(
                "what is built into the kernel is not known",
            ));
        };
        let needed = drivers::needed(host);
        if needed.is_empty() {
            return Err(Stop::NotApplicable(
                "the root's disk and file system are not known",
            ));
        }
        let loadable = facts.loadable(release);
        if loadable.names.is_empty() && !facts.modules.is_empty() {
            return Err(Stop::NotApplicable("the initrd is for another kernel"));
        }
        let mut out = Findings::new();
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        for driver in needed.iter().filter(|driver| !driver.is_in(&built_in)) {
            let Some(lack) = lack(facts, &loadable, driver, &escape(release)) else {
                continue;
            };
            let name = driver.name();
            let of = &driver.of;
            let message = if driver.is_disk {
                format!("the root is on {of}, and its driver {name} is not loaded: {lack}")
            } else {
                format!("the root is {of}, and neither kernel nor initrd has {name}: {lack}")
            };
            let evidence = Evidence::path(&file.path, lack);
            let finding = Finding::new(self.id(), escape_path(&file.path), message, evidence)
                .with(root::told(&driver.told));
            out.push(if driver.certain {
                finding
            } else {
                finding.confidence(Confidence::Likely)
            });
            // One initrd to make again, whatever else it lacks.
            break;
        }
        Ok(out)
    }
}

/// Why the initrd does not load a driver, as the end of a sentence.
fn lack(
    facts: &InitrdFacts,
    loadable: &Loadable,
    driver: &Driver,
    release: &str,
) -> Option<String> {
    if driver.is_in(&loadable.names) {
        let needs_index = facts.kind != InitrdKind::Unknown && !loadable.has_index;
        return needs_index.then(|| "the initrd has no index of modules (modules.dep.bin)".into());
    }
    if loadable.names.is_empty() {
        return Some(format!("the initrd has no modules for {release}"));
    }
    Some(format!("the initrd has no {}", driver.name()))
}
