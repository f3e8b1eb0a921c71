//! `kernel-modules-index-missing`: modules without the index that finds them.

use crate::fact::{Fact, Stop};
use crate::facts::boot::Index;
use crate::facts::{Host, undecided};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct ModulesIndexMissing;

impl Rule for ModulesIndexMissing {
    fn id(&self) -> &'static str {
        "kernel-modules-index-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let release = host.release();
        let Some(release) = release.require()? else {
            return Err(Stop::NotApplicable("the image tells no release"));
        };
        let modules = host.modules_of(release);
        let modules = match modules.as_ref() {
            Fact::Known(modules) => modules,
            Fact::Absent(_) => return Err(Stop::NotApplicable("the kernel has no modules")),
            Fact::Broken(fault) => return Err(undecided(fault.clone().into())),
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        let mut out = Findings::new();
        if modules.index == Index::Present || !modules.has_files {
            return Ok(out);
        }
        let shown = escape(release);
        let message = format!("modprobe finds no module for kernel {shown}: depmod never ran");
        let missing = Evidence::Missing {
            paths: vec![
                modules.dir.join("modules.dep.bin"),
                modules.dir.join("modules.dep"),
            ],
            notes: Vec::new(),
        };
        let command = format!("depmod {shown}");
        let finding = Finding::new(self.id(), shown, message, missing);
        out.push(finding.fix("Make the index:", &[&command]));
        Ok(out)
    }
}
