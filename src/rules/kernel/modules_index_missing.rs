//! `kernel-modules-index-missing`: modules without the index that finds them.

use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::boot::Index;
use crate::rules::{Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct ModulesIndexMissing;

impl Rule for ModulesIndexMissing {
    fn id(&self) -> &'static str {
        "kernel-modules-index-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        let release = &super::release(host)?;
        let modules = host.modules_of(release);
        let Some(modules) = modules.as_ref().require()? else {
            return Err(Stop::NotApplicable("the kernel has no modules"));
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
