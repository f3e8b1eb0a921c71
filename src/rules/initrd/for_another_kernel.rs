//! `initrd-for-another-kernel`: the initrd's modules are for a kernel that does not boot.

use crate::fact::{Fact, Stop};
use crate::facts::Host;
use crate::facts::boot::drivers;
use crate::rules::{Cx, Evidence, Finding, Findings, Level, Rule, kernel};
use crate::text::{escape, escape_path};

pub(in crate::rules) struct ForAnotherKernel;

impl Rule for ForAnotherKernel {
    fn id(&self) -> &'static str {
        "initrd-for-another-kernel"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let facts = super::whole(host)?;
        let release = &kernel::release(host)?;
        let inside = facts.initrd.module_releases();
        let mut out = Findings::new();
        if inside.is_empty() || inside.contains(release) {
            return Ok(out);
        }
        let Some(file) = facts.files.last() else {
            return Ok(out);
        };
        let names: Vec<String> = inside.iter().map(|name| escape(name)).collect();
        let (names, shown) = (names.join(", "), escape(release));
        let message = format!("the initrd is for kernel {names}, and kernel {shown} boots with it");
        let evidence = Evidence::path(&file.path, format!("has modules for {names} only"));
        let mut finding = Finding::new(self.id(), escape_path(&file.path), message, evidence);
        if let Fact::Known(kernel) = host.kernel() {
            finding = finding.with(Evidence::path(&kernel.path, format!("is {shown}")));
        }
        let commands = super::missing::cure(host, &shown);
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        if !commands.is_empty() {
            finding = finding.fix("Make one for the kernel that boots:", &commands);
        }
        if drivers::are_built_in(host) {
            finding = finding.at_most(Level::Warn);
        }
        out.push(finding);
        Ok(out)
    }
}
