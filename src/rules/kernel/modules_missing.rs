//! `kernel-modules-missing`: no modules for the kernel that boots.

use crate::fact::{Fact, Stop};
use crate::facts::boot::Start;
use crate::facts::{Host, undecided};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape;

pub(in crate::rules) struct ModulesMissing;

impl Rule for ModulesMissing {
    fn id(&self) -> &'static str {
        "kernel-modules-missing"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        loader::entry(host)?;
        if matches!(host.start(), Start::Outside(outside) if outside.running.is_some()) {
            // What a hypervisor brings is often built whole, and nothing here says.
            return Err(Stop::NotApplicable("the kernel comes from outside"));
        }
        let release = super::release(host)?;
        let mut out = Findings::new();
        let modules = host.modules_of(&release);
        let shown = escape(&release);
        let evidence = match modules.as_ref() {
            Fact::Known(modules) if modules.has_files || !modules.loadable.is_empty() => {
                return Ok(out);
            }
            Fact::Known(modules) => Evidence::path(&modules.dir, "holds no modules"),
            Fact::Absent(looked) => Evidence::from(looked),
            Fact::Broken(fault) => return Err(undecided(fault.clone().into())),
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::NotCovered(why) => return Err(Stop::NotCovered(why.clone())),
        };
        match host.kernel_config() {
            // Built without modules: nothing is missing.
            Fact::Known(config) if !config.has("MODULES") => return Ok(out),
            Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
            Fact::Known(_) | Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {}
        }
        let message = format!("no modules for kernel {shown}, which boots by default");
        let mut finding = Finding::new(self.id(), shown, message, evidence);
        if matches!(host.kernel_config(), Fact::Absent(_)) || !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Likely);
        }
        out.push(finding);
        Ok(out)
    }
}
