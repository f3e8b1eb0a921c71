//! `kernel-wrong-architecture`: the kernel cannot run the programs of this root.

use crate::fact::{Fact, Stop};
use crate::facts::{Host, undecided};
use crate::parse::elf::{self, Architecture};
use crate::rules::{Confidence, Cx, Evidence, Finding, Findings, Rule, loader};
use crate::text::escape_path;

pub(in crate::rules) struct WrongArchitecture;

impl Rule for WrongArchitecture {
    fn id(&self) -> &'static str {
        "kernel-wrong-architecture"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        let kernel = super::of(host)?;
        host.must_start()?;
        let Some(kernels) = kernel.image.architecture else {
            return Err(Stop::NotApplicable("the image tells no architecture"));
        };
        let Ok(Some((_, program))) = host.init().winner() else {
            return Err(Stop::NotApplicable("no init to compare it with"));
        };
        let path = &program.found.path;
        let head = match host.tree().read(path) {
            Fact::Known(file) => file,
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => {
                return Err(Stop::NotApplicable("no init to compare it with"));
            }
        };
        let Ok(Some(programs)) = elf::read(head.bytes()).map(|elf| elf.architecture()) else {
            return Err(Stop::NotApplicable("init is no binary"));
        };
        let mut out = Findings::new();
        if kernels == programs {
            return Ok(out);
        }
        // Where a shell fits the kernel, it is init that does not belong here.
        let shell = match host.tree().read("/bin/sh".as_ref()) {
            Fact::Known(file) => elf::read(file.bytes()).ok(),
            Fact::Unknown(unknown) => return Err(undecided(unknown)),
            Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => None,
        };
        if shell.and_then(|elf| elf.architecture()) == Some(kernels) {
            return Ok(out);
        }
        // A kernel of 64 bits runs programs of 32 where it was built to.
        let option = match (kernels, programs) {
            (Architecture::X86_64, Architecture::X86) => Some("IA32_EMULATION"),
            (Architecture::Aarch64, Architecture::Arm) => Some("COMPAT"),
            _ => None,
        };
        let config = host.kernel_config();
        let mut lacks = None;
        if let Some(option) = option {
            match config {
                Fact::Known(config) if config.is_builtin(option) => return Ok(out),
                Fact::Known(config) => lacks = Some((config.path.clone(), option)),
                Fact::Unknown(unknown) => return Err(undecided(unknown.clone())),
                // Every distribution builds it in.
                Fact::Absent(_) | Fact::Broken(_) | Fact::NotCovered(_) => return Ok(out),
            }
        }
        let message =
            format!("the kernel is for {kernels} and init for {programs}: it cannot be started");
        let subject = escape_path(&kernel.path);
        let evidence = Evidence::path(&kernel.path, format!("is for {kernels}"));
        let mut finding = Finding::new(self.id(), subject, message, evidence)
            .with(Evidence::path(path, format!("is for {programs}")));
        if let Some((path, option)) = lacks {
            let text = format!("CONFIG_{option} is not set");
            finding = finding.with(Evidence::path(path, text));
        }
        if !loader::is_certain(host) {
            finding = finding.confidence(Confidence::Possible);
        }
        out.push(finding);
        Ok(out)
    }
}
